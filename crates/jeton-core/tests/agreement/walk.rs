//! A walk through a history: each step becomes a command at an instant, asked of the rules under test, and is written
//! down for the model, with what was answered.
//!
//! The walk is woken at needless instants; what it asked is kept as [`Act`]s, so that the same can be asked again of a
//! server that is not.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::cap::{Per, Strength};
use jeton_core::catalogue::{
    self, Catalogue, Names, Offer, ProductSpec, ResultRate, Rounding, VendorCommand, WhenUnreachable,
};
use jeton_core::decision::{
    self, AccessAsked, AgreementAsked, CapAsked, CapOfAsked, Entries, Granted, GroupAsked, OpenSession, Scene, Series,
    TeamCommand,
};
use jeton_core::entry::{Author, ClosedBy, Entry, JobRelease, Payment, Role, Span, Tags, TeamFact, TeamProfile};
use jeton_core::id::{DeviceKey, JobId, JobNo, LotNo, MemberKey, OrderId, ProductCode, ProductKey, Seq, SessionId};
use jeton_core::job::{JobAsked, LapsedJob, PartAsked};
use jeton_core::presence::Presence;
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::Refusal;
use jeton_core::team::{Cover, Team};
use jeton_core::time::{Instant, Zone};
use jeton_core::tokens::Tokens;
use jeton_model::{self as model, What};

use crate::history::{
    Activity, Beginning, Does, Granting, History, Job, Offered, Product, Setup, Start, Step, Then, When, Whose,
};
use crate::telling;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;
const LOST_AFTER: i64 = 600 * SECOND;
/// The results that products of results have, in the order in which quantities are told.
pub(crate) const RESULTS: [(&str, Rounding); 3] =
    [("image", Rounding::Up), ("video", Rounding::Nearest), ("study", Rounding::None)];
/// Beats of one step, of all sessions together.
const BEATS: usize = 300;

/// Something that is asked at an instant.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Team(TeamCommand),
    Vendor(VendorCommand),
    /// The server goes away, after it has done all that was due.
    Down,
    /// The server is back.
    Up,
}

/// One team, as the engine keeps it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) team: Team,
    presence: Presence,
    pub(crate) catalogue: Catalogue,
    series: BTreeMap<i16, Series>,
    vendor_seq: u64,
    pub(crate) entries: Vec<Entry<TeamFact>>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            team: Team::new("acme".parse().unwrap()),
            presence: Presence::default(),
            catalogue: Catalogue::default(),
            series: BTreeMap::new(),
            vendor_seq: 0,
            entries: Vec::new(),
        }
    }

    /// Does what is asked; a refusal is an answer.
    pub(crate) fn act(&mut self, act: Act, now: Instant) -> (Entries, Result<Granted, Refusal>) {
        match act {
            Act::Team(command) => self.decide(command, now),
            Act::Vendor(command) => {
                let next = Seq(self.vendor_seq + 1);
                match catalogue::decide(&self.catalogue, command, None, next, now) {
                    Ok(configured) => {
                        if let Some(fact) = configured.fact {
                            self.vendor_seq += 1;
                            self.catalogue.evolve(next, &Entry { at: now, by: Author::Operator, fact });
                        }
                        (Entries::default(), Ok(Granted::Settled))
                    }
                    Err(refusal) => (Entries::default(), Err(refusal)),
                }
            }
            Act::Down => self.decide(TeamCommand::Settle, now),
            Act::Up => {
                self.presence.restarted(now);
                self.decide(TeamCommand::Settle, now)
            }
        }
    }

    /// What would come of a command.
    fn act_on_a_copy(&self, command: TeamCommand, now: Instant) -> Result<Granted, Refusal> {
        let (mut team, mut presence) = (self.team.clone(), self.presence.clone());
        let (catalogue, mut series) = (&self.catalogue, Series::default());
        let scene = Scene { team: &mut team, presence: &mut presence, catalogue, series: &mut series };
        decision::decide(scene, command, Author::Operator, now).1
    }

    fn decide(&mut self, command: TeamCommand, now: Instant) -> (Entries, Result<Granted, Refusal>) {
        let series = self.series.entry(Zone::UTC.day_of(now).year()).or_default();
        let (team, presence, catalogue) = (&mut self.team, &mut self.presence, &self.catalogue);
        let scene = Scene { team, presence, catalogue, series };
        let (entries, outcome) = decision::decide(scene, command, Author::Operator, now);
        self.entries.extend(entries.team.iter().cloned());
        (entries, outcome)
    }
}

/// A walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) server: Server,
    pub(crate) acts: Vec<(Instant, Act)>,
    /// What happened, for the model.
    pub(crate) steps: Vec<(model::At, What)>,
    /// What the rules under test answered to each of them.
    pub(crate) answers: Vec<model::Answer>,
    pub(crate) zone: Zone,
    now: Instant,
    members: u32,
    products: Vec<ProductCode>,
    sessions: u32,
    grants: u32,
    orders: u32,
    jobs: Vec<(JobId, JobAsked)>,
    tags: BTreeMap<SessionId, Tags>,
    orders_of: BTreeMap<LotNo, model::Id>,
    pub(crate) charges: Vec<model::Charge>,
    pub(crate) is_quiet: bool,
}

/// This many microseconds later, or earlier.
pub(crate) fn later(at: Instant, micros: i64) -> Instant {
    Instant::from_micros(at.micros() + micros).expect("histories keep away from the ends of time")
}

fn product_code(index: usize) -> ProductCode {
    format!("product-{index}").parse().unwrap()
}

fn tags(tagged: Option<&str>) -> Tags {
    tagged.map(|project| ("project".to_owned(), project.to_owned())).into_iter().collect()
}

fn offer(offered: Offered) -> Option<Offer> {
    match offered {
        Offered::Nothing => None,
        Offered::Daily(tokens) => Some(Offer::PerDay(tokens.parse().unwrap())),
        Offered::Results(tokens) => {
            let rate = |(code, rounding): (&str, Rounding)| {
                let (unit, tokens) = ("each".parse().unwrap(), tokens.parse().unwrap());
                (code.parse().unwrap(), ResultRate { unit, tokens, rounding })
            };
            Some(Offer::Results(RESULTS.map(rate).into_iter().collect()))
        }
    }
}

fn parts(of: [u32; 3]) -> Vec<PartAsked> {
    let named = RESULTS.iter().zip(of).filter(|(_, thousandths)| *thousandths > 0);
    named
        .map(|((code, _), thousandths)| PartAsked {
            result: code.parse().unwrap(),
            quantity: format!("{}.{:03}", thousandths / 1000, thousandths % 1000).parse().unwrap(),
        })
        .collect()
}

impl Walk {
    /// Walks through a history.
    pub(crate) fn through(history: &History) -> Self {
        let mut walk = Self::new(&history.setup);
        for step in &history.steps {
            walk.step(step);
        }
        walk.asks(What::Settle, TeamCommand::Settle);
        walk
    }

    fn new(setup: &Setup) -> Self {
        let mut walk = Self {
            server: Server::new(),
            acts: Vec::new(),
            steps: Vec::new(),
            answers: Vec::new(),
            zone: setup.zone.parse().unwrap(),
            now: setup.begins_at.parse().unwrap(),
            members: setup.members,
            products: (0..setup.products.len()).map(product_code).collect(),
            sessions: 0,
            grants: 0,
            orders: 0,
            jobs: Vec::new(),
            tags: BTreeMap::new(),
            orders_of: BTreeMap::new(),
            charges: Vec::new(),
            is_quiet: false,
        };
        walk.begin(setup);
        walk
    }

    fn begin(&mut self, setup: &Setup) {
        let tiers = [(1, "3.33"), (10, "3.25")].map(|(from, price)| Tier { from, unit_price: price.parse().unwrap() });
        let spec = PriceListSpec {
            currency: "EUR".parse().unwrap(),
            tiers: Tiers::new(tiers.to_vec(), 1).unwrap(),
            countries: vec![],
            starts_at: None,
            partner: None,
            min_quantity: 1,
            step: 1,
            by_agreement: false,
        };
        let price_list = "reference".parse().unwrap();
        let _listed = self.act(Act::Vendor(VendorCommand::SetPriceList { price_list, spec }));
        let profile = TeamProfile {
            name: "Acme".into(),
            country: "FR".into(),
            currency: "EUR".parse().unwrap(),
            time_zone: self.zone.clone(),
            locale: "fr".into(),
            ask_before_charge: false,
        };
        let _entered = self.act(Act::Team(TeamCommand::SetTeam { profile, if_match: None }));
        for (index, product) in setup.products.iter().enumerate() {
            self.set_product(index, *product);
            if !matches!(product.offer, Offered::Nothing) {
                self.set_rate(index, product.offer, self.now);
            }
        }
        for member in 0..setup.members {
            self.does(&Does::Member { member, active: true });
        }
        if setup.open_to_all {
            self.does(&Does::DefaultAccess { products: Granting::Everything });
        }
        for (quantity, paid) in &setup.orders {
            self.does(&Does::Order { quantity: *quantity, card: false });
            if *paid {
                self.pay(self.orders);
            }
        }
        for does in &setup.office {
            self.does(does);
        }
        let first_end = self.server.team.lots.iter().map(|lot| lot.ends_at).min();
        let orders = self.server.team.orders.values();
        let first_overdue = orders.filter_map(|order| order.placed.invoice.as_ref()).map(|due| due.overdue_at).min();
        match (setup.beginning, first_end, first_overdue) {
            (Beginning::NearLotEnd, Some(end), _) => {
                for order in 1..=self.orders {
                    self.pay(order);
                }
                self.now = self.now.max(later(end, -2 * DAY));
            }
            (Beginning::NearOverdue, _, Some(overdue)) => self.now = self.now.max(later(overdue, -DAY)),
            (Beginning::AtOnce | Beginning::NearLotEnd | Beginning::NearOverdue, _, _) => {}
        }
    }

    fn step(&mut self, step: &Step) {
        let until = self.resolve(step.when);
        match &step.does {
            Does::Work { session, often, idle_part, then } => {
                return self.work(*session, *often, *idle_part, then, until);
            }
            Does::Down => {
                self.tell(What::Down, Act::Down);
                // No longer than the sums of days are kept for (K7).
                self.now = until.min(later(self.now, 6 * DAY));
                self.tell(What::Up, Act::Up);
                return;
            }
            _ => {}
        }
        let (from, gap) = (self.now, until.micros() - self.now.micros());
        let mut woken: Vec<i64> = step.woken.iter().map(|part| gap / 65_536 * i64::from(*part)).collect();
        woken.sort_unstable();
        for after in woken {
            let _settled = self.server.act(Act::Team(TeamCommand::Settle), later(from, after));
        }
        self.now = until;
        self.does(&step.does);
    }

    /// The instant that is meant, never one before now.
    fn resolve(&self, when: When) -> Instant {
        let beside = |beside: i64, horizon: i64| {
            let all = self.boundaries().into_iter().map(move |at| later(at, beside));
            all.filter(|at| (0..horizon).contains(&(at.micros() - self.now.micros()))).collect::<Vec<Instant>>()
        };
        match when {
            When::In(micros) => later(self.now, i64::from(micros)),
            When::InSeconds(seconds) => later(self.now, i64::from(seconds) * SECOND),
            When::Near(which, micros) => {
                let all = beside(micros, 2 * DAY);
                if all.is_empty() { later(self.now, micros.abs()) } else { all[which.min(all.len() - 1)] }
            }
            When::Far(which, micros) => {
                let all = beside(micros, 500 * DAY);
                if all.is_empty() { later(self.now, micros.abs()) } else { all[which % all.len()] }
            }
        }
    }

    /// Instants at which something happens by itself, or changes.
    fn boundaries(&self) -> BTreeSet<Instant> {
        let Server { team, presence, catalogue, .. } = &self.server;
        let mut found = BTreeSet::from([self.zone.end_of(self.zone.day_of(self.now))]);
        for (number, session) in team.sessions() {
            found.extend(match session.cover {
                Cover::Window { until, .. } | Cover::Seat { until } => Some(until),
                Cover::Unfunded { ends_at, .. } => Some(ends_at),
                Cover::Lost { revivable_until, .. } => Some(revivable_until),
                Cover::Idle { .. } => None,
                Cover::Held { .. } => {
                    let hold = team.use_of(session.member, session.product).and_then(|of| of.hold.as_ref());
                    hold.map(|hold| later(session.from, i64::from(hold.undo_s) * SECOND))
                }
            });
            found.extend(presence.of(number).map(|alive| later(alive.silent_since, LOST_AFTER)));
        }
        found.extend(team.seats.values().flat_map(|seat| [seat.span.start, seat.span.end]));
        found.extend(team.jobs().map(|(_, job)| job.ends_at));
        found.extend(team.agreements.values().flat_map(|agreed| [agreed.spec.span.start, agreed.spec.span.end]));
        found.extend(team.members.keys().flat_map(|member| team.credits.of(*member)).map(|(_, grant)| grant.ends_at));
        found.extend(team.lots.iter().map(|lot| lot.ends_at));
        found.extend(team.orders.values().filter_map(|order| order.placed.invoice.as_ref()).map(|due| due.overdue_at));
        found.extend(catalogue.products().flat_map(|product| &product.rates).map(|rate| rate.starts_at));
        found
    }

    fn start(&self, start: Start) -> Instant {
        match start {
            Start::Ago(seconds) => later(self.now, -i64::from(seconds) * SECOND),
            Start::At(when) => self.resolve(when),
        }
    }

    /// A session that is open or can be revived, or, seldom, one that is over or that nobody knows.
    fn pick(&self, session: usize) -> SessionId {
        let all: Vec<SessionId> = self.server.team.sessions().map(|(_, session)| session.id.clone()).collect();
        if session % 16 == 15 || all.is_empty() {
            let number = u32::try_from(session).unwrap() % (self.sessions + 2);
            return format!("s{number}").parse().unwrap();
        }
        all[session % all.len()].clone()
    }

    fn activity(&self, session: &SessionId, activity: Activity) -> Option<Instant> {
        let open = || self.server.team.session(self.server.team.session_number(session)?);
        let end = || open().and_then(|open| open.cover.end());
        let idle = || {
            let product = self.server.catalogue.product(open()?.product)?;
            Some(i64::from(product.spec.idle_after_s) * SECOND)
        };
        match activity {
            Activity::Unsaid => None,
            Activity::Now => Some(self.now),
            Activity::Ago(seconds) => Some(later(self.now, -i64::from(seconds) * SECOND)),
            Activity::BesideIdle(micros) => Some(later(end()?, micros - idle()?)),
            Activity::BesideEnd(micros) => Some(later(end()?, micros)),
        }
    }

    fn named(&self, products: u8) -> AccessAsked {
        let in_it = |index: &usize| products & (1 << index) != 0;
        AccessAsked::Named((0..self.products.len()).filter(in_it).map(product_code).collect())
    }

    fn granting(&self, products: Granting) -> Option<AccessAsked> {
        match products {
            Granting::Nothing => None,
            Granting::Everything => Some(AccessAsked::All),
            Granting::Some(products) => Some(self.named(products)),
        }
    }

    /// The members of the team, and one whom nobody knows.
    fn known(&self, member: u32) -> Option<MemberKey> {
        (member < 100).then_some(MemberKey(member % self.members))
    }

    fn index(&self, product: usize) -> usize {
        match product {
            usize::MAX => self.products.len() - 1,
            100 => 100,
            other => other % self.products.len(),
        }
    }

    fn does(&mut self, does: &Does) {
        let if_match = None;
        match does.clone() {
            Does::Open { member, product, device, tagged } => {
                self.open(self.known(member), self.index(product), device, tagged);
            }
            Does::OpenAgain { session } => {
                self.settle();
                let session = self.pick(session);
                if self.server.team.session_number(&session).is_some() {
                    let tags = self.tags[&session].clone();
                    let command = OpenSession {
                        session,
                        member: Some(MemberKey(0)),
                        product: product_code(0),
                        version: None,
                        device: DeviceKey(0),
                        tags,
                    };
                    self.repeats(TeamCommand::OpenSession(command));
                }
            }
            Does::Beat { session, activity } => {
                let session = self.pick(session);
                self.beat(session, activity);
            }
            Does::Close { session, activity, admin } => {
                let session = self.pick(session);
                self.close(session, activity, !admin);
            }
            Does::Work { .. } | Does::Down => {}
            Does::Seat { member, product, start, length_s } => self.seat(member, product, start, length_s),
            Does::NoSeat { member, product, again } => {
                let (of, code) = (self.known(member), self.index(product));
                let what = What::NoSeat { member: telling::member(of), product: telling::id(code) };
                self.asks(what, TeamCommand::RemoveSeat { member: of, product: product_code(code), if_match });
                if let Some((start, length_s)) = again {
                    self.seat(member, product, start, length_s);
                }
            }
            Does::MoveSeat { from, to, product } => {
                let (from, to, product) = (self.known(from), self.known(to), self.index(product));
                let (left, joined) = (telling::member(from), telling::member(to));
                let what = What::MoveSeat { from: left, to: joined, product: telling::id(product) };
                self.asks(what, TeamCommand::ReassignSeat { product: product_code(product), from, to });
            }
            Does::Assign { member, products } => {
                let member = self.known(member);
                let products = products.map_or(AccessAsked::All, |products| self.named(products));
                let access = Some(telling::access(&products));
                let what = What::Assign { member: telling::member(member), access };
                self.asks(what, TeamCommand::SetAssignment { member, products, if_match });
            }
            Does::Unassign { member } => {
                let member = self.known(member);
                let what = What::Assign { member: telling::member(member), access: None };
                self.asks(what, TeamCommand::RemoveAssignment { member, if_match });
            }
            Does::Member { member, active: true } => {
                let member = MemberKey(member % self.members);
                let what = What::Member { member: member.0, active: true };
                let (role, person_changed) = (Role::Member, false);
                self.asks(what, TeamCommand::SetMember { member, role, person_changed, if_match });
            }
            Does::Member { member, active: false } => {
                let member = MemberKey(member % self.members);
                let what = What::Member { member: member.0, active: false };
                self.asks(what, TeamCommand::DeactivateMember { member: Some(member), if_match });
            }
            Does::DefaultAccess { products } => {
                let products = self.granting(products);
                let what = What::Default { access: products.as_ref().map(telling::access) };
                self.asks(what, TeamCommand::SetDefaultAccess { products, if_match });
            }
            Does::Group { group, members, products } => {
                let (id, products) = (format!("g{group}").parse().unwrap(), self.granting(products));
                let in_it = |bits: u8| (0..self.members).filter(|member| bits & (1 << member) != 0).collect::<Vec<_>>();
                let members = members.map(in_it);
                let access = products.as_ref().filter(|_| members.is_some()).map(telling::access);
                let what = What::Group { group, members: members.clone(), access };
                let command = match members {
                    None => TeamCommand::RemoveGroup { group: id, if_match },
                    Some(members) => {
                        let members = members.into_iter().map(|member| Some(MemberKey(member))).collect();
                        let asked = GroupAsked { name: "Group".into(), members, products };
                        TeamCommand::SetGroup { group: id, asked, if_match }
                    }
                };
                self.asks_if_granted(what, command);
            }
            Does::Block { products } => {
                let AccessAsked::Named(products) = self.named(products) else { return };
                let what = What::Block { products: products.iter().map(telling::product).collect() };
                self.asks(what, TeamCommand::SetBlockedProducts { products, if_match });
            }
            Does::Cap { cap, of, monthly, tokens, hard } => {
                let asked = match of {
                    Whose::Member(member) => CapOfAsked::Member(Some(MemberKey(member % self.members))),
                    Whose::Group(group) => CapOfAsked::Group(format!("g{group}").parse().unwrap()),
                    Whose::Product(product) => CapOfAsked::Product(product_code(self.index(product))),
                    Whose::Team => CapOfAsked::Team,
                };
                let of = match of {
                    Whose::Member(member) => model::Of::Member(member % self.members),
                    Whose::Group(group) => model::Of::Group(group),
                    Whose::Product(product) => model::Of::Product(telling::id(self.index(product))),
                    Whose::Team => model::Of::Team,
                };
                let id = format!("c{cap}").parse().unwrap();
                let tokens: Option<Tokens> = tokens.map(|tokens| tokens.parse().unwrap());
                let what = What::Cap { cap, of, monthly, tokens: tokens.map(telling::tokens), hard };
                let command = match tokens {
                    None => TeamCommand::RemoveCap { cap: id, if_match },
                    Some(tokens) => {
                        let per = if monthly { Per::Month } else { Per::Day };
                        let strength = if hard { Strength::Hard } else { Strength::Soft };
                        TeamCommand::SetCap { cap: id, asked: CapAsked { of: asked, per, tokens, strength }, if_match }
                    }
                };
                self.asks_if_granted(what, command);
            }
            Does::Require { tags } => {
                let tags: BTreeSet<String> = tags.then(|| "project".to_owned()).into_iter().collect();
                let what = What::Require { tags: tags.iter().cloned().collect() };
                self.asks(what, TeamCommand::SetRequiredTags { tags, if_match });
            }
            Does::Order { quantity, card } => self.order(quantity, card),
            Does::Pay { order } => {
                if self.orders > 0 {
                    self.pay(u32::try_from(order).unwrap() % self.orders + 1);
                }
            }
            Does::Rate { product, offer, start } => {
                let starts_at = self.start(start);
                self.set_rate(self.index(product), offer, starts_at);
            }
            Does::Agreement { agreement, start, length_s, product, offer: offered } => {
                let (starts, product) = (self.start(start), self.index(product));
                let span = Span { start: starts, end: later(starts, i64::from(length_s) * SECOND + 1) };
                let Some(rate) = offer(offered) else { return };
                let offers = vec![(telling::id(product), telling::offer(&rate))];
                let (starts, ends) = (span.start.micros(), span.end.micros());
                let what = What::Agreement { agreement, starts, ends, offers };
                let rates = BTreeMap::from([(product_code(product), rate)]);
                let asked = AgreementAsked { span, rates, price_list: None };
                let agreement = format!("a{agreement}").parse().unwrap();
                self.asks_if_granted(what, TeamCommand::SetAgreement { agreement, asked, if_match });
            }
            Does::Credits { member, credits, end } => {
                let (ends_at, member) = (self.resolve(end), self.known(member));
                // Each is a grant of its own: the model knows none that is changed.
                self.grants += 1;
                let grant = self.grants;
                let credits = Tokens::whole(credits);
                let (tokens, ends) = (telling::tokens(credits), ends_at.micros());
                let what = What::Credits { grant, member: telling::member(member), tokens, ends };
                let grant = format!("g{grant:04}").parse().unwrap();
                self.asks(what, TeamCommand::GrantCredits { member, grant, credits, ends_at, if_match });
            }
            Does::Change { product, undo_s, idle_s } => {
                let index = self.index(product);
                let key = ProductKey(telling::id(index));
                let min_balance = self.server.catalogue.product(key).unwrap().spec.min_balance;
                let min_balance = min_balance.in_thousandths() / 1000;
                self.set_product(index, Product { undo_s, offer: Offered::Nothing, idle_s, min_balance });
            }
            Does::Quote { member, product } => {
                let (member, product) = (self.known(member), self.index(product));
                let of = model::Use {
                    member: telling::member(member),
                    product: telling::id(product),
                    ..model::Use::default()
                };
                let product = product_code(product);
                self.asks(What::Quote(of), TeamCommand::QuoteSession { member, product, device: None, tags: None });
            }
            Does::QuoteJob(job) => {
                let (of, asked) = self.job(job);
                let tags = asked.tags.filter(|tags| !tags.is_empty());
                self.asks(What::QuoteJob(of), TeamCommand::QuoteJob(JobAsked { tags, ..asked }));
            }
            Does::Hold(job) => {
                let (of, asked) = self.job(job);
                if asked.parts.is_empty() {
                    return;
                }
                let number = u32::try_from(self.jobs.len()).unwrap();
                let job: JobId = format!("j{number}").parse().unwrap();
                self.jobs.push((job.clone(), asked.clone()));
                self.asks(What::Hold(model::Use { id: number, ..of }), TeamCommand::HoldJob { job, asked });
            }
            Does::HoldAgain { job } => {
                self.settle();
                if let Some((job, asked)) = self.pick_job(job)
                    && self.server.team.job_number(&job).is_some()
                {
                    self.repeats(TeamCommand::HoldJob { job, asked });
                }
            }
            Does::Commit { job, parts: delivered } => {
                let Some((job, asked)) = self.pick_job(job) else { return };
                let told = delivered.map(telling::parts);
                let what = What::Commit { job: telling::number(job.as_str()), parts: told };
                let parts = delivered.map(parts);
                self.settle();
                let lapsed = self.lapsed(&job, asked).map(Box::new);
                self.asks(what, TeamCommand::CommitJob { job, parts, lapsed });
            }
            Does::Extend { job } => {
                let Some((job, _)) = self.pick_job(job) else { return };
                let what = What::Extend { job: telling::number(job.as_str()) };
                self.asks(what, TeamCommand::ExtendJob { job });
            }
            Does::Release { job } => {
                let Some((job, _)) = self.pick_job(job) else { return };
                let what = What::Release { job: telling::number(job.as_str()) };
                self.asks(what, TeamCommand::ReleaseJob { job });
            }
            Does::Settle => self.asks(What::Settle, TeamCommand::Settle),
        }
    }

    fn set_product(&mut self, index: usize, product: Product) {
        let code = product_code(index);
        let names = Names { en: code.to_string(), fr: code.to_string() };
        let spec = ProductSpec {
            names,
            uses: vec![],
            versions: vec![],
            undo_s: product.undo_s,
            idle_aware: product.idle_s.is_some(),
            idle_after_s: product.idle_s.unwrap_or(900),
            min_balance: Tokens::whole(product.min_balance),
            when_unreachable: WhenUnreachable::Start,
        };
        let what = What::Product {
            product: telling::id(index),
            undo: i64::from(product.undo_s) * SECOND,
            idle: product.idle_s.map(|idle_s| i64::from(idle_s) * SECOND),
            min_balance: telling::tokens(spec.min_balance),
        };
        self.vendor(what, VendorCommand::SetProduct { code, spec });
    }

    fn set_rate(&mut self, index: usize, offered: Offered, starts_at: Instant) {
        let Some(rate) = offer(offered) else { return };
        let (product, offer) = (telling::id(index), Some(telling::offer(&rate)));
        let what = What::Rate { product, starts: starts_at.micros(), offer };
        self.vendor(what, VendorCommand::SetRate { code: product_code(index), starts_at, offer: rate });
    }

    fn seat(&mut self, member: u32, product: usize, start: Start, length_s: u32) {
        let (starts, member, product) = (self.start(start), self.known(member), self.index(product));
        let span = Span { start: starts, end: later(starts, i64::from(length_s) * SECOND + 1) };
        let (starts, ends) = (span.start.micros(), span.end.micros());
        let what = What::Seat { member: telling::member(member), product: telling::id(product), starts, ends };
        let product = product_code(product);
        self.asks(what, TeamCommand::SetSeat { member, product, span, plan: None, if_match: None });
    }

    fn order(&mut self, quantity: u64, card: bool) {
        self.orders += 1;
        let order: OrderId = format!("o{}", self.orders).parse().unwrap();
        let today = self.zone.day_of(self.now);
        let due = self.zone.end_of(today.days_on(30)).micros();
        let what = What::Order {
            order: self.orders,
            tokens: telling::tokens(Tokens::whole(quantity)),
            card,
            lot_ends: self.zone.end_of(today.one_year_on()).micros(),
            due,
        };
        let payment = if card { Payment::Card } else { Payment::Invoice };
        self.asks(what, TeamCommand::PlaceOrder { order, quantity, payment });
        // No two lots are credited at the same instant: of those, the model does not know the numbers.
        self.now = later(self.now, 1);
    }

    fn pay(&mut self, number: u32) {
        let order = format!("o{number}").parse().unwrap();
        let lot_ends = self.zone.end_of(self.zone.day_of(self.now).one_year_on()).micros();
        let what = What::Pay { order: number, lot_ends };
        self.asks(what, TeamCommand::RecordPayment { order, paid_on: None, reference: None });
        self.now = later(self.now, 1);
    }

    fn open(&mut self, member: Option<MemberKey>, product: usize, device: u64, tagged: Option<&str>) {
        self.sessions += 1;
        let session: SessionId = format!("s{}", self.sessions).parse().unwrap();
        let of = model::Use {
            id: self.sessions,
            member: telling::member(member),
            product: telling::id(product),
            device: u32::try_from(device).unwrap(),
            parts: vec![],
            tags: telling::tags(&tags(tagged)),
        };
        self.tags.insert(session.clone(), tags(tagged));
        let (product, device) = (product_code(product), DeviceKey(device));
        let open = OpenSession { session, member, product, version: None, device, tags: tags(tagged) };
        self.asks(What::Open(of), TeamCommand::OpenSession(open));
    }

    fn beat(&mut self, session: SessionId, activity: Activity) {
        self.settle();
        let activity = self.activity(&session, activity);
        let what = What::Beat { session: telling::number(session.as_str()), activity: activity.map(Instant::micros) };
        self.asks(what, TeamCommand::Beat { session, activity, lease: false });
    }

    fn close(&mut self, session: SessionId, activity: Activity, by_client: bool) {
        self.settle();
        let activity = self.activity(&session, activity);
        let number = telling::number(session.as_str());
        let what = What::Close { session: number, activity: activity.map(Instant::micros), by_client };
        let by = if by_client { ClosedBy::Client } else { ClosedBy::Admin };
        self.asks(what, TeamCommand::CloseSession { session, activity, by });
    }

    fn job(&self, job: Job) -> (model::Use, JobAsked) {
        let (member, product) = (self.known(job.member), self.index(job.product));
        let of = model::Use {
            id: 0,
            member: telling::member(member),
            product: telling::id(product),
            device: 0,
            parts: telling::parts(job.parts),
            tags: telling::tags(&tags(job.tagged)),
        };
        let product = product_code(product);
        (of, JobAsked { member, product, parts: parts(job.parts), tags: Some(tags(job.tagged)) })
    }

    fn pick_job(&self, job: usize) -> Option<(JobId, JobAsked)> {
        // The newest first: what was held long ago is over.
        let index = self.jobs.len().checked_sub(job % self.jobs.len().max(1) + 1)?;
        self.jobs.get(index).cloned()
    }

    /// What the application finds of a job in the ledger, when its hold has lapsed and nobody has committed it since.
    fn lapsed(&self, job: &JobId, asked: JobAsked) -> Option<LapsedJob> {
        let mut found = None;
        for (seq, entry) in (1..).zip(&self.server.entries) {
            match &entry.fact {
                TeamFact::JobHeld(held) if held.job == *job => {
                    found = Some((JobNo(seq), entry.at, false));
                }
                TeamFact::JobReleased { job, why, .. } => {
                    if let Some(found) = found.as_mut().filter(|(number, ..)| number == job) {
                        found.2 = *why == JobRelease::Lapsed;
                    }
                }
                TeamFact::JobCommitted(committed) if committed.job == *job => return None,
                _ => {}
            }
        }
        let (number, held_at, lapsed) = found?;
        lapsed.then_some(LapsedJob { number, asked, held_at })
    }

    /// What is due is done before something is looked at.
    fn settle(&mut self) {
        let _settled = self.server.act(Act::Team(TeamCommand::Settle), self.now);
    }

    fn act(&mut self, act: Act) -> (Entries, Result<Granted, Refusal>) {
        self.acts.push((self.now, act.clone()));
        let done = self.server.act(act, self.now);
        for entry in &done.0.team {
            if let TeamFact::LotCredited(lot) = &entry.fact {
                self.orders_of.insert(lot.lot, telling::number(lot.order.as_str()));
            }
        }
        done
    }

    /// What the model does not refuse is told to it only where it was granted.
    fn asks_if_granted(&mut self, what: What, command: TeamCommand) {
        self.settle();
        if self.server.act_on_a_copy(command.clone(), self.now).is_ok() {
            self.asks(what, command);
        }
    }

    /// The tags that a session was opened with.
    pub(crate) fn tags_of(&self, session: model::Id) -> Tags {
        self.tags[&format!("s{session}").parse().unwrap()].clone()
    }

    /// The sessions that have not ended, as they stand.
    pub(crate) fn live(&self) -> Vec<(model::Id, model::Answer)> {
        let Server { team, presence, catalogue, .. } = &self.server;
        let told = |(number, session): (_, &jeton_core::team::Session)| {
            let answer = jeton_core::answer::session_answer(team, presence, catalogue, number, self.now);
            (telling::number(session.id.as_str()), telling::session(&answer.unwrap()))
        };
        team.open_sessions().map(told).collect()
    }

    /// Does what the model is told, and keeps the answer.
    fn tell(&mut self, what: What, act: Act) {
        let (entries, outcome) = self.act(act);
        if outcome.is_err() {
            let kept = entries
                .team
                .iter()
                .all(|entry| entry.by == Author::Server || matches!(&entry.fact, TeamFact::Refused { .. }));
            assert!(kept, "V4: a refusal made {:?}", entries.team);
        }
        // Limits are no rules of the model's, nor what a grant was used for, nor that a member has a seat already.
        if matches!(&outcome, Err(Refusal::Limit { .. } | Refusal::SeatTaken | Refusal::CreditsUsed { .. })) {
            return;
        }
        let answer = telling::answer(&self.server, &self.orders_of, &outcome, &entries.team);
        self.charges.extend(answer.charged.iter().cloned());
        self.answers.push(answer);
        self.steps.push((self.now.micros(), what));
    }

    fn asks(&mut self, what: What, command: TeamCommand) {
        self.tell(what, Act::Team(command));
    }

    /// What changes the catalogue comes after what was due in the team.
    fn vendor(&mut self, what: What, command: VendorCommand) {
        let _settled = self.act(Act::Team(TeamCommand::Settle));
        self.tell(what, Act::Vendor(command));
    }

    /// V4: what is known changes nothing.
    fn repeats(&mut self, command: TeamCommand) {
        self.settle();
        let (entries, outcome) = self.act(Act::Team(command));
        assert!(matches!(outcome, Ok(Granted::Known { .. })), "V4: sent again is {outcome:?}");
        assert!(entries == Entries::default(), "V4: sent again made {entries:?}");
    }

    /// Beats of one session or all of them up to `until`, and what follows then.
    fn work(&mut self, session: Option<usize>, often: bool, idle_part: u8, then: &Then, until: Instant) {
        let sessions: Vec<SessionId> = match session {
            Some(session) => vec![self.pick(session)],
            None => self.server.team.open_sessions().map(|(_, session)| session.id.clone()).collect(),
        };
        let pace = if often { 120 * SECOND } else { LOST_AFTER - 1 };
        let gap = until.micros() - self.now.micros();
        // Of the beats, so many of 256 report activity; then nobody touches anything.
        let active_until = later(until, -(gap / 256 * i64::from(idle_part)));
        for _ in 0..BEATS / sessions.len().max(1) {
            if later(self.now, pace) >= until {
                break;
            }
            self.now = later(self.now, pace);
            let activity = if self.now <= active_until { Activity::Now } else { Activity::Unsaid };
            for session in &sessions {
                self.beat(session.clone(), activity);
            }
        }
        self.now = until;
        if let Then::Meanwhile(does) = then
            && !matches!(**does, Does::Work { .. } | Does::Down)
        {
            self.does(does);
        }
        for session in sessions {
            match then {
                Then::Beat(activity) => self.beat(session, *activity),
                Then::Meanwhile(_) => self.beat(session, Activity::Unsaid),
                Then::Close(activity) => self.close(session, *activity, true),
                Then::Silence => {}
                Then::OpenBeside => {
                    let number = self.server.team.session_number(&session);
                    if let Some(open) = number.and_then(|number| self.server.team.session(number)) {
                        let (member, product) = (open.member, usize::try_from(open.product.0).unwrap());
                        self.open(Some(member), product, open.device.0 + 1, None);
                    }
                    self.beat(session, Activity::Now);
                    self.now = later(self.now, SECOND);
                }
            }
        }
    }

    /// After years in which nobody did anything, nothing is kept but members, settings and what stands (V1).
    pub(crate) fn quiet_years(&mut self) {
        for order in 1..=self.orders {
            self.pay(order);
        }
        self.now = later(self.now, 3 * 366 * DAY);
        self.asks(What::Settle, TeamCommand::Settle);
        // What is to be forgotten is forgotten with the next entry.
        let products = if self.server.team.blocked.is_empty() { vec![product_code(0)] } else { vec![] };
        let what = What::Block { products: products.iter().map(telling::product).collect() };
        self.asks(what, TeamCommand::SetBlockedProducts { products, if_match: None });
        self.is_quiet = true;
    }
}
