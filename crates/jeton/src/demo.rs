//! `--demo`: loads the reference catalogue and price list, and makes a vendor key.
//!
//! It goes through the same use cases as everybody else, so a second start changes nothing that stands.

use std::collections::BTreeMap;

use jeton_app::{App, Caller};
use jeton_client::{Decimal, Industry, Names, PriceListPut, ProductPut, RatePut, ResultRate, Rounding, Tier, UsePut};
use serde::Deserialize;

use crate::composition::vendor_key;
use crate::failure::{Failure, refused};

const CATALOGUE: &str = include_str!("../../../data/catalogue.json");

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

/// Loads it all, and answers a vendor key.
pub(crate) async fn load(app: &App) -> Result<String, Failure> {
    let catalogue: Catalogue = serde_json::from_str(CATALOGUE).expect("the reference catalogue is part of the program");
    let operator = Caller::operator();
    let mut uses: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (industry, of) in &catalogue.industries {
        for (code, used) in &of.uses {
            let industry = Industry { code: industry.clone(), names: of.names.clone() };
            let body = UsePut { names: used.names.clone(), industry };
            app.put_use(&operator, code, body, None).await.map_err(|failure| failed(&failure))?;
            for product in &used.products {
                uses.entry(product).or_default().push(code.clone());
            }
        }
    }
    for (code, product) in &catalogue.rates_per_day {
        let rate = RatePut { per_day: Some(product.tokens.clone()), results: None };
        let listed = uses.remove(code.as_str()).unwrap_or_default();
        put(app, code, &product.name, listed, rate).await?;
    }
    for (code, product) in &catalogue.rates_per_result {
        let priced = |tokens: &Decimal| ResultRate {
            unit: product.unit.clone(),
            tokens: tokens.clone(),
            rounding: Rounding::default(),
        };
        let results = product.results.iter().map(|(result, tokens)| (result.clone(), priced(tokens))).collect();
        put(app, code, &product.name, Vec::new(), RatePut { per_day: None, results: Some(results) }).await?;
    }
    let list = PriceListPut {
        currency: catalogue.price_list.currency,
        tiers: catalogue.price_list.tiers,
        countries: Vec::new(),
        starts_at: None,
        partner: None,
        min_quantity: None,
        step: None,
    };
    app.put_price_list(&operator, PRICE_LIST, list, None).await.map_err(|failure| failed(&failure))?;
    let key = app.create_key_on_the_folder(&vendor_key("demo")).await.map_err(|failure| failed(&failure))?;
    key.secret.ok_or_else(|| refused("the demo's key was made before"))
}

async fn put(app: &App, code: &str, name: &str, uses: Vec<String>, rate: RatePut) -> Result<(), Failure> {
    let operator = Caller::operator();
    let names = ["en", "fr"].map(|language| (language.to_owned(), name.to_owned())).into_iter().collect();
    let product = ProductPut {
        names,
        uses,
        versions: Vec::new(),
        undo_interval_s: None,
        idle_aware: None,
        idle_after_s: None,
        min_balance: None,
    };
    app.put_product(&operator, code, product, None).await.map_err(|failure| failed(&failure))?;
    app.put_rate(&operator, code, RATES_FROM, rate, None).await.map_err(|failure| failed(&failure))?;
    Ok(())
}

fn failed(failure: &jeton_app::Failure) -> Failure {
    refused(format!("the demo could not be loaded: {failure}"))
}
