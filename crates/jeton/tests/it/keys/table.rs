//! The table: every operation, on the things that the stage has, and whose keys may do it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::shop::opening;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Vendor,
    Team,
    Product,
    Member,
}

/// An operation on certain things. The body is good, so that it is the key that decides.
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: String,
    /// JSON; a text is a file, as CSV.
    pub(super) body: Option<Value>,
    /// Whose keys may do it, each for what is its own; `None`: without any key.
    pub(super) may: Option<&'static [Scope]>,
    /// What it is about, and so not for the keys of others.
    pub(super) about: &'static [About],
}

/// Something that a key may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The team acme.
    Acme,
    /// Its member ana.
    Ana,
    /// The product autocad.
    Autocad,
}

const VENDOR: &[Scope] = &[Scope::Vendor];
const TEAM: &[Scope] = &[Scope::Vendor, Scope::Team];
const TEAM_AND_MEMBER: &[Scope] = &[Scope::Vendor, Scope::Team, Scope::Member];
const CLIENT: &[Scope] = &[Scope::Vendor, Scope::Product, Scope::Member];
const PRODUCT: &[Scope] = &[Scope::Vendor, Scope::Product];
const EVERY_KEY: &[Scope] = &[Scope::Vendor, Scope::Team, Scope::Product, Scope::Member];

/// All of it, in an order in which what takes something away comes last.
pub(super) fn table(charge: &str, key: &str) -> Vec<Row> {
    let mut rows = catalogue();
    rows.extend(installation(key));
    rows.extend(metering());
    rows.extend(accounts(charge));
    rows.extend(limits());
    rows.extend(people(key));
    rows.extend(without_a_key());
    rows
}

fn get(path: impl Into<String>, may: &'static [Scope]) -> Row {
    row(Method::GET, path, None, may)
}

fn put(path: impl Into<String>, body: Value, may: &'static [Scope]) -> Row {
    row(Method::PUT, path, Some(body), may)
}

fn post(path: impl Into<String>, body: Value, may: &'static [Scope]) -> Row {
    row(Method::POST, path, Some(body), may)
}

fn delete(path: impl Into<String>, may: &'static [Scope]) -> Row {
    row(Method::DELETE, path, None, may)
}

/// Whom it is about is told by its path.
fn row(method: Method, path: impl Into<String>, body: Option<Value>, may: &'static [Scope]) -> Row {
    let path = path.into();
    let about: &[About] = if path.contains("acme") { &[About::Acme] } else { &[] };
    Row { method, path, body, may: Some(may), about }
}

impl Row {
    fn about(self, about: &'static [About]) -> Self {
        Self { about, ..self }
    }

    /// Whether a key of this scope, for what is its own, may do it.
    pub(super) fn is_for(&self, scope: Scope) -> bool {
        self.may.is_none_or(|scopes| scopes.contains(&scope))
    }
}

const OF_ANA: &[About] = &[About::Acme, About::Ana];
const OF_ANA_AND_AUTOCAD: &[About] = &[About::Acme, About::Ana, About::Autocad];

fn catalogue() -> Vec<Row> {
    let names = json!({"en": "AutoCAD", "fr": "AutoCAD"});
    let industry = json!({"code": "aec", "names": {"en": "Construction", "fr": "Construction"}});
    let list = json!({"currency": "EUR", "tiers": [{"from": 1, "unit_price": "3.33"}]});
    vec![
        get("/v1/products", EVERY_KEY),
        get("/v1/products/autocad", EVERY_KEY),
        put("/v1/products/autocad", json!({"names": names, "undo_interval_s": 0}), VENDOR),
        get("/v1/products/autocad/rates", EVERY_KEY),
        get("/v1/products/autocad/rates/2027-01-01T00:00:00Z", EVERY_KEY),
        put("/v1/products/autocad/rates/2027-01-01T00:00:00Z", json!({"per_day": "9"}), VENDOR),
        delete("/v1/products/autocad/rates/2027-01-01T00:00:00Z", VENDOR),
        get("/v1/uses", EVERY_KEY),
        get("/v1/uses/architecture", EVERY_KEY),
        put("/v1/uses/architecture", json!({"names": names, "industry": industry}), VENDOR),
        get("/v1/price-lists", EVERY_KEY),
        get("/v1/price-lists/reference", EVERY_KEY),
        put("/v1/price-lists/reference", list, VENDOR),
        post("/v1/quotes", json!({"quantity": 10, "currency": "EUR"}), EVERY_KEY),
    ]
}

fn installation(key: &str) -> Vec<Row> {
    vec![
        get("/v1/settings", VENDOR),
        put("/v1/settings", json!({"devices": 3}), VENDOR),
        get("/v1/api-keys", VENDOR),
        post("/v1/api-keys", json!({"scope": "team", "team": "globex"}), VENDOR),
        get(format!("/v1/api-keys/{key}"), VENDOR),
        delete(format!("/v1/api-keys/{key}"), VENDOR),
        get("/v1/checkpoint", VENDOR),
        // A place past the end of the log is refused, where a good one would never end.
        get("/v1/events?after=900000000", TEAM),
        get("/v1/sandbox/clock", EVERY_KEY),
        put("/v1/sandbox/clock", json!({"at": "2026-03-02T08:01:00Z"}), VENDOR),
    ]
}

fn metering() -> Vec<Row> {
    let quote = json!({"team": "acme", "member": "ana", "product": "autocad"});
    let job = json!({
        "team": "acme", "member": "ana", "product": "autocad", "parts": [{"result": "study", "quantity": "1"}]
    });
    vec![
        post("/v1/sessions/quote", quote, CLIENT).about(OF_ANA_AND_AUTOCAD),
        put("/v1/sessions/s2", opening("ana", "autocad", "desktop"), CLIENT).about(OF_ANA_AND_AUTOCAD),
        post("/v1/sessions/s1/heartbeat", json!({}), CLIENT).about(OF_ANA_AND_AUTOCAD),
        get("/v1/sessions/s1", EVERY_KEY).about(OF_ANA_AND_AUTOCAD),
        get("/v1/sessions?team=acme", EVERY_KEY),
        post("/v1/sessions/s1/close", json!({}), EVERY_KEY).about(OF_ANA_AND_AUTOCAD),
        post("/v1/jobs/quote", job.clone(), CLIENT).about(OF_ANA_AND_AUTOCAD),
        put("/v1/jobs/j2", job, CLIENT).about(OF_ANA_AND_AUTOCAD),
        get("/v1/jobs/j1", EVERY_KEY).about(OF_ANA_AND_AUTOCAD),
        get("/v1/jobs?team=acme", EVERY_KEY),
        post("/v1/jobs/j1/extend", json!({}), PRODUCT).about(&[About::Autocad]),
        post("/v1/jobs/j1/commit", json!({}), PRODUCT).about(&[About::Autocad]),
        post("/v1/jobs/j1/release", json!({}), PRODUCT).about(&[About::Autocad]),
    ]
}

fn accounts(charge: &str) -> Vec<Row> {
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    vec![
        get(of("orders"), TEAM),
        get(of("orders/start"), TEAM),
        put(of("orders/o1"), json!({"quantity": 10, "payment": "invoice"}), TEAM),
        post(of("orders/start/payment"), json!({}), VENDOR),
        get(of("balance"), TEAM),
        get(of("charges"), TEAM_AND_MEMBER),
        get(of(&format!("charges/{charge}")), TEAM_AND_MEMBER).about(OF_ANA),
        get(of(&format!("charges/{charge}/explain")), TEAM_AND_MEMBER).about(OF_ANA),
        get(of("entries"), TEAM),
        get(of("export"), TEAM),
        get(of("usage?from=2026-03-01&to=2026-03-31&group_by=day"), TEAM_AND_MEMBER),
        post("/v1/quotes", json!({"quantity": 10, "team": "acme"}), EVERY_KEY).about(&[About::Acme]),
    ]
}

/// What a team sets for itself, and what it is granted.
fn limits() -> Vec<Row> {
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    let (start, end) = ("2027-03-02T08:00:00Z", "2028-03-02T08:00:00Z");
    let cap = json!({"of": {"member": "ana"}, "per": "day", "tokens": "900", "hard": true});
    let plan = json!({"plan": "premium", "starts_at": start, "ends_at": end});
    let agreement = json!({"starts_at": start, "ends_at": end, "rates": {"autocad": {"per_day": "5"}}});
    vec![
        get(of("groups"), TEAM),
        put(of("groups/g"), json!({"name": "G", "members": ["ana"], "products": "all"}), TEAM),
        get(of("groups/g"), TEAM),
        delete(of("groups/g"), TEAM),
        get(of("caps"), TEAM),
        put(of("caps/c"), cap, TEAM),
        get(of("caps/c"), TEAM),
        delete(of("caps/c"), TEAM),
        put(of("required-tags"), json!({"tags": []}), TEAM),
        get(of("required-tags"), TEAM),
        put(of("plan"), plan, VENDOR),
        get(of("plan"), TEAM),
        get(of("agreements"), TEAM),
        put(of("agreements/a"), agreement, VENDOR),
        get(of("agreements/a"), TEAM),
        delete(of("agreements/a"), VENDOR),
        get(of("members/ana/credits"), TEAM_AND_MEMBER).about(OF_ANA),
        put(of("members/ana/credits/c"), json!({"credits": "10", "ends_at": end}), VENDOR),
        get(of("members/ana/credits/c"), TEAM_AND_MEMBER).about(OF_ANA),
    ]
}

fn people(key: &str) -> Vec<Row> {
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    let team = json!({"name": "acme", "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris", "locale": "en"});
    let ana = json!({"email": "ana@acme.example", "name": "ana", "role": "member"});
    let seat = json!({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-06-02T08:00:00Z"});
    vec![
        get("/v1/teams", VENDOR),
        get("/v1/teams/acme", TEAM),
        put("/v1/teams/acme", team, VENDOR),
        get(of("default-access"), TEAM),
        put(of("default-access"), json!({"products": null}), TEAM),
        get(of("blocked-products"), TEAM),
        put(of("blocked-products"), json!({"products": []}), TEAM),
        get(of("members"), TEAM),
        get(of("members/ana"), TEAM_AND_MEMBER).about(OF_ANA),
        put(of("members/ana"), ana, TEAM),
        get(of("members/ana/assignment"), TEAM),
        put(of("members/ana/assignment"), json!({"products": "all"}), TEAM),
        get(of("members/ana/seats"), TEAM),
        get(of("members/ana/seats/revit"), TEAM),
        put(of("members/ana/seats/revit"), seat, VENDOR),
        post(of("seats/revit/reassign"), json!({"from": "ana", "to": "ben"}), TEAM),
        delete(of("members/ana/seats/revit"), VENDOR),
        delete(of("members/ana/assignment"), TEAM),
        post(of("members/import"), json!("member,email,name,role\nana,ana@acme.example,ana,member\n"), TEAM),
        get(of("members/ana/enrolments"), TEAM),
        post(of("members/ana/enrolments"), json!({}), TEAM),
        get(of("members/ana/enrolments/enr_1"), TEAM),
        delete(of("members/ana/enrolments/enr_1"), TEAM),
        get(of("members/ana/keys"), TEAM_AND_MEMBER).about(OF_ANA),
        get(of(&format!("members/ana/keys/{key}")), TEAM_AND_MEMBER).about(OF_ANA),
        delete(of(&format!("members/ana/keys/{key}")), TEAM_AND_MEMBER).about(OF_ANA),
        delete(of("members/ana"), TEAM),
        post(of("members/ana/erase"), json!({}), TEAM),
    ]
}

fn without_a_key() -> Vec<Row> {
    let code = json!({"code": "00000-00000-00000-00000-00000", "device": "laptop"});
    let mut rows: Vec<Row> = ["/.well-known/jwks.json", "/openapi.json", "/livez", "/readyz", "/metrics"]
        .map(|path| Row { may: None, ..get(path, EVERY_KEY) })
        .into();
    rows.push(Row { may: None, ..post("/v1/enrolments", code, EVERY_KEY) });
    rows
}
