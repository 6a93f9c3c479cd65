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
    Access, Action, Balance, ChargeSeen, Charged, Cover, Many, Observed, Refused, Setup, State, UsageSeen, World, run,
};
use jeton_core::answer::{SessionAnswer, SessionState};
use jeton_core::catalogue::{self, Catalogue, Names, Offer, ProductSpec, VendorCommand};
use jeton_core::decision::{self, AccessAsked, Granted, OpenSession, Scene, Series, TeamCommand};
use jeton_core::entry::{Author, ClosedBy, Entry, Payment, Role, Span, TeamFact, TeamProfile};
use jeton_core::id::{DeviceKey, MemberKey, ProductCode, Seq, SessionId};
use jeton_core::presence::Presence;
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::Refusal;
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
        };
        let begin = at(setup.begins_at_micros);
        for product in &setup.products {
            let spec = ProductSpec {
                names: Names { en: product.code.clone(), fr: product.code.clone() },
                uses: vec![],
                versions: vec![],
                undo_s: product.undo_interval_s,
                idle_aware: false,
                idle_after_s: 900,
                min_balance: "0".parse().unwrap(),
            };
            rules.vendor(VendorCommand::SetProduct { code: code(&product.code), spec }, begin);
            if let Some(per_day) = &product.per_day {
                rules.rate(&product.code, per_day, begin, begin);
            }
        }
        let tiers = [(1, "3.33"), (5_000, "3.25"), (10_000, "3.16")];
        let tiers = tiers.map(|(from, price)| Tier { from, unit_price: price.parse().unwrap() });
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
        rules.vendor(VendorCommand::SetPriceList { price_list: "reference".parse().unwrap(), spec }, begin);
        let profile = TeamProfile {
            name: "Acme".into(),
            country: "FR".into(),
            currency: "EUR".parse().unwrap(),
            time_zone: setup.zone.parse().unwrap(),
            locale: "fr".into(),
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

    fn rate(&mut self, product: &str, per_day: &str, starts_at: Instant, now: Instant) {
        let offer = Offer::PerDay(per_day.parse().unwrap());
        self.vendor(VendorCommand::SetRate { code: code(product), starts_at, offer }, now);
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
        let products = match access {
            Access::Everything => AccessAsked::All,
            Access::Products(products) => AccessAsked::Named(products.iter().map(|product| code(product)).collect()),
            Access::Unassigned => {
                let _ = self.decide(TeamCommand::RemoveAssignment { member, if_match: None }, now);
                return;
            }
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
        now: Instant,
    ) -> Result<Granted, Refusal> {
        let next = DeviceKey(u64::try_from(self.devices.len()).unwrap());
        let open = OpenSession {
            session: session.parse().unwrap(),
            member: self.members.get(who).copied(),
            product: code(product),
            version: None,
            device: *self.devices.entry(device.into()).or_insert(next),
            tags: BTreeMap::new(),
        };
        self.decide(TeamCommand::OpenSession(open), now)
    }

    fn act(&mut self, now: Instant, who: &str, action: &Action) -> Result<Observed, Refusal> {
        let member_of = |rules: &Self, name: &str| rules.members.get(name).copied();
        let granted = match action {
            Action::Look => Granted::Settled,
            Action::Open { product, session, device, version: _, team } => {
                if team.as_ref().is_some_and(|team| team != "acme") {
                    // What the engine answers for a team of which nothing is known.
                    self.decide(TeamCommand::Settle, now)?;
                    return Err(Refusal::Unknown(jeton_core::refusal::Unknown::Team));
                }
                self.open(who, product, session, device, now)?
            }
            Action::OpenByMany { product, members } => {
                self.granted(TeamCommand::SetDefaultAccess { products: Some(AccessAsked::All), if_match: None }, now);
                let mut many = Many::default();
                for number in 0..*members {
                    let name = format!("member-{number}");
                    self.member(&name, now);
                    match self.open(&name, product, &format!("many-{number}"), "laptop", now) {
                        Ok(_) => many.covered += 1,
                        Err(refusal) => *many.refused.entry(refusal.code().into()).or_insert(0) += 1,
                    }
                }
                return Ok(Observed { many: Some(many), ..Observed::default() });
            }
            Action::Beat { session } => {
                let session = session.parse().unwrap();
                self.decide(TeamCommand::Beat { session, activity: None, lease: false }, now)?
            }
            Action::Close { session } => {
                let by = if who == "admin" { ClosedBy::Admin } else { ClosedBy::Client };
                let session: SessionId = session.parse().unwrap();
                self.decide(TeamCommand::CloseSession { session, activity: None, by }, now)?
            }
            Action::Quote { product } => {
                let (member, product) = (member_of(self, who), code(product));
                self.decide(TeamCommand::QuoteSession { member, product, tags: None }, now)?
            }
            Action::Seat { product, member, starts_at_micros, ends_at_micros } => {
                let span = Span { start: at(*starts_at_micros), end: at(*ends_at_micros) };
                let (member, product) = (member_of(self, member), code(product));
                self.decide(TeamCommand::SetSeat { member, product, span, plan: None, if_match: None }, now)?
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
            Action::Block { products } => {
                let products = products.iter().map(|product| code(product)).collect();
                self.decide(TeamCommand::SetBlockedProducts { products, if_match: None }, now)?
            }
            Action::Order { order, quantity } => self.order(order, *quantity, now)?,
            Action::Pay { order } => {
                self.pay(order, now);
                Granted::Paid
            }
            Action::Rate { product, per_day, effective_at_micros } => {
                self.rate(product, per_day, at(*effective_at_micros), now);
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
        Ok(observed(granted))
    }
}

impl World for Rules {
    fn perform(&mut self, at_micros: i64, who: Option<&str>, action: &Action) -> Result<Observed, String> {
        let now = at(at_micros);
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
        Ok(numbered
            .filter_map(|(seq, entry)| match &entry.fact {
                TeamFact::ChargeMade(charge) => Some(ChargeSeen {
                    charge: seq.to_string(),
                    member: names[&charge.member].clone(),
                    product: self.catalogue.product(charge.product).unwrap().code.to_string(),
                    tokens: charge.tokens().to_string(),
                    window_micros: Some(micros(charge.window)),
                    draws: charge
                        .draws
                        .iter()
                        .map(|draw| (orders[&draw.lot].clone(), draw.tokens.to_string()))
                        .collect(),
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
        Granted::Quoted(quote) => {
            Observed { cover: cover(quote.cover), refused: quote.refusal.as_ref().map(refused), ..Observed::default() }
        }
        Granted::Past => Observed { state: Some(State::Ended), ..Observed::default() },
        Granted::Configured { .. }
        | Granted::Ordered { .. }
        | Granted::Paid
        | Granted::Known { .. }
        | Granted::JobQuoted(_)
        | Granted::Job(_)
        | Granted::Settled => Observed::default(),
    }
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
        many: None,
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
        Refusal::TooManyDevices { limit, sessions: open } => {
            figures.insert("limit".to_owned(), limit.to_string());
            sessions.extend(open.iter().map(|open| open.session.to_string()));
        }
        _ => {}
    }
    Refused { code: refusal.code().to_owned(), figures, sessions: sessions.into_iter().collect() }
}
