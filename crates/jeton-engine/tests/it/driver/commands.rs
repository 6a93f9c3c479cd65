//! What is asked: every command that the driver knows, and nothing else about it.
//!
//! A new command needs a line in [`team_command`], a line in [`says`] when it is granted by an entry, and, when it has
//! an id of its own, a line in [`named`], [`binds`] and [`Asked::otherwise`].

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::cap::{CapOf, Per, Strength};
use jeton_core::catalogue::{
    Names, Offer, ProductSpec, ResultRate, Rounding, Settings, VendorCommand, WhenUnreachable,
};
use jeton_core::decision::{AccessAsked, AgreementAsked, CapAsked, CapOfAsked, GroupAsked, OpenSession, TeamCommand};
use jeton_core::entry::{Access, ClosedBy, JobPart, Payment, Role, Span, Tags, TeamFact, TeamProfile, VendorFact};
use jeton_core::id::{DeviceKey, JobId, MemberKey, OrderId, ProductCode, ProductKey, SessionId, TeamId};
use jeton_core::job::{JobAsked, LapsedJob, PartAsked};
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::quantity::Quantity;
use jeton_core::time::Instant;
use jeton_engine::{JobMessage, SessionMessage};

use super::chance::{Chance, later};

const SECOND: i64 = 1_000_000;

/// A request, as it is sent and may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Team(TeamId, TeamCommand),
    Session(SessionId, SessionMessage),
    /// Of one who may touch the jobs of this team.
    Job(JobId, TeamId, JobMessage),
    Erase(TeamId, MemberKey),
    Vendor(VendorCommand),
    /// The sandbox's clock is moved.
    Clock(Instant),
    Checkpoint,
}

/// An id of a client's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Session(SessionId),
    Order(TeamId, OrderId),
    Job(JobId),
    /// A job that is committed after its hold has lapsed.
    LateCommit(JobId),
}

/// A job that the log tells of.
#[derive(Debug, Clone)]
pub(crate) struct KnownJob {
    pub(crate) team: TeamId,
    pub(crate) id: JobId,
    pub(crate) parts: Vec<PartAsked>,
    /// As the application finds it in the log, when its hold has lapsed.
    pub(crate) lapsed: Option<LapsedJob>,
}

/// What requests are drawn from.
pub(crate) struct Known<'a> {
    pub(crate) teams: &'a [TeamId],
    pub(crate) members: u32,
    /// Those that are had by the day; one of results comes behind them.
    pub(crate) products: u32,
    /// Jobs that are held.
    pub(crate) held: &'a [KnownJob],
    /// Jobs that are over, one way or another.
    pub(crate) over: &'a [KnownJob],
    /// By whom products are open, as far as it was told.
    pub(crate) open: &'a [SessionId],
    /// The ids that were asked for so far, and what for.
    pub(crate) asked: &'a [(Id, Asked)],
    pub(crate) now: Instant,
    /// How many ids have been used.
    pub(crate) used: u64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Open,
    Again,
    Otherwise,
    Beat,
    Close,
    Order,
    Pay,
    Seat,
    SeatGone,
    SeatMoves,
    Member,
    Gone,
    Assign,
    Unassign,
    Default,
    Block,
    Rate,
    Product,
    Settings,
    Quote,
    Checkpoint,
    Hold,
    Job,
    LateCommit,
    QuoteJob,
    Cap,
    CapGone,
    Group,
    GroupGone,
    Credits,
    Required,
    Agreement,
    Erase,
}

const KINDS: [(u64, Kind); 33] = [
    (12, Kind::Hold),
    (22, Kind::Job),
    (5, Kind::LateCommit),
    (1, Kind::QuoteJob),
    (3, Kind::Cap),
    (1, Kind::CapGone),
    (2, Kind::Group),
    (1, Kind::GroupGone),
    (3, Kind::Credits),
    (1, Kind::Required),
    (1, Kind::Agreement),
    (1, Kind::Erase),
    (24, Kind::Open),
    (8, Kind::Again),
    (4, Kind::Otherwise),
    (26, Kind::Beat),
    (9, Kind::Close),
    (5, Kind::Order),
    (6, Kind::Pay),
    (3, Kind::Seat),
    (1, Kind::SeatGone),
    (1, Kind::SeatMoves),
    (1, Kind::Member),
    (1, Kind::Gone),
    (2, Kind::Assign),
    (1, Kind::Unassign),
    (1, Kind::Default),
    (1, Kind::Block),
    (2, Kind::Rate),
    (1, Kind::Product),
    (1, Kind::Settings),
    (1, Kind::Quote),
    (2, Kind::Checkpoint),
];

impl Asked {
    /// The next request.
    pub(crate) fn draw(chance: &mut Chance, known: &Known<'_>) -> Self {
        match chance.weighed(&KINDS) {
            Kind::Again if !known.asked.is_empty() => chance.one(known.asked).1.clone(),
            Kind::Otherwise if !known.asked.is_empty() => {
                let again = chance.one(known.asked).1.clone();
                again.otherwise(chance, known)
            }
            Kind::Beat if !known.open.is_empty() => {
                let activity = active(chance, known.now);
                let lease = chance.percent(20);
                Self::Session(chance.one(known.open).clone(), SessionMessage::Beat { activity, lease })
            }
            Kind::Close if !known.open.is_empty() => {
                let by = if chance.percent(30) { ClosedBy::Admin } else { ClosedBy::Client };
                let activity = active(chance, known.now);
                Self::Session(chance.one(known.open).clone(), SessionMessage::Close { activity, by })
            }
            Kind::Job if !known.held.is_empty() || !known.over.is_empty() => {
                let held = !known.held.is_empty() && (known.over.is_empty() || chance.percent(85));
                let job = chance.one(if held { known.held } else { known.over });
                // Now and then somebody who has nothing to do with it.
                let team = if chance.percent(93) { job.team.clone() } else { chance.one(known.teams).clone() };
                let message = match chance.below(10) {
                    0..7 => JobMessage::Commit(committing(&job.parts, chance)),
                    7 => JobMessage::Release,
                    _ => JobMessage::Extend,
                };
                Self::Job(job.id.clone(), team, message)
            }
            Kind::LateCommit if known.over.iter().any(|job| job.lapsed.is_some()) => {
                let lapsed: Vec<&KnownJob> = known.over.iter().filter(|job| job.lapsed.is_some()).collect();
                let job = *chance.one(&lapsed);
                let (parts, lapsed) = (committing(&job.parts, chance), job.lapsed.clone().map(Box::new));
                Self::Team(job.team.clone(), TeamCommand::CommitJob { job: job.id.clone(), parts, lapsed })
            }
            // Not often the one whom most is asked of.
            Kind::Erase => {
                let (team, last) = (chance.one(known.teams).clone(), u64::from(known.members));
                let member = chance.between(last.min(2), last + 1);
                Self::Erase(team, MemberKey(u32::try_from(member).unwrap()))
            }
            Kind::Rate if chance.percent(30) => {
                let starts_at = later(known.now, chance.weighed(&[(2, 0), (1, 3_600 * SECOND)]));
                let offer = if chance.percent(80) { results(chance) } else { Offer::PerDay("1".parse().unwrap()) };
                Self::Vendor(VendorCommand::SetRate { code: of_results(known), starts_at, offer })
            }
            Kind::Rate => {
                let tokens = *chance.one(&["0", "0.5", "1", "2", "7"]);
                let starts_at = later(known.now, chance.weighed(&[(2, 0), (1, -SECOND), (1, 3_600 * SECOND)]));
                Self::Vendor(rate(product(chance, known), tokens, starts_at))
            }
            Kind::Product => {
                let undo_s = chance.weighed(&[(2, 300), (1, 60), (1, 0)]);
                let idle_after_s = idle(chance);
                Self::Vendor(set_product(product(chance, known), undo_s, idle_after_s))
            }
            Kind::Settings => Self::Vendor(VendorCommand::SetSettings(settings(chance))),
            Kind::Checkpoint => Self::Checkpoint,
            kind => {
                let team = chance.one(known.teams).clone();
                let command = team_command(kind, &team, chance, known);
                Self::Team(team, command)
            }
        }
    }

    /// The same id, with other content.
    pub(crate) fn otherwise(self, chance: &mut Chance, known: &Known<'_>) -> Self {
        let Self::Team(team, command) = self else { return self };
        match command {
            TeamCommand::OpenSession(open) => {
                let (team, open) = match chance.below(4) {
                    0 => (team, OpenSession { device: DeviceKey(open.device.0 + 1), ..open }),
                    1 => (team, OpenSession { version: Some("another".into()), ..open }),
                    2 => (team, OpenSession { member: Some(member(chance, known)), ..open }),
                    _ => (chance.one(known.teams).clone(), open),
                };
                Self::Team(team, TeamCommand::OpenSession(open))
            }
            TeamCommand::PlaceOrder { order, quantity, payment } => {
                Self::Team(team, TeamCommand::PlaceOrder { order, quantity: quantity + 1, payment })
            }
            TeamCommand::HoldJob { job, asked } => {
                let (team, asked) = match chance.below(3) {
                    0 => (team, JobAsked { parts: parts(chance), ..asked }),
                    1 => (team, JobAsked { member: Some(member(chance, known)), ..asked }),
                    _ => (chance.one(known.teams).clone(), asked),
                };
                Self::Team(team, TeamCommand::HoldJob { job, asked })
            }
            TeamCommand::CommitJob { job, parts: _, lapsed: Some(lapsed) } => {
                let parts = committing(&lapsed.asked.parts, chance);
                Self::Team(team, TeamCommand::CommitJob { job, parts, lapsed: Some(lapsed) })
            }
            command => Self::Team(team, command),
        }
    }

    /// The id of its own.
    pub(crate) fn named(&self) -> Option<Id> {
        match self {
            Self::Team(team, command) => named(team, command),
            Self::Session(..)
            | Self::Job(..)
            | Self::Erase(..)
            | Self::Vendor(_)
            | Self::Clock(_)
            | Self::Checkpoint => None,
        }
    }

    /// The session whose client's own message this is, a proof of use.
    pub(crate) fn proves(&self) -> Option<&SessionId> {
        match self {
            Self::Team(_, TeamCommand::OpenSession(open)) => Some(&open.session),
            Self::Session(
                session,
                SessionMessage::Beat { .. } | SessionMessage::Close { by: ClosedBy::Client, .. },
            ) => Some(session),
            Self::Team(..)
            | Self::Session(..)
            | Self::Job(..)
            | Self::Erase(..)
            | Self::Vendor(_)
            | Self::Clock(_)
            | Self::Checkpoint => None,
        }
    }
}

/// The activity that a client reports, if it does: of now, or of some time ago.
fn active(chance: &mut Chance, now: Instant) -> Option<Instant> {
    let ago = chance.weighed(&[(3, 0), (3, 1), (2, 100), (2, 1_000), (2, 30_000), (1, 90_000)]);
    chance.percent(35).then(|| later(now, -ago * SECOND))
}

/// After how much time without activity a product is idle, if it ever is.
pub(crate) fn idle(chance: &mut Chance) -> Option<u32> {
    chance.weighed(&[(3, None), (2, Some(900)), (2, Some(60))])
}

/// What a job asks for.
fn parts(chance: &mut Chance) -> Vec<PartAsked> {
    let mut parts = Vec::new();
    for result in ["render", "study", "bake"] {
        if chance.percent(50) || (result == "bake" && parts.is_empty()) {
            let quantity: Quantity = chance.one(&["0.001", "0.4", "1", "1.5", "2.333", "6"]).parse().unwrap();
            parts.push(PartAsked { result: result.parse().unwrap(), quantity });
        }
    }
    parts
}

/// What is said to have been delivered: all, less, nothing, and now and then more.
fn committing(held: &[PartAsked], chance: &mut Chance) -> Option<Vec<PartAsked>> {
    let all = chance.percent(45);
    let mut parts = Vec::new();
    for part in held {
        let quantity = match chance.below(20) {
            0..8 => Some(part.quantity),
            8..13 => Some("0.3".parse().unwrap()).filter(|less| *less < part.quantity),
            13..18 => None,
            18 => Some(Quantity::ZERO),
            _ => Some("9".parse().unwrap()),
        };
        parts.extend(quantity.map(|quantity| PartAsked { result: part.result.clone(), quantity }));
    }
    (!all).then_some(parts)
}

/// What was delivered, as it was said: all that was held where nothing is said, none of what others are named without.
pub(crate) fn delivered(held: &[PartAsked], said: Option<&[PartAsked]>) -> Vec<PartAsked> {
    let of = |part: &PartAsked| match said {
        None => part.quantity,
        Some(said) => said.iter().find(|said| said.result == part.result).map_or(Quantity::ZERO, |said| said.quantity),
    };
    let all = held.iter().map(|part| PartAsked { result: part.result.clone(), quantity: of(part) });
    all.filter(|part| !part.quantity.is_zero()).collect()
}

/// The parts of an entry, as they were asked for.
pub(crate) fn asked_parts(parts: &[JobPart]) -> Vec<PartAsked> {
    parts.iter().map(|part| PartAsked { result: part.result.clone(), quantity: part.quantity }).collect()
}

/// Rates of results; not of all of them at any time.
pub(crate) fn results(chance: &mut Chance) -> Offer {
    let rate = |tokens: &str, rounding| ResultRate {
        unit: "unit".parse().unwrap(),
        tokens: tokens.parse().unwrap(),
        rounding,
    };
    let mut rates = BTreeMap::from([
        ("render".parse().unwrap(), rate(chance.one::<&str>(&["1", "0.333", "2"]), Rounding::Up)),
        ("study".parse().unwrap(), rate("0.125", Rounding::None)),
        ("bake".parse().unwrap(), rate(chance.one::<&str>(&["3", "0"]), Rounding::Nearest)),
    ]);
    if chance.percent(15) {
        drop(rates.remove(&"study".parse().unwrap()));
    }
    Offer::Results(rates)
}

fn of_results(known: &Known<'_>) -> ProductCode {
    code(u64::from(known.products))
}

fn team_command(kind: Kind, team: &TeamId, chance: &mut Chance, known: &Known<'_>) -> TeamCommand {
    let orders: Vec<&OrderId> = known
        .asked
        .iter()
        .filter_map(|(id, _)| match id {
            Id::Order(of, order) if of == team => Some(order),
            _ => None,
        })
        .collect();
    match kind {
        Kind::Order => TeamCommand::PlaceOrder {
            order: format!("o{}", known.used).parse().unwrap(),
            quantity: chance.between(1, 30),
            payment: if chance.percent(30) { Payment::Card } else { Payment::Invoice },
        },
        Kind::Pay if !orders.is_empty() => pay((*chance.one(&orders)).clone()),
        Kind::Seat => {
            let start = later(known.now, chance.weighed(&[(2, 0), (1, -100 * SECOND), (2, 200 * SECOND)]));
            let length = chance.weighed(&[(1, 60), (2, 1_000), (2, 90_000)]);
            let span = Span { start, end: later(start, length * SECOND) };
            TeamCommand::SetSeat {
                member: Some(member(chance, known)),
                product: product(chance, known),
                span,
                plan: None,
                if_match: None,
            }
        }
        Kind::SeatGone => TeamCommand::RemoveSeat {
            member: Some(member(chance, known)),
            product: product(chance, known),
            if_match: None,
        },
        Kind::SeatMoves => TeamCommand::ReassignSeat {
            product: product(chance, known),
            from: Some(member(chance, known)),
            to: Some(member(chance, known)),
        },
        Kind::Member => {
            let role = *chance.one(&[Role::Member, Role::PrimaryAdmin, Role::Billing]);
            // Somebody new, too.
            let member = if chance.percent(50) { MemberKey(known.members + 1) } else { member(chance, known) };
            set_member(member, role)
        }
        Kind::Gone => TeamCommand::DeactivateMember { member: Some(member(chance, known)), if_match: None },
        Kind::Assign => {
            let products =
                if chance.percent(70) { AccessAsked::All } else { AccessAsked::Named(vec![product(chance, known)]) };
            TeamCommand::SetAssignment { member: Some(member(chance, known)), products, if_match: None }
        }
        Kind::Unassign => TeamCommand::RemoveAssignment { member: Some(member(chance, known)), if_match: None },
        Kind::Default => {
            let products = chance.percent(60).then_some(AccessAsked::All);
            TeamCommand::SetDefaultAccess { products, if_match: None }
        }
        Kind::Block => {
            let products = if chance.percent(30) { vec![product(chance, known)] } else { vec![] };
            TeamCommand::SetBlockedProducts { products, if_match: None }
        }
        Kind::Quote => TeamCommand::QuoteSession {
            member: Some(member(chance, known)),
            product: product(chance, known),
            device: None,
            tags: None,
        },
        Kind::QuoteJob => TeamCommand::QuoteJob(job(chance, known)),
        Kind::Hold | Kind::Job | Kind::LateCommit => {
            TeamCommand::HoldJob { job: format!("j{}", known.used).parse().unwrap(), asked: job(chance, known) }
        }
        Kind::Cap => {
            let of = match chance.below(4) {
                0 => CapOfAsked::Member(Some(member(chance, known))),
                1 => CapOfAsked::Group(group(chance)),
                2 => CapOfAsked::Product(any_product(chance, known)),
                _ => CapOfAsked::Team,
            };
            let per = if chance.percent(70) { Per::Day } else { Per::Month };
            let tokens = chance.one(&["5", "9", "14", "30"]).parse().unwrap();
            let strength = if chance.percent(60) { Strength::Hard } else { Strength::Soft };
            TeamCommand::SetCap { cap: cap(chance), asked: CapAsked { of, per, tokens, strength }, if_match: None }
        }
        Kind::CapGone => TeamCommand::RemoveCap { cap: cap(chance), if_match: None },
        Kind::Group => {
            let members = (1..=known.members).filter(|_| chance.percent(60)).map(|member| Some(MemberKey(member)));
            let members = members.collect();
            let products = chance.percent(50).then_some(AccessAsked::All);
            let asked = GroupAsked { name: "a group".into(), members, products };
            TeamCommand::SetGroup { group: group(chance), asked, if_match: None }
        }
        Kind::GroupGone => TeamCommand::RemoveGroup { group: group(chance), if_match: None },
        Kind::Credits => TeamCommand::GrantCredits {
            member: Some(member(chance, known)),
            grant: chance.one(&["k0", "k1"]).parse().unwrap(),
            credits: chance.one(&["0.5", "3", "12"]).parse().unwrap(),
            ends_at: later(known.now, chance.weighed(&[(1, 60), (2, 1_000), (2, 100_000)]) * SECOND),
            if_match: None,
        },
        Kind::Required => {
            let tags = if chance.percent(30) { BTreeSet::from(["project".into()]) } else { BTreeSet::new() };
            TeamCommand::SetRequiredTags { tags, if_match: None }
        }
        Kind::Agreement => {
            let start = later(known.now, chance.weighed(&[(2, 0), (1, 200)]) * SECOND);
            let span = Span { start, end: later(start, chance.weighed(&[(1, 1_000), (1, 90_000)]) * SECOND) };
            let daily = (code(0), Offer::PerDay(chance.one(&["1", "3"]).parse().unwrap()));
            let rates = BTreeMap::from([daily, (of_results(known), results(chance))]);
            let price_list = chance.percent(30).then(|| "reference".parse().unwrap());
            let agreement = chance.one(&["a0", "a1"]).parse().unwrap();
            TeamCommand::SetAgreement { agreement, asked: AgreementAsked { span, rates, price_list }, if_match: None }
        }
        _ => TeamCommand::OpenSession(OpenSession {
            session: format!("s{}", known.used).parse().unwrap(),
            member: Some(member(chance, known)),
            product: if chance.percent(97) { product(chance, known) } else { of_results(known) },
            version: None,
            device: DeviceKey(chance.between(1, 3)),
            tags: tags(chance),
        }),
    }
}

fn job(chance: &mut Chance, known: &Known<'_>) -> JobAsked {
    let product = if chance.percent(95) { of_results(known) } else { product(chance, known) };
    JobAsked { member: Some(member(chance, known)), product, parts: parts(chance), tags: Some(tags(chance)) }
}

fn tags(chance: &mut Chance) -> Tags {
    if chance.percent(30) { Tags::from([("project".into(), "bridge".into())]) } else { Tags::new() }
}

fn cap(chance: &mut Chance) -> jeton_core::id::CapId {
    chance.one(&["c0", "c1", "c2"]).parse().unwrap()
}

fn group(chance: &mut Chance) -> jeton_core::id::GroupId {
    chance.one(&["g0", "g1"]).parse().unwrap()
}

/// The id of its own that a command has.
pub(crate) fn named(team: &TeamId, command: &TeamCommand) -> Option<Id> {
    match command {
        TeamCommand::OpenSession(open) => Some(Id::Session(open.session.clone())),
        TeamCommand::PlaceOrder { order, .. } => Some(Id::Order(team.clone(), order.clone())),
        TeamCommand::HoldJob { job, .. } => Some(Id::Job(job.clone())),
        TeamCommand::CommitJob { job, lapsed: Some(_), .. } => Some(Id::LateCommit(job.clone())),
        _ => None,
    }
}

/// The id that an entry binds for ever.
pub(crate) fn binds(team: &TeamId, fact: &TeamFact) -> Option<Id> {
    match fact {
        TeamFact::SessionOpened(opened) => Some(Id::Session(opened.session.clone())),
        TeamFact::OrderPlaced(placed) => Some(Id::Order(team.clone(), placed.order.clone())),
        TeamFact::JobHeld(held) => Some(Id::Job(held.job.clone())),
        TeamFact::JobCommitted(committed) if committed.anew => Some(Id::LateCommit(committed.job.clone())),
        _ => None,
    }
}

/// Whether an entry is what a command asked for, all of it.
pub(crate) fn says(command: &TeamCommand, fact: &TeamFact) -> bool {
    match (command, fact) {
        (TeamCommand::OpenSession(asked), TeamFact::SessionOpened(opened)) => {
            (&asked.session, asked.member, key(&asked.product), &asked.version, asked.device, &asked.tags)
                == (&opened.session, Some(opened.member), opened.product, &opened.version, opened.device, &opened.tags)
        }
        (TeamCommand::PlaceOrder { order, quantity, payment }, TeamFact::OrderPlaced(placed)) => {
            (order, quantity, payment) == (&placed.order, &placed.quantity, &placed.payment)
        }
        (TeamCommand::RecordPayment { order, .. }, TeamFact::PaymentRecorded { order: paid, .. }) => order == paid,
        (TeamCommand::SetTeam { profile, .. }, TeamFact::TeamSet(set)) => profile == set,
        (TeamCommand::SetMember { member, role, .. }, TeamFact::MemberSet { member: set, role: as_role }) => {
            (member, role) == (set, as_role)
        }
        (TeamCommand::DeactivateMember { member, .. }, TeamFact::MemberDeactivated { member: gone })
        | (TeamCommand::RemoveAssignment { member, .. }, TeamFact::AssignmentRemoved { member: gone }) => {
            *member == Some(*gone)
        }
        (
            TeamCommand::SetAssignment { member, products, .. },
            TeamFact::AssignmentSet { member: set, products: access },
        ) => *member == Some(*set) && allows(products) == *access,
        (
            TeamCommand::SetSeat { member, product, span, .. },
            TeamFact::SeatSet { member: set, product: of, span: as_span, .. },
        ) => (*member, key(product), span) == (Some(*set), *of, as_span),
        (TeamCommand::RemoveSeat { member, product, .. }, TeamFact::SeatRemoved { member: of, product: gone }) => {
            (*member, key(product)) == (Some(*of), *gone)
        }
        (TeamCommand::ReassignSeat { product, to, .. }, TeamFact::SeatSet { member, product: of, .. }) => {
            (*to, key(product)) == (Some(*member), *of)
        }
        (TeamCommand::SetDefaultAccess { products, .. }, TeamFact::DefaultAccessSet { products: set }) => {
            products.as_ref().map(allows) == *set
        }
        (TeamCommand::SetBlockedProducts { products, .. }, TeamFact::BlockedProductsSet { products: set }) => {
            products.iter().map(key).eq(set.iter().copied())
        }
        (TeamCommand::HoldJob { job, asked }, TeamFact::JobHeld(held)) => {
            let tags = asked.tags.clone().unwrap_or_default();
            (job, asked.member, key(&asked.product), &asked.parts, &tags)
                == (&held.job, Some(held.member), held.product, &asked_parts(&held.parts), &held.tags)
        }
        (TeamCommand::CommitJob { job, parts, lapsed: Some(lapsed) }, TeamFact::JobCommitted(made)) => {
            let delivered = delivered(&lapsed.asked.parts, parts.as_deref());
            made.anew
                && (job, lapsed.number, lapsed.held_at, delivered)
                    == (&made.job, made.number, made.held_at, asked_parts(&made.parts))
        }
        (TeamCommand::SetCap { cap, asked, .. }, TeamFact::CapSet { cap: set, spec }) => {
            let of = match &asked.of {
                CapOfAsked::Member(member) => CapOf::Member(member.unwrap()),
                CapOfAsked::Group(group) => CapOf::Group(group.clone()),
                CapOfAsked::Product(code) => CapOf::Product(key(code)),
                CapOfAsked::Team => CapOf::Team,
            };
            (cap, of, asked.per, asked.tokens, asked.strength)
                == (set, spec.of.clone(), spec.per, spec.tokens, spec.strength)
        }
        (TeamCommand::RemoveCap { cap, .. }, TeamFact::CapRemoved { cap: gone }) => cap == gone,
        (TeamCommand::SetGroup { group, asked, .. }, TeamFact::GroupSet { group: set, spec }) => {
            let members: BTreeSet<MemberKey> = asked.members.iter().flatten().copied().collect();
            (group, &members, asked.products.as_ref().map(allows)) == (set, &spec.members, spec.products.clone())
        }
        // What an erasure leaves of a group may be what is asked for.
        (TeamCommand::SetGroup { .. }, TeamFact::MemberErased { .. }) => true,
        (TeamCommand::RemoveGroup { group, .. }, TeamFact::GroupRemoved { group: gone }) => group == gone,
        (
            TeamCommand::GrantCredits { member, grant, credits, ends_at, .. },
            TeamFact::CreditsGranted { member: of, grant: granted, credits: as_credits, ends_at: until },
        ) => (*member, grant, credits, ends_at) == (Some(*of), granted, as_credits, until),
        (TeamCommand::SetRequiredTags { tags, .. }, TeamFact::RequiredTagsSet { tags: set }) => tags == set,
        (TeamCommand::SetAgreement { agreement, asked, .. }, TeamFact::AgreementSet { agreement: set, spec }) => {
            let rates: BTreeMap<_, _> = asked.rates.iter().map(|(code, offer)| (key(code), offer.clone())).collect();
            (agreement, asked.span, &rates, &asked.price_list) == (set, spec.span, &spec.rates, &spec.price_list)
        }
        _ => false,
    }
}

/// Whether an entry is what the vendor asked for.
pub(crate) fn vendor_says(command: &VendorCommand, fact: &VendorFact) -> bool {
    match (command, fact) {
        (VendorCommand::SetProduct { code, spec }, VendorFact::ProductSet { code: set, spec: as_spec, .. }) => {
            (code, spec) == (set, as_spec)
        }
        (
            VendorCommand::SetRate { code, starts_at, offer },
            VendorFact::RateSet { product, starts_at: set, offer: offered },
        ) => (key(code), starts_at, offer) == (*product, set, offered),
        (
            VendorCommand::SetPriceList { price_list, spec },
            VendorFact::PriceListSet { price_list: set, spec: as_spec },
        ) => (price_list, spec) == (set, as_spec),
        (VendorCommand::SetSettings(settings), VendorFact::SettingsSet(set)) => settings == set,
        _ => false,
    }
}

fn allows(asked: &AccessAsked) -> Access {
    match asked {
        AccessAsked::All => Access::All,
        AccessAsked::Named(codes) => Access::Named(codes.iter().map(key).collect()),
    }
}

/// Mostly the first, so that what is done meets.
fn member(chance: &mut Chance, known: &Known<'_>) -> MemberKey {
    let last = u64::from(known.members);
    let member = if chance.percent(50) { 1 } else { chance.between(1, last) };
    MemberKey(u32::try_from(member).unwrap())
}

fn product(chance: &mut Chance, known: &Known<'_>) -> ProductCode {
    if chance.percent(50) { code(0) } else { code(chance.below(u64::from(known.products))) }
}

fn any_product(chance: &mut Chance, known: &Known<'_>) -> ProductCode {
    if chance.percent(50) { of_results(known) } else { product(chance, known) }
}

/// The code of a product, by its number in the catalogue.
pub(crate) fn code(number: u64) -> ProductCode {
    format!("p{number}").parse().unwrap()
}

fn key(code: &ProductCode) -> ProductKey {
    ProductKey(code.as_str()[1..].parse().unwrap())
}

pub(crate) fn set_product(code: ProductCode, undo_s: u32, idle_after_s: Option<u32>) -> VendorCommand {
    let names = Names { en: code.to_string(), fr: code.to_string() };
    let spec = ProductSpec {
        names,
        uses: Vec::new(),
        versions: Vec::new(),
        undo_s,
        idle_aware: idle_after_s.is_some(),
        idle_after_s: idle_after_s.unwrap_or(900),
        min_balance: "0".parse().unwrap(),
        when_unreachable: WhenUnreachable::Start,
    };
    VendorCommand::SetProduct { code, spec }
}

pub(crate) fn rate(code: ProductCode, tokens: &str, starts_at: Instant) -> VendorCommand {
    VendorCommand::SetRate { code, starts_at, offer: Offer::PerDay(tokens.parse().unwrap()) }
}

pub(crate) fn price_list() -> VendorCommand {
    let spec = PriceListSpec {
        currency: "EUR".parse().unwrap(),
        tiers: Tiers::new(vec![Tier { from: 1, unit_price: "3.33".parse().unwrap() }], 1).unwrap(),
        countries: Vec::new(),
        starts_at: None,
        partner: None,
        min_quantity: 1,
        step: 1,
        by_agreement: false,
    };
    VendorCommand::SetPriceList { price_list: "reference".parse().unwrap(), spec }
}

/// Now and then clients may be silent for days, so that what is open outlives its window.
pub(crate) fn settings(chance: &mut Chance) -> Settings {
    Settings {
        lost_after_s: chance.weighed(&[(1, 600), (1, 200_000)]),
        undone_limit: chance.weighed(&[(1, 1), (2, 3)]),
        job_hold_s: chance.weighed(&[(1, 86_400), (2, 1_200)]),
        ..Settings::default()
    }
}

pub(crate) fn enter(zone: &str) -> TeamCommand {
    let profile = TeamProfile {
        name: "a team".into(),
        country: "FR".into(),
        currency: "EUR".parse().unwrap(),
        time_zone: zone.parse().unwrap(),
        locale: "fr".into(),
        ask_before_charge: false,
    };
    TeamCommand::SetTeam { profile, if_match: None }
}

pub(crate) fn set_member(member: MemberKey, role: Role) -> TeamCommand {
    TeamCommand::SetMember { member, role, person_changed: false, if_match: None }
}

pub(crate) fn pay(order: OrderId) -> TeamCommand {
    TeamCommand::RecordPayment { order, paid_on: None, reference: None }
}
