//! The ledger of a team as people are told it (V1, V2).
//!
//! What always holds: members, products, sessions, jobs, devices, lots and charges are told by the names that the contract
//! has for them, never by the ledger's own numbers; money is a decimal string with the currency's decimals; a refusal
//! is told as the problem that it was answered with.
//!
//! What it does not do: tell the bytes that are hashed. `jeton verify` reads those.

use std::collections::HashMap;

use jeton_core::entry::{Author, Entry as Decided, InvoiceNumber, TeamFact};
use jeton_core::id::{DeviceKey, JobNo, MemberKey, ProductKey, Seq, SessionNo, TeamId};
use jeton_core::money::{Currency, Money, UnitPrice};
use jeton_core::refusal::Refusal as Rule;
use jeton_store::Sealed;
use jeton_store::stored::{self, AnyEntry, team_stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value, json};

use crate::contract::Entry;
use crate::refusals::Naming;
use crate::teams::known;
use crate::{App, Caller, Failure, Inner, Operation, Page, PageRequest, Target, authorise, refusals, wire};

impl App {
    /// The ledger of a team, in order.
    pub async fn list_entries(&self, caller: &Caller, team: &str, page: PageRequest) -> Result<Page<Entry>, Failure> {
        authorise(caller, Operation::ListEntries, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<u64>()?.unwrap_or(0));
        let wanted = id.clone();
        let seen = self.inner.engine.read_with_repeats(id.clone(), move |sight| sight.team(&wanted).is_some()).await?;
        if !seen.value {
            return Err(Failure::NotFound { code: "unknown_team" });
        }
        self.after(seen.position, move |inner| {
            let positions = inner.views.positions(&team_stream(&id), after, usize::from(page.limit) + 1)?;
            let repeats: HashMap<u64, u64> = inner.log.repeats(id.as_str())?.into_iter().collect();
            let mut teller = Teller::new(inner, id);
            let mut rows = Vec::new();
            for sealed in inner.log.entries(&positions)? {
                let mut entry = teller.entry(&sealed)?;
                if let Some(count) = repeats.get(&sealed.seq) {
                    entry.facts.insert("repeats".to_owned(), json!(count));
                }
                rows.push((sealed.seq.to_string(), entry));
            }
            Ok(Page::of(rows, page.limit))
        })
        .await
    }
}

/// Tells entries of a team with the names that people know.
pub(crate) struct Teller<'a> {
    inner: &'a Inner,
    team: TeamId,
    /// The sessions that have been looked up.
    sessions: HashMap<u64, Cause>,
    /// The jobs that have been looked up.
    jobs: HashMap<u64, Cause>,
}

/// A session or job by its name, and whose it is of what.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) id: String,
    pub(crate) member: MemberKey,
    pub(crate) product: ProductKey,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(inner: &'a Inner, team: TeamId) -> Self {
        Self { inner, team, sessions: HashMap::new(), jobs: HashMap::new() }
    }

    /// An entry as it is stored.
    pub(crate) fn entry(&mut self, sealed: &Sealed) -> Result<Entry, Failure> {
        let AnyEntry::Team(_, decided) = stored::decode(sealed)? else { return Err(Failure::Internal) };
        let (kind, facts) = self.facts(&decided)?;
        Ok(Entry { seq: sealed.seq, at: wire::micros(sealed.at), kind, hash: wire::hex(&sealed.hash), facts })
    }

    /// The kind of an entry, and what it says, its author included.
    pub(crate) fn facts(&mut self, decided: &Decided<TeamFact>) -> Result<(String, Map<String, Value>), Failure> {
        // A fact is written as an object with one field: its kind, and what it says.
        let fact = match serde_json::to_value(&decided.fact) {
            Ok(Value::Object(fact)) => fact.into_iter().next(),
            Ok(_) | Err(_) => None,
        };
        let Some((kind, Value::Object(facts))) = fact else { return Err(Failure::Internal) };
        let mut facts = as_the_contract_has_it(facts);
        // A committed job is told by its id; the number of the entry that held it says no more.
        facts.retain(|name, value| !(name == "number" && value.is_number()));
        let member = facts.get("member").and_then(number).map(MemberKey);
        let mut facts = self.object(facts, member)?;
        facts.insert("by".to_owned(), author(&decided.by));
        Ok((kind, facts))
    }

    /// An object whose amounts are in the currency that it names, if it names one.
    fn object(&mut self, facts: Map<String, Value>, member: Option<MemberKey>) -> Result<Map<String, Value>, Failure> {
        let currency = facts.get("currency").and_then(Value::as_str).and_then(|code| code.parse::<Currency>().ok());
        let mut told = Map::new();
        for (name, value) in facts {
            let value = match (name.as_str(), currency) {
                ("net" | "tax" | "total", Some(currency)) => Value::from(read::<Money>(value)?.in_currency(currency)),
                ("unit_price", Some(currency)) => Value::from(read::<UnitPrice>(value)?.in_currency(currency)),
                (name, _) => self.told(name, value, member)?,
            };
            told.insert(name, value);
        }
        Ok(told)
    }

    /// A fact under its name, with keys of the ledger told as names.
    fn told(&mut self, name: &str, value: Value, member: Option<MemberKey>) -> Result<Value, Failure> {
        Ok(match (name, value) {
            // What clients wrote themselves has names of theirs.
            ("tags", tags) => tags,
            ("member" | "members", Value::Number(key)) => self.member(&key),
            ("product" | "products", Value::Number(key)) => self.product(&key)?,
            ("products", Value::Object(access)) => match access.get("named") {
                Some(named) => self.told("products", named.clone(), member)?,
                None => Value::Object(access),
            },
            // What products cost by an agreement.
            ("rates", Value::Object(rates)) => {
                let mut told = Map::new();
                for (key, rate) in rates {
                    let key = Number::from(key.parse::<u64>().map_err(|_| Failure::Internal)?);
                    let Value::String(code) = self.product(&key)? else { return Err(Failure::Internal) };
                    told.insert(code, rate);
                }
                Value::Object(told)
            }
            ("session", Value::Number(number)) => {
                Value::from(self.session(SessionNo(number.as_u64().unwrap_or_default()))?.id)
            }
            ("job", Value::Number(number)) => Value::from(self.job(JobNo(number.as_u64().unwrap_or_default()))?.id),
            // Of a job: quantities of results are decimal strings everywhere.
            ("parts", Value::Array(parts)) => {
                let part = |part: Value| -> Result<Value, Failure> {
                    let quantity = part.get("quantity").cloned();
                    let mut told = self.told("part", part, member)?;
                    if let (Some(quantity), Some(told)) = (quantity, told.as_object_mut()) {
                        told.insert("quantity".to_owned(), quantity);
                    }
                    Ok(told)
                };
                Value::Array(parts.into_iter().map(part).collect::<Result<_, _>>()?)
            }
            ("device", Value::Number(device)) => {
                let device = DeviceKey(device.as_u64().unwrap_or_default());
                let named = member.and_then(|member| self.inner.people.device_name(&self.team, member, device));
                named.map_or(Value::Null, Value::from)
            }
            // Rates name the agreement that they are of by its entry.
            ("agreement", Value::Number(set)) => {
                let set = Seq(set.as_u64().unwrap_or_default());
                Value::from(self.inner.agreement_set(&self.team, set)?.as_str())
            }
            ("lot", Value::Number(lot)) => Value::from(format!("l{lot}")),
            // A lot's is stored as tokens; an order's is an integer everywhere.
            ("quantity", Value::String(quantity)) => quantity.parse::<u64>().map_or(Value::from(quantity), Value::from),
            ("number", number @ Value::Object(_)) => Value::from(read::<InvoiceNumber>(number)?.to_string()),
            ("refusal", refusal) => {
                let naming = Naming { inner: self.inner, team: &self.team, member };
                json!(refusals::problem(&read::<Rule>(refusal)?, naming))
            }
            ("charged", Value::Array(charges)) => {
                charges.into_iter().map(|charge| Value::from(format!("c{charge}"))).collect()
            }
            (name, Value::Array(items)) => {
                let told = items.into_iter().map(|item| self.told(name, item, member));
                Value::Array(told.collect::<Result<_, _>>()?)
            }
            (_, Value::Object(facts)) => Value::Object(self.object(facts, member)?),
            (_, other) => other,
        })
    }

    fn member(&self, key: &Number) -> Value {
        let key = key.as_u64().and_then(|key| u32::try_from(key).ok()).unwrap_or(u32::MAX);
        Value::from(self.inner.people.name_of(&self.team, MemberKey(key)))
    }

    fn product(&self, key: &Number) -> Result<Value, Failure> {
        let key = key.as_u64().and_then(|key| u32::try_from(key).ok()).ok_or(Failure::Internal)?;
        Ok(Value::from(self.inner.product_code(ProductKey(key))?.as_str()))
    }

    /// A session, by the number of the entry that opened it.
    pub(crate) fn session(&mut self, number: SessionNo) -> Result<Cause, Failure> {
        if let Some(known) = self.sessions.get(&number.0) {
            return Ok(known.clone());
        }
        let position = self.inner.views.position_of(&team_stream(&self.team), number.0)?.ok_or(Failure::Internal)?;
        let opened = self.inner.session_opened(position)?.2;
        let cause = Cause { id: opened.session.to_string(), member: opened.member, product: opened.product };
        self.sessions.insert(number.0, cause.clone());
        Ok(cause)
    }

    /// A job, by the number of the entry that held it.
    pub(crate) fn job(&mut self, number: JobNo) -> Result<Cause, Failure> {
        if let Some(known) = self.jobs.get(&number.0) {
            return Ok(known.clone());
        }
        let position = self.inner.views.position_of(&team_stream(&self.team), number.0)?.ok_or(Failure::Internal)?;
        let held = self.inner.job_held(position)?.2;
        let cause = Cause { id: held.job.to_string(), member: held.member, product: held.product };
        self.jobs.insert(number.0, cause.clone());
        Ok(cause)
    }
}

/// Who decided an entry.
pub(crate) fn author(by: &Author) -> Value {
    match by {
        Author::Server => Value::from("server"),
        Author::Operator => Value::from("operator"),
        Author::Key(key) => Value::from(key.as_str()),
    }
}

/// What a resource was written with, beside its id, and under the names that its PUT has.
fn as_the_contract_has_it(mut facts: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(spec)) = facts.remove("spec") {
        facts.extend(spec);
    }
    if let Some(strength) = facts.remove("strength") {
        facts.insert("hard".to_owned(), Value::from(strength == "hard"));
    }
    facts
}

/// What was written as this type.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|_| Failure::Internal)
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}
