//! A walk through a history: each step becomes commands at instants, the auditor watches every one of them.
//!
//! The walk is woken at needless instants; what it asked is kept as [`Act`]s, so that the same can be asked again
//! of a server that is not.

mod answers;

use std::collections::BTreeMap;

use jeton_core::answer::SessionState;
use jeton_core::catalogue::{self, Catalogue, Names, Offer, ProductSpec, VendorCommand, WhenUnreachable};
use jeton_core::decision::{self, AccessAsked, Entries, Granted, OpenSession, Scene, Series, TeamCommand};
use jeton_core::entry::{Author, ClosedBy, Entry, Payment, Role, SeriesFact, Span, TeamFact, TeamProfile};
use jeton_core::id::{DeviceKey, MemberKey, OrderId, ProductCode, ProductKey, Seq, SessionId};
use jeton_core::presence::{LeaseGiven, Presence};
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::Refusal;
use jeton_core::team::{Cover, Team};
use jeton_core::time::{Instant, Zone};
use jeton_core::tokens::Tokens;

use crate::auditor::{Auditor, Expected, Held, Of, ProductSeen, later, must};
use crate::history::{Beginning, DefaultTo, Does, History, Setup, Start, Step, Then, When};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Beats of one step, of all sessions together.
const BEATS: usize = 450;

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
    catalogue: Catalogue,
    series: BTreeMap<i16, Series>,
    vendor_seq: u64,
    /// Repeats of refusals that were counted.
    repeats: u64,
    pub(crate) entries: Vec<Entry<TeamFact>>,
    pub(crate) series_entries: Vec<Entry<SeriesFact>>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            team: Team::new("acme".parse().unwrap()),
            presence: Presence::default(),
            catalogue: Catalogue::default(),
            series: BTreeMap::new(),
            vendor_seq: 0,
            repeats: 0,
            entries: Vec::new(),
            series_entries: Vec::new(),
        }
    }

    /// Does what is asked; a refusal of a team's command is an answer.
    pub(crate) fn act(&mut self, act: Act, now: Instant) -> Option<(Entries, Result<Granted, Refusal>)> {
        match act {
            Act::Team(command) => Some(self.decide(command, now)),
            Act::Vendor(command) => {
                let next = Seq(self.vendor_seq + 1);
                if let Ok(configured) = catalogue::decide(&self.catalogue, command, None, next, now)
                    && let Some(fact) = configured.fact
                {
                    self.vendor_seq += 1;
                    self.catalogue.evolve(next, &Entry { at: now, by: Author::Operator, fact });
                }
                None
            }
            Act::Down => Some(self.decide(TeamCommand::Settle, now)),
            Act::Up => {
                self.presence.restarted(now);
                Some(self.decide(TeamCommand::Settle, now))
            }
        }
    }

    fn decide(&mut self, command: TeamCommand, now: Instant) -> (Entries, Result<Granted, Refusal>) {
        let series = self.series.entry(Zone::UTC.day_of(now).year()).or_default();
        let (team, presence, catalogue) = (&mut self.team, &mut self.presence, &self.catalogue);
        let scene = Scene { team, presence, catalogue, series };
        let (entries, outcome) = decision::decide(scene, command, Author::Operator, now);
        self.repeats += self.presence.take_repeats().into_values().sum::<u64>();
        self.entries.extend(entries.team.iter().cloned());
        self.series_entries.extend(entries.series.iter().cloned());
        (entries, outcome)
    }
}

/// A walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) server: Server,
    pub(crate) acts: Vec<(Instant, Act)>,
    auditor: Auditor,
    now: Instant,
    members: u32,
    products: Vec<ProductCode>,
    sessions: u32,
    orders: Vec<OrderId>,
    /// The lease that each session's client was given last.
    leases: BTreeMap<SessionId, LeaseGiven>,
}

fn product_code(index: usize) -> ProductCode {
    format!("product-{index}").parse().unwrap()
}

impl Walk {
    /// Walks through a history.
    pub(crate) fn through(history: &History) -> Result<Self, String> {
        let mut walk = Self::new(&history.setup)?;
        let walked = history.steps.iter().try_for_each(|step| walk.step(step));
        walked.map_err(|why| format!("{why}\n{}", walk.asked()))?;
        Ok(walk)
    }

    /// What was asked lately, a line each.
    fn asked(&self) -> String {
        let skipped = self.acts.len().saturating_sub(60);
        let lines: Vec<String> = self.acts[skipped..].iter().map(|(at, act)| format!("  {at} {act:?}")).collect();
        lines.join("\n")
    }

    fn new(setup: &Setup) -> Result<Self, String> {
        let begin: Instant = setup.begins_at.parse().unwrap();
        let mut seen = BTreeMap::new();
        for (product, key) in setup.products.iter().zip(0..) {
            let rates = product.per_day.map(|tokens| (begin, begin, Some(tokens.parse().unwrap())));
            let (undo_s, min_balance) = (product.undo_s, Tokens::whole(product.min_balance));
            let rates = rates.into_iter().collect();
            seen.insert(ProductKey(key), ProductSeen { undo_s, min_balance, rates });
        }
        let mut walk = Self {
            server: Server::new(),
            acts: Vec::new(),
            auditor: Auditor::new(seen, setup.zone.parse().unwrap()),
            now: begin,
            members: setup.members,
            products: (0..setup.products.len()).map(product_code).collect(),
            sessions: 0,
            orders: Vec::new(),
            leases: BTreeMap::new(),
        };
        for (product, code) in setup.products.iter().zip(walk.products.clone()) {
            let names = Names { en: code.to_string(), fr: code.to_string() };
            let (undo_s, min_balance) = (product.undo_s, Tokens::whole(product.min_balance));
            let spec = ProductSpec {
                names,
                uses: vec![],
                versions: vec![],
                undo_s,
                idle_aware: false,
                idle_after_s: 900,
                min_balance,
                when_unreachable: WhenUnreachable::Start,
            };
            walk.vendor(VendorCommand::SetProduct { code: code.clone(), spec });
            if let Some(tokens) = product.per_day {
                let offer = Offer::PerDay(tokens.parse().unwrap());
                walk.vendor(VendorCommand::SetRate { code, starts_at: begin, offer });
            }
        }
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
        walk.vendor(VendorCommand::SetPriceList { price_list: "reference".parse().unwrap(), spec });
        let profile = TeamProfile {
            name: "Acme".into(),
            country: "FR".into(),
            currency: "EUR".parse().unwrap(),
            time_zone: setup.zone.parse().unwrap(),
            locale: "fr".into(),
            ask_before_charge: false,
        };
        walk.ask(TeamCommand::SetTeam { profile, if_match: None })?;
        for member in 0..setup.members {
            walk.does(&Does::SetMember { member, primary_admin: member == 0 })?;
        }
        if setup.open_to_all {
            walk.does(&Does::DefaultAccess { products: DefaultTo::Everything })?;
        }
        for (quantity, paid) in &setup.orders {
            walk.does(&Does::Order { quantity: *quantity, card: false })?;
            if *paid {
                let order = walk.orders[walk.orders.len() - 1].clone();
                walk.pay(order)?;
            }
            walk.now = later(walk.now, 1);
        }
        walk.begin_near(setup.beginning)?;
        Ok(walk)
    }

    fn begin_near(&mut self, beginning: Beginning) -> Held {
        let first_end = self.server.team.lots.iter().map(|lot| lot.ends_at).min();
        let orders = self.server.team.orders.values();
        let first_overdue = orders.filter_map(|order| order.placed.invoice.as_ref()).map(|due| due.overdue_at).min();
        match (beginning, first_end, first_overdue) {
            (Beginning::NearLotEnd, Some(end), _) => {
                for order in self.orders.clone() {
                    self.pay(order)?;
                }
                self.now = later(end, -2 * DAY);
            }
            (Beginning::NearOverdue, _, Some(overdue)) => self.now = later(overdue, -DAY),
            (Beginning::AtOnce | Beginning::NearLotEnd | Beginning::NearOverdue, _, _) => {}
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Held {
        let silent = !matches!(step.does, Does::Work { .. } | Does::Down);
        let until = self.resolve(step.when, silent);
        match &step.does {
            Does::Work { session, often, then } => return self.work(*session, *often, then, until),
            Does::Down => {
                self.act(Act::Down)?;
                self.now = until;
                self.auditor.restarted(until);
                return self.act(Act::Up);
            }
            _ => {}
        }
        let (from, gap) = (self.now, until.micros() - self.now.micros());
        let mut woken: Vec<i64> = step.woken.iter().map(|part| gap / 65_536 * i64::from(*part)).collect();
        woken.sort_unstable();
        for after in woken {
            self.now = later(from, after);
            self.wake()?;
        }
        self.now = until;
        self.does(&step.does)
    }

    /// The instant that is meant, never one before now. Silences end there too, unless they are not silent.
    fn resolve(&self, when: When, silent: bool) -> Instant {
        let beside = |beside: i64, horizon: i64| {
            let all =
                if silent { self.auditor.boundaries(self.now) } else { self.auditor.boundaries_of_work(self.now) };
            let all = all.into_iter().map(move |at| later(at, beside));
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
                let all = beside(micros, 1000 * DAY);
                if all.is_empty() { later(self.now, micros.abs()) } else { all[which % all.len()] }
            }
        }
    }

    fn start(&self, start: Start) -> Instant {
        match start {
            Start::Ago(seconds) => later(self.now, -i64::from(seconds) * SECOND),
            Start::At(when) => self.resolve(when, false),
        }
    }

    /// A session that is open or can be revived; without one, an id that nobody has.
    fn pick(&self, session: usize) -> SessionId {
        let all: Vec<SessionId> = self.server.team.sessions().map(|(_, session)| session.id.clone()).collect();
        if all.is_empty() { "nobody".parse().unwrap() } else { all[session % all.len()].clone() }
    }

    fn named(&self, products: Option<u8>) -> AccessAsked {
        let Some(products) = products else { return AccessAsked::All };
        let in_it = |index: &usize| products & (1 << index) != 0;
        AccessAsked::Named((0..self.products.len()).filter(in_it).map(product_code).collect())
    }

    /// The members of the team, and one whom nobody knows.
    fn known(&self, member: u32) -> Option<MemberKey> {
        (member < 100).then_some(MemberKey(member % self.members))
    }

    fn code(&self, product: usize) -> ProductCode {
        product_code(if product < 100 { product % self.products.len() } else { product })
    }

    fn does(&mut self, does: &Does) -> Held {
        let if_match = None;
        match does.clone() {
            Does::Open { member, product, device, project } => {
                self.sessions += 1;
                self.open(OpenSession {
                    session: format!("s{}", self.sessions).parse().unwrap(),
                    member: self.known(member),
                    product: self.code(product),
                    version: None,
                    device: DeviceKey(device),
                    tags: project.map(|project| ("project".to_owned(), project.to_owned())).into_iter().collect(),
                })
            }
            Does::OpenAgain { session } => self.open_again(&self.pick(session)),
            Does::Beat { session, lease } => self.beat(&self.pick(session), lease),
            Does::Close { session, admin } => {
                let by = if admin { ClosedBy::Admin } else { ClosedBy::Client };
                self.close(&self.pick(session), by)
            }
            Does::Work { .. } | Does::Down => Err("a step over time is not done at an instant".into()),
            Does::SetSeat { member, product, start, length_s } => {
                let start = self.start(start);
                let (member, product) = (self.known(member), self.code(product));
                let span = Span { start, end: later(start, i64::from(length_s) * SECOND + 1) };
                self.ask(TeamCommand::SetSeat { member, product, span, plan: None, if_match })
            }
            Does::SetSeatOf { session, start, length_s } => {
                let session = self.pick(session);
                let Some((_, of, ..)) = self.auditor.live(&session, self.now) else { return Ok(()) };
                let (member, product) = (of.0.0, usize::try_from(of.1.0).unwrap());
                self.does(&Does::SetSeat { member, product, start, length_s })
            }
            Does::RemoveSeat { member, product } => {
                let (member, product) = (self.known(member), self.code(product));
                self.ask(TeamCommand::RemoveSeat { member, product, if_match })
            }
            Does::MoveSeat { from, to, product } => {
                let (from, to, product) = (self.known(from), self.known(to), self.code(product));
                self.move_seat(from, to, product)
            }
            Does::Assign { member, products } => {
                let (member, products) = (self.known(member), self.named(products));
                self.ask(TeamCommand::SetAssignment { member, products, if_match })
            }
            Does::Unassign { member } => {
                self.ask(TeamCommand::RemoveAssignment { member: self.known(member), if_match })
            }
            Does::Deactivate { member } => {
                self.ask(TeamCommand::DeactivateMember { member: self.known(member), if_match })
            }
            Does::Erase { member } => self.erase(self.known(member)),
            Does::SetMember { member, primary_admin } => {
                let role = if primary_admin { Role::PrimaryAdmin } else { Role::Member };
                let member = MemberKey(member % self.members);
                self.ask(TeamCommand::SetMember { member, role, person_changed: false, if_match })
            }
            Does::DefaultAccess { products } => {
                let products = match products {
                    DefaultTo::Nothing => None,
                    DefaultTo::Everything => Some(AccessAsked::All),
                    DefaultTo::Some(products) => Some(self.named(Some(products))),
                };
                self.ask(TeamCommand::SetDefaultAccess { products, if_match })
            }
            Does::Block { products } => {
                let in_it = |index: &usize| products & (1 << index) != 0;
                let products = (0..self.products.len()).filter(in_it).map(product_code).collect();
                self.ask(TeamCommand::SetBlockedProducts { products, if_match })
            }
            Does::Order { quantity, card } => {
                let order: OrderId = format!("o{}", self.orders.len()).parse().unwrap();
                self.orders.push(order.clone());
                let payment = if card { Payment::Card } else { Payment::Invoice };
                self.ask(TeamCommand::PlaceOrder { order, quantity, payment })
            }
            Does::OrderAgain { order } => {
                let open: Vec<OrderId> = self.server.team.orders.keys().cloned().collect();
                if open.is_empty() { Ok(()) } else { self.order_again(&open[order % open.len()]) }
            }
            Does::Pay { order } => {
                if self.orders.is_empty() {
                    Ok(())
                } else {
                    self.pay(self.orders[order % self.orders.len()].clone())
                }
            }
            Does::SetRate { product, per_day, start } => {
                let product = product % self.products.len();
                self.set_rate(product, per_day.map(|tokens| tokens.parse().unwrap()), self.start(start))
            }
            Does::RemoveRate { product, rate } => {
                let product = product % self.products.len();
                self.remove_rate(product, rate)
            }
            Does::Quote { member, product } => self.quote(self.known(member), &self.code(product)),
            Does::Settle => self.wake(),
        }
    }

    /// Asks the vendor's side.
    fn vendor(&mut self, command: VendorCommand) {
        self.acts.push((self.now, Act::Vendor(command.clone())));
        self.server.act(Act::Vendor(command), self.now);
    }

    fn set_rate(&mut self, product: usize, tokens: Option<Tokens>, starts_at: Instant) -> Held {
        self.wake()?;
        let key = ProductKey(u32::try_from(product).unwrap());
        let rates = &mut self.auditor.products.get_mut(&key).unwrap().rates;
        let begun = rates.iter().any(|(_, starts, _)| *starts == starts_at && *starts <= self.now);
        let same = rates.iter().any(|(_, starts, standing)| (*starts, *standing) == (starts_at, tokens));
        if !begun && !same {
            rates.retain(|(_, starts, _)| *starts != starts_at);
            rates.push((self.now, starts_at, tokens));
        }
        let offer = tokens.map_or_else(|| Offer::Results(BTreeMap::new()), Offer::PerDay);
        self.vendor(VendorCommand::SetRate { code: product_code(product), starts_at, offer });
        Ok(())
    }

    fn remove_rate(&mut self, product: usize, rate: usize) -> Held {
        self.wake()?;
        let key = ProductKey(u32::try_from(product).unwrap());
        let rates = &mut self.auditor.products.get_mut(&key).unwrap().rates;
        if rates.is_empty() {
            return Ok(());
        }
        let starts_at = rates[rate % rates.len()].1;
        rates.retain(|(_, starts, _)| *starts != starts_at || *starts <= self.now);
        self.vendor(VendorCommand::RemoveRate { code: product_code(product), starts_at });
        Ok(())
    }

    /// Wakes the server; what the auditor reads is not asked again of the server that is not woken.
    fn wake(&mut self) -> Held {
        let settled = self.server.act(Act::Team(TeamCommand::Settle), self.now);
        self.read(settled.map(|(entries, _)| entries))
    }

    fn act(&mut self, act: Act) -> Held {
        self.acts.push((self.now, act.clone()));
        let done = self.server.act(act, self.now);
        self.read(done.map(|(entries, _)| entries))
    }

    fn read(&mut self, entries: Option<Entries>) -> Held {
        for entry in entries.into_iter().flat_map(|entries| entries.team) {
            self.auditor.read(&entry)?;
        }
        self.auditor.agrees(&self.server.team, self.now)
    }

    /// Asks a command, once what was due has been decided, and holds what is true of every command.
    fn command(&mut self, command: TeamCommand) -> Result<(Entries, Result<Granted, Refusal>), String> {
        self.wake()?;
        match &command {
            TeamCommand::Beat { session, .. } => self.auditor.hear(session, self.now, false),
            TeamCommand::CloseSession { session, by: ClosedBy::Client, .. } => {
                self.auditor.hear(session, self.now, true);
            }
            _ => {}
        }
        let before = self.server.team.clone();
        self.acts.push((self.now, Act::Team(command.clone())));
        let (entries, outcome) =
            self.server.act(Act::Team(command), self.now).expect("a team's command has an outcome");
        for entry in &entries.team {
            self.auditor.read(entry)?;
        }
        self.auditor.agrees(&self.server.team, self.now)?;
        if let Err(refusal) = &outcome {
            let kept = entries.team.iter().all(|entry| matches!(&entry.fact, TeamFact::Refused { .. }));
            must!(kept, "V4: {} made {:?}", refusal.code(), entries.team);
            must!(unchanged(&before, &self.server.team), "V4: {} changed the team", refusal.code());
        }
        Ok((entries, outcome))
    }

    fn ask(&mut self, command: TeamCommand) -> Held {
        self.command(command).map(|_| ())
    }

    fn pay(&mut self, order: OrderId) -> Held {
        self.ask(TeamCommand::RecordPayment { order, paid_on: None, reference: None })
    }

    fn move_seat(&mut self, from: Option<MemberKey>, to: Option<MemberKey>, product: ProductCode) -> Held {
        self.wake()?;
        let uses = self.of(from, &product).zip(self.of(to, &product));
        let seat_of = |walk: &Self, of: &Of| walk.server.team.seats.get(of).map(|seat| seat.span);
        let before = uses.map(|(from, to)| (seat_of(self, &from), seat_of(self, &to)));
        let (_, outcome) = self.command(TeamCommand::ReassignSeat { product, from, to })?;
        let after = uses.map(|(from, to)| (seat_of(self, &from), seat_of(self, &to)));
        let allowed = matches!(before, Some((Some(_), None)));
        let expected = if allowed { before.map(|(from, _)| (None, from)) } else { before };
        must!(outcome.is_ok() == allowed && after == expected, "A2: {before:?} became {after:?}");
        Ok(())
    }

    fn order_again(&mut self, order: &OrderId) -> Held {
        let (entries, outcome) =
            self.command(TeamCommand::PlaceOrder { order: order.clone(), quantity: 1, payment: Payment::Card })?;
        let known = matches!(outcome, Ok(Granted::Known { seq }) if seq == self.server.team.orders[order].seq);
        must!(known && entries == Entries::default(), "V4: {order} sent again is {outcome:?}");
        Ok(())
    }

    fn quote(&mut self, member: Option<MemberKey>, product: &ProductCode) -> Held {
        self.wake()?;
        let of = self.of(member, product);
        let expected = of.map(|of| self.auditor.expected(of, None, self.now));
        let (entries, outcome) =
            self.command(TeamCommand::QuoteSession { member, product: product.clone(), device: None, tags: None })?;
        must!(entries == Entries::default(), "a quote decides nothing");
        let Some(expected) = expected else { return Ok(()) };
        let Ok(Granted::Quoted(quote)) = outcome else { return Err(format!("a quote is {outcome:?}")) };
        let (cover, refused) = match expected {
            Ok(Expected::Seat) => (Some("seat"), None),
            Ok(Expected::Window | Expected::Join) => (Some("window"), None),
            Ok(Expected::Hold | Expected::Charge) => (Some("tokens"), None),
            Err(code) => (None, Some(code)),
        };
        must!(quote.cover == cover, "A3: quoted {:?}, expected {expected:?}", quote.cover);
        must!(quote.refusal.map(|refusal| refusal.code()) == refused, "A3: quoted, expected {expected:?}");
        Ok(())
    }

    fn of(&self, member: Option<MemberKey>, product: &ProductCode) -> Option<Of> {
        let product = self.products.iter().zip(0..).find(|(code, _)| *code == product);
        let member = member.filter(|member| !self.auditor.erased(*member));
        member.zip(product.map(|(_, key)| ProductKey(key)))
    }

    /// V5: nothing of the member's is open, can be revived or is held by a seat, and the key is theirs for ever.
    fn erase(&mut self, member: Option<MemberKey>) -> Held {
        let (_, outcome) = self.command(TeamCommand::EraseMember { member })?;
        let Some(member) = member else {
            must!(matches!(outcome, Err(Refusal::Unknown(_))), "V5: nobody's erasure is {outcome:?}");
            return Ok(());
        };
        let team = &self.server.team;
        let erased = team.members.get(&member).is_some_and(|member| member.erased && !member.active);
        let gone = team.sessions().all(|(_, session)| session.member != member)
            && team.seats.keys().all(|(holder, _)| *holder != member);
        must!(erased && gone && outcome.is_ok(), "V5: {member:?} is erased, {outcome:?}");
        let (entries, again) = self.command(TeamCommand::EraseMember { member: Some(member) })?;
        must!(again == outcome && entries == Entries::default(), "V5: erased again, {again:?}");
        Ok(())
    }

    fn open(&mut self, open: OpenSession) -> Held {
        self.wake()?;
        let of = self.of(open.member, &open.product);
        let expected = of.map(|of| self.auditor.expected(of, Some(open.device), self.now));
        let code = expected.and_then(Result::err);
        let repeated = of.is_some_and(|of| code.is_some() && self.auditor.keeps_refusal(of, code, self.now));
        let repeats = self.server.repeats + u64::from(repeated);
        let (_, outcome) = self.command(TeamCommand::OpenSession(open))?;
        must!(self.server.repeats == repeats, "V1: {code:?} was repeated, counted is {}", self.server.repeats);
        match (outcome, expected) {
            (Ok(Granted::Opened { answer, .. }), Some(Ok(_))) => self.told(&answer, true),
            (Err(refusal), Some(Err(code))) if refusal.code() == code => {
                let kept = self.auditor.keeps_refusal(of.expect("it was expected of it"), Some(code), self.now);
                must!(kept || code == "limit", "V1: {code} is kept nowhere");
                Ok(())
            }
            (Err(Refusal::Unknown(_)), None) => Ok(()),
            (outcome, expected) => Err(format!("A3: {outcome:?}, expected {expected:?}")),
        }
    }

    fn open_beside(&mut self, session: &SessionId) -> Held {
        let Some((_, of, device, _)) = self.auditor.live(session, self.now) else { return Ok(()) };
        self.sessions += 1;
        self.open(OpenSession {
            session: format!("s{}", self.sessions).parse().unwrap(),
            member: Some(of.0),
            product: self.code(usize::try_from(of.1.0).unwrap()),
            version: None,
            device: DeviceKey(device.0 + 1),
            tags: BTreeMap::new(),
        })
    }

    fn open_again(&mut self, session: &SessionId) -> Held {
        self.wake()?;
        let Some((number, of, ..)) = self.auditor.live(session, self.now) else { return Ok(()) };
        let (entries, outcome) = self.command(TeamCommand::OpenSession(OpenSession {
            session: session.clone(),
            member: Some(of.0),
            product: product_code(0),
            version: Some("another".into()),
            device: DeviceKey(77),
            tags: BTreeMap::new(),
        }))?;
        let known = matches!(outcome, Ok(Granted::Known { seq }) if seq.0 == number.0);
        must!(known && entries == Entries::default(), "V4: {session} opened again is {outcome:?}");
        Ok(())
    }

    fn beat(&mut self, session: &SessionId, lease: bool) -> Held {
        self.wake()?;
        let live = self.auditor.live(session, self.now);
        let revival = live.as_ref().and_then(|(_, of, device, lost_until)| {
            lost_until.map(|_| self.auditor.expected_revival(*of, *device, self.now))
        });
        let beat = TeamCommand::Beat { session: session.clone(), activity: None, lease };
        let (_, outcome) = self.command(beat)?;
        let Some((number, of, ..)) = live else {
            let gone = matches!(outcome, Ok(Granted::Past) | Err(Refusal::SessionEnded));
            must!(gone, "W8: a beat of a session that has ended is {outcome:?}");
            return Ok(());
        };
        let answer = match (outcome, revival) {
            (Ok(Granted::Beaten(answer)), None | Some(Ok(_))) => answer,
            (Err(refusal), Some(Err(code))) if refusal.code() == code => return Ok(()),
            (outcome, revival) => return Err(format!("W8: {outcome:?}, revival expected {revival:?}")),
        };
        self.told(&answer, lease || revival.is_some())?;
        match answer.state {
            SessionState::Open => {
                must!(self.auditor.covers(of, self.now, false), "W4: {session} is open without cover");
                must!(answer.cover.is_some() && answer.refusal.is_none(), "W4: {answer:?} is of an open session");
            }
            SessionState::Unfunded => {
                let until = self.auditor.unfunded_until(number);
                let told = until.is_some() && answer.ends_at == until && answer.refusal.is_some();
                must!(told && answer.lease.is_none(), "W7: {answer:?}, unfunded until {until:?}");
                let code = answer.refusal.as_ref().map(Refusal::code);
                must!(self.auditor.keeps_refusal(of, code, self.now), "V1: {code:?} is kept nowhere");
            }
            SessionState::Idle => return Err("W6: no product is idle-aware here".into()),
            SessionState::Ended => return Err(format!("W8: a beat of a live session says {answer:?}")),
        }
        Ok(())
    }

    fn close(&mut self, session: &SessionId, by: ClosedBy) -> Held {
        self.wake()?;
        let live = self.auditor.live(session, self.now).filter(|(.., lost_until)| lost_until.is_none());
        let held = live.as_ref().is_some_and(|(number, ..)| {
            matches!(self.server.team.session(*number).map(|open| open.cover), Some(Cover::Held { .. }))
        });
        let close = TeamCommand::CloseSession { session: session.clone(), activity: None, by };
        let (entries, outcome) = self.command(close.clone())?;
        match (live, outcome) {
            (None, Ok(Granted::Past)) => must!(entries == Entries::default(), "W8: a close of what has ended"),
            (Some((_, of, ..)), Ok(Granted::Closed(answer))) => {
                must!(answer.state == SessionState::Ended, "W4: {answer:?} is closed");
                let covered = held || self.auditor.covers(of, self.now, true);
                let client = by == ClosedBy::Client;
                must!(
                    !client || covered || self.auditor.keeps_refusal(of, None, self.now),
                    "W4: a close without cover"
                );
            }
            (live, outcome) => return Err(format!("W4: a close of {live:?} is {outcome:?}")),
        }
        let (entries, outcome) = self.command(close)?;
        let past = entries == Entries::default() && outcome == Ok(Granted::Past);
        must!(past, "V4: a close sent again is {outcome:?}");
        Ok(())
    }

    /// Beats of one session or all of them up to `until`, and what follows then.
    fn work(&mut self, session: Option<usize>, often: bool, then: &Then, until: Instant) -> Held {
        let sessions: Vec<SessionId> = match session {
            Some(session) => vec![self.pick(session)],
            None => self.server.team.open_sessions().map(|(_, session)| session.id.clone()).collect(),
        };
        let pace = if often { 120 * SECOND } else { 600 * SECOND - 1 };
        for _ in 0..BEATS / sessions.len().max(1) {
            if later(self.now, pace) >= until {
                break;
            }
            self.now = later(self.now, pace);
            for session in &sessions {
                self.beat(session, false)?;
            }
        }
        self.now = until;
        if let Then::Meanwhile(does) = then {
            self.does(does)?;
        }
        for session in &sessions {
            match then {
                Then::Beat | Then::Meanwhile(_) => self.beat(session, false)?,
                Then::Close => self.close(session, ClosedBy::Client)?,
                Then::Silence => {}
                Then::OpenBeside => {
                    self.open_beside(session)?;
                    self.beat(session, false)?;
                    self.now = later(self.now, SECOND);
                }
            }
        }
        Ok(())
    }

    /// After a year in which nobody did anything, nothing is kept but members, settings and what stands (V1).
    pub(crate) fn quiet_year(&mut self) -> Held {
        for order in self.orders.clone() {
            self.pay(order)?;
        }
        self.now = later(self.now, 3 * 366 * DAY);
        self.ask(TeamCommand::Settle)?;
        let products = if self.server.team.blocked.is_empty() { vec![product_code(0)] } else { vec![] };
        self.ask(TeamCommand::SetBlockedProducts { products, if_match: None })?;
        let team = &self.server.team;
        let left = (team.lots.len(), team.orders.len(), team.overdue.len(), team.remembered());
        must!(left == (0, 0, 0, 0), "V1: after a quiet year (lots, orders, overdue, remembered) are {left:?}");
        Ok(())
    }
}

/// Whether tokens and accesses stand as they stood.
fn unchanged(before: &Team, after: &Team) -> bool {
    let sessions = |team: &Team| team.open_sessions().map(|(number, open)| (number, open.clone())).collect::<Vec<_>>();
    before.lots == after.lots
        && before.profile == after.profile
        && before.members == after.members
        && before.seats == after.seats
        && before.default_access == after.default_access
        && before.blocked == after.blocked
        && before.orders == after.orders
        && before.overdue == after.overdue
        && before.next_due() == after.next_due()
        && sessions(before) == sessions(after)
}
