//! The reference catalogue and price list, loaded by the same use cases as everybody's.
//!
//! What always holds: what stands already is left as it is.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jeton_app::{App, Caller};
use jeton_client::{Decimal, Industry, Names, PriceListPut, ProductPut, RatePut, ResultRate, Rounding, Tier, UsePut};
use serde::Deserialize;

use super::failed;
use crate::failure::Failure;

const CATALOGUE: &str = include_str!("../../../../data/catalogue.json");

/// From when on the reference rates are in force: from the beginning of all instants.
const RATES_FROM: &str = "2000-01-01T00:00:00Z";

const PRICE_LIST: &str = "reference";

#[derive(Deserialize)]
struct Catalogue {
    rates_per_day: BTreeMap<String, PerDay>,
    rates_per_result: BTreeMap<String, PerResult>,
    industries: BTreeMap<String, IndustryOf>,
    price_list: Prices,
}

#[derive(Deserialize)]
struct PerDay {
    name: String,
    tokens: Decimal,
}

#[derive(Deserialize)]
struct PerResult {
    name: String,
    unit: String,
    results: BTreeMap<String, Decimal>,
}

#[derive(Deserialize)]
struct IndustryOf {
    names: Names,
    uses: BTreeMap<String, UseOf>,
}

#[derive(Deserialize)]
struct UseOf {
    names: Names,
    products: Vec<String>,
}

#[derive(Deserialize)]
struct Prices {
    currency: String,
    tiers: Vec<Tier>,
}

/// Loads what is missing of it, `at_once` so many things in one commit, in the order of their codes.
pub(super) async fn load(app: &App, at_once: usize) -> Result<(), Failure> {
    let catalogue: Catalogue = serde_json::from_str(CATALOGUE).expect("the reference catalogue is part of the program");
    let operator = &Caller::operator();
    let mut uses = Vec::new();
    let mut used_for: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (industry, of) in &catalogue.industries {
        for (code, used) in &of.uses {
            let industry = Industry { code: industry.clone(), names: of.names.clone() };
            if !stands(app.use_of_products(operator, code).await)? {
                uses.push((code, UsePut { names: used.names.clone(), industry }));
            }
            for product in &used.products {
                used_for.entry(product).or_default().push(code.clone());
            }
        }
    }
    let mut missing = Vec::new();
    for (code, product, rate) in catalogue.products() {
        if !stands(app.product(operator, code, None).await)? {
            missing.push((code, described(product, used_for.remove(code).unwrap_or_default()), rate));
        }
    }
    for group in uses.chunks(at_once) {
        together(group.iter().map(|(code, body)| app.put_use(operator, code, body.clone(), None))).await?;
    }
    for group in missing.chunks(at_once) {
        together(group.iter().map(|(code, body, _)| app.put_product(operator, code, body.clone(), None))).await?;
        let rates = group.iter().map(|(code, _, rate)| app.put_rate(operator, code, RATES_FROM, rate.clone(), None));
        together(rates).await?;
    }
    if !stands(app.price_list(operator, PRICE_LIST).await)? {
        let list = PriceListPut {
            currency: catalogue.price_list.currency,
            tiers: catalogue.price_list.tiers,
            countries: Vec::new(),
            starts_at: None,
            partner: None,
            min_quantity: None,
            step: None,
            by_agreement: None,
        };
        app.put_price_list(operator, PRICE_LIST, list, None).await.map_err(|failure| failed(&failure))?;
    }
    Ok(())
}

/// Asks for all of it before the first is answered, in this order.
async fn together<T>(
    asked: impl Iterator<Item = impl Future<Output = Result<T, jeton_app::Failure>>>,
) -> Result<(), Failure> {
    try_join_all(asked).await.map(|_| ()).map_err(|failure| failed(&failure))
}

impl Catalogue {
    /// Every product with its name and rate: those by the day, then those of results.
    fn products(&self) -> impl Iterator<Item = (&str, &str, RatePut)> {
        let by_day = self.rates_per_day.iter().map(|(code, product)| {
            (code.as_str(), product.name.as_str(), RatePut { per_day: Some(product.tokens.clone()), results: None })
        });
        let of_results = self.rates_per_result.iter().map(|(code, product)| {
            let priced = |tokens: &Decimal| ResultRate {
                unit: product.unit.clone(),
                tokens: tokens.clone(),
                rounding: Rounding::default(),
            };
            let results = product.results.iter().map(|(result, tokens)| (result.clone(), priced(tokens))).collect();
            (code.as_str(), product.name.as_str(), RatePut { per_day: None, results: Some(results) })
        });
        by_day.chain(of_results)
    }
}

/// A product whose name is the same in every language.
fn described(name: &str, uses: Vec<String>) -> ProductPut {
    ProductPut {
        names: ["en", "fr"].map(|language| (language.to_owned(), name.to_owned())).into_iter().collect(),
        uses,
        versions: Vec::new(),
        undo_interval_s: None,
        idle_aware: None,
        idle_after_s: None,
        min_balance: None,
        when_unreachable: None,
    }
}

/// Whether something is there already.
fn stands<T>(found: Result<T, jeton_app::Failure>) -> Result<bool, Failure> {
    match found {
        Ok(_) => Ok(true),
        Err(failure) if failure.status() == 404 => Ok(false),
        Err(failure) => Err(failed(&failure)),
    }
}
