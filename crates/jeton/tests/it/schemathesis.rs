//! The document that the server serves, tried out by schemathesis: requests made from it, good and bad ones, with a key
//! of each scope. No server error, and no answer that the document does not say.
//!
//! How, and with which checks, stands in `tests/schemathesis/schemathesis.toml`. `cargo xtask test` installs the
//! program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::shop::{OPENING, Shop, opening, order, put_member, put_product, put_team};

/// A shop with more in it, and what the configuration has to be told of it.
struct Tried {
    shop: Shop,
    charge: String,
    /// A key that may be revoked.
    other_key: String,
    /// A code that can be traded, an enrolment, and a key of the member whom they are of.
    code: String,
    enrolment: String,
    member_key: String,
}

/// What needs something of one member that other requests take away, an erasure first of all: done by chance, or not.
const SELDOM: [&str; 3] = [
    "post /v1/teams/{team}/seats/{product}/reassign",
    "delete /v1/teams/{team}/members/{member}/seats/{product}",
    "get /v1/teams/{team}/members/{member}/credits/{grant}",
];

/// How it went.
struct Report {
    /// Operations that were asked for.
    operations: u64,
    /// Requests that were made.
    requests: u64,
}

#[test]
fn a_vendors_key_meets_no_server_error_and_no_answer_that_is_not_in_the_document() {
    let tried = Tried::new();
    let report = tried.run(Some(&tried.shop.vendor_key), 25);
    assert!(report.requests >= 2_000, "{}", report.requests);

    // It was no empty exercise: the key was good to the end, and each operation was done by somebody.
    let vendor = &tried.shop.vendor;
    let document = vendor.get("/openapi.json").ok();
    vendor.get("/v1/teams/acme").ok();
    let answered = statuses(vendor);
    let mut never_done = BTreeMap::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            operations += 1;
            let statuses = answered.get(&(method.to_uppercase(), path.clone()));
            if !statuses.is_some_and(|statuses| statuses.iter().any(|status| status.starts_with('2'))) {
                never_done.insert(format!("{method} {path}"), statuses);
            }
        }
    }
    // The document itself is read, and not tried.
    assert_eq!(report.operations, operations - 1);
    never_done.remove("get /v1/events");
    for seldom in SELDOM {
        never_done.remove(seldom);
    }
    assert_eq!(never_done, BTreeMap::new());
    tried.ends_well();
}

#[test]
fn a_teams_key_meets_no_server_error_and_no_answer_that_is_not_in_the_document() {
    of_scope(&["--scope", "team", "--team", "acme"]);
}

#[test]
fn a_members_key_meets_no_server_error_and_no_answer_that_is_not_in_the_document() {
    of_scope(&["--scope", "member", "--member", "acme/ana"]);
}

#[test]
fn a_products_key_meets_no_server_error_and_no_answer_that_is_not_in_the_document() {
    of_scope(&["--scope", "product", "--product", "mudbox"]);
}

#[test]
fn without_a_key_there_is_no_server_error_and_no_answer_that_is_not_in_the_document() {
    let tried = Tried::new();
    tried.run(None, 1);
    tried.ends_well();
}

fn of_scope(scope: &[&str]) {
    let tried = Tried::new();
    let key = tried.shop.folder.key(scope);
    tried.run(Some(&key), 5);
    tried.ends_well();
}

impl Tried {
    fn new() -> Self {
        // Nobody is measured: how fast one may ask is tried elsewhere.
        let shop = Shop::open_with(5_000, &["--rate-limit-per-s", "0"]);
        let vendor = &shop.vendor;
        put_team(vendor, "globex", "Asia/Tokyo");
        for (team, member) in [("acme", "carol"), ("globex", "ana"), ("globex", "ben"), ("globex", "carol")] {
            put_member(vendor, team, member);
        }
        order(vendor, "globex", "start", 5_000);
        vendor.put("/v1/teams/globex/default-access", &json!({"products": "all"})).ok();
        let seat = json!({"starts_at": OPENING, "ends_at": "2027-03-01T00:00:00Z"});
        vendor.put("/v1/teams/acme/members/ana/seats/revit", &seat).ok();
        vendor.put("/v1/products/autocad/rates/2027-01-01T00:00:00Z", &json!({"per_day": "8"})).ok();
        // What the document's own examples are about.
        for member in ["alice", "bob"] {
            put_member(vendor, "acme", member);
        }
        vendor.put("/v1/teams/acme/default-access", &json!({"products": "all"})).ok();
        let tiers = json!([{"from": 1, "unit_price": "3"}]);
        vendor.put("/v1/price-lists/acme-2026", &json!({"currency": "EUR", "tiers": tiers})).ok();
        put_product(vendor, "generative-design", None, 0, OPENING);
        let results = json!({"results": {"study": {"unit": "each", "tokens": "11"}}});
        vendor.put(&format!("/v1/products/generative-design/rates/{OPENING}"), &results).ok();
        // What can be taken away, and is not made by chance.
        let cap = json!({"of": "team", "per": "day", "tokens": "1000", "hard": false});
        vendor.put("/v1/teams/acme/caps/k1", &cap).ok();
        let credits = json!({"credits": "100", "ends_at": "2027-01-01T00:00:00Z"});
        vendor.put("/v1/teams/acme/members/ana/credits/g1", &credits).ok();
        let (from, to) = ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z");
        let agreement = json!({"price_list": "acme-2026", "rates": {}, "starts_at": from, "ends_at": to});
        vendor.put("/v1/teams/acme/agreements/a2", &agreement).ok();
        let parts = json!([{"result": "study", "quantity": "2"}]);
        for job in ["j1", "j2", "j3"] {
            let body = json!({"team": "acme", "member": "ana", "product": "generative-design", "parts": parts});
            vendor.put(&format!("/v1/jobs/{job}"), &body).ok();
        }
        let opened = vendor.put("/v1/sessions/s1", &opening("ana", "mudbox", "laptop")).ok();
        vendor.put("/v1/sessions/s3", &opening("ben", "mudbox", "laptop")).ok();
        let charge = opened["charged"][0]["charge"].as_str().unwrap().to_owned();
        let other = vendor.post("/v1/api-keys", &json!({"scope": "team", "team": "globex"})).ok();
        let other_key = other["key"].as_str().unwrap().to_owned();
        // A machine's keys, of one whom nobody takes away.
        put_member(vendor, "acme", "dora");
        let enrol = || vendor.post("/v1/teams/acme/members/dora/enrolments", &json!({})).ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let shown = json!({"code": enrol()["code"], "device": "laptop"});
        let member_key = text(&shop.server.api().post("/v1/enrolments", &shown).ok()["key"]);
        let (code, enrolment) = (text(&enrol()["code"]), text(&enrol()["enrolment"]));
        Self { shop, charge, other_key, code, enrolment, member_key }
    }

    /// Runs it with this key, to make so many requests of each operation in its longest phase.
    fn run(&self, key: Option<&str>, examples: u32) -> Report {
        let folder = self.shop.folder.beside("work");
        let report = folder.join("report.json");
        let mut command = Command::new(program());
        command.arg("--config-file").arg(beside_this("schemathesis.toml"));
        command.args(["run", &format!("{}/openapi.json", self.shop.server.base()), "--no-color"]);
        command.args(["--max-examples", &examples.to_string()]);
        command.args(["--report", "json", "--report-json-path"]).arg(&report);
        if let Some(key) = key {
            command.args(["--header", &format!("Authorization: Bearer {key}")]);
        }
        command.env("OTHER_KEY", &self.other_key).env("CHARGE", &self.charge);
        command.env("CODE", &self.code).env("ENROLMENT", &self.enrolment).env("MEMBER_KEY", &self.member_key);
        let output = command.current_dir(&folder).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));

        let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap();
        assert_eq!(report["complete"], true, "{text}");
        // The stream of events has no end, and is left out.
        assert_eq!(count("/operations/tested") + 1, count("/operations/total"), "{text}");
        let report = Report { operations: count("/operations/total"), requests: count("/test_cases/generated") };
        println!("{} operations, {} requests", report.operations, report.requests);
        report
    }

    /// No answer was a server error, also none that nobody looked at, and the ledger is whole.
    fn ends_well(self) {
        for ((method, path), statuses) in statuses(&self.shop.vendor) {
            assert!(!statuses.iter().any(|status| status.starts_with('5')), "{method} {path}: {statuses:?}");
        }
        let Shop { folder, server, .. } = self.shop;
        server.stop();
        folder.verify();
    }
}

/// The statuses that each operation was answered with, by method and path, as the server counted them.
fn statuses(api: &Api) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut statuses = BTreeMap::<_, BTreeSet<String>>::new();
    for line in api.get("/metrics").text.lines().filter(|line| line.starts_with("jeton_http_requests_total{")) {
        let label =
            |name: &str| line.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0.to_owned();
        statuses.entry((label("method"), label("path"))).or_default().insert(label("status"));
    }
    statuses
}

fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-env/schemathesis/bin/schemathesis");
    assert!(program.is_file(), "schemathesis is not installed; `cargo xtask test` does it");
    program
}

fn beside_this(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis").join(name)
}
