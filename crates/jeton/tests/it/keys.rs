//! Every operation of the public contract against every kind of wrong key. The document that the server itself
//! serves says which operations there are: one that has no row in the table, or a row that is no operation, fails.

mod table;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{Answer, Api};
use crate::support::shop::{Shop, opening, put_member, put_team};
use table::{About, Row, Scope, table};

/// The shop with one of everything that a path can name, and a key of every kind.
struct Stage {
    shop: Shop,
    /// By whom, and the key.
    good: Vec<(Scope, String)>,
    /// Of others: the scope, what they are not of, and the key.
    strangers: Vec<(Scope, About, String)>,
    /// None at all, altered, ended, revoked.
    bad: Vec<(&'static str, Option<String>)>,
    /// The id of a charge, and of a key.
    charge: String,
    key: String,
}

fn stage() -> Stage {
    let shop = Shop::open(1_000);
    let vendor = &shop.vendor;
    put_team(vendor, "globex", "UTC");
    put_member(vendor, "globex", "gus");
    let industry = json!({"code": "aec", "names": {"en": "Construction", "fr": "Construction"}});
    let architecture = json!({"names": {"en": "Architecture", "fr": "Architecture"}, "industry": industry});
    vendor.put("/v1/uses/architecture", &architecture).ok();
    vendor.put("/v1/products/autocad/rates/2027-01-01T00:00:00Z", &json!({"per_day": "8"})).ok();
    let seat = json!({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-06-02T08:00:00Z"});
    vendor.put("/v1/teams/acme/members/ana/seats/revit", &seat).ok();
    let opened = vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
    let charge = opened["charged"][0]["charge"].as_str().unwrap().to_owned();

    let key = |arguments: &[&str]| shop.folder.key(arguments);
    let good = vec![
        (Scope::Vendor, shop.vendor_key.clone()),
        (Scope::Team, key(&["--scope", "team", "--team", "acme"])),
        (Scope::Product, key(&["--scope", "product", "--product", "autocad"])),
        (Scope::Member, key(&["--scope", "member", "--member", "acme/ana"])),
    ];
    let strangers = vec![
        (Scope::Team, About::Acme, key(&["--scope", "team", "--team", "globex"])),
        (Scope::Member, About::Acme, key(&["--scope", "member", "--member", "globex/gus"])),
        (Scope::Member, About::Ana, key(&["--scope", "member", "--member", "acme/ben"])),
        (Scope::Product, About::Autocad, key(&["--scope", "product", "--product", "revit"])),
    ];
    let ended = key(&["--scope", "vendor", "--ends", "2026-03-02T08:01:00Z"]);
    let created = vendor.post("/v1/api-keys", &json!({"scope": "vendor", "label": "to be revoked"})).ok();
    let revoked = created["secret"].as_str().unwrap().to_owned();
    for key in [&ended, &revoked] {
        assert_eq!(vendor.with(key).get("/v1/settings").status, 200, "it was good before");
    }
    vendor.delete(&format!("/v1/api-keys/{}", created["key"].as_str().unwrap())).ok();
    vendor.clock("2026-03-02T08:01:00Z");

    let bad = vec![
        ("no key", None),
        ("an altered key", Some(altered(&shop.vendor_key))),
        ("no key of ours", Some("jtn_x".to_owned())),
        ("an ended key", Some(ended)),
        ("a revoked key", Some(revoked)),
    ];
    let to_revoke = vendor.post("/v1/api-keys", &json!({"scope": "team", "team": "globex"})).ok();
    let key = to_revoke["key"].as_str().unwrap().to_owned();
    Stage { shop, good, strangers, bad, charge, key }
}

/// The same key with one letter in its middle changed.
fn altered(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let middle = letters.len() / 2;
    letters[middle] = if letters[middle] == 'a' { 'b' } else { 'a' };
    letters.into_iter().collect()
}

impl Stage {
    fn send(&self, row: &Row, key: Option<&str>) -> Answer {
        let api = self.shop.server.api();
        let api: Api = key.map_or_else(|| api.clone(), |key| api.with(key));
        match &row.body {
            Some(Value::String(csv)) => api.post_csv(&row.path, csv.clone()),
            body => api.send(&row.method, &row.path, body.as_ref()),
        }
    }

    /// Everything that a write could have changed.
    fn ledger(&self) -> Vec<Value> {
        let vendor = &self.shop.vendor;
        let of = |path: &str| vendor.list(path);
        [
            of("/v1/teams/acme/entries"),
            of("/v1/teams/globex/entries"),
            of("/v1/products"),
            of("/v1/price-lists"),
            of("/v1/uses"),
            of("/v1/api-keys"),
            of("/v1/teams/acme/members/ana/enrolments"),
            of("/v1/teams"),
            vec![vendor.get("/v1/sandbox/clock").ok(), vendor.get("/v1/settings").ok()],
        ]
        .concat()
    }
}

#[test]
fn every_operation_of_the_document_is_in_the_table_and_the_other_way_round() {
    let shop = Shop::open(100);
    let document = shop.server.api().get("/openapi.json").ok();
    let operations = operations(&document);
    let mut covered = BTreeSet::new();
    let mut unknown = Vec::new();
    for row in table("c1", "key_1") {
        match operation_of(&operations, &row) {
            Some(operation) => {
                covered.insert(operation);
            }
            None => unknown.push(format!("{} {}", row.method, row.path)),
        }
    }
    let missing: Vec<_> = operations.difference(&covered).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "without a row: {missing:?}; no operation: {unknown:?}");
}

#[test]
fn a_bad_key_opens_nothing() {
    let stage = stage();
    let before = stage.ledger();
    for row in &table(&stage.charge, &stage.key) {
        for (what, key) in &stage.bad {
            let answer = stage.send(row, key.as_deref());
            if row.may.is_none() {
                assert_ne!(answer.status, 401, "{} {} with {what}: {}", row.method, row.path, answer.text);
            } else {
                assert_eq!(answer.status, 401, "{} {} with {what}: {}", row.method, row.path, answer.text);
            }
        }
    }
    assert_eq!(before, stage.ledger(), "nothing was done");
}

#[test]
fn a_key_of_too_small_a_scope_or_of_somebody_else_opens_nothing() {
    let stage = stage();
    let before = stage.ledger();
    for row in table(&stage.charge, &stage.key).iter().filter(|row| row.may.is_some()) {
        for (scope, key) in stage.good.iter().filter(|(scope, _)| !row.is_for(*scope)) {
            let answer = stage.send(row, Some(key));
            assert_eq!(answer.status, 403, "{} {} as {scope:?}: {}", row.method, row.path, answer.text);
        }
    }
    assert_eq!(before, stage.ledger(), "nothing was done");

    for row in table(&stage.charge, &stage.key).iter().filter(|row| row.may.is_some()) {
        for (scope, not_of, key) in &stage.strangers {
            if row.is_for(*scope) && !row.about.contains(not_of) {
                continue;
            }
            let answer = stage.send(row, Some(key));
            // Another team's things are answered as if they were not there.
            let expected: &[u16] = if row.is_for(*scope) && *not_of == About::Acme { &[404] } else { &[403, 404] };
            let shown = format!("{} {} as another {scope:?}: {}", row.method, row.path, answer.text);
            assert!(expected.contains(&answer.status), "{shown}");
            assert!(!answer.text.contains(&stage.charge) || row.path.contains(&stage.charge), "{shown}");
        }
    }
    assert_eq!(before, stage.ledger(), "nothing was done");
}

#[test]
fn a_good_key_of_the_right_scope_is_let_in() {
    let stage = stage();
    for row in &table(&stage.charge, &stage.key) {
        for (scope, key) in stage.good.iter().filter(|(scope, _)| row.is_for(*scope)) {
            let answer = stage.send(row, Some(key));
            // Events end only when they are refused: by a place that is not there, to whom they may be told.
            let no_such_place = answer.status == 400 && answer.text.contains("\"after\"");
            let let_in = ![400, 401, 403].contains(&answer.status) || no_such_place;
            assert!(let_in, "{} {} as {scope:?}: {}", row.method, row.path, answer.text);
        }
    }
}

#[test]
fn what_a_member_reads_is_its_own() {
    let stage = stage();
    let ana = &stage.good[3].1;
    let ben = &stage.strangers[2].2;
    let api = stage.shop.server.api();
    assert_eq!(api.with(ana).list("/v1/teams/acme/charges").len(), 1);
    assert_eq!(api.with(ben).list("/v1/teams/acme/charges").len(), 0);
    let sessions = |key: &str| api.with(key).list("/v1/sessions?team=acme").len();
    assert_eq!((sessions(ana), sessions(ben)), (1, 0));
    let revit = &stage.strangers[3].2;
    assert_eq!(sessions(revit), 0, "a product key sees its product's");
}

/// `PUT /v1/teams/{team}` and the like.
fn operations(document: &Value) -> BTreeSet<(Method, String)> {
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes())
                && ["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str())
            {
                operations.insert((method, path.clone()));
            }
        }
    }
    assert!(operations.len() > 40, "{operations:?}");
    operations
}

/// The operation that a row's path is of: where several fit, the one with the most words of its own.
fn operation_of(operations: &BTreeSet<(Method, String)>, row: &Row) -> Option<(Method, String)> {
    let path = row.path.split('?').next().unwrap_or_default();
    let own = |template: &str| template.split('/').filter(|part| !part.starts_with('{')).count();
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(own, part)| own.starts_with('{') || own == part)
    };
    operations
        .iter()
        .filter(|(method, template)| *method == row.method && fits(template))
        .max_by_key(|(_, template)| own(template))
        .cloned()
}
