//! Products, rates and uses: what can be had, and what it costs (C1–C5).

use std::collections::BTreeMap;

use jeton_core::catalogue::{self as core, Offer, ProductSpec, UseSpec, VendorCommand};
use jeton_core::id::{ProductCode, ResultCode, UseCode};
use jeton_core::time;
use jeton_core::tokens::Tokens;

use crate::contract::{
    Decimal, Industry, Instant, Product, ProductPut, Rate, RatePut, ResultRate, Rounding, Use, UsePut, WhenUnreachable,
};
use crate::{App, Caller, Failure, IfMatch, Operation, Page, PageRequest, Put, Read, Target, author, authorise, wire};

const UNKNOWN_PRODUCT: Failure = Failure::NotFound { code: "unknown_product" };
const UNKNOWN_USE: Failure = Failure::NotFound { code: "unknown_use" };

/// The idle time of C5.
const IDLE_AFTER_S: u32 = 900;
/// The seconds of a window. No undo interval is longer: its window would be over before it is paid for.
const WINDOW_S: u32 = 86_400;
/// The undo interval of C5.
const UNDO_INTERVAL_S: u32 = 300;

impl App {
    /// The products, by code, each with the rate in force at `at`, or now.
    pub async fn list_products(
        &self,
        caller: &Caller,
        at: Option<&Instant>,
        page: PageRequest,
    ) -> Result<Page<Product>, Failure> {
        authorise(caller, Operation::ListProducts, Target::installation())?;
        let (at, after) = (instant(at)?, page.after::<ProductCode>()?);
        self.see_catalogue(move |sight| {
            let at = at.unwrap_or(sight.now);
            let following =
                sight.catalogue.products().filter(|product| after.as_ref().is_none_or(|after| product.code > *after));
            Ok(Page::of(following.map(|product| (product.code.to_string(), told(product, at))), page.limit))
        })
        .await
    }

    /// A product, with the rate in force at `at`, or now. `unknown_product` when there is none.
    pub async fn product(
        &self,
        caller: &Caller,
        product: &str,
        at: Option<&Instant>,
    ) -> Result<Read<Product>, Failure> {
        authorise(caller, Operation::GetProduct, Target::installation())?;
        let (at, code) = (instant(at)?, known(product)?);
        self.see_catalogue(move |sight| {
            let product = sight.catalogue.product_called(&code).ok_or(UNKNOWN_PRODUCT)?;
            let body = told(product, at.unwrap_or(sight.now));
            Ok(Read { revision: Some(product.revision.0), body })
        })
        .await
    }

    /// Writes a product (C1, C5).
    pub async fn put_product(
        &self,
        caller: &Caller,
        product: &str,
        body: ProductPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Product>, Failure> {
        authorise(caller, Operation::PutProduct, Target::installation())?;
        let code: ProductCode = wire::parse("product", product)?;
        let spec = product_spec(&body)?;
        let (created, revision) = self.write(caller, VendorCommand::SetProduct { code, spec }, if_match).await?;
        let body = self.product(caller, product, None).await?.body;
        Ok(Put { created, revision, body })
    }

    /// The rates of a product, by their start.
    pub async fn list_rates(&self, caller: &Caller, product: &str, page: PageRequest) -> Result<Page<Rate>, Failure> {
        authorise(caller, Operation::ListRates, Target::installation())?;
        let (code, after) = (known(product)?, page.after::<time::Instant>()?);
        self.see_catalogue(move |sight| {
            let product = sight.catalogue.product_called(&code).ok_or(UNKNOWN_PRODUCT)?;
            let following = product.rates.iter().filter(|rate| after.is_none_or(|after| rate.starts_at > after));
            Ok(Page::of(following.map(|rate| (rate.starts_at.to_string(), told_rate(rate))), page.limit))
        })
        .await
    }

    /// A rate of a product, by the instant of its start. `unknown_rate` when there is none.
    pub async fn rate(&self, caller: &Caller, product: &str, effective_at: &str) -> Result<Read<Rate>, Failure> {
        authorise(caller, Operation::GetRate, Target::installation())?;
        let (code, starts_at) = (known(product)?, wire::parse("effective_at", effective_at)?);
        self.see_catalogue(move |sight| {
            let product = sight.catalogue.product_called(&code).ok_or(UNKNOWN_PRODUCT)?;
            let rate = product.rate_starting(starts_at).ok_or(Failure::NotFound { code: "unknown_rate" })?;
            Ok(Read { revision: Some(rate.revision.0), body: told_rate(rate) })
        })
        .await
    }

    /// Enters or changes a rate to come. Of one that has begun the same is told again, and other is refused with
    /// `rate_in_force` (C2).
    pub async fn put_rate(
        &self,
        caller: &Caller,
        product: &str,
        effective_at: &str,
        body: RatePut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Rate>, Failure> {
        authorise(caller, Operation::PutRate, Target::installation())?;
        let (code, starts_at) = (known(product)?, wire::parse("effective_at", effective_at)?);
        let offer = offer("", body.per_day.as_ref(), body.results.as_ref())?;
        let (created, revision) =
            self.write(caller, VendorCommand::SetRate { code, starts_at, offer }, if_match).await?;
        let body = self.rate(caller, product, effective_at).await?.body;
        Ok(Put { created, revision, body })
    }

    /// Removes a rate to come; `rate_in_force` when it has begun (C2).
    pub async fn delete_rate(
        &self,
        caller: &Caller,
        product: &str,
        effective_at: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteRate, Target::installation())?;
        let (code, starts_at) = (known(product)?, wire::parse("effective_at", effective_at)?);
        self.write(caller, VendorCommand::RemoveRate { code, starts_at }, if_match).await.map(|_| ())
    }

    /// The uses, by code.
    pub async fn list_uses(&self, caller: &Caller, page: PageRequest) -> Result<Page<Use>, Failure> {
        authorise(caller, Operation::ListUses, Target::installation())?;
        let after = page.after::<UseCode>()?;
        self.see_catalogue(move |sight| {
            let uses = &sight.catalogue.uses;
            let following = uses.iter().filter(|(code, _)| after.as_ref().is_none_or(|after| *code > after));
            Ok(Page::of(following.map(|(code, of)| (code.to_string(), told_use(code, &of.value))), page.limit))
        })
        .await
    }

    /// A use. `unknown_use` when there is none.
    pub async fn use_of_products(&self, caller: &Caller, use_code: &str) -> Result<Read<Use>, Failure> {
        authorise(caller, Operation::GetUse, Target::installation())?;
        let code: UseCode = use_code.parse().map_err(|_| UNKNOWN_USE)?;
        self.see_catalogue(move |sight| {
            let of = sight.catalogue.uses.get(&code).ok_or(UNKNOWN_USE)?;
            Ok(Read { revision: Some(of.revision.0), body: told_use(&code, &of.value) })
        })
        .await
    }

    /// Writes a use, and the names of its industry (C1).
    pub async fn put_use(
        &self,
        caller: &Caller,
        use_code: &str,
        body: UsePut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Use>, Failure> {
        authorise(caller, Operation::PutUse, Target::installation())?;
        let code: UseCode = wire::parse("use", use_code)?;
        let spec = UseSpec {
            names: wire::names("names", &body.names)?,
            industry: wire::parse("industry.code", &body.industry.code)?,
            industry_names: wire::names("industry.names", &body.industry.names)?,
        };
        let (created, revision) =
            self.write(caller, VendorCommand::SetUse { use_code: code.clone(), spec: spec.clone() }, if_match).await?;
        Ok(Put { created, revision, body: told_use(&code, &spec) })
    }

    /// Has a command of the vendor decided: whether what it writes is new, and at which revision it stands.
    pub(crate) async fn write(
        &self,
        caller: &Caller,
        command: VendorCommand,
        if_match: Option<IfMatch>,
    ) -> Result<(bool, u64), Failure> {
        let decided = self.inner.engine.vendor(command, if_match, author(caller)?, Vec::new()).await?;
        let answer = decided.outcome.map_err(|refusal| crate::refusals::plain(&refusal))?;
        Ok((answer.created, answer.revision))
    }
}

/// A code in a path that names nothing is unknown, whatever it looks like.
fn known(product: &str) -> Result<ProductCode, Failure> {
    product.parse().map_err(|_| UNKNOWN_PRODUCT)
}

fn instant(at: Option<&Instant>) -> Result<Option<time::Instant>, Failure> {
    at.map(|at| wire::parse("at", at.as_str())).transpose()
}

fn product_spec(body: &ProductPut) -> Result<ProductSpec, Failure> {
    if body.undo_interval_s.is_some_and(|undo_s| undo_s > WINDOW_S) {
        let detail = format!("an undo interval is at most {WINDOW_S} seconds, the length of a window");
        return Err(Failure::bad_request("undo_interval_s", detail));
    }
    let idle_after_s = body.idle_after_s.unwrap_or(IDLE_AFTER_S);
    if !(1..=WINDOW_S).contains(&idle_after_s) {
        let detail = format!("a product is idle after 1 to {WINDOW_S} seconds without activity");
        return Err(Failure::bad_request("idle_after_s", detail));
    }
    let mut versions = Vec::new();
    for (index, version) in body.versions.iter().enumerate() {
        versions.push(wire::name(&format!("versions[{index}]"), version)?);
    }
    let mut uses = Vec::new();
    for (index, code) in body.uses.iter().enumerate() {
        uses.push(wire::parse(&format!("uses[{index}]"), code)?);
    }
    let min_balance =
        body.min_balance.as_ref().map(|tokens| wire::parse("min_balance", tokens.as_str())).transpose()?;
    Ok(ProductSpec {
        names: wire::names("names", &body.names)?,
        uses,
        versions,
        undo_s: body.undo_interval_s.unwrap_or(UNDO_INTERVAL_S),
        idle_aware: body.idle_aware.unwrap_or(false),
        idle_after_s,
        min_balance: min_balance.unwrap_or(Tokens::ZERO),
        when_unreachable: match body.when_unreachable.unwrap_or_default() {
            WhenUnreachable::Start => core::WhenUnreachable::Start,
            WhenUnreachable::Refuse => core::WhenUnreachable::Refuse,
        },
    })
}

/// What a rate offers; `within` is what its fields are in, as in `rates.autocad.`.
pub(crate) fn offer(
    within: &str,
    per_day: Option<&Decimal>,
    results: Option<&BTreeMap<String, ResultRate>>,
) -> Result<Offer, Failure> {
    match (per_day, results) {
        (Some(per_day), None) => Ok(Offer::PerDay(wire::parse(&format!("{within}per_day"), per_day.as_str())?)),
        (None, Some(results)) if !results.is_empty() => {
            let mut offered = BTreeMap::new();
            for (code, rate) in results {
                let field = format!("{within}results.{code}");
                let rounding = match rate.rounding {
                    Rounding::Up => core::Rounding::Up,
                    Rounding::Nearest => core::Rounding::Nearest,
                    Rounding::None => core::Rounding::None,
                };
                let unit: ResultCode = wire::parse(&format!("{field}.unit"), &rate.unit)?;
                let tokens = wire::parse(&format!("{field}.tokens"), rate.tokens.as_str())?;
                offered.insert(wire::parse(&field, code)?, core::ResultRate { unit, tokens, rounding });
            }
            Ok(Offer::Results(offered))
        }
        (Some(_) | None, _) => {
            let detail = "a rate has either per_day or at least one of results";
            Err(Failure::bad_request(format!("{within}per_day"), detail))
        }
    }
}

pub(crate) fn told(product: &core::Product, at: time::Instant) -> Product {
    Product {
        product: product.code.to_string(),
        names: wire::named(&product.spec.names),
        uses: product.spec.uses.iter().map(ToString::to_string).collect(),
        versions: product.spec.versions.clone(),
        undo_interval_s: product.spec.undo_s,
        idle_aware: product.spec.idle_aware,
        idle_after_s: product.spec.idle_after_s,
        min_balance: wire::tokens(product.spec.min_balance),
        when_unreachable: match product.spec.when_unreachable {
            core::WhenUnreachable::Start => WhenUnreachable::Start,
            core::WhenUnreachable::Refuse => WhenUnreachable::Refuse,
        },
        rate: product.rate_at(at).map(told_rate),
    }
}

pub(crate) fn told_rate(rate: &core::Rate) -> Rate {
    let (per_day, results) = told_offer(&rate.offer);
    Rate { effective_at: wire::instant(rate.starts_at), entered_at: wire::instant(rate.entered_at), per_day, results }
}

/// What is offered by the day, or by results.
pub(crate) fn told_offer(offer: &Offer) -> (Option<Decimal>, Option<BTreeMap<String, ResultRate>>) {
    match offer {
        Offer::PerDay(tokens) => (Some(wire::tokens(*tokens)), None),
        Offer::Results(results) => {
            (None, Some(results.iter().map(|(code, rate)| (code.to_string(), told_result(rate))).collect()))
        }
    }
}

fn told_result(rate: &core::ResultRate) -> ResultRate {
    let rounding = match rate.rounding {
        core::Rounding::Up => Rounding::Up,
        core::Rounding::Nearest => Rounding::Nearest,
        core::Rounding::None => Rounding::None,
    };
    ResultRate { unit: rate.unit.to_string(), tokens: wire::tokens(rate.tokens), rounding }
}

pub(crate) fn told_use(code: &UseCode, spec: &UseSpec) -> Use {
    let industry = Industry { code: spec.industry.to_string(), names: wire::named(&spec.industry_names) };
    Use { code: code.to_string(), names: wire::named(&spec.names), industry }
}
