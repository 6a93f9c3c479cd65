//! The vendor's catalogue: products and their rates, uses, price lists, settings (C1–C5, P1).
//!
//! The catalogue is the fold of one stream of entries; teams are decided against the value of the moment.
//! Every charge keeps its rate and every order its price, so nothing that has happened asks it again.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, VendorFact};
use crate::id::{PriceListId, ProductCode, ProductKey, ResultCode, Seq, UseCode};
use crate::limits;
use crate::money::Currency;
use crate::price::PriceListSpec;
use crate::refusal::{Limit, Refusal, Unknown};
use crate::time::Instant;
use crate::tokens::Tokens;

/// A text in the two languages of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub en: String,
    pub fr: String,
}

/// A product as the vendor described it (C1, C3, C5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSpec {
    pub names: Names,
    pub uses: Vec<UseCode>,
    pub versions: Vec<String>,
    /// The undo interval in seconds; 0 turns it off.
    pub undo_s: u32,
    /// Whether renewals are deferred while it is idle (C5).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub idle_aware: bool,
    /// After how many seconds without activity an idle-aware product is idle (W6).
    pub idle_after_s: u32,
    /// The balance that an opening asks for even when its rate is less (C3).
    pub min_balance: Tokens,
    /// What its clients do when they cannot reach the server and have no lease that holds. Nothing here asks for it.
    #[serde(default, skip_serializing_if = "WhenUnreachable::is_start")]
    pub when_unreachable: WhenUnreachable,
}

/// What a client does when it cannot reach the server and has no lease that holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnreachable {
    /// The product starts, and the opening is told afterwards.
    #[default]
    Start,
    /// It does not.
    Refuse,
}

impl WhenUnreachable {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
    fn is_start(&self) -> bool {
        *self == Self::Start
    }
}

/// What a rate offers: the product by the day, or its results by the piece (C1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    PerDay(Tokens),
    Results(BTreeMap<ResultCode, ResultRate>),
}

/// What a result costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultRate {
    pub unit: ResultCode,
    pub tokens: Tokens,
    pub rounding: Rounding,
}

/// How the quantity of a result is rounded before it is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    Up,
    Nearest,
    #[default]
    None,
}

/// A rate of a product, from its start on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    pub starts_at: Instant,
    pub entered_at: Instant,
    pub offer: Offer,
    pub revision: Seq,
}

/// A product with its rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub key: ProductKey,
    pub code: ProductCode,
    pub spec: ProductSpec,
    pub revision: Seq,
    /// By start. A rate to come is removed by its removal, one that has begun never.
    pub rates: Vec<Rate>,
}

impl Product {
    /// The rate in force at `at`: among those entered and started by then, the one with the latest start (C2).
    pub fn rate_at(&self, at: Instant) -> Option<&Rate> {
        self.rates.iter().rev().find(|rate| rate.starts_at <= at && rate.entered_at <= at)
    }

    /// As [`Product::rate_at`], as what a team without an agreement is offered.
    pub fn rate_in_force(&self, at: Instant) -> Option<RateInForce<'_>> {
        let rate = self.rate_at(at)?;
        Some(RateInForce { offer: &rate.offer, starts_at: rate.starts_at, agreement: None })
    }

    /// The rate that starts at this very instant.
    pub fn rate_starting(&self, starts_at: Instant) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.starts_at == starts_at)
    }
}

/// What is offered at an instant, by the rate sheet or by an agreement of the team (C2, P9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateInForce<'c> {
    pub offer: &'c Offer,
    pub starts_at: Instant,
    /// The entry of the agreement that it is of, if it is of one.
    pub agreement: Option<Seq>,
}

impl RateInForce<'_> {
    /// The daily rate, if it is that which is offered (C4).
    pub fn daily(&self) -> Option<DailyRate> {
        let (starts_at, agreement) = (self.starts_at, self.agreement);
        match self.offer {
            Offer::PerDay(tokens) => Some(DailyRate { tokens: *tokens, starts_at, agreement }),
            Offer::Results(_) => None,
        }
    }
}

/// What a day of a product costs, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyRate {
    pub tokens: Tokens,
    pub starts_at: Instant,
    /// The entry of the team's agreement that sets it, if one does (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Seq>,
}

/// A use that products are listed under, in its industry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseSpec {
    pub names: Names,
    pub industry: UseCode,
    pub industry_names: Names,
}

/// A thing of the catalogue and the number of the entry that it was last written by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised<T> {
    pub value: T,
    pub revision: Seq,
    pub entered_at: Instant,
}

/// The vendor's settings; the defaults are those of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Devices on which a product may be open for a member at a time (W3).
    pub devices: u32,
    /// Undone runs within 24 hours after which an opening is charged at once (W2).
    pub undone_limit: u32,
    /// How often clients are asked to beat (W8).
    pub heartbeat_s: u32,
    /// Silence after which a session is lost (W8).
    pub lost_after_s: u32,
    /// How long after its last proof a lost session may be revived (W8).
    pub revive_within_s: u32,
    /// For how long an unfunded session may go on (W7).
    pub unfunded_s: u32,
    /// Days until an invoice is due (P3).
    pub invoice_due_days: u16,
    /// For how long a job's hold stands (R1).
    #[serde(default = "job_hold_s", skip_serializing_if = "is_job_hold_s")]
    pub job_hold_s: u32,
}

const fn job_hold_s() -> u32 {
    86_400
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_job_hold_s(seconds: &u32) -> bool {
    *seconds == job_hold_s()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            devices: 3,
            undone_limit: 3,
            heartbeat_s: 120,
            lost_after_s: 600,
            revive_within_s: 4 * 3600,
            unfunded_s: 900,
            invoice_due_days: 30,
            job_hold_s: job_hold_s(),
        }
    }
}

/// Everything that the vendor offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    products: Vec<Product>,
    by_code: BTreeMap<ProductCode, ProductKey>,
    pub uses: BTreeMap<UseCode, Revised<UseSpec>>,
    pub price_lists: BTreeMap<PriceListId, Revised<PriceListSpec>>,
    pub settings: Settings,
    /// The number of the entry that last changed the settings; 0 while they are the defaults.
    pub settings_revision: u64,
}

impl Catalogue {
    /// By key; `None` when no such product was ever entered.
    pub fn product(&self, key: ProductKey) -> Option<&Product> {
        self.products.get(usize::try_from(key.0).ok()?)
    }

    /// By code.
    pub fn product_called(&self, code: &ProductCode) -> Option<&Product> {
        self.product(*self.by_code.get(code)?)
    }

    /// In the order of their codes.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.by_code.values().filter_map(|key| self.product(*key))
    }

    /// The list that prices an order: the newest started one of the currency that names the country, else one
    /// that names none (P1). Partners' lists serve partners alone. A `country` of `None` is nobody's.
    pub fn price_list_for(
        &self,
        currency: Currency,
        country: Option<&str>,
        now: Instant,
    ) -> Result<(&PriceListId, &PriceListSpec), Refusal> {
        let started = |list: &Revised<PriceListSpec>| list.value.starts_at.unwrap_or(list.entered_at);
        let serves = |list: &&Revised<PriceListSpec>| {
            list.value.currency == currency
                && list.value.partner.is_none()
                && !list.value.by_agreement
                && started(list) <= now
        };
        let newest = |names_country: bool| {
            self.price_lists
                .iter()
                .filter(|(_, list)| serves(list))
                .filter(|(_, list)| match country {
                    Some(country) if names_country => list.value.countries.iter().any(|named| named == country),
                    Some(_) | None => !names_country && list.value.countries.is_empty(),
                })
                .max_by_key(|(_, list)| (started(list), list.revision))
        };
        let (id, list) = newest(true).or_else(|| newest(false)).ok_or(Refusal::NoPriceList)?;
        Ok((id, &list.value))
    }

    /// A list by its id, where an agreement names it; it has to have started, and to be of the currency (P9).
    pub fn price_list_called(
        &self,
        id: &PriceListId,
        currency: Currency,
        now: Instant,
    ) -> Result<(&PriceListId, &PriceListSpec), Refusal> {
        let (id, list) = self.price_lists.get_key_value(id).ok_or(Refusal::NoPriceList)?;
        let started = list.value.starts_at.unwrap_or(list.entered_at) <= now;
        let serves = started && list.value.currency == currency && list.value.partner.is_none();
        if serves { Ok((id, &list.value)) } else { Err(Refusal::NoPriceList) }
    }

    /// Folds an entry. Never fails; an entry that decides nothing about the catalogue changes nothing.
    pub fn evolve(&mut self, seq: Seq, entry: &Entry<VendorFact>) {
        match &entry.fact {
            VendorFact::ProductSet { product, code, spec } => {
                if let Some(standing) = self.by_code.get(code) {
                    let standing = usize::try_from(standing.0).expect("a key is an index");
                    self.products[standing].spec = spec.clone();
                    self.products[standing].revision = seq;
                } else {
                    self.by_code.insert(code.clone(), *product);
                    let (spec, code) = (spec.clone(), code.clone());
                    self.products.push(Product { key: *product, code, spec, revision: seq, rates: Vec::new() });
                }
            }
            VendorFact::RateSet { product, starts_at, offer } => {
                let rates = self.rates_of(*product);
                rates.retain(|rate| rate.starts_at != *starts_at);
                let place = rates.partition_point(|rate| rate.starts_at < *starts_at);
                let (starts_at, entered_at, offer) = (*starts_at, entry.at, offer.clone());
                rates.insert(place, Rate { starts_at, entered_at, offer, revision: seq });
            }
            VendorFact::RateRemoved { product, starts_at } => {
                self.rates_of(*product).retain(|rate| rate.starts_at != *starts_at);
            }
            VendorFact::UseSet { use_code, spec } => {
                let revised = Revised { value: spec.clone(), revision: seq, entered_at: entry.at };
                self.uses.insert(use_code.clone(), revised);
            }
            VendorFact::PriceListSet { price_list, spec } => {
                let entered_at = self.price_lists.get(price_list).map_or(entry.at, |standing| standing.entered_at);
                let revised = Revised { value: spec.clone(), revision: seq, entered_at };
                self.price_lists.insert(price_list.clone(), revised);
            }
            VendorFact::SettingsSet(settings) => {
                self.settings = settings.clone();
                self.settings_revision = seq.0;
            }
            VendorFact::KeyCreated { .. }
            | VendorFact::KeyRevoked { .. }
            | VendorFact::EnrolmentCreated { .. }
            | VendorFact::EnrolmentWithdrawn { .. }
            | VendorFact::ClockMoved { .. }
            | VendorFact::ClockAccepted { .. }
            | VendorFact::EpochBegun { .. } => {}
        }
    }

    fn rates_of(&mut self, product: ProductKey) -> &mut Vec<Rate> {
        let index = usize::try_from(product.0).expect("a key is an index");
        &mut self.products[index].rates
    }
}

/// Under which condition a resource may be written (`If-Match`; RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// It must exist.
    Any,
    /// It must stand at one of these revisions.
    OneOf(Vec<u64>),
}

impl IfMatch {
    /// Refuses when the condition does not admit what stands; `None` is what does not exist.
    pub fn check(condition: Option<&Self>, standing: Option<u64>) -> Result<(), Refusal> {
        let admitted = match (condition, standing) {
            (None, _) | (Some(Self::Any), Some(_)) => true,
            (Some(Self::OneOf(revisions)), Some(standing)) => revisions.contains(&standing),
            (Some(_), None) => false,
        };
        if admitted { Ok(()) } else { Err(Refusal::PreconditionFailed) }
    }
}

/// What the vendor asks of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VendorCommand {
    SetProduct {
        code: ProductCode,
        spec: ProductSpec,
    },
    SetRate {
        code: ProductCode,
        starts_at: Instant,
        offer: Offer,
    },
    RemoveRate {
        code: ProductCode,
        starts_at: Instant,
    },
    SetUse {
        use_code: UseCode,
        spec: UseSpec,
    },
    SetPriceList {
        price_list: PriceListId,
        spec: PriceListSpec,
    },
    SetSettings(Settings),
    /// Facts that need no decision: keys and clocks.
    Note(VendorFact),
}

/// What has become of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    pub created: bool,
    /// The number of the entry that the resource was last written by.
    pub revision: u64,
    /// What is to be appended; none when nothing changed.
    pub fact: Option<VendorFact>,
}

/// Decides a command of the vendor. `next` is the number that the next entry of the stream gets.
pub fn decide(
    catalogue: &Catalogue,
    command: VendorCommand,
    if_match: Option<&IfMatch>,
    next: Seq,
    now: Instant,
) -> Result<Configured, Refusal> {
    let configured = |standing: Option<(u64, bool)>, fact: VendorFact| {
        IfMatch::check(if_match, standing.map(|(revision, _)| revision))?;
        Ok(match standing {
            Some((revision, true)) => Configured { created: false, revision, fact: None },
            Some((_, false)) => Configured { created: false, revision: next.0, fact: Some(fact) },
            None => Configured { created: true, revision: next.0, fact: Some(fact) },
        })
    };
    let room = |len: usize, most: usize, limit: Limit| {
        if len < most { Ok(()) } else { Err(Refusal::Limit { limit, value: u64::try_from(most).unwrap_or(u64::MAX) }) }
    };
    match command {
        VendorCommand::SetProduct { code, spec } => {
            let standing = catalogue.product_called(&code);
            if standing.is_none() {
                room(catalogue.products.len(), limits::CATALOGUE, Limit::Catalogue)?;
            }
            let key = standing.map_or_else(
                || ProductKey(u32::try_from(catalogue.products.len()).expect("bounded by the limit of the catalogue")),
                |product| product.key,
            );
            let seen = standing.map(|product| (product.revision.0, product.spec == spec));
            configured(seen, VendorFact::ProductSet { product: key, code, spec })
        }
        VendorCommand::SetRate { code, starts_at, offer } => {
            let product = catalogue.product_called(&code).ok_or(Refusal::Unknown(Unknown::Product))?;
            IfMatch::check(if_match, product.rate_starting(starts_at).map(|rate| rate.revision.0))?;
            match product.rate_starting(starts_at) {
                Some(rate) if rate.offer == offer => {
                    Ok(Configured { created: false, revision: rate.revision.0, fact: None })
                }
                Some(_) if starts_at <= now => Err(Refusal::RateInForce { starts_at }),
                standing => {
                    if standing.is_none() {
                        room(product.rates.len(), limits::RATES, Limit::Rates)?;
                    }
                    let fact = Some(VendorFact::RateSet { product: product.key, starts_at, offer });
                    Ok(Configured { created: standing.is_none(), revision: next.0, fact })
                }
            }
        }
        VendorCommand::RemoveRate { code, starts_at } => {
            let product = catalogue.product_called(&code).ok_or(Refusal::Unknown(Unknown::Product))?;
            let standing = product.rate_starting(starts_at).ok_or(Refusal::Unknown(Unknown::Rate))?;
            IfMatch::check(if_match, Some(standing.revision.0))?;
            if starts_at <= now {
                return Err(Refusal::RateInForce { starts_at });
            }
            let fact = Some(VendorFact::RateRemoved { product: product.key, starts_at });
            Ok(Configured { created: false, revision: next.0, fact })
        }
        VendorCommand::SetUse { use_code, spec } => {
            let standing = catalogue.uses.get(&use_code);
            if standing.is_none() {
                room(catalogue.uses.len(), limits::CATALOGUE, Limit::Catalogue)?;
            }
            let seen = standing.map(|revised| (revised.revision.0, revised.value == spec));
            configured(seen, VendorFact::UseSet { use_code, spec })
        }
        VendorCommand::SetPriceList { price_list, spec } => {
            let standing = catalogue.price_lists.get(&price_list);
            if standing.is_none() {
                room(catalogue.price_lists.len(), limits::CATALOGUE, Limit::Catalogue)?;
            }
            let seen = standing.map(|revised| (revised.revision.0, revised.value == spec));
            configured(seen, VendorFact::PriceListSet { price_list, spec })
        }
        VendorCommand::SetSettings(settings) => {
            let seen = Some((catalogue.settings_revision, catalogue.settings == settings));
            configured(seen, VendorFact::SettingsSet(settings))
        }
        VendorCommand::Note(fact) => Ok(Configured { created: true, revision: next.0, fact: Some(fact) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Author;
    use crate::price::{Tier, Tiers};
    use alloc::string::ToString;
    use alloc::vec;

    /// The vendor's stream, as it grows.
    #[derive(Default)]
    struct Vendor {
        catalogue: Catalogue,
        seq: u64,
    }

    impl Vendor {
        fn asks(&mut self, command: VendorCommand, now: &str) -> Result<Configured, Refusal> {
            let (next, now) = (Seq(self.seq + 1), at(now));
            let configured = decide(&self.catalogue, command, None, next, now)?;
            if let Some(fact) = configured.fact.clone() {
                self.seq += 1;
                self.catalogue.evolve(next, &Entry { at: now, by: Author::Operator, fact });
            }
            Ok(configured)
        }

        fn rate(&mut self, tokens: &str, starts_at: &str, now: &str) -> Result<Configured, Refusal> {
            let offer = Offer::PerDay(tokens.parse().unwrap());
            self.asks(VendorCommand::SetRate { code: product(), starts_at: at(starts_at), offer }, now)
        }

        fn rate_at(&self, when: &str) -> Option<Tokens> {
            self.catalogue.product_called(&product())?.rate_in_force(at(when))?.daily().map(|rate| rate.tokens)
        }

        fn list(&mut self, id: &str, countries: &[&str], starts_at: Option<&str>, partner: Option<&str>, now: &str) {
            let spec = PriceListSpec {
                currency: "EUR".parse().unwrap(),
                tiers: Tiers::new(vec![Tier { from: 1, unit_price: "3".parse().unwrap() }], 1).unwrap(),
                countries: countries.iter().map(ToString::to_string).collect(),
                starts_at: starts_at.map(at),
                partner: partner.map(|partner| partner.parse().unwrap()),
                min_quantity: 1,
                step: 1,
                by_agreement: false,
            };
            self.asks(VendorCommand::SetPriceList { price_list: id.parse().unwrap(), spec }, now).unwrap();
        }

        fn list_for(&self, country: Option<&str>, now: &str) -> Result<String, Refusal> {
            let list = self.catalogue.price_list_for("EUR".parse().unwrap(), country, at(now));
            list.map(|(id, _)| id.to_string())
        }
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn product() -> ProductCode {
        "autocad".parse().unwrap()
    }

    fn with_product() -> Vendor {
        let mut vendor = Vendor::default();
        let names = Names { en: "AutoCAD".into(), fr: "AutoCAD".into() };
        let (uses, versions, min_balance) = (vec![], vec![], Tokens::ZERO);
        let spec = ProductSpec {
            names,
            uses,
            versions,
            undo_s: 300,
            idle_aware: false,
            idle_after_s: 900,
            min_balance,
            when_unreachable: WhenUnreachable::Start,
        };
        vendor.asks(VendorCommand::SetProduct { code: product(), spec }, "2026-01-01T00:00:00Z").unwrap();
        vendor
    }

    #[test]
    fn c2_a_rate_that_has_begun_is_never_changed_or_removed() {
        let mut vendor = with_product();
        let (now, then) = ("2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z");
        vendor.rate("7", now, now).unwrap();
        let began = Refusal::RateInForce { starts_at: at(now) };
        assert_eq!(vendor.rate("8", now, now).unwrap_err(), began);
        assert_eq!(vendor.rate("7", now, now).unwrap().fact, None);
        let remove = |starts_at: &str| VendorCommand::RemoveRate { code: product(), starts_at: at(starts_at) };
        assert_eq!(vendor.asks(remove(now), now).unwrap_err(), began);

        vendor.rate("9", then, now).unwrap();
        vendor.rate("10", then, now).unwrap();
        assert_eq!(vendor.rate_at(then), Some(Tokens::whole(10)));
        assert_eq!(vendor.rate("11", then, then).unwrap_err(), Refusal::RateInForce { starts_at: at(then) });
        assert_eq!(vendor.asks(remove(then), then).unwrap_err(), Refusal::RateInForce { starts_at: at(then) });
        vendor.asks(remove(then), "2026-01-31T23:59:59.999999Z").unwrap();
        assert_eq!(vendor.rate_at(then), Some(Tokens::whole(7)));
        assert_eq!(vendor.asks(remove(then), now).unwrap_err(), Refusal::Unknown(Unknown::Rate));
    }

    #[test]
    fn c2_of_the_rates_entered_and_started_the_latest_start_is_in_force() {
        let mut vendor = with_product();
        assert_eq!(vendor.rate_at("2026-01-03T00:00:00Z"), None);
        vendor.rate("7", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z").unwrap();
        // Entered with a start in the past, it is in force from its entry on.
        vendor.rate("8", "2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z").unwrap();
        // And so is one that starts before another that has started.
        vendor.rate("9", "2026-01-02T12:00:00Z", "2026-01-06T00:00:00Z").unwrap();
        for (when, tokens) in [
            ("2026-01-01T23:59:59.999999Z", None),
            ("2026-01-02T00:00:00Z", Some(7)),
            ("2026-01-04T23:59:59.999999Z", Some(7)),
            ("2026-01-05T00:00:00Z", Some(8)),
            ("2026-01-06T00:00:00Z", Some(8)),
        ] {
            assert_eq!(vendor.rate_at(when), tokens.map(Tokens::whole), "{when}");
        }
    }

    #[test]
    fn p1_the_newest_started_list_that_names_the_country_prices_a_team() {
        let mut vendor = Vendor::default();
        let now = "2026-03-01T00:00:00Z";
        assert_eq!(vendor.list_for(Some("FR"), now), Err(Refusal::NoPriceList));
        vendor.list("alps", &["CH", "FR"], None, None, "2026-01-02T00:00:00Z");
        vendor.list("world", &[], None, None, "2026-01-03T00:00:00Z");
        vendor.list("summer", &["FR"], Some("2026-06-01T00:00:00Z"), None, "2026-01-04T00:00:00Z");
        vendor.list("peak", &["FR"], None, Some("peak"), "2026-01-05T00:00:00Z");
        for (country, now, list) in [
            (Some("FR"), now, "alps"),
            (Some("FR"), "2026-05-31T23:59:59.999999Z", "alps"),
            (Some("FR"), "2026-06-01T00:00:00Z", "summer"),
            (Some("CH"), "2026-06-01T00:00:00Z", "alps"),
            (Some("DE"), now, "world"),
            (None, now, "world"),
        ] {
            assert_eq!(vendor.list_for(country, now), Ok(list.into()), "{country:?} at {now}");
        }
        vendor.list("world-2", &[], Some("2026-01-02T12:00:00Z"), None, now);
        assert_eq!(vendor.list_for(Some("DE"), now), Ok("world".into()));
    }
}
