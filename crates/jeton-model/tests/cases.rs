//! Every case of `cases/`, told by the model. A case is taken twice: once to hear what happens in it, whatever is
//! expected, and once to compare that with what the model tells of the whole.

#![expect(clippy::wildcard_enum_match_arm, reason = "of all steps one kind is looked for")]

use std::collections::{BTreeMap, BTreeSet};

use jeton_cases::{
    Action, Balance, Calendar, CapOf, Case, ChargeSeen, Charged, Expectation, JobSeen, JobState, Many, Observed, Part,
    Per, Refused, Tags, UsageSeen, WarningSeen, World, run,
};
use jeton_model::{
    Access, Answer, At, Charge, Cover, Date, History, Id, Of, Offer, Passed, Purse, Refusal, Rounding, State, Told,
    Use, What,
};

#[test]
fn every_case_is_told_by_the_model() {
    let mut failures = Vec::new();
    for case in jeton_cases::load_all().into_iter().filter(is_told) {
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

/// Of prices, plans, what limits a grant of credits, agreements that are taken away, and charges that are made at once
/// because the product was undone often, the model tells nothing, or says nothing of it; nor what a quote warns of.
fn is_told(case: &Case) -> bool {
    let untold = |expectation: &Expectation| match expectation {
        Expectation::UnitPrice(_) | Expectation::Plan(_) => true,
        Expectation::Warned(warnings) => warnings.iter().any(|warned| warned.code == "charged_at_once"),
        Expectation::Refused { code, .. } => code == "credits_used",
        _ => false,
    };
    let warns = |expectation: &Expectation| matches!(expectation, Expectation::Warned(_));
    let mut steps = case.steps.iter();
    !steps.any(|step| match step.action {
        Action::RemoveAgreement { .. } => true,
        Action::Quote { .. } if step.expect.iter().any(warns) => true,
        _ => step.expect.iter().any(untold),
    })
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
            let idle = product.idle_after_s.map(|seconds| i64::from(seconds) * 1_000_000);
            self.does(at, What::Product { product: code, undo, idle, min_balance: thousandths(&product.min_balance) });
            if let Some(offer) = &product.offer {
                let offer = Some(self.offer(offer));
                self.does(at, What::Rate { product: code, starts: at, offer });
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

    fn offer(&mut self, offer: &jeton_cases::Offer) -> Offer {
        match offer {
            jeton_cases::Offer::PerDay(tokens) => Offer::Daily(thousandths(tokens)),
            jeton_cases::Offer::Results(results) => {
                let rate = |of: &jeton_cases::ResultRate| {
                    let rounding = match of.rounding {
                        jeton_cases::Rounding::Up => Rounding::Up,
                        jeton_cases::Rounding::Nearest => Rounding::Nearest,
                        jeton_cases::Rounding::None => Rounding::None,
                    };
                    (self.id(&of.result), thousandths(&of.tokens), rounding)
                };
                Offer::Results(results.iter().map(rate).collect())
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) -> Vec<(Id, i64)> {
        parts.iter().map(|part| (self.id(&part.result), thousandths(&part.quantity))).collect()
    }

    fn job(&mut self, who: &str, product: &str, job: &str, parts: &[Part], tags: &Tags) -> Use {
        let (id, member, product, parts) = (self.id(job), self.id(who), self.id(product), self.parts(parts));
        Use { id, member, product, parts, tags: tagged(tags), ..Use::default() }
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

    fn opening(&mut self, who: &str, product: &str, session: &str, device: &str, tags: &Tags) -> Use {
        let (id, member) = (self.id(session), self.id(who));
        Use { id, member, product: self.id(product), device: self.id(device), tags: tagged(tags), ..Use::default() }
    }

    fn act(&mut self, at: At, who: &str, action: &Action) -> usize {
        let what = match action {
            Action::Look | Action::LookAtJob { .. } | Action::PriceList { .. } | Action::Plan { .. } => What::Settle,
            // Of another team the model of one knows nothing.
            Action::Open { team: Some(team), .. } if team != "acme" => What::Settle,
            Action::Open { product, session, device, tags, .. } => {
                What::Open(self.opening(who, product, session, device, tags))
            }
            Action::OpenByMany { product, members } => {
                let first = self.does(at, What::Default { access: Some(Access::All) });
                for number in 0..*members {
                    let name = format!("member-{number}");
                    let member = self.id(&name);
                    self.does(at, What::Member { member, active: true });
                    let opening = self.opening(&name, product, &format!("many-{number}"), "laptop", &Tags::new());
                    self.does(at, What::Open(opening));
                }
                return first;
            }
            Action::Beat { session, active_at_micros } => {
                What::Beat { session: self.id(session), activity: *active_at_micros }
            }
            Action::Close { session, active_at_micros } => {
                What::Close { session: self.id(session), activity: *active_at_micros, by_client: who != "admin" }
            }
            Action::Quote { product } => What::Quote(self.opening(who, product, "quote", "quote", &Tags::new())),
            Action::QuoteJob { product, parts } => What::QuoteJob(self.job(who, product, "quote", parts, &Tags::new())),
            Action::HoldJob { job, product, parts, tags } => What::Hold(self.job(who, product, job, parts, tags)),
            Action::CommitJob { job, parts } => {
                What::Commit { job: self.id(job), parts: parts.as_ref().map(|parts| self.parts(parts)) }
            }
            Action::ExtendJob { job } => What::Extend { job: self.id(job) },
            Action::ReleaseJob { job } => What::Release { job: self.id(job) },
            Action::DefaultAccess { access } => What::Default { access: self.access(access) },
            Action::Group { group, members, access } => {
                let members = Some(members.iter().map(|member| self.id(member)).collect());
                What::Group { group: self.id(group), members, access: self.access(access) }
            }
            Action::RemoveGroup { group } => What::Group { group: self.id(group), members: None, access: None },
            Action::Cap { cap, of, tokens, per, hard } => {
                let of = match of {
                    CapOf::Member(member) => Of::Member(self.id(member)),
                    CapOf::Group(group) => Of::Group(self.id(group)),
                    CapOf::Product(product) => Of::Product(self.id(product)),
                    CapOf::Team => Of::Team,
                };
                let (monthly, tokens) = (*per == Per::Month, Some(thousandths(tokens)));
                What::Cap { cap: self.id(cap), of, monthly, tokens, hard: *hard }
            }
            Action::RemoveCap { cap } => {
                What::Cap { cap: self.id(cap), of: Of::Team, monthly: false, tokens: None, hard: true }
            }
            Action::RequireTags { tags } => What::Require { tags: tags.clone() },
            Action::Agreement { agreement, starts_at_micros, ends_at_micros, rates, .. } => {
                let offers = rates.iter().map(|(product, offer)| (self.id(product), self.offer(offer))).collect();
                let (starts, ends) = (*starts_at_micros, *ends_at_micros);
                What::Agreement { agreement: self.id(agreement), starts, ends, offers }
            }
            Action::RemoveAgreement { .. } => panic!("the model has no agreement that is taken away"),
            Action::Credits { grant, member, credits, ends_at_micros } => {
                let (grant, member, tokens) = (self.id(grant), self.id(member), thousandths(credits));
                What::Credits { grant, member, tokens, ends: *ends_at_micros }
            }
            Action::Seat { product, member, starts_at_micros, ends_at_micros, .. } => {
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
            Action::Rate { product, offer, effective_at_micros } => {
                let offer = Some(self.offer(offer));
                What::Rate { product: self.id(product), starts: *effective_at_micros, offer }
            }
            Action::Down => What::Down,
            Action::Up => What::Up,
        };
        self.does(at, what)
    }

    fn observed(&self, answer: &Answer) -> Observed {
        let state = answer.state.and_then(|state| match state {
            State::Open => Some(jeton_cases::State::Open),
            State::Idle => Some(jeton_cases::State::Idle),
            State::Unfunded => Some(jeton_cases::State::Unfunded),
            State::Ended => Some(jeton_cases::State::Ended),
            State::Held | State::Committed | State::Released | State::Lapsed => None,
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
            charged: answer.charged.iter().filter(|charge| charge.window.is_some()).map(charged).collect(),
            next_charge_at_micros: answer.window.map(|(_, end)| end),
            refused: answer.refusal.as_ref().map(|refusal| self.refused(refusal)),
            ends_at_micros: answer.ends,
            warnings: answer.warnings.iter().map(|passed| self.warned(passed)).collect(),
            ..Observed::default()
        }
    }

    fn warned(&self, passed: &Passed) -> WarningSeen {
        WarningSeen { code: "cap_passed".to_owned(), figures: self.passed(passed) }
    }

    fn passed(&self, passed: &Passed) -> BTreeMap<String, String> {
        let set = |(_, what): &(At, What)| match what {
            What::Cap { cap, tokens: Some(tokens), monthly, .. } if *cap == passed.cap => Some((*tokens, *monthly)),
            _ => None,
        };
        let (cap, monthly) = self.steps.iter().rev().find_map(set).expect("a cap that was set");
        let tokens = [("tokens", cap), ("used", passed.used), ("required", passed.required)];
        let tokens = tokens.map(|(name, of)| (name.to_owned(), self::tokens(of)));
        let per = if monthly { "month" } else { "day" };
        let words = [("cap".to_owned(), self.name(passed.cap)), ("per".to_owned(), per.to_owned())];
        words.into_iter().chain(tokens).collect()
    }

    /// What is told if this is done next.
    fn if_next(&self, what: What) -> Told {
        let mut steps = self.steps.clone();
        let now = steps.last().map_or(0, |step| step.0);
        steps.push((now, what));
        tell(&self.calendar, steps)
    }

    /// A job as it stands: by what would be answered, and charged, if it were extended, released, or committed.
    fn job_now(&mut self, job: &str) -> JobSeen {
        let job_id = self.id(job);
        let answer_to = |what: What| self.if_next(what).answers.pop().expect("an answer to the last step");
        let held = answer_to(What::Extend { job: job_id }).state == Some(State::Held);
        let standing = answer_to(What::Release { job: job_id });
        let state = match standing.state {
            _ if held => JobState::Held,
            Some(State::Committed) => JobState::Committed,
            Some(State::Lapsed) => JobState::Lapsed,
            Some(State::Released) => JobState::Released,
            other => panic!("a job is not {other:?}"),
        };
        let (mut of_tokens, mut of_credits) = (0, 0);
        if matches!(state, JobState::Held | JobState::Committed) {
            let told = self.if_next(What::Commit { job: job_id, parts: None });
            let charge = told.charges.iter().find(|charge| charge.window.is_none() && charge.of.id == job_id);
            for (purse, drawn) in &charge.expect("what was committed is charged").draws {
                match purse {
                    Purse::Lot(_) => of_tokens += drawn,
                    Purse::Grant(_) => of_credits += drawn,
                }
            }
        }
        let lapses_at_micros = standing.ends.expect("a job says when it lapses");
        JobSeen { job: job.to_owned(), state, tokens: tokens(of_tokens), credits: tokens(of_credits), lapses_at_micros }
    }

    /// What a quoted job would cost, and what would be left of that.
    fn quoted(&self, quote: &Use, answer: &Answer) -> Observed {
        let Some(required) = answer.tokens else { return Observed::default() };
        let id = Id::MAX;
        let tags = self.required().into_iter().map(|tag| (tag, "any".to_owned())).collect();
        let told = self.if_next(What::Hold(Use { id, tags, ..quote.clone() }));
        let now = self.steps.last().map_or(0, |step| step.0);
        let left = told.answers.last().expect("an answer to the last step").available;
        let grants = told.lots.iter().filter(|lot| lot.member == Some(quote.member) && now < lot.ends);
        let remaining = if left < answer.available { left } else { grants.map(|lot| lot.available).sum() };
        let (required, remaining) = (Some(tokens(required)), Some(tokens(remaining)));
        Observed { required, remaining, ..Observed::default() }
    }

    fn required(&self) -> Vec<String> {
        let required = |(_, what): &(At, What)| match what {
            What::Require { tags } => Some(tags.clone()),
            _ => None,
        };
        self.steps.iter().rev().find_map(required).unwrap_or_default()
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
            Refusal::TagRequired { missing } => {
                let mut missing = missing.clone();
                missing.sort();
                refused.figures.insert("tags".to_owned(), missing.join(" "));
                "tag_required"
            }
            Refusal::CapReached(passed) => {
                refused.figures = self.passed(passed);
                "cap_reached"
            }
            Refusal::JobEnded => "job_ended",
            Refusal::QuantityRaised { result, held, asked } => {
                let named = [("result", self.name(*result)), ("held", tokens(*held)), ("asked", tokens(*asked))];
                refused.figures = named.map(|(name, value)| (name.to_owned(), value)).into();
                "quantity_raised"
            }
            Refusal::RateInForce => "rate_in_force",
            Refusal::Unknown | Refusal::IdReused => panic!("no case has {refusal:?}"),
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
        let answer = told.answers[first].clone();
        let mut seen = self.observed(&answer);
        match action {
            Action::QuoteJob { .. } => {
                let What::QuoteJob(quote) = &self.steps[first].1 else { return Err("a quote is one".to_owned()) };
                let quoted = self.quoted(&quote.clone(), &answer);
                (seen.required, seen.remaining) = (quoted.required, quoted.remaining);
            }
            Action::HoldJob { job, .. }
            | Action::CommitJob { job, .. }
            | Action::ExtendJob { job }
            | Action::ReleaseJob { job } => match &mut seen.refused {
                None => seen.job = Some(JobSeen { lapses_at_micros: answer.ends.unwrap_or(0), ..self.job_now(job) }),
                Some(refused) if refused.code == "job_ended" => {
                    let state = format!("{:?}", self.job_now(job).state).to_lowercase();
                    refused.figures.insert("state".to_owned(), state);
                }
                Some(_) => {}
            },
            Action::LookAtJob { job } => seen.job = Some(self.job_now(job)),
            _ => {}
        }
        Ok(seen)
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

    fn plan(&mut self) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn live_sessions(&mut self) -> Result<Vec<String>, String> {
        let live = if self.told.is_some() { self.so_far().live } else { Vec::new() };
        Ok(live.iter().map(|(session, _)| self.name(*session)).collect())
    }

    fn charges(&mut self) -> Result<Vec<ChargeSeen>, String> {
        let seen = |charge: &Charge| {
            let of_lots = charge.draws.iter().filter_map(|(purse, drawn)| match purse {
                Purse::Lot(order) => Some((self.name(*order), *drawn)),
                Purse::Grant(_) => None,
            });
            let of_lots: Vec<(String, i64)> = of_lots.collect();
            ChargeSeen {
                charge: charged(charge).charge,
                member: self.name(charge.of.member),
                product: self.name(charge.of.product),
                tokens: tokens(of_lots.iter().map(|(_, drawn)| drawn).sum()),
                window_micros: charge.window,
                job: charge.window.is_none().then(|| self.name(charge.of.id)),
                draws: of_lots.into_iter().map(|(order, drawn)| (order, tokens(drawn))).collect(),
                tags: charge.of.tags.iter().cloned().collect(),
            }
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

/// An answer of which nothing but the balance is told.
fn quiet(answer: &Answer) -> Answer {
    let (available, held, overdue) = (answer.available, answer.held, answer.overdue);
    Answer { available, held, overdue, ..Answer::default() }
}

fn charged(charge: &Charge) -> Charged {
    let charged = format!("{}/{}/{:?}", charge.of.member, charge.of.product, charge.window);
    Charged { charge: charged, tokens: tokens(charge.tokens), window_micros: charge.window }
}

fn tagged(tags: &Tags) -> Vec<(String, String)> {
    tags.iter().map(|(key, tag)| (key.clone(), tag.clone())).collect()
}

fn thousandths(tokens: &str) -> i64 {
    let (whole, decimals) = tokens.split_once('.').unwrap_or((tokens, "0"));
    format!("{whole}{decimals:0<3}").parse().expect("tokens")
}

fn tokens(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
