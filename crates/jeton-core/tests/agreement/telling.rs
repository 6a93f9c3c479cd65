//! The same things in the words of the model: commands on their way to it, and what the rules under test answered.

use std::collections::BTreeMap;

use jeton_core::answer::{SessionAnswer, SessionState};
use jeton_core::catalogue::{Offer, Rounding};
use jeton_core::decision::{AccessAsked, Granted};
use jeton_core::entry::{Entry, Funds, OpeningCover, TeamFact};
use jeton_core::id::{LotNo, MemberKey, ProductCode};
use jeton_core::job::JobAnswer;
use jeton_core::lot::{Draw, Lot};
use jeton_core::refusal::{CapFigures, JobState, Refusal, Unknown, Warning};
use jeton_core::time::{Day, Instant};
use jeton_core::tokens::Tokens;
use jeton_model::{self as model, Answer, Purse, What};

use crate::walk::{RESULTS, Server};

/// One whom nobody knows.
const NOBODY: model::Id = 1_000;

pub(crate) fn member(member: Option<MemberKey>) -> model::Id {
    member.map_or(NOBODY, |member| member.0)
}

pub(crate) fn id(index: usize) -> model::Id {
    u32::try_from(index).unwrap()
}

/// The number in an id such as `s12` or `product-1`.
pub(crate) fn number(id: &str) -> model::Id {
    id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

pub(crate) fn product(code: &ProductCode) -> model::Id {
    number(code.as_str())
}

pub(crate) fn tokens(tokens: Tokens) -> model::Tokens {
    tokens.in_thousandths().try_into().unwrap()
}

pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    tags.clone().into_iter().collect()
}

pub(crate) fn access(asked: &AccessAsked) -> model::Access {
    match asked {
        AccessAsked::All => model::Access::All,
        AccessAsked::Named(codes) => model::Access::Named(codes.iter().map(product).collect()),
    }
}

fn result(code: &str) -> model::Id {
    id(RESULTS.iter().position(|(result, _)| *result == code).unwrap())
}

pub(crate) fn offer(offer: &Offer) -> model::Offer {
    match offer {
        Offer::PerDay(rate) => model::Offer::Daily(tokens(*rate)),
        Offer::Results(results) => {
            let told = results.iter().map(|(code, rate)| {
                let rounding = match rate.rounding {
                    Rounding::Up => model::Rounding::Up,
                    Rounding::Nearest => model::Rounding::Nearest,
                    Rounding::None => model::Rounding::None,
                };
                (result(code.as_str()), tokens(rate.tokens), rounding)
            });
            model::Offer::Results(told.collect())
        }
    }
}

/// Quantities by result, those of nothing left out.
pub(crate) fn parts(quantities: [u32; 3]) -> Vec<(model::Id, model::Tokens)> {
    let named = (0..).zip(quantities).filter(|(_, quantity)| *quantity > 0);
    named.map(|(result, quantity)| (result, i64::from(quantity))).collect()
}

/// A day and its month, as numbers in their order.
pub(crate) fn date(day: Day) -> model::Date {
    let text = day.to_string();
    let numbers: Vec<i32> = text.split('-').map(|part| part.parse().unwrap()).collect();
    (numbers[0] * 372 + numbers[1] * 31 + numbers[2], numbers[0] * 12 + numbers[1])
}

fn passed(figures: &CapFigures) -> model::Passed {
    let (used, required) = (tokens(figures.used), tokens(figures.required));
    model::Passed { cap: number(figures.cap.as_str()), used, required }
}

fn warnings(warnings: &[Warning]) -> Vec<model::Passed> {
    let caps = warnings.iter().filter_map(|warning| match warning {
        Warning::CapPassed(figures) => Some(passed(figures)),
        Warning::ChargedAtOnce { .. } => None,
    });
    caps.collect()
}

fn refusal(refusal: &Refusal) -> model::Refusal {
    match refusal {
        Refusal::Unknown(Unknown::Member) => model::Refusal::UnknownMember,
        Refusal::Unknown(Unknown::Product) => model::Refusal::UnknownProduct,
        Refusal::Unknown(_) => model::Refusal::Unknown,
        Refusal::MemberInactive => model::Refusal::MemberInactive,
        Refusal::TooManyDevices { sessions, .. } => {
            let mut sessions: Vec<_> = sessions.iter().map(|open| number(open.session.as_str())).collect();
            sessions.sort_unstable();
            model::Refusal::TooManyDevices { sessions }
        }
        Refusal::TagRequired { tags } => model::Refusal::TagRequired { missing: tags.iter().cloned().collect() },
        Refusal::NotAssigned => model::Refusal::NotAssigned,
        Refusal::ProductBlocked => model::Refusal::ProductBlocked,
        Refusal::ProductRestricted => model::Refusal::ProductRestricted,
        Refusal::PaymentOverdue => model::Refusal::PaymentOverdue,
        Refusal::NotOnRateSheet => model::Refusal::NotOnRateSheet,
        Refusal::CapReached(figures) => model::Refusal::CapReached(passed(figures)),
        Refusal::InsufficientTokens { required, available, shortfall } => {
            assert_eq!(*required, *available + *shortfall, "A3: the figures of {refusal:?}");
            model::Refusal::InsufficientTokens { required: tokens(*required), available: tokens(*available) }
        }
        Refusal::SessionEnded => model::Refusal::SessionEnded,
        Refusal::JobEnded { .. } => model::Refusal::JobEnded,
        Refusal::QuantityRaised { result: code, held, asked } => {
            let quantity = |quantity: &jeton_core::quantity::Quantity| tokens(quantity.to_string().parse().unwrap());
            let (held, asked) = (quantity(held), quantity(asked));
            model::Refusal::QuantityRaised { result: result(code.as_str()), held, asked }
        }
        Refusal::RateInForce { .. } => model::Refusal::RateInForce,
        other => panic!("no history is refused {other:?}"),
    }
}

fn cover(name: Option<&str>) -> Option<model::Cover> {
    name.map(|name| match name {
        "tokens" => model::Cover::Tokens,
        "window" => model::Cover::Window,
        "seat" => model::Cover::Seat,
        other => panic!("no such cover: {other}"),
    })
}

/// A session as it stands.
pub(crate) fn session(answer: &SessionAnswer) -> Answer {
    let state = match answer.state {
        SessionState::Open => model::State::Open,
        SessionState::Idle => model::State::Idle,
        SessionState::Unfunded => model::State::Unfunded,
        SessionState::Ended => model::State::Ended,
    };
    let window = answer.window.map(|window| (window.start.micros(), window.end.micros()));
    Answer {
        refusal: answer.refusal.as_ref().map(refusal),
        state: Some(state),
        cover: cover(answer.cover),
        tokens: answer.hold.filter(|_| answer.cover == Some("tokens")).map(tokens),
        ends: answer.undo_ends_at.or(answer.ends_at).map(Instant::micros),
        window,
        warnings: warnings(&answer.warnings),
        ..Answer::default()
    }
}

fn job(answer: &JobAnswer) -> Answer {
    let state = match answer.state {
        JobState::Held => model::State::Held,
        JobState::Committed => model::State::Committed,
        JobState::Released => model::State::Released,
        JobState::Lapsed => model::State::Lapsed,
    };
    let (tokens, ends) = (Some(tokens(answer.funds.total())), Some(answer.ends_at.micros()));
    let warnings = warnings(&answer.warnings);
    Answer { state: Some(state), tokens, ends, warnings, ..Answer::default() }
}

/// What was answered to a step, and how the team stands after it.
pub(crate) fn answer(
    server: &Server,
    orders: &BTreeMap<LotNo, model::Id>,
    outcome: &Result<Granted, Refusal>,
    made: &[Entry<TeamFact>],
) -> Answer {
    let told = match outcome {
        Err(why) => Answer { refusal: Some(refusal(why)), ..Answer::default() },
        Ok(Granted::Opened { answer, .. } | Granted::Beaten(answer) | Granted::Closed(answer)) => session(answer),
        Ok(Granted::Quoted(quote)) => Answer {
            refusal: quote.refusal.as_ref().map(refusal),
            cover: cover(quote.cover),
            tokens: quote.cover.is_some().then(|| tokens(quote.tokens)),
            ..Answer::default()
        },
        Ok(Granted::JobQuoted(quote)) => Answer {
            refusal: quote.refusal.as_ref().map(refusal),
            tokens: quote.required.filter(|_| quote.refusal.is_none()).map(tokens),
            ..Answer::default()
        },
        Ok(Granted::Job(answer)) => job(answer),
        Ok(Granted::Past) => Answer { state: Some(model::State::Ended), ..Answer::default() },
        Ok(
            Granted::Configured { .. }
            | Granted::Ordered { .. }
            | Granted::Paid
            | Granted::Known { .. }
            | Granted::Settled,
        ) => Answer::default(),
    };
    let team = &server.team;
    Answer {
        charged: made.iter().filter_map(|entry| charge(entry, orders)).collect(),
        available: tokens(team.lots.available()),
        held: tokens(team.lots.held()),
        overdue: !team.overdue.is_empty(),
        ..told
    }
}

/// An answer without what only one of the two knows: of what is over, the state under test has forgotten what it was.
pub(crate) fn comparable(what: &What, answer: &Answer) -> Answer {
    let mut told = answer.clone();
    let over =
        matches!(told.refusal, Some(model::Refusal::SessionEnded | model::Refusal::Unknown | model::Refusal::JobEnded));
    match what {
        What::Beat { .. } | What::Close { .. } if over => {
            (told.refusal, told.state) = (None, Some(model::State::Ended));
        }
        What::Assign { access: None, .. } if over => told.refusal = None,
        // In which order names are looked up is told of openings and jobs alone (A3.1).
        What::NoSeat { .. } | What::MoveSeat { .. } | What::Seat { .. } if told.refusal.is_some() => {
            told.refusal = Some(model::Refusal::Unknown);
        }
        What::Pay { .. } => (told.refusal, told.state) = (None, None),
        What::Commit { .. } | What::Extend { .. } | What::Release { .. } => {
            let is_over = told.charged.is_empty() && !matches!(told.state, Some(model::State::Held));
            if is_over && (over || told.refusal.is_none()) {
                (told.refusal, told.state, told.tokens, told.ends) = (None, Some(model::State::Ended), None, None);
            }
            // A late commit stands at the instant of its decision, in the model at that of its lapse.
            if told.state == Some(model::State::Committed) {
                told.ends = None;
            }
        }
        _ => {}
    }
    // A close warns nobody, and the model tells no warnings of a quote.
    if matches!(what, What::Quote(_) | What::QuoteJob(_) | What::Close { .. }) {
        told.warnings.clear();
    }
    told.charged = told.charged.into_iter().map(plain).collect();
    told
}

/// A charge by what the ledger has of it.
pub(crate) fn plain(charge: model::Charge) -> model::Charge {
    let of = charge.of;
    let id = if charge.window.is_none() { of.id } else { 0 };
    let of = model::Use { id, device: 0, parts: Vec::new(), ..of };
    model::Charge { of, warnings: Vec::new(), ..charge }
}

fn draws(orders: &BTreeMap<LotNo, model::Id>, draws: &[Draw]) -> Vec<(Purse, model::Tokens)> {
    draws.iter().map(|draw| (Purse::Lot(orders[&draw.lot]), tokens(draw.tokens))).collect()
}

/// A charge that an entry makes.
fn charge(entry: &Entry<TeamFact>, orders: &BTreeMap<LotNo, model::Id>) -> Option<model::Charge> {
    match &entry.fact {
        TeamFact::ChargeMade(made) => Some(model::Charge {
            of: model::Use {
                member: made.member.0,
                product: made.product.0,
                tags: tags(&made.tags),
                ..model::Use::default()
            },
            window: Some((made.window.start.micros(), made.window.end.micros())),
            tokens: tokens(made.tokens()),
            date: date(made.day),
            draws: draws(orders, &made.draws),
            warnings: Vec::new(),
        }),
        TeamFact::JobCommitted(made) => Some(model::Charge {
            of: model::Use {
                id: number(made.job.as_str()),
                member: made.member.0,
                product: made.product.0,
                tags: tags(&made.tags),
                ..model::Use::default()
            },
            window: None,
            tokens: tokens(made.funds.total()),
            date: date(made.day),
            draws: match &made.funds {
                Funds::Tokens(of) => draws(orders, of),
                Funds::Credits(of) => {
                    of.iter().map(|draw| (Purse::Grant(number(draw.grant.as_str())), tokens(draw.credits))).collect()
                }
            },
            warnings: Vec::new(),
        }),
        _ => None,
    }
}

/// A lot by the model's words.
pub(crate) fn lot(lot: &Lot) -> model::Lot {
    model::Lot {
        purse: Purse::Lot(number(lot.order.as_str())),
        member: None,
        credited: lot.purchased_at.micros(),
        ends: lot.ends_at.micros(),
        granted: tokens(lot.granted),
        available: tokens(lot.available),
        held: tokens(lot.held),
        spent: tokens(lot.spent),
        expired: tokens(lot.expired),
    }
}

/// How many launches an entry counts, by day (W10).
pub(crate) fn launches(entry: &Entry<TeamFact>) -> Vec<(i32, u32)> {
    let counted = match &entry.fact {
        TeamFact::SessionOpened(opened) => {
            return match &opened.cover {
                OpeningCover::Seat { .. } => vec![(date(opened.day).0, 1)],
                OpeningCover::Window { day, .. } => vec![(date(*day).0, 1)],
                OpeningCover::Joined { .. } | OpeningCover::Hold(_) | OpeningCover::Charge => Vec::new(),
            };
        }
        TeamFact::ChargeMade(made) => &made.launches,
        TeamFact::SeatBegun { launches, .. } => launches,
        TeamFact::RunUndone { runs, .. } => {
            let all = runs.iter().flat_map(|run| &run.launches);
            return all.map(|launch| (date(launch.day).0, launch.count)).collect();
        }
        _ => return Vec::new(),
    };
    counted.iter().map(|launch| (date(launch.day).0, launch.count)).collect()
}
