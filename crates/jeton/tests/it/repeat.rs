//! Sent again (V4): the same is told again what was decided, the lease byte for byte; other content is refused.

use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::process::Server;
use crate::support::shop::{OPENING, Shop, opening, put_member, put_product, put_team};

/// What an answer says of what was decided; the rest of it is of the moment.
const DECIDED: [&str; 7] = ["session", "cover", "hold", "undo_ends_at", "window", "charged", "lease"];

/// The same opening again: 200, and what was decided.
fn told_again(vendor: &Api, session: &str, first: &Value) -> Value {
    let member = first["sent"]["member"].as_str().unwrap();
    let answer = vendor.put(&format!("/v1/sessions/{session}"), &first["sent"]);
    assert_eq!(answer.status, 200, "{}", answer.text);
    for field in DECIDED {
        assert_eq!(answer.body[field], first["answer"][field], "{field} of {session} of {member}");
    }
    answer.body
}

/// Opens for the first time, and keeps what was sent and answered.
fn open(vendor: &Api, session: &str, sent: &Value) -> Value {
    let answer = vendor.put(&format!("/v1/sessions/{session}"), sent);
    assert_eq!(answer.status, 201, "{}", answer.text);
    json!({"sent": sent, "answer": answer.body})
}

#[test]
fn v4_an_opening_sent_again_is_told_what_was_decided() {
    let mut shop = Shop::open(100);
    put_product(&shop.vendor, "maya", Some("6"), 300, OPENING);
    let seat = json!({"starts_at": OPENING, "ends_at": "2026-06-02T08:00:00Z"});
    shop.vendor.put("/v1/teams/acme/members/ana/seats/revit", &seat).ok();

    let firsts = [
        ("charged", open(&shop.vendor, "charged", &opening("ana", "autocad", "laptop"))),
        ("held", open(&shop.vendor, "held", &opening("ana", "maya", "laptop"))),
        ("joined", open(&shop.vendor, "joined", &opening("ana", "maya", "desktop"))),
        ("seated", open(&shop.vendor, "seated", &opening("ana", "revit", "laptop"))),
        ("windowed", open(&shop.vendor, "windowed", &opening("ana", "autocad", "desktop"))),
    ];
    assert_eq!(firsts[0].1["answer"]["charged"][0]["tokens"], json!("7"));
    assert_eq!(firsts[1].1["answer"]["hold"], json!("6"));
    assert_eq!(firsts[3].1["answer"]["cover"], json!("seat"));
    assert_eq!(firsts[4].1["answer"]["cover"], json!("window"));
    for (_, first) in &firsts {
        let lease = first["answer"]["lease"].as_str().unwrap();
        assert_eq!(lease.split('.').count(), 3, "a lease is a compact JWS: {lease}");
    }
    let all_told_again = |shop: &Shop, state: &str| {
        for (session, first) in &firsts {
            assert_eq!(told_again(&shop.vendor, session, first)["state"], json!(state), "{session}");
        }
        let balance = shop.vendor.get("/v1/teams/acme/balance").ok();
        assert_eq!(shop.vendor.list("/v1/teams/acme/charges").len(), 1, "{balance}");
        balance["available"].clone()
    };
    assert_eq!(all_told_again(&shop, "open"), json!("87"));

    shop = shop.restart(Server::kill);
    assert_eq!(all_told_again(&shop, "open"), json!("87"));

    // What has become of it since is of now; what was decided stays: the hold is told although it is released.
    shop.vendor.clock("2026-03-02T08:02:00Z");
    for (session, _) in &firsts {
        let closed = shop.vendor.post(&format!("/v1/sessions/{session}/close"), &json!({})).ok();
        assert_eq!(closed["state"], json!("ended"));
    }
    assert_eq!(all_told_again(&shop, "ended"), json!("93"));

    // Long after, and from the read tables alone.
    shop.vendor.clock("2026-04-02T08:00:00Z");
    shop = shop.restart(Server::stop);
    assert_eq!(all_told_again(&shop, "ended"), json!("93"));
    shop.server.stop();
    shop.folder.verify();
}

#[test]
fn v4_the_same_id_with_other_content_is_refused() {
    let mut shop = Shop::open(100);
    put_team(&shop.vendor, "globex", "UTC");
    put_member(&shop.vendor, "globex", "gus");
    let mut sent = opening("ana", "autocad", "laptop");
    sent["version"] = json!("2026");
    open(&shop.vendor, "s1", &sent);

    let others = |shop: &Shop| {
        for (field, other) in [("member", "ben"), ("product", "revit"), ("device", "desktop"), ("version", "2025")] {
            let mut other_content = sent.clone();
            other_content[field] = json!(other);
            shop.vendor.put("/v1/sessions/s1", &other_content).refused(409, "id_reused");
        }
        shop.vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).refused(409, "id_reused");

        // Of another team: that it was used, and nothing more.
        let mut of_globex = sent.clone();
        of_globex["team"] = json!("globex");
        of_globex["member"] = json!("gus");
        let problem = shop.vendor.put("/v1/sessions/s1", &of_globex).refused(409, "id_reused");
        assert!(!problem.to_string().contains("acme"), "{problem}");
    };
    others(&shop);
    shop = shop.restart(Server::kill);
    others(&shop);
    shop.vendor.post("/v1/sessions/s1/close", &json!({})).ok();
    shop.vendor.clock("2026-03-05T08:00:00Z");
    others(&shop);
    shop = shop.restart(Server::stop);
    others(&shop);
    assert_eq!(shop.vendor.list("/v1/teams/acme/charges").len(), 1);
}

#[test]
fn v4_a_refusal_binds_no_id() {
    let shop = Shop::open(6);
    let refused = shop.vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop"));
    refused.refused(402, "insufficient_tokens");
    open(&shop.vendor, "s1", &opening("ben", "mudbox", "desktop"));
}

#[test]
fn v4_an_order_sent_again_is_one_order() {
    let mut shop = Shop::open(100);
    let sent = json!({"quantity": 5_000, "payment": "invoice"});
    let first = shop.vendor.put("/v1/teams/acme/orders/o1", &sent);
    assert_eq!(first.status, 201, "{}", first.text);
    for other in [json!({"quantity": 5_001, "payment": "invoice"}), json!({"quantity": 5_000, "payment": "card"})] {
        shop.vendor.put("/v1/teams/acme/orders/o1", &other).refused(409, "id_reused");
    }
    shop = shop.restart(Server::kill);
    let again = shop.vendor.put("/v1/teams/acme/orders/o1", &sent);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(shop.vendor.get("/v1/teams/acme/balance").ok()["granted"], json!("5100"));
    let numbers: Vec<Value> = shop.vendor.list("/v1/teams/acme/orders");
    let numbers: Vec<&Value> = numbers.iter().map(|order| &order["invoice"]["number"]).collect();
    assert_eq!(numbers.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn c2_a_rate_that_has_begun_is_never_changed_or_removed() {
    let shop = Shop::open(100);
    let begun = format!("/v1/products/autocad/rates/{OPENING}");
    assert_eq!(shop.vendor.put(&begun, &json!({"per_day": "7"})).status, 200);
    shop.vendor.put(&begun, &json!({"per_day": "8"})).refused(409, "rate_in_force");
    shop.vendor.delete(&begun).refused(409, "rate_in_force");

    let to_come = "/v1/products/autocad/rates/2026-04-01T00:00:00Z";
    assert_eq!(shop.vendor.put(to_come, &json!({"per_day": "8"})).status, 201);
    assert_eq!(shop.vendor.put(to_come, &json!({"per_day": "9"})).status, 200);
    shop.vendor.clock("2026-04-01T00:00:00Z");
    shop.vendor.put(to_come, &json!({"per_day": "8"})).refused(409, "rate_in_force");
    shop.vendor.delete(to_come).refused(409, "rate_in_force");
    let product = shop.vendor.get("/v1/products/autocad").ok();
    assert_eq!(product["rate"]["per_day"], json!("9"));
}
