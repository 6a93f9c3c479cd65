//! Price lists, and quotes of orders (P1, P2).

use jeton_core::catalogue::VendorCommand;
use jeton_core::id::{PriceListId, TeamId};
use jeton_core::limits;
use jeton_core::money::Currency;
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::{Limit, Refusal};
use jeton_core::time::{self, Zone};

use crate::contract::{self, BetterBuy, Decimal, PriceList, PriceListPut, Quote, QuotePost};
use crate::{
    App, Caller, Failure, IfMatch, Operation, Page, PageRequest, Put, Read, Target, authorise, refusals, wire,
};

const UNKNOWN_PRICE_LIST: Failure = Failure::NotFound { code: "unknown_price_list" };

impl App {
    /// The price lists, by id.
    pub async fn list_price_lists(&self, caller: &Caller, page: PageRequest) -> Result<Page<PriceList>, Failure> {
        authorise(caller, Operation::ListPriceLists, Target::installation())?;
        let after = page.after::<PriceListId>()?;
        self.see_catalogue(move |sight| {
            let lists = sight.catalogue.price_lists.iter();
            let following = lists.filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after));
            Ok(Page::of(following.map(|(id, list)| (id.to_string(), told(id, &list.value))), page.limit))
        })
        .await
    }

    /// A price list. `unknown_price_list` when there is none.
    pub async fn price_list(&self, caller: &Caller, list: &str) -> Result<Read<PriceList>, Failure> {
        authorise(caller, Operation::GetPriceList, Target::installation())?;
        let id: PriceListId = list.parse().map_err(|_| UNKNOWN_PRICE_LIST)?;
        self.see_catalogue(move |sight| {
            let list = sight.catalogue.price_lists.get(&id).ok_or(UNKNOWN_PRICE_LIST)?;
            Ok(Read { revision: Some(list.revision.0), body: told(&id, &list.value) })
        })
        .await
    }

    /// Writes a price list (P1).
    pub async fn put_price_list(
        &self,
        caller: &Caller,
        list: &str,
        body: PriceListPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<PriceList>, Failure> {
        authorise(caller, Operation::PutPriceList, Target::installation())?;
        let id: PriceListId = wire::parse("list", list)?;
        let spec = spec(&body)?;
        let command = VendorCommand::SetPriceList { price_list: id.clone(), spec: spec.clone() };
        let (created, revision) = self.write(caller, command, if_match).await?;
        Ok(Put { created, revision, body: told(&id, &spec) })
    }

    /// What a quantity costs, in a currency or for a team (P2): `no_price_list`, `quantity_not_sold`. For a team the
    /// target is that team, so that another team's key is told `unknown_team`.
    pub async fn quote_order(&self, caller: &Caller, body: QuotePost) -> Result<Quote, Failure> {
        let target = body.team.as_deref().map_or_else(Target::installation, Target::team);
        authorise(caller, Operation::QuoteOrder, target)?;
        let quantity = body.quantity;
        match (&body.team, &body.currency) {
            (Some(team), None) => {
                let team: TeamId = wire::parse("team", team)?;
                let seen = self.see(&team, move |team, _, sight| {
                    let profile = team.profile.as_ref().ok_or(Failure::Internal)?;
                    let list = team.price_list(sight.catalogue, sight.now);
                    quote(list, quantity, profile.currency, &profile.time_zone, sight.now, true)
                });
                Ok(seen.await?.value)
            }
            (None, Some(currency)) => {
                let currency: Currency = wire::parse("currency", currency)?;
                let quoted = self.see_catalogue(move |sight| {
                    let list = sight.catalogue.price_list_for(currency, None, sight.now);
                    quote(list, quantity, currency, &Zone::UTC, sight.now, false)
                });
                quoted.await
            }
            (Some(_), Some(_)) | (None, None) => {
                Err(Failure::bad_request("currency", "a quote is for either a currency or a team"))
            }
        }
    }
}

fn quote(
    list: Result<(&PriceListId, &PriceListSpec), Refusal>,
    quantity: u64,
    currency: Currency,
    zone: &Zone,
    now: time::Instant,
    taxed: bool,
) -> Result<Quote, Failure> {
    let refused = |refusal: Refusal| refusals::plain(&refusal);
    let (id, list) = list.map_err(refused)?;
    if quantity > limits::ORDER_QUANTITY {
        return Err(refused(Refusal::Limit { limit: Limit::OrderQuantity, value: limits::ORDER_QUANTITY }));
    }
    if !list.sells(quantity) {
        return Err(refused(Refusal::QuantityNotSold { min_quantity: list.min_quantity, step: list.step }));
    }
    let price = list.price(quantity);
    let net = Decimal::new(price.net.in_currency(currency));
    let better = list
        .better(quantity)
        .map(|better| BetterBuy { quantity: better.quantity, net: Decimal::new(better.net.in_currency(currency)) });
    // Until taxes are built, a team's tax is zero and the total equals the net (P2).
    let tax = taxed.then(|| Decimal::new(jeton_core::money::Money::ZERO.in_currency(currency)));
    Ok(Quote {
        quantity,
        price_list: id.to_string(),
        currency: currency.code().to_owned(),
        tier: price.tier,
        unit_price: Decimal::new(price.unit_price.in_currency(currency)),
        total: tax.is_some().then(|| net.clone()),
        net,
        tax,
        expires_on: wire::date(zone.day_of(now).one_year_on()),
        better,
    })
}

fn spec(body: &PriceListPut) -> Result<PriceListSpec, Failure> {
    let mut tiers = Vec::new();
    for (index, tier) in body.tiers.iter().enumerate() {
        if !(1..=limits::ORDER_QUANTITY).contains(&tier.from) {
            let detail = format!("a tier begins from 1 to {}", limits::ORDER_QUANTITY);
            return Err(Failure::bad_request(format!("tiers[{index}].from"), detail));
        }
        let unit_price = wire::parse(&format!("tiers[{index}].unit_price"), tier.unit_price.as_str())?;
        tiers.push(Tier { from: tier.from, unit_price });
    }
    let (min_quantity, step) = (body.min_quantity.unwrap_or(1), body.step.unwrap_or(1));
    for (field, number) in [("min_quantity", min_quantity), ("step", step)] {
        if !(1..=limits::ORDER_QUANTITY).contains(&number) {
            let detail = format!("it is from 1 to {}", limits::ORDER_QUANTITY);
            return Err(Failure::bad_request(field, detail));
        }
    }
    let tiers = Tiers::new(tiers, min_quantity).ok_or_else(|| {
        let detail = format!(
            "tiers rise by `from`, there are 1 to {} of them, and the first covers the smallest quantity that is sold",
            limits::TIERS
        );
        Failure::bad_request("tiers", detail)
    })?;
    let mut countries = Vec::new();
    for (index, code) in body.countries.iter().enumerate() {
        countries.push(country(&format!("countries[{index}]"), code)?);
    }
    let starts_at = body.starts_at.as_ref().map(|at| wire::parse("starts_at", at.as_str())).transpose()?;
    let partner = body.partner.as_deref().map(|partner| wire::parse("partner", partner)).transpose()?;
    let currency = wire::parse("currency", &body.currency)?;
    let by_agreement = body.by_agreement.unwrap_or(false);
    Ok(PriceListSpec { currency, tiers, countries, starts_at, partner, min_quantity, step, by_agreement })
}

/// A country's code of ISO 3166: two capital letters.
pub(crate) fn country(field: &str, code: &str) -> Result<String, Failure> {
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(code.to_owned())
    } else {
        Err(Failure::bad_request(field, "a country is two capital letters of ISO 3166, like FR"))
    }
}

pub(crate) fn told(id: &PriceListId, spec: &PriceListSpec) -> PriceList {
    let tier = |tier: &Tier| contract::Tier {
        from: tier.from,
        unit_price: Decimal::new(tier.unit_price.in_currency(spec.currency)),
    };
    PriceList {
        price_list: id.to_string(),
        currency: spec.currency.code().to_owned(),
        tiers: spec.tiers.as_slice().iter().map(tier).collect(),
        countries: spec.countries.clone(),
        starts_at: spec.starts_at.map(wire::instant),
        partner: spec.partner.as_ref().map(ToString::to_string),
        min_quantity: spec.min_quantity,
        step: spec.step,
        by_agreement: spec.by_agreement,
    }
}
