//! Entries told as events, in the envelope of CloudEvents 1.0.
//!
//! What always holds: an entry is told in the same words whenever it is told, but for the name of a member who was
//! erased since (V5); the first event of an entry has the entry's own id, `team:acme/12`, and those that follow from it
//! have it with their kind. The facts have the names of `GET …/entries`, and a charge those of `GET …/charges`; what is
//! about a session or job names its member and product as well.

use std::collections::HashMap;

use jeton_core::catalogue::{Product, Rate};
use jeton_core::entry::{Entry, JobRelease, TeamFact, VendorFact};
use jeton_core::id::{JobNo, MemberKey, ProductKey, Seq, SessionNo, TeamId};
use jeton_core::refusal::Refusal;
use jeton_core::tokens::Tokens;
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{LowBalance, Sealed};
use serde_json::{Map, Value, json};

use super::kind::{self, EventKind};
use super::{Told, ToldEntry};
use crate::contract::Event;
use crate::entries::{Teller, author};
use crate::reports::Spent;
use crate::{Failure, Inner, Scope, catalogue, prices, teams, wire};

/// Tells entries one after the other.
pub(super) struct Telling<'a> {
    inner: &'a Inner,
    source: &'a str,
    tellers: HashMap<TeamId, Teller<'a>>,
}

/// What an event says beside its kind.
struct Said {
    subject: Option<String>,
    data: Map<String, Value>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(inner: &'a Inner, source: &'a str) -> Self {
        Self { inner, source, tellers: HashMap::new() }
    }

    /// The events that an entry is. `low` when little remains of its team's tokens since then (N1).
    pub(super) fn entry(&mut self, sealed: &Sealed, low: Option<&LowBalance>) -> Result<ToldEntry, Failure> {
        let mut told = ToldEntry { position: sealed.position, team: None, events: Vec::new() };
        match stored::decode(sealed)? {
            AnyEntry::Team(team, entry) => {
                for kind in kind::of_team(&entry.fact) {
                    if let Some(said) = self.of_team(kind, sealed, &team, &entry)? {
                        told.events.push(self.enveloped(kind, sealed, told.events.len(), said));
                    }
                }
                if let Some(low) = low {
                    let said = low_balance(&team, low);
                    told.events.push(self.enveloped(EventKind::BalanceLow, sealed, told.events.len(), said));
                }
                told.team = Some(team);
            }
            AnyEntry::Vendor(entry) => {
                for kind in kind::of_vendor(&entry.fact) {
                    let said = self.of_vendor(&entry)?;
                    told.events.push(self.enveloped(kind, sealed, told.events.len(), said));
                }
            }
            AnyEntry::Series(_, entry) => {
                debug_assert!(kind::of_series(&entry.fact).is_empty(), "what is an event has to be told");
            }
        }
        Ok(told)
    }

    fn enveloped(&self, kind: EventKind, sealed: &Sealed, before: usize, said: Said) -> Told {
        let entry = format!("{}/{}", sealed.stream, sealed.seq);
        let id = if before == 0 { entry } else { format!("{entry}/{}", kind.name().trim_start_matches("jeton.")) };
        let event = Event {
            specversion: "1.0".to_owned(),
            id,
            source: self.source.to_owned(),
            kind: kind.name().to_owned(),
            time: wire::micros(sealed.at),
            subject: said.subject,
            datacontenttype: "application/json".to_owned(),
            data: said.data,
        };
        let json = serde_json::to_string(&event).expect("texts and JSON are JSON");
        Told { kind, json: json.into() }
    }

    /// What an event of a team says; nothing where the entry is not that event after all.
    fn of_team(
        &mut self,
        kind: EventKind,
        sealed: &Sealed,
        team: &TeamId,
        entry: &Entry<TeamFact>,
    ) -> Result<Option<Said>, Failure> {
        if kind == EventKind::ChargeMade {
            return self.charge(sealed, team, entry).map(Some);
        }
        if kind == EventKind::InvoiceSettled && !self.has_invoice(team, &entry.fact)? {
            return Ok(None);
        }
        let inner = self.inner;
        let teller = self.tellers.entry(team.clone()).or_insert_with(|| Teller::new(inner, team.clone()));
        let (entry_kind, mut facts) = teller.facts(entry)?;
        if let Some((member, product)) = whose(teller, &entry.fact)? {
            let code = inner.product_code(product)?;
            facts.entry("member").or_insert_with(|| Value::from(inner.people.name_of(team, member)));
            facts.entry("product").or_insert_with(|| Value::from(code.as_str()));
        }
        let mut data = Map::from_iter([
            ("team".to_owned(), json!(team)),
            ("seq".to_owned(), json!(sealed.seq)),
            ("at".to_owned(), json!(wire::micros(sealed.at))),
            ("kind".to_owned(), Value::from(entry_kind)),
        ]);
        data.extend(facts);
        Ok(Some(Said { subject: subject(kind, team, &entry.fact, &data), data }))
    }

    fn charge(&self, sealed: &Sealed, team: &TeamId, entry: &Entry<TeamFact>) -> Result<Said, Failure> {
        let spent = if let TeamFact::ChargeMade(charge) = &entry.fact {
            Spent::Window(charge.clone())
        } else if let TeamFact::JobCommitted(job) = &entry.fact {
            Spent::Job(job.clone())
        } else {
            return Err(Failure::Internal);
        };
        let charge = self.inner.told_charge(team, sealed, &spent)?;
        let subject = format!("/v1/teams/{team}/charges/{}", charge.charge);
        let mut data = Map::from_iter([("team".to_owned(), json!(team))]);
        data.extend(object(json!(charge)));
        Ok(Said { subject: Some(subject), data })
    }

    /// Whether what was paid was an invoice.
    fn has_invoice(&self, team: &TeamId, fact: &TeamFact) -> Result<bool, Failure> {
        let TeamFact::PaymentRecorded { order, .. } = fact else { return Err(Failure::Internal) };
        let row = self.inner.views.order(team.as_str(), order.as_str())?.ok_or(Failure::Internal)?;
        match self.inner.entry(row.placed)?.1 {
            AnyEntry::Team(_, Entry { fact: TeamFact::OrderPlaced(placed), .. }) => Ok(placed.invoice.is_some()),
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    fn of_vendor(&self, entry: &Entry<VendorFact>) -> Result<Said, Failure> {
        let (subject, data) = match &entry.fact {
            VendorFact::ProductSet { product, code, spec } => {
                let product = Product {
                    key: *product,
                    code: code.clone(),
                    spec: spec.clone(),
                    revision: Seq(0),
                    rates: Vec::new(),
                };
                let mut told = json!(catalogue::told(&product, entry.at));
                // Rates are entries of their own.
                told.as_object_mut().and_then(|told| told.remove("rate"));
                (Some(format!("/v1/products/{code}")), told)
            }
            VendorFact::RateSet { product, starts_at, offer } => {
                let code = self.inner.product_code(*product)?;
                let (starts_at, entered_at) = (*starts_at, entry.at);
                let rate = Rate { starts_at, entered_at, offer: offer.clone(), revision: Seq(0) };
                let mut told = object(json!(catalogue::told_rate(&rate)));
                told.insert("product".to_owned(), json!(code));
                (Some(format!("/v1/products/{code}/rates/{starts_at}")), Value::Object(told))
            }
            VendorFact::RateRemoved { product, starts_at } => {
                let code = self.inner.product_code(*product)?;
                let told = json!({"product": code, "effective_at": starts_at.to_string()});
                (Some(format!("/v1/products/{code}/rates/{starts_at}")), told)
            }
            VendorFact::UseSet { use_code, spec } => {
                (Some(format!("/v1/uses/{use_code}")), json!(catalogue::told_use(use_code, spec)))
            }
            VendorFact::PriceListSet { price_list, spec } => {
                (Some(format!("/v1/price-lists/{price_list}")), json!(prices::told(price_list, spec)))
            }
            VendorFact::SettingsSet(settings) => (Some("/v1/settings".to_owned()), json!(teams::told(settings))),
            VendorFact::KeyCreated { key, scope, ends_at, enrolment } => {
                let mut told = self.scope(scope);
                told.insert("key".to_owned(), json!(key));
                told.insert("ends_at".to_owned(), json!(ends_at.map(wire::instant)));
                told.extend(enrolment.as_ref().map(|enrolment| ("enrolment".to_owned(), json!(enrolment))));
                (Some(format!("/v1/api-keys/{key}")), Value::Object(told))
            }
            VendorFact::KeyRevoked { key } => (Some(format!("/v1/api-keys/{key}")), json!({"key": key})),
            VendorFact::EnrolmentCreated { enrolment, scope, ends_at } => {
                let mut told = self.scope(scope);
                told.remove("scope");
                told.insert("enrolment".to_owned(), json!(enrolment));
                told.insert("ends_at".to_owned(), json!(wire::instant(*ends_at)));
                (None, Value::Object(told))
            }
            VendorFact::EnrolmentWithdrawn { enrolment } => (None, json!({"enrolment": enrolment})),
            VendorFact::ClockMoved { from } => {
                (Some("/v1/sandbox/clock".to_owned()), json!({"from": from.to_string(), "at": entry.at.to_string()}))
            }
            VendorFact::ClockAccepted { last, wall, why } => {
                (None, json!({"last": last.to_string(), "wall": wall.to_string(), "why": why}))
            }
            VendorFact::EpochBegun { epoch, copied_at, restored_at } => {
                let told = json!({
                    "epoch": epoch,
                    "copied_at": copied_at.to_string(),
                    "restored_at": restored_at.to_string(),
                });
                (None, told)
            }
        };
        let mut data = object(data);
        data.insert("by".to_owned(), author(&entry.by));
        Ok(Said { subject, data })
    }

    /// What a key is bound to, by name.
    fn scope(&self, stored: &str) -> Map<String, Value> {
        let Some(scope) = self.inner.scope(stored) else { return Map::new() };
        let mut told = Map::from_iter([("scope".to_owned(), json!(scope.name()))]);
        let named: Vec<(&str, String)> = match scope {
            Scope::Vendor => Vec::new(),
            Scope::Partner(partner) => vec![("partner", partner)],
            Scope::Team(team) => vec![("team", team)],
            Scope::Product(product) => vec![("product", product)],
            Scope::Member { team, member, device } => {
                let device = device.filter(|name| !name.is_empty()).map(|device| ("device", device));
                [("team", team), ("member", member)].into_iter().chain(device).collect()
            }
        };
        told.extend(named.into_iter().map(|(name, of)| (name.to_owned(), Value::from(of))));
        told
    }
}

/// Whose session or job of what an entry is about, where it says so by the session's or job's number alone.
fn whose(teller: &mut Teller<'_>, fact: &TeamFact) -> Result<Option<(MemberKey, ProductKey)>, Failure> {
    let cause = if let Some(session) = session_of(fact) {
        teller.session(session)?
    } else if let Some(job) = job_of(fact) {
        teller.job(job)?
    } else {
        return Ok(None);
    };
    Ok(Some((cause.member, cause.product)))
}

fn session_of(fact: &TeamFact) -> Option<SessionNo> {
    if let TeamFact::SessionRevived { session, .. }
    | TeamFact::SessionClosed { session, .. }
    | TeamFact::SessionLost { session, .. }
    | TeamFact::SessionEnded { session, .. }
    | TeamFact::CoverContinued { session, .. }
    | TeamFact::RenewalRefused { session, .. }
    | TeamFact::RenewalDeferred { session, .. }
    | TeamFact::SessionReturned { session, .. } = fact
    {
        Some(*session)
    } else {
        None
    }
}

fn job_of(fact: &TeamFact) -> Option<JobNo> {
    if let TeamFact::JobExtended { job, .. }
    | TeamFact::JobReleased { job, why: JobRelease::Released | JobRelease::Lapsed, .. } = fact
    {
        Some(*job)
    } else {
        None
    }
}

fn low_balance(team: &TeamId, low: &LowBalance) -> Said {
    let tokens = |thousandths| wire::tokens(Tokens::thousandths(thousandths));
    let data = json!({"team": team, "granted": tokens(low.granted), "remaining": tokens(low.remaining)});
    Said { subject: Some(format!("/v1/teams/{team}/balance")), data: object(data) }
}

/// The path of what it happened to; what is no path of its own is its team's.
fn subject(kind: EventKind, team: &TeamId, fact: &TeamFact, data: &Map<String, Value>) -> Option<String> {
    let named = |name: &str| data.get(name).and_then(Value::as_str);
    let team = format!("/v1/teams/{team}");
    let of_member = |then: &str| named("member").map(|member| format!("{team}/members/{member}{then}"));
    let under = |list: &str, name: &str| named(name).map(|id| format!("{team}/{list}/{id}"));
    match kind {
        EventKind::BalanceLow | EventKind::LotCredited | EventKind::LotExpired | EventKind::LotClosed => {
            Some(format!("{team}/balance"))
        }
        EventKind::SessionOpened
        | EventKind::SessionContinued
        | EventKind::SessionIdle
        | EventKind::SessionReturned
        | EventKind::SessionRevived
        | EventKind::SessionUnfunded
        | EventKind::SessionEnded
        | EventKind::HoldSet => named("session").map(|session| format!("/v1/sessions/{session}")),
        EventKind::JobHeld
        | EventKind::JobExtended
        | EventKind::JobCommitted
        | EventKind::JobReleased
        | EventKind::JobLapsed => named("job").map(|job| format!("/v1/jobs/{job}")),
        EventKind::OrderPlaced | EventKind::OrderPaid | EventKind::InvoiceOverdue | EventKind::InvoiceSettled => {
            under("orders", "order")
        }
        EventKind::OrderRefused => Some(format!("{team}/orders")),
        EventKind::CapReached => cap_of(fact).map(|cap| format!("{team}/caps/{cap}")),
        EventKind::CapSet | EventKind::CapRemoved => under("caps", "cap"),
        EventKind::HoldReleased
        | EventKind::SessionUndone
        | EventKind::SessionRefused
        | EventKind::MemberSet
        | EventKind::MemberDeactivated
        | EventKind::MemberErased => of_member(""),
        EventKind::AssignmentSet | EventKind::AssignmentRemoved => of_member("/assignment"),
        EventKind::SeatSet | EventKind::SeatRemoved | EventKind::SeatBegun => {
            named("product").and_then(|product| of_member(&format!("/seats/{product}")))
        }
        EventKind::CreditsGranted => named("grant").and_then(|grant| of_member(&format!("/credits/{grant}"))),
        EventKind::GroupSet | EventKind::GroupRemoved => under("groups", "group"),
        EventKind::DefaultAccessSet => Some(format!("{team}/default-access")),
        EventKind::BlockedProductsSet => Some(format!("{team}/blocked-products")),
        EventKind::RequiredTagsSet => Some(format!("{team}/required-tags")),
        EventKind::PlanSet => Some(format!("{team}/plan")),
        EventKind::AgreementSet | EventKind::AgreementRemoved => under("agreements", "agreement"),
        EventKind::TeamSet => Some(team),
        // A charge says its own, and so does what is the vendor's.
        EventKind::ChargeMade
        | EventKind::ProductSet
        | EventKind::RateSet
        | EventKind::RateRemoved
        | EventKind::UseSet
        | EventKind::PriceListSet
        | EventKind::SettingsSet
        | EventKind::ApiKeyCreated
        | EventKind::ApiKeyRevoked
        | EventKind::EnrolmentCreated
        | EventKind::EnrolmentWithdrawn
        | EventKind::ClockMoved
        | EventKind::ClockAccepted
        | EventKind::EpochBegun => None,
    }
}

/// The cap that was reached.
fn cap_of(fact: &TeamFact) -> Option<&str> {
    let refusal = if let TeamFact::Refused { refusal, .. } | TeamFact::RenewalRefused { refusal, .. } = fact {
        Some(refusal)
    } else {
        None
    };
    if let Some(Refusal::CapReached(figures)) = refusal { Some(figures.cap.as_str()) } else { None }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}
