//! The two kinds of PUT, and what may be sent again: statuses, revisions, conditions, once-only ids (V4).

use axum::http::Method;
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::house::{Client, House, Told};
use crate::shop::{beat, beats, clock, close, member, open, opening, order, shop, team};

async fn put_if(client: &Client, path: &str, body: Value, condition: &str) -> Told {
    client.ask(Method::PUT, path, &[("if-match", condition)], Some(body)).await
}

/// What every team and installation has from the beginning, so that it is never new.
fn stands_from_the_beginning(path: &str) -> bool {
    ["/v1/settings", "/v1/teams/acme/blocked-products", "/v1/teams/acme/required-tags"].contains(&path)
}

/// Every configuration: its path, a content, another content.
fn configurations() -> Vec<(&'static str, Value, Value)> {
    let names = |name: &str| json!({"en": name, "fr": name});
    let industry = json!({"code": "aec", "names": names("Construction")});
    let team = |name: &str| json!({"name": name, "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris", "locale": "fr"});
    let person = |name: &str| json!({"email": "carol@acme.example", "name": name, "role": "member"});
    let seat = |end: &str| json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": end});
    let group = |products: Value| json!({"name": "Night shift", "members": ["bob"], "products": products});
    let cap = |hard: bool| json!({"of": {"member": "bob"}, "per": "day", "tokens": "20", "hard": hard});
    let plan =
        |plan: &str| json!({"plan": plan, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"});
    let agreement = |rate: &str| json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": "2029-04-01T00:00:00Z", "rates": {"revit": {"per_day": rate}}});
    let credits = |credits: &str| json!({"credits": credits, "ends_at": "2027-01-01T00:00:00Z"});
    let list = |price: &str| json!({"currency": "USD", "tiers": [{"from": 1, "unit_price": price}]});
    vec![
        (
            "/v1/uses/film",
            json!({"names": names("Film"), "industry": industry}),
            json!({"names": names("Films"), "industry": industry}),
        ),
        (
            "/v1/products/flame",
            json!({"names": names("Flame")}),
            json!({"names": names("Flame"), "undo_interval_s": 0}),
        ),
        ("/v1/products/autocad/rates/2027-01-01T00:00:00Z", json!({"per_day": "8"}), json!({"per_day": "9"})),
        ("/v1/price-lists/dollars", list("3.50"), list("3.40")),
        ("/v1/settings", json!({"devices": 4}), json!({"devices": 5})),
        ("/v1/teams/globex", team("Globex"), team("Globex SA")),
        ("/v1/teams/acme/members/carol", person("Carol"), person("Carol Blanc")),
        ("/v1/teams/acme/members/bob/assignment", json!({"products": "all"}), json!({"products": ["revit"]})),
        ("/v1/teams/acme/members/bob/seats/revit", seat("2027-04-01T00:00:00Z"), seat("2028-04-01T00:00:00Z")),
        ("/v1/teams/acme/blocked-products", json!({"products": ["mudbox"]}), json!({"products": ["revit"]})),
        ("/v1/teams/acme/groups/night", group(json!(null)), group(json!(["revit"]))),
        ("/v1/teams/acme/caps/bobs", cap(true), cap(false)),
        ("/v1/teams/acme/required-tags", json!({"tags": ["project"]}), json!({"tags": ["client", "project"]})),
        ("/v1/teams/acme/plan", plan("premium"), plan("enterprise")),
        ("/v1/teams/acme/agreements/a", agreement("9"), agreement("8")),
        ("/v1/teams/acme/members/bob/credits/c", credits("100"), credits("90.5")),
    ]
}

#[tokio::test]
async fn configuration_is_201_when_new_and_200_after_with_a_revision_that_changes_with_it() {
    let house = shop().await;
    let vendor = &house.vendor;
    for (path, first, second) in configurations() {
        let made = vendor.put(path, first.clone()).await;
        assert_eq!(made.status, if stands_from_the_beginning(path) { 200 } else { 201 }, "{made}");
        let read = vendor.get(path).await;
        assert_eq!((read.status, read.etag()), (200, made.etag()), "{read}");
        assert_eq!(read.body, made.body, "{path}");

        let again = vendor.put(path, first).await;
        assert_eq!((again.status, again.etag()), (200, made.etag()), "the same changes nothing: {again}");

        let changed = vendor.put(path, second).await;
        assert_eq!(changed.status, 200, "{changed}");
        assert_ne!(changed.etag(), made.etag(), "{path}");
        assert_eq!(vendor.get(path).await.body, changed.body, "{path}");
    }
}

#[tokio::test]
async fn configuration_is_written_only_as_it_was_last_seen() {
    let house = shop().await;
    let vendor = &house.vendor;
    for (path, first, second) in configurations() {
        put_if(vendor, path, first.clone(), "\"1\"").await.refused(412, "precondition_failed");
        if !stands_from_the_beginning(path) {
            put_if(vendor, path, first.clone(), "*").await.refused(412, "precondition_failed");
            // A team without a plan has one in force all the same.
            let absent = if path.ends_with("/plan") { 200 } else { 404 };
            let read = vendor.get(path).await;
            assert_eq!((read.status, read.header("etag")), (absent, None), "{path}");
        }
        let made = vendor.put(path, first.clone()).await;
        put_if(vendor, path, second.clone(), "\"999999\"").await.refused(412, "precondition_failed");
        put_if(vendor, path, second.clone(), &format!("W/{}", made.etag())).await.refused(412, "precondition_failed");
        put_if(vendor, path, second.clone(), "7").await.unreadable("If-Match");
        assert_eq!(vendor.get(path).await.etag(), made.etag(), "{path}");
        let changed = put_if(vendor, path, second, &format!("\"999999\", {}", made.etag())).await;
        assert_eq!(changed.status, 200, "{changed}");
        put_if(vendor, path, first.clone(), &made.etag()).await.refused(412, "precondition_failed");
        put_if(vendor, path, first, "*").await.is(200);
    }
}

#[tokio::test]
async fn what_is_deleted_is_204_and_then_is_not_there() {
    let house = shop().await;
    let vendor = &house.vendor;
    for (path, code) in [
        ("/v1/products/autocad/rates/2027-01-01T00:00:00Z", "unknown_rate"),
        ("/v1/teams/acme/members/bob/assignment", "unknown_assignment"),
        ("/v1/teams/acme/members/bob/seats/revit", "unknown_seat"),
        ("/v1/teams/acme/groups/night", "unknown_group"),
        ("/v1/teams/acme/caps/bobs", "unknown_cap"),
        ("/v1/teams/acme/agreements/a", "unknown_agreement"),
    ] {
        vendor.delete(path).await.refused(404, code);
        let (_, first, _) = configurations().into_iter().find(|(of, ..)| *of == path).unwrap();
        let made = vendor.put(path, first.clone()).await;
        let stale = vendor.ask(Method::DELETE, path, &[("if-match", "\"999999\"")], None).await;
        stale.refused(412, "precondition_failed");
        let gone = vendor.ask(Method::DELETE, path, &[("if-match", &made.etag())], None).await;
        assert_eq!((gone.status, &gone.body), (204, &Value::Null), "{gone}");
        vendor.get(path).await.refused(404, code);
        vendor.delete(path).await.refused(404, code);
        let anew = vendor.put(path, first).await;
        assert_eq!(anew.status, 201, "{anew}");
        assert_ne!(anew.etag(), made.etag(), "{path}");
    }
}

#[tokio::test]
async fn a_member_who_is_deactivated_is_still_there() {
    let house = shop().await;
    let bob = "/v1/teams/acme/members/bob";
    assert_eq!(house.vendor.delete(bob).await.status, 204);
    assert_eq!(house.vendor.delete(bob).await.status, 204);
    let read = house.vendor.get(bob).await.is(200);
    assert_eq!(read["active"], false);
    let body = json!({"email": read["email"], "name": read["name"], "role": read["role"]});
    assert_eq!(house.vendor.put(bob, body).await.is(200)["active"], true);
}

#[tokio::test]
async fn c2_a_rate_that_has_begun_is_told_again_and_never_changed() {
    let house = shop().await;
    let rate = "/v1/products/autocad/rates/2026-01-01T00:00:00Z";
    // As instants and numbers, not as texts.
    let same =
        house.vendor.put("/v1/products/autocad/rates/2026-01-01T01:00:00+01:00", json!({"per_day": "7.000"})).await;
    assert_eq!(same.is(200)["per_day"], "7");
    let refused = house.vendor.put(rate, json!({"per_day": "8"})).await.refused(409, "rate_in_force");
    assert_eq!((&refused["rule"], &refused["starts_at"]), (&json!("C2"), &json!("2026-01-01T00:00:00Z")));
    house.vendor.delete(rate).await.refused(409, "rate_in_force");
}

#[tokio::test]
async fn v4_an_order_is_placed_once() {
    let house = shop().await;
    let placed = order(&house.vendor, "o2", 100).await.is(201);
    assert_eq!(order(&house.vendor, "o2", 100).await.is(200), placed);
    order(&house.vendor, "o2", 101).await.refused(409, "id_reused");
    let by_card = json!({"quantity": 100, "payment": "card"});
    house.vendor.put("/v1/teams/acme/orders/o2", by_card.clone()).await.refused(409, "id_reused");
    let balance = house.vendor.get("/v1/teams/acme/balance").await.is(200);
    assert_eq!(balance["granted"], "5100");

    // Paid, it is told as it is now; and the id is another order's in another team.
    let payment = "/v1/teams/acme/orders/o2/payment";
    let paid = house.vendor.post(payment, json!({"reference": "first"})).await.is(200);
    assert_eq!(house.vendor.post(payment, json!({"reference": "second"})).await.is(200), paid);
    assert_eq!(order(&house.vendor, "o2", 100).await.is(200), paid);
    team(&house.vendor, "globex").await;
    house.vendor.put("/v1/teams/globex/orders/o2", by_card).await.is(201);
}

#[tokio::test]
async fn v4_a_refusal_binds_no_id() {
    let house = shop().await;
    house.vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["revit"]})).await.is(200);
    open(&house.vendor, "s1", "alice", "revit").await.refused(409, "product_blocked");
    let mut other = opening("bob", "autocad");
    other["device"] = json!("another");
    house.vendor.put("/v1/sessions/s1", other).await.is(201);
}

#[tokio::test]
async fn v4_an_opening_sent_again_is_told_what_was_decided_and_what_is_now() {
    let house = shop().await;
    let opened = open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    assert_eq!((&opened["state"], &opened["cover"], &opened["hold"]), (&json!("open"), &json!("tokens"), &json!("7")));
    let again = open(&house.vendor, "s1", "alice", "autocad").await.is(200);
    assert_eq!(again, opened);

    beats(&house.vendor, "s1", "2026-03-02", (2..=8).step_by(2).map(|minute| 8 * 60 + minute)).await;
    let charged = open(&house.vendor, "s1", "alice", "autocad").await.is(200);
    for decided in ["cover", "hold", "undo_ends_at", "window", "charged", "lease"] {
        assert_eq!(charged[decided], opened[decided], "{decided}");
    }
    assert_ne!(charged["next_charge"], opened["next_charge"]);

    let closed = close(&house.vendor, "s1").await.is(200);
    assert_eq!(close(&house.vendor, "s1").await.is(200), closed);
    let ended = open(&house.vendor, "s1", "alice", "autocad").await.is(200);
    assert_eq!((&ended["state"], &ended["lease"]), (&json!("ended"), &opened["lease"]));
    beat(&house.vendor, "s1").await.refused(409, "session_ended");
    let all = house.vendor.get("/v1/teams/acme/charges").await.is(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn v4_another_opening_under_the_same_id_is_refused() {
    let house = shop().await;
    team(&house.vendor, "globex").await;
    member(&house.vendor, "globex", "alice", "member").await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    for (field, value) in [
        ("team", json!("globex")),
        ("member", json!("bob")),
        ("product", json!("revit")),
        ("version", json!("2026")),
        ("device", json!("another")),
        ("tags", json!({"project": "tower"})),
    ] {
        let mut body = opening("alice", "autocad");
        body[field] = value;
        let refused = house.vendor.put("/v1/sessions/s1", body).await.refused(409, "id_reused");
        assert_eq!(refused["rule"], "V4", "{field}");
        let told: Vec<&String> = refused.as_object().unwrap().keys().collect();
        assert_eq!(told, ["code", "detail", "rule", "status", "title", "type"], "and nothing more");
    }
    // What defaults fill in, and what nobody knows, makes no other content.
    let mut body = opening("alice", "autocad");
    body["tags"] = json!({});
    body["mood"] = json!("good");
    assert_eq!(house.vendor.put("/v1/sessions/s1", body).await.is(200)["ignored"], json!(["mood"]));
}

#[tokio::test]
async fn a_close_that_made_a_charge_tells_it_again() {
    let house = shop().await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    beats(&house.vendor, "s1", "2026-03-02", [8 * 60 + 2, 8 * 60 + 4]).await;
    clock(&house.vendor, "2026-03-02T08:05:00Z").await;
    let closed = close(&house.vendor, "s1").await.is(200);
    assert_eq!(closed["charged"][0]["tokens"], "7");
    clock(&house.vendor, "2026-03-05T08:00:00Z").await;
    assert_eq!(close(&house.vendor, "s1").await.is(200), closed);
}

#[tokio::test]
async fn an_api_key_is_made_once_per_idempotency_key() {
    let house = House::new().await;
    let ask = async |idempotency: &[(&str, &str)], label: &str| {
        let body = json!({"scope": "vendor", "label": label});
        house.vendor.ask(Method::POST, "/v1/api-keys", idempotency, Some(body)).await
    };
    ask(&[], "first").await.unreadable("Idempotency-Key");
    ask(&[("idempotency-key", "")], "first").await.unreadable("Idempotency-Key");
    let made = ask(&[("idempotency-key", "k1")], "first").await;
    assert_eq!(made.header("location"), Some(format!("/v1/api-keys/{}", made.body["key"].as_str().unwrap()).as_str()));
    let made = made.is(201);
    let again = ask(&[("idempotency-key", "k1")], "first").await.is(200);
    assert_eq!((&again["key"], &again["secret"]), (&made["key"], &Value::Null));
    ask(&[("idempotency-key", "k1")], "second").await.refused(409, "id_reused");
    ask(&[("idempotency-key", "k2")], "first").await.is(201);

    let second = house.vendor.showing(made["secret"].as_str().unwrap());
    second.get("/v1/teams").await.is(200);
    let path = format!("/v1/api-keys/{}", made["key"].as_str().unwrap());
    assert_eq!(house.vendor.delete(&path).await.status, 204);
    assert_eq!(house.vendor.delete(&path).await.status, 204);
    second.get("/v1/teams").await.refused(401, "unauthorised");
}

/// Asks and hangs up at once: what was asked is under way, and nobody waits for the answer.
fn hang_up(asked: impl Future<Output = Told>) {
    let told = asked.now_or_never();
    assert!(told.is_none(), "the work is the asker's own, and is broken off with it: {told:?}");
}

#[tokio::test]
async fn v4_who_hangs_up_leaves_nothing_half_done() {
    let house = shop().await;
    let vendor = &house.vendor;
    let person = |name: &str| json!({"email": format!("{name}@acme.example"), "name": name, "role": "member"});
    hang_up(vendor.put("/v1/teams/acme/members/carol", person("carol")));
    vendor.put("/v1/teams/acme/members/dave", person("dave")).await.is(201);
    for name in ["carol", "dave"] {
        let path = format!("/v1/teams/acme/members/{name}");
        assert_eq!(vendor.get(&path).await.is(200)["email"], format!("{name}@acme.example"));
        vendor.put(&path, person(name)).await.is(200);
    }

    let new_key = || {
        let body = json!({"scope": "vendor", "label": "late"});
        vendor.ask(Method::POST, "/v1/api-keys", &[("idempotency-key", "k1")], Some(body))
    };
    hang_up(new_key());
    let again = new_key().await.is(200);
    assert_eq!(again["secret"], Value::Null, "it went with the answer");
    hang_up(vendor.delete(&format!("/v1/api-keys/{}", again["key"].as_str().unwrap())));
    assert_ne!(new_key().await.is(200)["revoked_at"], Value::Null);

    hang_up(open(vendor, "s1", "carol", "autocad"));
    let mut elsewhere = opening("carol", "autocad");
    elsewhere["device"] = json!("carols-desktop");
    vendor.put("/v1/sessions/s2", elsewhere).await.is(201);
    assert_eq!(vendor.get("/v1/sessions/s1").await.is(200)["device"], opening("carol", "autocad")["device"]);
}

#[tokio::test]
async fn quote_is_a_session_id_like_any_other() {
    let house = shop().await;
    house.vendor.get("/v1/sessions/quote").await.refused(404, "unknown_session");
    let opened = open(&house.vendor, "quote", "alice", "autocad").await.is(201);
    assert_eq!(opened["session"], "quote");
    beat(&house.vendor, "quote").await.is(200);
    assert_eq!(house.vendor.get("/v1/sessions/quote").await.is(200)["session"], "quote");
    let quoted = house.vendor.post("/v1/sessions/quote", opening("alice", "revit")).await.is(200);
    assert_eq!(quoted["tokens"], "10");
    assert_eq!(close(&house.vendor, "quote").await.is(200)["session"], "quote");
    // Its doors are those of a session, and of a quote.
    let nobody = house.without_key();
    open(&nobody, "quote", "alice", "autocad").await.refused(401, "unauthorised");
    nobody.get("/v1/sessions/quote").await.refused(401, "unauthorised");
    let refused = house.vendor.delete("/v1/sessions/quote").await;
    assert_eq!(refused.header("allow"), Some("POST,GET,HEAD,PUT"), "{refused}");
    refused.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn what_clients_do_when_the_server_is_away_is_the_products() {
    let house = shop().await;
    let vendor = &house.vendor;
    let names = json!({"en": "Flame", "fr": "Flame"});
    let write = |when: Value| vendor.put("/v1/products/flame", json!({"names": names, "when_unreachable": when}));
    for (when, told) in [(json!(null), "start"), (json!("refuse"), "refuse"), (json!("start"), "start")] {
        assert_eq!(write(when).await.body["when_unreachable"], told);
        assert_eq!(vendor.get("/v1/products/flame").await.is(200)["when_unreachable"], told);
    }
    write(json!("wait")).await.unreadable("when_unreachable");
    vendor.put("/v1/products/flame", json!({"names": names})).await.is(200);
    assert_eq!(vendor.get("/v1/products/flame").await.is(200)["when_unreachable"], "start", "the body is the whole");
}

#[tokio::test]
async fn n2_a_quote_says_to_ask_where_the_team_wants_it_and_something_is_to_be_paid() {
    let house = shop().await;
    let vendor = &house.vendor;
    let write = async |ask: Value| {
        let team = json!({"name": "acme", "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris",
            "locale": "fr", "ask_before_charge": ask});
        let told = vendor.put("/v1/teams/acme", team).await.is(200);
        assert_eq!(told, vendor.get("/v1/teams/acme").await.is(200));
        told["ask_before_charge"].clone()
    };
    let asks = async |product: &str| {
        let quote = vendor.post("/v1/sessions/quote", opening("alice", product)).await.is(200);
        (quote["ask"].as_bool().unwrap(), quote["tokens"].clone())
    };
    let free = json!({"names": {"en": "Viewer", "fr": "Viewer"}});
    vendor.put("/v1/products/viewer", free).await.is(201);
    vendor.put("/v1/products/viewer/rates/2026-01-01T00:00:00Z", json!({"per_day": "0"})).await.is(201);

    assert_eq!(write(json!(null)).await, json!(false));
    assert_eq!(asks("autocad").await, (false, json!("7")));
    assert_eq!(write(json!(true)).await, json!(true));
    assert_eq!(asks("autocad").await, (true, json!("7")));
    assert_eq!(asks("mudbox").await, (true, json!("1")), "a charge at once, too");
    assert_eq!(asks("viewer").await, (false, json!("0")), "nothing is to be paid");

    // What is covered already costs nothing more, and what is refused nothing at all.
    open(vendor, "s1", "alice", "autocad").await.is(201);
    assert_eq!(asks("autocad").await, (false, json!("0")), "a hold is pending");
    let seat = json!({"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"});
    vendor.put("/v1/teams/acme/members/alice/seats/revit", seat).await.is(201);
    assert_eq!(asks("revit").await, (false, json!("0")), "a seat");
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["mudbox"]})).await.is(200);
    assert_eq!(asks("mudbox").await, (false, Value::Null), "blocked");
    assert_eq!(write(json!(false)).await, json!(false));
}
