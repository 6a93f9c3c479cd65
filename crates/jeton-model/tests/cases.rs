//! Every case of `cases/`, told by the model. A case is taken twice: once to hear what happens in it, whatever is
//! expected, and once to compare that with what the model tells of the whole.

#![expect(clippy::wildcard_enum_match_arm, reason = "of all steps one kind is looked for")]

use std::collections::{BTreeMap, BTreeSet};

use jeton_cases::{
    Action, Balance, Calendar, Case, ChargeSeen, Charged, Many, Observed, Refused, UsageSeen, World, run,
};
use jeton_model::{
    Access, Answer, At, Charge, Cover, Date, History, Id, Offer, Purse, Refusal, State, Told, Use, What,
};

#[test]
fn every_case_is_told_by_the_model() {
    let mut failures = Vec::new();
    for case in jeton_cases::load_all() {
        let mut heard = Model::new(&case);
        let _ = run(&case, &mut heard);
        let calendar = case.calendar.clone();
        let told = tell(&calendar, heard.steps.clone());
        let mut compared = Model { told: Some(told), steps: Vec::new(), ..Model::new(&case) };
        compared.begin(&case);
        if let Err(failure) = run(&case, &mut compared) {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn tell(calendar: &Calendar, steps: Vec<(At, What)>) -> Told {
    let date_of = |at: At| -> Date {
        let day: i32 = calendar.day_of(at, 0).replace('-', "").parse().expect("a date");
        (day, day / 100)
    };
    jeton_model::run(&History { date_of: &date_of, steps })
}

/// Hears steps, and answers as was told of all of them, if that is known.
struct Model {
    calendar: Calendar,
    steps: Vec<(At, What)>,
    names: Vec<String>,
    told: Option<Told>,
}

impl Model {
    fn new(case: &Case) -> Self {
        let mut model = Self { calendar: case.calendar.clone(), steps: Vec::new(), names: Vec::new(), told: None };
        model.begin(case);
        model
    }

    fn begin(&mut self, case: &Case) {
        let setup = &case.setup;
        let at = setup.begins_at_micros;
        for product in &setup.products {
            let undo = i64::from(product.undo_interval_s) * 1_000_000;
            let code = self.id(&product.code);
            self.does(at, What::Product { product: code, undo, idle: None, min_balance: 0 });
            if let Some(per_day) = &product.per_day {
                self.does(
                    at,
                    What::Rate { product: code, starts: at, offer: Some(Offer::Daily(thousandths(per_day))) },
                );
            }
        }
        for member in &setup.members {
            let id = self.id(&member.name);
            self.does(at, What::Member { member: id, active: true });
            let access = self.access(&member.access);
            self.does(at, What::Assign { member: id, access });
        }
        if setup.tokens > 0 {
            self.order(at, "start", setup.tokens);
            self.pay(at, "start");
        }
    }

    fn does(&mut self, at: At, what: What) -> usize {
        self.steps.push((at, what));
        self.steps.len() - 1
    }

    /// The number of a name, the same for the same, in the order of their coming.
    fn id(&mut self, name: &str) -> Id {
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        Id::try_from(place).expect("few names")
    }

    fn name(&self, id: Id) -> String {
        self.names[usize::try_from(id).expect("few names")].clone()
    }

    fn access(&mut self, access: &jeton_cases::Access) -> Option<Access> {
        match access {
            jeton_cases::Access::Everything => Some(Access::All),
            jeton_cases::Access::Products(products) => {
                Some(Access::Named(products.iter().map(|product| self.id(product)).collect()))
            }
            jeton_cases::Access::Unassigned => None,
        }
    }

    /// The beginning of a day, so many days after a date or an instant.
    fn day_begins(&self, at: At, days_later: i32) -> At {
        self.calendar.instant(&format!("{} 00:00", self.calendar.day_of(at, days_later))).expect("a day begins")
    }

    /// P4.
    fn lot_ends(&self, at: At) -> At {
        let day = self.calendar.day_of(at, 0);
        let (year, day) = day.split_once('-').expect("a date");
        let day = if day == "02-29" { "02-28" } else { day };
        let last = format!("{}-{day} 00:00", year.parse::<u32>().expect("a year") + 1);
        self.day_begins(self.calendar.instant(&last).expect("a day"), 1)
    }

    fn order(&mut self, at: At, order: &str, quantity: u32) -> usize {
        let order = self.id(order);
        let (lot_ends, due) = (self.lot_ends(at), self.day_begins(at, 31));
        self.does(at, What::Order { order, tokens: i64::from(quantity) * 1_000, card: false, lot_ends, due })
    }

    fn pay(&mut self, at: At, order: &str) -> usize {
        let (order, lot_ends) = (self.id(order), self.lot_ends(at));
        self.does(at, What::Pay { order, lot_ends })
    }

    fn opening(&mut self, who: &str, product: &str, session: &str, device: &str) -> Use {
        let (id, member) = (self.id(session), self.id(who));
        Use { id, member, product: self.id(product), device: self.id(device), ..Use::default() }
    }

    fn act(&mut self, at: At, who: &str, action: &Action) -> usize {
        let what = match action {
            Action::Look => What::Settle,
            // Of another team the model of one knows nothing.
            Action::Open { team: Some(team), .. } if team != "acme" => What::Settle,
            Action::Open { product, session, device, .. } => What::Open(self.opening(who, product, session, device)),
            Action::OpenByMany { product, members } => {
                let first = self.does(at, What::Default { access: Some(Access::All) });
                for number in 0..*members {
                    let name = format!("member-{number}");
                    let member = self.id(&name);
                    self.does(at, What::Member { member, active: true });
                    let opening = self.opening(&name, product, &format!("many-{number}"), "laptop");
                    self.does(at, What::Open(opening));
                }
                return first;
            }
            Action::Beat { session } => What::Beat { session: self.id(session), activity: None },
            Action::Close { session } => {
                What::Close { session: self.id(session), activity: None, by_client: who != "admin" }
            }
            Action::Quote { product } => What::Quote(self.opening(who, product, "quote", "quote")),
            Action::Seat { product, member, starts_at_micros, ends_at_micros } => {
                let (starts, ends) = (*starts_at_micros, *ends_at_micros);
                What::Seat { member: self.id(member), product: self.id(product), starts, ends }
            }
            Action::WithdrawSeat { product, member } => {
                What::NoSeat { member: self.id(member), product: self.id(product) }
            }
            Action::Assign { member, access } => {
                let access = self.access(access);
                What::Assign { member: self.id(member), access }
            }
            Action::Deactivate { member } => What::Member { member: self.id(member), active: false },
            Action::Block { products } => {
                What::Block { products: products.iter().map(|product| self.id(product)).collect() }
            }
            Action::Order { order, quantity } => return self.order(at, order, *quantity),
            Action::Pay { order } => return self.pay(at, order),
            Action::Rate { product, per_day, effective_at_micros } => {
                let offer = Some(Offer::Daily(thousandths(per_day)));
                What::Rate { product: self.id(product), starts: *effective_at_micros, offer }
            }
            Action::Down => What::Down,
            Action::Up => What::Up,
        };
        self.does(at, what)
    }

    fn observed(&self, answer: &Answer) -> Observed {
        let state = answer.state.map(|state| match state {
            State::Open => jeton_cases::State::Open,
            State::Idle => jeton_cases::State::Idle,
            State::Unfunded => jeton_cases::State::Unfunded,
            State::Ended => jeton_cases::State::Ended,
            State::Held | State::Committed | State::Released | State::Lapsed => panic!("no case has jobs"),
        });
        let cover = answer.cover.map(|cover| match cover {
            Cover::Tokens => jeton_cases::Cover::Tokens,
            Cover::Window => jeton_cases::Cover::Window,
            Cover::Seat => jeton_cases::Cover::Seat,
        });
        Observed {
            state,
            cover,
            hold: answer.tokens.filter(|_| answer.window.is_none()).map(tokens),
            undo_ends_at_micros: answer.ends,
            window_micros: answer.window,
            charged: answer.charged.iter().map(charged).collect(),
            next_charge_at_micros: answer.window.map(|(_, end)| end),
            refused: answer.refusal.as_ref().map(|refusal| self.refused(refusal)),
            ends_at_micros: answer.ends,
            many: None,
        }
    }

    fn refused(&self, refusal: &Refusal) -> Refused {
        let mut refused = Refused::default();
        let code = match refusal {
            Refusal::UnknownMember => "unknown_member",
            Refusal::UnknownProduct => "unknown_product",
            Refusal::MemberInactive => "member_inactive",
            Refusal::TooManyDevices { sessions } => {
                refused.sessions = sessions.iter().map(|session| self.name(*session)).collect();
                "too_many_devices"
            }
            Refusal::NotAssigned => "not_assigned",
            Refusal::ProductBlocked => "product_blocked",
            Refusal::ProductRestricted => "product_restricted",
            Refusal::PaymentOverdue => "payment_overdue",
            Refusal::NotOnRateSheet => "not_on_rate_sheet",
            Refusal::InsufficientTokens { required, available } => {
                let figures = [("required", *required), ("available", *available), ("shortfall", required - available)];
                refused.figures = figures.map(|(name, figure)| (name.to_owned(), tokens(figure))).into();
                "insufficient_tokens"
            }
            Refusal::SessionEnded => "session_ended",
            Refusal::Unknown
            | Refusal::IdReused
            | Refusal::TagRequired { .. }
            | Refusal::CapReached(_)
            | Refusal::JobEnded
            | Refusal::QuantityRaised { .. }
            | Refusal::RateInForce => panic!("no case has {refusal:?}"),
        };
        code.clone_into(&mut refused.code);
        refused
    }

    /// What is told of what happened so far.
    fn so_far(&self) -> Told {
        tell(&self.calendar, self.steps.clone())
    }

    fn told(&self) -> Result<&Told, String> {
        self.told.as_ref().ok_or_else(|| "nothing is told before all is heard".to_owned())
    }
}

impl World for Model {
    fn perform(&mut self, at_micros: i64, who: Option<&str>, action: &Action) -> Result<Observed, String> {
        let first = self.act(at_micros, who.unwrap_or_default(), action);
        let Some(told) = &self.told else { return Ok(Observed::default()) };
        if matches!(action, Action::Open { team: Some(team), .. } if team != "acme") {
            let refused = Refused { code: "unknown_team".to_owned(), ..Refused::default() };
            return Ok(Observed { refused: Some(refused), ..Observed::default() });
        }
        if matches!(action, Action::OpenByMany { .. }) {
            let mut many = Many::default();
            for answer in told.answers[first..self.steps.len()].iter().filter(|answer| **answer != quiet(answer)) {
                match &answer.refusal {
                    Some(refusal) => *many.refused.entry(self.refused(refusal).code).or_default() += 1,
                    None => many.covered += 1,
                }
            }
            return Ok(Observed { many: Some(many), ..Observed::default() });
        }
        Ok(self.observed(&told.answers[first]))
    }

    fn balance(&mut self) -> Result<Balance, String> {
        if self.told.is_none() {
            return Ok(Balance::default());
        }
        let told = self.so_far();
        let (now, answer) = (self.steps.last().map_or(0, |step| step.0), told.answers.last().expect("a step"));
        let granted = told.lots.iter().filter(|lot| now < lot.ends).map(|lot| lot.granted).sum();
        let [granted, available, held] = [granted, answer.available, answer.held].map(tokens);
        Ok(Balance { granted, available, held, overdue: answer.overdue })
    }

    fn live_sessions(&mut self) -> Result<Vec<String>, String> {
        let live = if self.told.is_some() { self.so_far().live } else { Vec::new() };
        Ok(live.iter().map(|(session, _)| self.name(*session)).collect())
    }

    fn charges(&mut self) -> Result<Vec<ChargeSeen>, String> {
        let seen = |charge: &Charge| ChargeSeen {
            charge: charged(charge).charge,
            member: self.name(charge.of.member),
            product: self.name(charge.of.product),
            tokens: tokens(charge.tokens),
            window_micros: charge.window,
            draws: charge.draws.iter().map(|(purse, drawn)| (self.purse(*purse), tokens(*drawn))).collect(),
        };
        Ok(self.told()?.charges.iter().map(seen).collect())
    }

    fn usage(&mut self, _: &str, _: &str) -> Result<Option<Vec<UsageSeen>>, String> {
        let told = self.told()?;
        let mut days: BTreeMap<i32, (i64, u64, BTreeSet<Id>)> = BTreeMap::new();
        for charge in &told.charges {
            let day = days.entry(charge.date.0).or_default();
            day.0 += charge.tokens;
            day.2.insert(charge.of.member);
        }
        for launch in &told.launches {
            let day = days.entry(launch.day).or_default();
            day.1 += 1;
            let opener = |(_, what): &(At, What)| match what {
                What::Open(of) if of.id == launch.session => Some(of.member),
                _ => None,
            };
            let member = self.steps.iter().find_map(opener);
            day.2.extend(member);
        }
        let seen = |(day, (spent, launches, members)): (i32, (i64, u64, BTreeSet<Id>))| UsageSeen {
            day: format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100),
            tokens: tokens(spent),
            launches,
            days: members.len().try_into().expect("few members"),
        };
        Ok(Some(days.into_iter().map(seen).collect()))
    }
}

impl Model {
    fn purse(&self, purse: Purse) -> String {
        match purse {
            Purse::Lot(order) | Purse::Grant(order) => self.name(order),
        }
    }
}

/// An answer of which nothing but the balance is told.
fn quiet(answer: &Answer) -> Answer {
    let (available, held, overdue) = (answer.available, answer.held, answer.overdue);
    Answer { available, held, overdue, ..Answer::default() }
}

fn charged(charge: &Charge) -> Charged {
    let charged = format!("{}/{}/{:?}", charge.of.member, charge.of.product, charge.window);
    Charged { charge: charged, tokens: tokens(charge.tokens), window_micros: charge.window }
}

fn thousandths(tokens: &str) -> i64 {
    let (whole, decimals) = tokens.split_once('.').unwrap_or((tokens, "0"));
    format!("{whole}{decimals:0<3}").parse().expect("tokens")
}

fn tokens(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
