//! `--demo`: loads the reference catalogue and price list, and makes a vendor key.
//!
//! It goes through the same use cases as everybody else. What stands already is left as it is, so that a second start
//! goes on with what was made of the first; only the key is new, and takes the place of the one before.

use std::collections::BTreeMap;

use jeton_app::{App, Caller, PageRequest};
use jeton_client::{Decimal, Industry, Names, PriceListPut, ProductPut, RatePut, ResultRate, Rounding, Tier, UsePut};
use serde::Deserialize;

use crate::composition::vendor_key;
use crate::failure::{Failure, refused};

const CATALOGUE: &str = include_str!("../../../data/catalogue.json");

/// From when on the reference rates are in force: from the beginning of all instants.
const RATES_FROM: &str = "2000-01-01T00:00:00Z";

const PRICE_LIST: &str = "reference";

/// What the demo's key is known by.
const LABEL: &str = "demo";

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
            if !stands(app.use_of_products(&operator, code).await)? {
                app.put_use(&operator, code, body, None).await.map_err(|failure| failed(&failure))?;
            }
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
        by_agreement: None,
    };
    if !stands(app.price_list(&operator, PRICE_LIST).await)? {
        app.put_price_list(&operator, PRICE_LIST, list, None).await.map_err(|failure| failed(&failure))?;
    }
    for former in former_keys(app)? {
        app.revoke_api_key(&operator, &former).await.map_err(|failure| failed(&failure))?;
    }
    let key = app.create_key_on_the_folder(&vendor_key(LABEL)).await.map_err(|failure| failed(&failure))?;
    key.secret.ok_or_else(|| refused("the demo's key was made before"))
}

/// Whether something is there already.
fn stands<T>(found: Result<T, jeton_app::Failure>) -> Result<bool, Failure> {
    match found {
        Ok(_) => Ok(true),
        Err(failure) if failure.status() == 404 => Ok(false),
        Err(failure) => Err(failed(&failure)),
    }
}

/// The demo's keys of earlier starts that are still good.
fn former_keys(app: &App) -> Result<Vec<String>, Failure> {
    let (mut former, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 100, after };
        let page = app.list_api_keys(&Caller::operator(), &page).map_err(|failure| failed(&failure))?;
        let ours = page.items.into_iter().filter(|key| key.label.as_deref() == Some(LABEL) && key.revoked_at.is_none());
        former.extend(ours.map(|key| key.key));
        after = page.next;
        if after.is_none() {
            return Ok(former);
        }
    }
}

async fn put(app: &App, code: &str, name: &str, uses: Vec<String>, rate: RatePut) -> Result<(), Failure> {
    let operator = Caller::operator();
    if stands(app.product(&operator, code, None).await)? {
        return Ok(());
    }
    let names = ["en", "fr"].map(|language| (language.to_owned(), name.to_owned())).into_iter().collect();
    let product = ProductPut {
        names,
        uses,
        versions: Vec::new(),
        undo_interval_s: None,
        idle_aware: None,
        idle_after_s: None,
        min_balance: None,
        when_unreachable: None,
    };
    app.put_product(&operator, code, product, None).await.map_err(|failure| failed(&failure))?;
    app.put_rate(&operator, code, RATES_FROM, rate, None).await.map_err(|failure| failed(&failure))?;
    Ok(())
}

fn failed(failure: &jeton_app::Failure) -> Failure {
    refused(format!("the demo could not be loaded: {failure}"))
}
