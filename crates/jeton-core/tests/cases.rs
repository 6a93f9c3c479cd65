//! Every case of `cases/`, through the rules alone: no store, no clock, no HTTP.
//!
//! Each case is run twice, the second time with the team woken a microsecond before and after every step: extra
//! wake-ups change no entry.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops where something is not as it has to be"
)]

use std::collections::{BTreeMap, BTreeSet};

use jeton_cases::{
    Access, Action, Balance, CapOf, ChargeSeen, Charged, Cover, JobSeen, Many, Observed, Part, Refused, Rounding,
    Setup, State, Tags, UsageSeen, WarningSeen, World, run,
};
use jeton_core::answer::{SessionAnswer, SessionState};
use jeton_core::cap::{Per, Strength};
use jeton_core::catalogue::{self, Catalogue, Names, Offer, ProductSpec, ResultRate, VendorCommand, WhenUnreachable};
use jeton_core::decision::{
    self, AccessAsked, AgreementAsked, CapAsked, CapOfAsked, Granted, GroupAsked, OpenSession, Scene, Series,
    TeamCommand,
};
use jeton_core::entry::{
    Author, ClosedBy, Entry, Funds, JobHeld, JobRelease, Payment, Plan, Role, Span, TeamFact, TeamProfile,
};
use jeton_core::id::{DeviceKey, JobNo, MemberKey, ProductCode, Seq, SessionId};
use jeton_core::job::{JobAsked, LapsedJob, PartAsked};
use jeton_core::presence::Presence;
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::{CapFigures, JobState, Refusal, Unknown, Warning};
use jeton_core::team::Team;
use jeton_core::time::Instant;

#[test]
fn every_case_holds_and_extra_wake_ups_change_no_entry() {
    let mut failures = Vec::new();
    for case in jeton_cases::load_all() {
        let mut plain = Rules::new(&case.setup, false);
        if let Err(failure) = run(&case, &mut plain) {
            failures.push(failure);
        }
        let mut woken = Rules::new(&case.setup, true);
        if run(&case, &mut woken).is_ok() && plain.entries != woken.entries {
            failures.push(format!("{}: extra wake-ups changed an entry", case.file));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The rules, as a case sees them.
struct Rules {
    team: Team,
    presence: Presence,
    catalogue: Catalogue,
    series: Series,
    vendor_seq: u64,
    entries: Vec<Entry<TeamFact>>,
    members: BTreeMap<String, MemberKey>,
    devices: BTreeMap<String, DeviceKey>,
    woken: bool,
    down: bool,
    now: Instant,
}

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros).unwrap()
}

fn micros(span: Span) -> (i64, i64) {
    (span.start.micros(), span.end.micros())
}

fn code(text: &str) -> ProductCode {
    text.parse().unwrap()
}

fn offer(offer: &jeton_cases::Offer) -> Offer {
    match offer {
        jeton_cases::Offer::PerDay(tokens) => Offer::PerDay(tokens.parse().unwrap()),
        jeton_cases::Offer::Results(results) => {
            let rate = |of: &jeton_cases::ResultRate| {
                let rounding = match of.rounding {
                    Rounding::Up => catalogue::Rounding::Up,
                    Rounding::Nearest => catalogue::Rounding::Nearest,
                    Rounding::None => catalogue::Rounding::None,
                };
                let (unit, tokens) = (of.unit.parse().unwrap(), of.tokens.parse().unwrap());
                (of.result.parse().unwrap(), ResultRate { unit, tokens, rounding })
            };
            Offer::Results(results.iter().map(rate).collect())
        }
    }
}

fn asked_access(access: &Access) -> Option<AccessAsked> {
    match access {
        Access::Everything => Some(AccessAsked::All),
        Access::Products(products) => Some(AccessAsked::Named(products.iter().map(|product| code(product)).collect())),
        Access::Unassigned => None,
    }
}

fn plan(name: &str) -> Plan {
    match name {
        "education" => Plan::Education,
        "standard" => Plan::Standard,
        "premium" => Plan::Premium,
        "enterprise" => Plan::Enterprise,
        other => panic!("there is no plan {other}"),
    }
}

fn parts(parts: &[Part]) -> Vec<PartAsked> {
    let asked =
        |part: &Part| PartAsked { result: part.result.parse().unwrap(), quantity: part.quantity.parse().unwrap() };
    parts.iter().map(asked).collect()
}

impl Rules {
    fn new(setup: &Setup, woken: bool) -> Self {
        let mut rules = Self {
            team: Team::new("acme".parse().unwrap()),
            presence: Presence::default(),
            catalogue: Catalogue::default(),
            series: Series::default(),
            vendor_seq: 0,
            entries: Vec::new(),
            members: BTreeMap::new(),
            devices: BTreeMap::new(),
            woken,
            down: false,
            now: at(setup.begins_at_micros),
        };
        let begin = at(setup.begins_at_micros);
        for product in &setup.products {
            let spec = ProductSpec {
                names: Names { en: product.code.clone(), fr: product.code.clone() },
                uses: vec![],
                versions: vec![],
                undo_s: product.undo_interval_s,
                idle_aware: product.idle_after_s.is_some(),
                idle_after_s: product.idle_after_s.unwrap_or(900),
                min_balance: product.min_balance.parse().unwrap(),
                when_unreachable: WhenUnreachable::Start,
            };
            rules.vendor(VendorCommand::SetProduct { code: code(&product.code), spec }, begin);
            if let Some(offered) = &product.offer {
                rules.rate(&product.code, offered, begin, begin);
            }
        }
        rules.price_list("reference", &[(1, "3.33"), (5_000, "3.25"), (10_000, "3.16")], None, begin);
        let profile = TeamProfile {
            name: "Acme".into(),
            country: "FR".into(),
            currency: "EUR".parse().unwrap(),
            time_zone: setup.zone.parse().unwrap(),
            locale: "fr".into(),
            ask_before_charge: false,
        };
        rules.granted(TeamCommand::SetTeam { profile, if_match: None }, begin);
        for member in &setup.members {
            rules.member(&member.name, begin);
            rules.assign(&member.name, &member.access, begin);
        }
        if setup.tokens > 0 {
            rules.order("start", setup.tokens, begin).unwrap();
            rules.pay("start", begin);
        }
        rules
    }

    fn vendor(&mut self, command: VendorCommand, now: Instant) {
        let next = Seq(self.vendor_seq + 1);
        if let Some(fact) = catalogue::decide(&self.catalogue, command, None, next, now).unwrap().fact {
            self.vendor_seq += 1;
            self.catalogue.evolve(next, &Entry { at: now, by: Author::Operator, fact });
        }
    }

    fn rate(&mut self, product: &str, offered: &jeton_cases::Offer, starts_at: Instant, now: Instant) {
        let offer = offer(offered);
        self.vendor(VendorCommand::SetRate { code: code(product), starts_at, offer }, now);
    }

    fn price_list(&mut self, list: &str, tiers: &[(u64, &str)], country: Option<&str>, now: Instant) {
        let tier = |(from, price): &(u64, &str)| Tier { from: *from, unit_price: price.parse().unwrap() };
        let spec = PriceListSpec {
            currency: "EUR".parse().unwrap(),
            tiers: Tiers::new(tiers.iter().map(tier).collect(), 1).unwrap(),
            countries: country.into_iter().map(str::to_owned).collect(),
            starts_at: None,
            partner: None,
            min_quantity: 1,
            step: 1,
            by_agreement: false,
        };
        self.vendor(VendorCommand::SetPriceList { price_list: list.parse().unwrap(), spec }, now);
    }

    fn decide(&mut self, command: TeamCommand, now: Instant) -> Result<Granted, Refusal> {
        let scene = Scene {
            team: &mut self.team,
            presence: &mut self.presence,
            catalogue: &self.catalogue,
            series: &mut self.series,
        };
        let (entries, outcome) = decision::decide(scene, command, Author::Operator, now);
        self.entries.extend(entries.team);
        outcome
    }

    fn granted(&mut self, command: TeamCommand, now: Instant) -> Granted {
        self.decide(command, now).unwrap()
    }

    fn settle(&mut self, now: Instant) {
        if now >= self.team.last_at {
            self.granted(TeamCommand::Settle, now);
        }
    }

    fn member(&mut self, name: &str, now: Instant) -> MemberKey {
        let member = MemberKey(u32::try_from(self.members.len()).unwrap());
        self.members.insert(name.into(), member);
        let role = Role::Member;
        self.granted(TeamCommand::SetMember { member, role, person_changed: false, if_match: None }, now);
        member
    }

    fn assign(&mut self, name: &str, access: &Access, now: Instant) {
        let member = self.members.get(name).copied();
        let Some(products) = asked_access(access) else {
            let _ = self.decide(TeamCommand::RemoveAssignment { member, if_match: None }, now);
            return;
        };
        self.granted(TeamCommand::SetAssignment { member, products, if_match: None }, now);
    }

    fn order(&mut self, order: &str, quantity: u32, now: Instant) -> Result<Granted, Refusal> {
        let (order, payment) = (order.parse().unwrap(), Payment::Invoice);
        self.decide(TeamCommand::PlaceOrder { order, quantity: quantity.into(), payment }, now)
    }

    fn pay(&mut self, order: &str, now: Instant) {
        let order = order.parse().unwrap();
        self.granted(TeamCommand::RecordPayment { order, paid_on: None, reference: None }, now);
    }

    fn open(
        &mut self,
        who: &str,
        product: &str,
        session: &str,
        device: &str,
        tags: Tags,
        now: Instant,
    ) -> Result<Granted, Refusal> {
        let next = DeviceKey(u64::try_from(self.devices.len()).unwrap());
        let open = OpenSession {
            session: session.parse().unwrap(),
            member: self.members.get(who).copied(),
            product: code(product),
            version: None,
            device: *self.devices.entry(device.into()).or_insert(next),
            tags,
        };
        self.decide(TeamCommand::OpenSession(open), now)
    }

    fn job_asked(&self, who: &str, product: &str, asked: &[Part], tags: Option<&Tags>) -> JobAsked {
        let member = self.members.get(who).copied();
        JobAsked { member, product: code(product), parts: parts(asked), tags: tags.cloned() }
    }

    /// The hold of a job, and the number of its entry.
    fn job_held(&self, job: &str) -> (JobNo, &Entry<TeamFact>, &JobHeld) {
        let numbered = (1_u64..).zip(&self.entries);
        let held = numbered.filter_map(|(seq, entry)| match &entry.fact {
            TeamFact::JobHeld(held) if held.job.as_str() == job => Some((JobNo(seq), entry, &**held)),
            _ => None,
        });
        held.last().expect("a case holds a job before it says more of it")
    }

    /// A job as the ledger tells.
    fn job(&self, job: &str) -> JobSeen {
        let (number, _, held) = self.job_held(job);
        let nothing = Funds::Tokens(Vec::new());
        let (mut state, mut funds, mut ends_at) = (JobState::Held, &held.funds, held.ends_at);
        for entry in &self.entries {
            match &entry.fact {
                TeamFact::JobExtended { job, ends_at: later } if *job == number => ends_at = *later,
                TeamFact::JobCommitted(committed) if committed.number == number => {
                    (state, funds) = (JobState::Committed, &committed.funds);
                }
                TeamFact::JobReleased { job, why, .. } if *job == number => {
                    funds = &nothing;
                    state = match why {
                        JobRelease::Released => JobState::Released,
                        JobRelease::Lapsed => JobState::Lapsed,
                    };
                }
                _ => {}
            }
        }
        job_seen(job, state, funds, ends_at)
    }

    /// What a job asked for, where its hold has lapsed and that is the last of it.
    fn lapsed(&self, job: &str) -> Option<Box<LapsedJob>> {
        let (number, entry, held) = self.job_held(job);
        let asked = JobAsked {
            member: Some(held.member),
            product: self.catalogue.product(held.product).unwrap().code.clone(),
            parts: held
                .parts
                .iter()
                .map(|part| PartAsked { result: part.result.clone(), quantity: part.quantity })
                .collect(),
            tags: Some(held.tags.clone()),
        };
        let lapsed = self.job(job).state == jeton_cases::JobState::Lapsed;
        lapsed.then(|| Box::new(LapsedJob { number, asked, held_at: entry.at }))
    }

    /// What is answered of a job that has left the state.
    fn past_job(&self, action: &Action) -> Result<Observed, Refusal> {
        let (job, over) = match action {
            Action::CommitJob { job, .. } => (job, [JobState::Released].as_slice()),
            Action::ExtendJob { job } => (job, [JobState::Released, JobState::Lapsed, JobState::Committed].as_slice()),
            Action::ReleaseJob { job } => (job, [].as_slice()),
            other => panic!("{other:?} is of no job"),
        };
        let seen = self.job(job);
        match over.iter().find(|state| job_state(**state) == seen.state) {
            Some(state) => Err(Refusal::JobEnded { state: *state }),
            None => Ok(Observed { job: Some(seen), ..Observed::default() }),
        }
    }

    /// What a team and its vendor set.
    fn set(&mut self, now: Instant, action: &Action) -> Result<Granted, Refusal> {
        let if_match = None;
        let member_of = |rules: &Self, name: &str| rules.members.get(name).copied();
        match action {
            Action::DefaultAccess { access } => {
                self.decide(TeamCommand::SetDefaultAccess { products: asked_access(access), if_match }, now)
            }
            Action::Group { group, members, access } => {
                let members = members.iter().map(|member| member_of(self, member)).collect();
                let asked = GroupAsked { name: group.clone(), members, products: asked_access(access) };
                self.decide(TeamCommand::SetGroup { group: group.parse().unwrap(), asked, if_match }, now)
            }
            Action::RemoveGroup { group } => {
                self.decide(TeamCommand::RemoveGroup { group: group.parse().unwrap(), if_match }, now)
            }
            Action::Cap { cap, of, tokens, per, hard } => {
                let of = match of {
                    CapOf::Member(member) => CapOfAsked::Member(member_of(self, member)),
                    CapOf::Group(group) => CapOfAsked::Group(group.parse().unwrap()),
                    CapOf::Product(product) => CapOfAsked::Product(code(product)),
                    CapOf::Team => CapOfAsked::Team,
                };
                let per = match per {
                    jeton_cases::Per::Day => Per::Day,
                    jeton_cases::Per::Month => Per::Month,
                };
                let strength = if *hard { Strength::Hard } else { Strength::Soft };
                let asked = CapAsked { of, per, tokens: tokens.parse().unwrap(), strength };
                self.decide(TeamCommand::SetCap { cap: cap.parse().unwrap(), asked, if_match }, now)
            }
            Action::RemoveCap { cap } => {
                self.decide(TeamCommand::RemoveCap { cap: cap.parse().unwrap(), if_match }, now)
            }
            Action::RequireTags { tags } => {
                self.decide(TeamCommand::SetRequiredTags { tags: tags.iter().cloned().collect(), if_match }, now)
            }
            Action::Agreement { agreement, starts_at_micros, ends_at_micros, rates, price_list } => {
                let asked = AgreementAsked {
                    span: Span { start: at(*starts_at_micros), end: at(*ends_at_micros) },
                    rates: rates.iter().map(|(product, offered)| (code(product), offer(offered))).collect(),
                    price_list: price_list.as_ref().map(|list| list.parse().unwrap()),
                };
                self.decide(TeamCommand::SetAgreement { agreement: agreement.parse().unwrap(), asked, if_match }, now)
            }
            Action::RemoveAgreement { agreement } => {
                self.decide(TeamCommand::RemoveAgreement { agreement: agreement.parse().unwrap(), if_match }, now)
            }
            Action::PriceList { list, unit_price, country } => {
                self.price_list(list, &[(1, unit_price)], Some(country), now);
                Ok(Granted::Settled)
            }
            Action::Credits { grant, member, credits, ends_at_micros } => {
                let (member, grant) = (member_of(self, member), grant.parse().unwrap());
                let (credits, ends_at) = (credits.parse().unwrap(), at(*ends_at_micros));
                self.decide(TeamCommand::GrantCredits { member, grant, credits, ends_at, if_match }, now)
            }
            Action::Plan { plan: name, starts_at_micros, ends_at_micros } => {
                let span = Span { start: at(*starts_at_micros), end: at(*ends_at_micros) };
                self.decide(TeamCommand::SetPlan { plan: plan(name), span, if_match }, now)
            }
            Action::Block { products } => {
                let products = products.iter().map(|product| code(product)).collect();
                self.decide(TeamCommand::SetBlockedProducts { products, if_match }, now)
            }
            other => panic!("{other:?} sets nothing"),
        }
    }

    fn act(&mut self, now: Instant, who: &str, action: &Action) -> Result<Observed, Refusal> {
        let member_of = |rules: &Self, name: &str| rules.members.get(name).copied();
        let of_job = match action {
            Action::CommitJob { job, .. }
            | Action::ExtendJob { job }
            | Action::ReleaseJob { job }
            | Action::LookAtJob { job } => Some(job),
            _ => None,
        };
        let held = |job: &String| {
            self.entries.iter().any(|entry| matches!(&entry.fact, TeamFact::JobHeld(held) if held.job.as_str() == job))
        };
        if of_job.is_some_and(|job| !held(job)) {
            return Err(Refusal::Unknown(Unknown::Job));
        }
        let granted = match action {
            Action::Look => Granted::Settled,
            Action::Open { product, session, device, version: _, team, tags } => {
                if team.as_ref().is_some_and(|team| team != "acme") {
                    // What the engine answers for a team of which nothing is known.
                    self.decide(TeamCommand::Settle, now)?;
                    return Err(Refusal::Unknown(Unknown::Team));
                }
                self.open(who, product, session, device, tags.clone(), now)?
            }
            Action::OpenByMany { product, members } => {
                self.granted(TeamCommand::SetDefaultAccess { products: Some(AccessAsked::All), if_match: None }, now);
                let mut many = Many::default();
                for number in 0..*members {
                    let name = format!("member-{number}");
                    self.member(&name, now);
                    match self.open(&name, product, &format!("many-{number}"), "laptop", Tags::new(), now) {
                        Ok(_) => many.covered += 1,
                        Err(refusal) => *many.refused.entry(refusal.code().into()).or_insert(0) += 1,
                    }
                }
                return Ok(Observed { many: Some(many), ..Observed::default() });
            }
            Action::Beat { session, active_at_micros } => {
                let (session, activity) = (session.parse().unwrap(), active_at_micros.map(at));
                self.decide(TeamCommand::Beat { session, activity, lease: false }, now)?
            }
            Action::Close { session, active_at_micros } => {
                let activity = active_at_micros.map(at);
                let by = if who == "admin" { ClosedBy::Admin } else { ClosedBy::Client };
                let session: SessionId = session.parse().unwrap();
                self.decide(TeamCommand::CloseSession { session, activity, by }, now)?
            }
            Action::Quote { product } => {
                let (member, product) = (member_of(self, who), code(product));
                self.decide(TeamCommand::QuoteSession { member, product, device: None, tags: None }, now)?
            }
            Action::QuoteJob { product, parts } => {
                let asked = self.job_asked(who, product, parts, None);
                self.decide(TeamCommand::QuoteJob(asked), now)?
            }
            Action::HoldJob { job, product, parts, tags } => {
                let asked = self.job_asked(who, product, parts, Some(tags));
                self.decide(TeamCommand::HoldJob { job: job.parse().unwrap(), asked }, now)?
            }
            Action::CommitJob { job, parts: delivered } => {
                let (lapsed, delivered) = (self.lapsed(job), delivered.as_deref().map(parts));
                let commit = TeamCommand::CommitJob { job: job.parse().unwrap(), parts: delivered, lapsed };
                self.decide(commit, now)?
            }
            Action::ExtendJob { job } => self.decide(TeamCommand::ExtendJob { job: job.parse().unwrap() }, now)?,
            Action::ReleaseJob { job } => self.decide(TeamCommand::ReleaseJob { job: job.parse().unwrap() }, now)?,
            Action::LookAtJob { job } => return Ok(Observed { job: Some(self.job(job)), ..Observed::default() }),
            Action::Seat { product, member, starts_at_micros, ends_at_micros, plan: carried } => {
                let span = Span { start: at(*starts_at_micros), end: at(*ends_at_micros) };
                let (member, product) = (member_of(self, member), code(product));
                self.decide(
                    TeamCommand::SetSeat { member, product, span, plan: carried.as_deref().map(plan), if_match: None },
                    now,
                )?
            }
            Action::WithdrawSeat { product, member } => {
                let (member, product) = (member_of(self, member), code(product));
                self.decide(TeamCommand::RemoveSeat { member, product, if_match: None }, now)?
            }
            Action::Assign { member, access } => {
                self.assign(member, access, now);
                Granted::Settled
            }
            Action::Deactivate { member } => {
                self.decide(TeamCommand::DeactivateMember { member: member_of(self, member), if_match: None }, now)?
            }
            Action::Erase { member } => {
                let granted = self.decide(TeamCommand::EraseMember { member: member_of(self, member) }, now)?;
                // The key is of nobody any more; the charges that bear it say so.
                if let Some(key) = self.members.remove(member) {
                    self.members.insert(format!("~{key}"), key);
                }
                granted
            }
            Action::DefaultAccess { .. }
            | Action::Group { .. }
            | Action::RemoveGroup { .. }
            | Action::Cap { .. }
            | Action::RemoveCap { .. }
            | Action::RequireTags { .. }
            | Action::Agreement { .. }
            | Action::RemoveAgreement { .. }
            | Action::PriceList { .. }
            | Action::Credits { .. }
            | Action::Plan { .. }
            | Action::Block { .. } => self.set(now, action)?,
            Action::Order { order, quantity } => {
                self.order(order, *quantity, now)?;
                let placed = self.entries.iter().rev().find_map(|entry| match &entry.fact {
                    TeamFact::OrderPlaced(placed) => Some(placed.unit_price.to_string()),
                    _ => None,
                });
                return Ok(Observed { unit_price: placed, ..Observed::default() });
            }
            Action::Pay { order } => {
                self.pay(order, now);
                Granted::Paid
            }
            Action::Rate { product, offer, effective_at_micros } => {
                self.rate(product, offer, at(*effective_at_micros), now);
                Granted::Settled
            }
            Action::Down => {
                self.down = true;
                Granted::Settled
            }
            Action::Up => {
                self.down = false;
                self.presence.restarted(now);
                self.settle(now);
                Granted::Settled
            }
        };
        if matches!(
            (action, &granted),
            (Action::CommitJob { .. } | Action::ExtendJob { .. } | Action::ReleaseJob { .. }, Granted::Past)
        ) {
            return self.past_job(action);
        }
        Ok(observed(granted))
    }
}

impl World for Rules {
    fn perform(&mut self, at_micros: i64, who: Option<&str>, action: &Action) -> Result<Observed, String> {
        let now = at(at_micros);
        self.now = now;
        if !matches!(action, Action::Up) && !self.down {
            if self.woken {
                self.settle(at(at_micros - 1));
            }
            self.settle(now);
        }
        let outcome = self.act(now, who.unwrap_or_default(), action);
        if self.woken && !self.down {
            self.settle(now);
        }
        Ok(outcome.unwrap_or_else(|refusal| Observed { refused: Some(refused(&refusal)), ..Observed::default() }))
    }

    fn balance(&mut self) -> Result<Balance, String> {
        let lots = &self.team.lots;
        Ok(Balance {
            granted: lots.granted().to_string(),
            available: lots.available().to_string(),
            held: lots.held().to_string(),
            overdue: !self.team.overdue.is_empty(),
        })
    }

    fn plan(&mut self) -> Result<Option<String>, String> {
        let in_force = match self.team.plan_at(self.team.last_at.max(self.now)) {
            Plan::Education => "education",
            Plan::Standard => "standard",
            Plan::Premium => "premium",
            Plan::Enterprise => "enterprise",
        };
        Ok(Some(in_force.to_owned()))
    }

    fn live_sessions(&mut self) -> Result<Vec<String>, String> {
        Ok(self.team.open_sessions().map(|(_, session)| session.id.to_string()).collect())
    }

    fn charges(&mut self) -> Result<Vec<ChargeSeen>, String> {
        let names: BTreeMap<MemberKey, &String> = self.members.iter().map(|(name, member)| (*member, name)).collect();
        let orders: BTreeMap<_, _> = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.fact {
                TeamFact::LotCredited(lot) => Some((lot.lot, lot.order.to_string())),
                _ => None,
            })
            .collect();
        let numbered = (1_u64..).zip(&self.entries);
        let drawn = |draws: &[jeton_core::lot::Draw]| {
            draws.iter().map(|draw| (orders[&draw.lot].clone(), draw.tokens.to_string())).collect()
        };
        Ok(numbered
            .filter_map(|(seq, entry)| match &entry.fact {
                TeamFact::ChargeMade(charge) => Some(ChargeSeen {
                    charge: seq.to_string(),
                    member: names[&charge.member].clone(),
                    product: self.catalogue.product(charge.product).unwrap().code.to_string(),
                    tokens: charge.tokens().to_string(),
                    window_micros: Some(micros(charge.window)),
                    job: None,
                    draws: drawn(&charge.draws),
                    tags: charge.tags.clone(),
                }),
                TeamFact::JobCommitted(job) => Some(ChargeSeen {
                    charge: seq.to_string(),
                    member: names[&job.member].clone(),
                    product: self.catalogue.product(job.product).unwrap().code.to_string(),
                    tokens: job.funds.tokens().to_string(),
                    window_micros: None,
                    job: Some(job.job.to_string()),
                    draws: drawn(job.funds.draws()),
                    tags: job.tags.clone(),
                }),
                _ => None,
            })
            .collect())
    }

    /// Reports are made by the views; the cases that expect launches are held to them over HTTP.
    fn usage(&mut self, _: &str, _: &str) -> Result<Option<Vec<UsageSeen>>, String> {
        Ok(None)
    }
}

fn observed(granted: Granted) -> Observed {
    match granted {
        Granted::Opened { answer, .. } | Granted::Beaten(answer) | Granted::Closed(answer) => session(&answer),
        Granted::Quoted(quote) => Observed {
            cover: cover(quote.cover),
            refused: quote.refusal.as_ref().map(refused),
            warnings: quote.warnings.iter().map(warning).collect(),
            ..Observed::default()
        },
        Granted::JobQuoted(quote) => Observed {
            required: quote.required.map(|required| required.to_string()),
            remaining: quote
                .required
                .filter(|required| quote.refusal.is_none() && *required <= quote.available)
                .map(|required| (quote.available - required).to_string()),
            refused: quote.refusal.as_ref().map(refused),
            warnings: quote.warnings.iter().map(warning).collect(),
            ..Observed::default()
        },
        Granted::Job(job) => Observed {
            job: Some(job_seen(job.job.as_str(), job.state, &job.funds, job.ends_at)),
            warnings: job.warnings.iter().map(warning).collect(),
            ..Observed::default()
        },
        Granted::Past => Observed { state: Some(State::Ended), ..Observed::default() },
        Granted::Configured { .. }
        | Granted::Ordered { .. }
        | Granted::Paid
        | Granted::Known { .. }
        | Granted::Settled => Observed::default(),
    }
}

fn job_seen(job: &str, state: JobState, funds: &Funds, ends_at: Instant) -> JobSeen {
    let tokens = funds.tokens();
    JobSeen {
        job: job.to_owned(),
        state: job_state(state),
        tokens: tokens.to_string(),
        credits: (funds.total() - tokens).to_string(),
        lapses_at_micros: ends_at.micros(),
    }
}

fn job_state(state: JobState) -> jeton_cases::JobState {
    match state {
        JobState::Held => jeton_cases::JobState::Held,
        JobState::Committed => jeton_cases::JobState::Committed,
        JobState::Released => jeton_cases::JobState::Released,
        JobState::Lapsed => jeton_cases::JobState::Lapsed,
    }
}

fn warning(warning: &Warning) -> WarningSeen {
    let figures = match warning {
        Warning::ChargedAtOnce { undone } => BTreeMap::from([("undone".to_owned(), undone.to_string())]),
        Warning::CapPassed(passed) => cap_figures(passed),
    };
    WarningSeen { code: warning.code().to_owned(), figures }
}

fn cap_figures(passed: &CapFigures) -> BTreeMap<String, String> {
    let per = match passed.per {
        Per::Day => "day",
        Per::Month => "month",
    };
    let tokens = [("tokens", passed.tokens), ("used", passed.used), ("required", passed.required)];
    let tokens = tokens.map(|(name, tokens)| (name.to_owned(), tokens.to_string()));
    let words = [("cap".to_owned(), passed.cap.to_string()), ("per".to_owned(), per.to_owned())];
    words.into_iter().chain(tokens).collect()
}

fn session(answer: &SessionAnswer) -> Observed {
    Observed {
        state: Some(match answer.state {
            SessionState::Open => State::Open,
            SessionState::Idle => State::Idle,
            SessionState::Unfunded => State::Unfunded,
            SessionState::Ended => State::Ended,
        }),
        cover: cover(answer.cover),
        hold: answer.hold.map(|hold| hold.to_string()),
        undo_ends_at_micros: answer.undo_ends_at.map(Instant::micros),
        window_micros: answer.window.map(micros),
        charged: answer
            .charged
            .iter()
            .map(|charged| Charged {
                charge: charged.charge.to_string(),
                tokens: charged.tokens.to_string(),
                window_micros: Some(micros(charged.window)),
            })
            .collect(),
        next_charge_at_micros: answer.next_charge.map(|next| next.at.micros()),
        refused: answer.refusal.as_ref().map(refused),
        ends_at_micros: answer.ends_at.map(Instant::micros),
        warnings: answer.warnings.iter().map(warning).collect(),
        ..Observed::default()
    }
}

fn cover(cover: Option<&str>) -> Option<Cover> {
    match cover? {
        "tokens" => Some(Cover::Tokens),
        "window" => Some(Cover::Window),
        "seat" => Some(Cover::Seat),
        other => panic!("no case knows the cover {other}"),
    }
}

fn refused(refusal: &Refusal) -> Refused {
    let mut figures = BTreeMap::new();
    let mut sessions = BTreeSet::new();
    match refusal {
        Refusal::InsufficientTokens { required, available, shortfall } => {
            for (name, tokens) in [("required", required), ("available", available), ("shortfall", shortfall)] {
                figures.insert(name.to_owned(), tokens.to_string());
            }
        }
        Refusal::CapReached(passed) => figures = cap_figures(passed),
        Refusal::TagRequired { tags } => {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            figures.insert("tags".to_owned(), tags.join(" "));
        }
        Refusal::JobEnded { state } => {
            figures.insert("state".to_owned(), format!("{state:?}").to_lowercase());
        }
        Refusal::QuantityRaised { result, held, asked } => {
            let named = [("result", result.to_string()), ("held", held.to_string()), ("asked", asked.to_string())];
            figures.extend(named.map(|(name, value)| (name.to_owned(), value)));
        }
        Refusal::CreditsUsed { used } => {
            figures.insert("used".to_owned(), used.to_string());
        }
        Refusal::TooManyDevices { limit, sessions: open } => {
            figures.insert("limit".to_owned(), limit.to_string());
            sessions.extend(open.iter().map(|open| open.session.to_string()));
        }
        _ => {}
    }
    Refused { code: refusal.code().to_owned(), figures, sessions: sessions.into_iter().collect() }
}
