//! Everything that is read and not decided is made from the log: deleting it between two starts changes no answer.

use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::process::{Folder, Server};
use crate::support::shop::{Shop, opening, order};
use crate::support::until;

#[test]
fn deleting_the_read_tables_changes_no_answer() {
    let mut shop = Shop::open(1_000);
    let vendor = shop.vendor.clone();
    order(&vendor, "acme", "more", 5_000);
    vendor.put("/v1/teams/acme/orders/card", &json!({"quantity": 10, "payment": "card"})).ok();
    vendor.put("/v1/teams/acme/members/ana/assignment", &json!({"products": ["autocad", "revit"]})).ok();
    let seat = json!({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-06-02T08:00:00Z"});
    vendor.put("/v1/teams/acme/members/ben/seats/mudbox", &seat).ok();

    let openings = [
        ("ana-autocad", opening("ana", "autocad", "laptop")),
        ("ana-revit", opening("ana", "revit", "laptop")),
        ("ben-autocad", opening("ben", "autocad", "desktop")),
        ("ben-mudbox", opening("ben", "mudbox", "desktop")),
    ];
    for (session, body) in &openings {
        vendor.put(&format!("/v1/sessions/{session}"), body).ok();
    }
    vendor.put("/v1/sessions/refused", &opening("ana", "mudbox", "laptop")).refused(409, "product_restricted");
    for hour in ["08:06", "08:12", "08:18"] {
        vendor.clock(&format!("2026-03-02T{hour}:00Z"));
        vendor.post("/v1/sessions/ben-autocad/heartbeat", &json!({})).ok();
    }
    vendor.post("/v1/sessions/ben-autocad/close", &json!({})).ok();
    vendor.clock("2026-03-04T10:00:00Z");
    vendor.put("/v1/sessions/ana-again", &opening("ana", "autocad", "laptop")).ok();

    let before = answers(&shop.vendor, &openings);
    shop = shop.restart(Server::stop);
    assert_same(&before, &answers(&shop.vendor, &openings), "after a restart");

    let folder = shop.folder;
    shop.server.stop();
    delete_views(&folder);
    let server = folder.sandbox(None);
    server.ready();
    let vendor = server.api().with(&shop.vendor_key);
    assert_same(&before, &answers(&vendor, &openings), "after the read tables were deleted");
    server.stop();
    folder.verify();

    delete_views(&folder);
    folder.verify();
}

fn delete_views(folder: &Folder) {
    assert!(folder.data().join("views.db").exists(), "the read tables are in a file of their own");
    for name in ["views.db", "views.db-wal", "views.db-shm"] {
        let path = folder.data().join(name);
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// What everybody can ask, by the path that was asked.
fn answers(vendor: &Api, openings: &[(&str, Value)]) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    let mut paths: Vec<String> = [
        "/v1/teams/acme",
        "/v1/teams/acme/balance",
        "/v1/teams/acme/members",
        "/v1/teams/acme/members/ana/assignment",
        "/v1/teams/acme/members/ben/seats",
        "/v1/teams/acme/default-access",
        "/v1/teams/acme/blocked-products",
        "/v1/teams/acme/orders",
        "/v1/teams/acme/orders/card",
        "/v1/teams/acme/charges",
        "/v1/teams/acme/entries",
        "/v1/sessions?team=acme",
        "/v1/products",
        "/v1/price-lists",
    ]
    .map(str::to_owned)
    .into();
    for group in ["product", "member", "day", "month"] {
        paths.push(format!("/v1/teams/acme/usage?from=2026-03-01&to=2026-03-31&group_by={group}"));
    }
    let charges = listed(vendor, "/v1/teams/acme/charges");
    assert_eq!(charges.len(), 4, "{charges:?}");
    for charge in charges {
        paths.push(format!("/v1/teams/acme/charges/{}/explain", charge["charge"].as_str().unwrap()));
    }
    for path in paths {
        let answer = vendor_reads(vendor, &path);
        // Every row of it, if it is a list.
        let answer = if answer["next"].is_string() { json!(listed(vendor, &path)) } else { answer };
        answers.push((path, answer));
    }
    for (session, body) in openings {
        let again = vendor.put(&format!("/v1/sessions/{session}"), body);
        assert_eq!(again.status, 200, "{}", again.text);
        answers.push((format!("PUT {session}"), again.body));
    }
    let again = vendor.put("/v1/teams/acme/orders/card", &json!({"quantity": 10, "payment": "card"}));
    assert_eq!(again.status, 200, "{}", again.text);
    answers.push(("PUT card".to_owned(), again.body));
    let other = opening("ben", "revit", "desktop");
    vendor.put("/v1/sessions/ana-autocad", &other).refused(409, "id_reused");
    answers
}

/// A list may be made again still, and says so.
fn vendor_reads(vendor: &Api, path: &str) -> Value {
    until(path, || {
        let answer = vendor.get(path);
        if answer.status == 503 {
            answer.refused(503, "rebuilding");
            return None;
        }
        Some(answer.ok())
    })
}

fn listed(vendor: &Api, path: &str) -> Vec<Value> {
    vendor_reads(vendor, path);
    vendor.list(path)
}

fn assert_same(before: &[(String, Value)], after: &[(String, Value)], when: &str) {
    for ((path, before), (_, after)) in before.iter().zip(after) {
        assert_eq!(before, after, "{path} {when}");
    }
    assert_eq!(before.len(), after.len());
}
