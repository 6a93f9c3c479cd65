//! Erasure (V5): who is erased is told by a name that is no id, totals stay, and nothing can be asked by it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::conformity::Document;
use crate::house::{Client, House};
use crate::shop::{beat, beats, clock, member, of_member, of_team, open, opening, quick_charge, shop, team};

const ALICE: &str = "/v1/teams/acme/members/alice";
const ERASE: &str = "/v1/teams/acme/members/alice/erase";

/// What must be the same before and after: everything but names.
async fn totals(client: &Client) -> Vec<Value> {
    let mut totals = vec![client.get("/v1/teams/acme/balance").await.is(200)];
    for by in ["product", "day", "tag:project"] {
        totals.push(client.get(&format!("/v1/teams/acme/usage?group_by={by}")).await.is(200));
    }
    for mut row in items(client, "/v1/teams/acme/usage?group_by=member").await {
        row.as_object_mut().unwrap().remove("member");
        totals.push(row);
    }
    for mut charge in items(client, "/v1/teams/acme/charges").await {
        charge.as_object_mut().unwrap().remove("member");
        totals.push(charge);
    }
    totals
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).await.is(200)["items"].as_array().unwrap().clone()
}

/// Everything of the field in this list.
async fn all_of(client: &Client, path: &str, field: &str) -> Vec<Value> {
    items(client, path).await.into_iter().map(|row| row[field].clone()).collect()
}

/// Alice has used two products, and was refused a third; she has one open.
async fn with_use() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    quick_charge(vendor, "quick", "alice").await;
    let mut tagged = opening("alice", "autocad");
    tagged["tags"] = json!({"project": "tower"});
    vendor.put("/v1/sessions/open", tagged).await.is(201);
    quick_charge(vendor, "bobs", "bob").await;
    beats(vendor, "open", "2026-03-02", [482, 484, 486]).await;
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["revit"]})).await.is(200);
    open(vendor, "blocked", "alice", "revit").await.refused(409, "product_blocked");
    house
}

#[tokio::test]
async fn v5_every_total_stays_and_the_erased_has_a_name_that_is_no_id() {
    let house = with_use().await;
    let (vendor, document) = (&house.vendor, Document::new());
    let before = totals(vendor).await;
    let erased = vendor.post(ERASE, json!({})).await.is(200);
    assert_eq!(erased, json!({"member": "~1"}));
    assert_eq!(totals(vendor).await, before);

    let charges = vendor.get("/v1/teams/acme/charges").await.is(200);
    document.check("list_charges", 200, &charges);
    let members: Vec<&Value> = charges["items"].as_array().unwrap().iter().map(|charge| &charge["member"]).collect();
    assert_eq!(members, ["~1", "bob", "~1"]);
    let usage = vendor.get("/v1/teams/acme/usage?group_by=member").await.is(200);
    document.check("get_usage", 200, &usage);
    assert_eq!(usage["items"][0]["member"], "~1");
    let charge = charges["items"][0]["charge"].as_str().unwrap();
    let explained = vendor.get(&format!("/v1/teams/acme/charges/{charge}/explain")).await.is(200);
    document.check("explain_charge", 200, &explained);
    assert_eq!((&explained["member"], &explained["sessions"][0]["device"]), (&json!("~1"), &Value::Null));
    let ended = vendor.get("/v1/sessions/open").await.is(200);
    document.check("get_session", 200, &ended);
    assert_eq!((&ended["member"], &ended["device"], &ended["state"]), (&json!("~1"), &Value::Null, &json!("ended")));
    let entries = vendor.get("/v1/teams/acme/entries").await.is(200);
    document.check("list_entries", 200, &entries);
    for text in [entries, charges, usage, explained, ended].map(|told| told.to_string()) {
        assert!(!text.contains("alice"), "{text}");
    }
    let kinds = all_of(vendor, "/v1/teams/acme/entries", "kind").await;
    assert_eq!(kinds[kinds.len() - 2..], [json!("session_closed"), json!("member_erased")]);
}

#[tokio::test]
async fn v5_nothing_is_asked_by_the_name_of_the_erased() {
    let house = with_use().await;
    let vendor = &house.vendor;
    vendor.post(ERASE, json!({})).await.is(200);
    for path in ["/v1/teams/acme/members/~1", ALICE, "/v1/teams/acme/members/alice/seats"] {
        vendor.get(path).await.refused(404, "unknown_member");
    }
    for filter in ["charges?member=~1", "usage?member=~1", "charges?member=alice"] {
        vendor.get(&format!("/v1/teams/acme/{filter}")).await.refused(404, "unknown_member");
    }
    for path in ["/v1/teams/acme/members/~1/erase", "/v1/teams/acme/members/nobody/erase"] {
        vendor.post(path, json!({})).await.refused(404, "unknown_member");
    }
    vendor.post("/v1/teams/nobody/members/alice/erase", json!({})).await.refused(404, "unknown_team");
    let person = json!({"email": "a@b", "name": "A", "role": "member"});
    vendor.put("/v1/teams/acme/members/~1", person).await.refused(400, "bad_request");
    open(vendor, "new", "~1", "autocad").await.refused(400, "bad_request");
    open(vendor, "new", "alice", "autocad").await.refused(404, "unknown_member");
    // Neither the session that was open goes on, nor what was known of it.
    beat(vendor, "open").await.refused(409, "session_ended");
    vendor.put("/v1/sessions/open", opening("alice", "autocad")).await.refused(409, "id_reused");
    assert_eq!(all_of(vendor, "/v1/teams/acme/members", "member").await, ["bob"]);
}

#[tokio::test]
async fn v5_a_session_that_was_lost_is_not_revived_for_the_erased() {
    let house = with_use().await;
    let vendor = &house.vendor;
    clock(vendor, "2026-03-02T08:30:00Z").await;
    vendor.post(ERASE, json!({})).await.is(200);
    // Her window runs until tomorrow.
    beat(vendor, "open").await.refused(409, "session_ended");
}

#[tokio::test]
async fn v5_erased_again_it_is_answered_alike_and_somebody_new_gets_the_id_and_another_number() {
    let house = with_use().await;
    let vendor = &house.vendor;
    let first = vendor.post(ERASE, json!({})).await.is(200);
    let entries = items(vendor, "/v1/teams/acme/entries").await;
    assert_eq!(vendor.post(ERASE, json!({})).await.is(200), first);
    assert_eq!(items(vendor, "/v1/teams/acme/entries").await, entries, "nothing more is entered");

    member(vendor, "acme", "alice", "member").await;
    quick_charge(vendor, "of-the-new-one", "alice").await;
    assert_eq!(all_of(vendor, "/v1/teams/acme/charges", "member").await, ["alice", "~1", "bob", "~1"]);
    assert_eq!(items(vendor, "/v1/teams/acme/charges?member=alice").await.len(), 1);
    assert_eq!(vendor.post(ERASE, json!({})).await.is(200), json!({"member": "~3"}));
    // The number of the last member is not given again.
    member(vendor, "acme", "alice", "member").await;
    assert_eq!(vendor.post(ERASE, json!({})).await.is(200), json!({"member": "~4"}));
    // Nobody of another team is meant.
    team(vendor, "globex").await;
    member(vendor, "globex", "alice", "member").await;
    assert_eq!(vendor.post(ERASE, json!({})).await.is(200), json!({"member": "~4"}));
    vendor.get("/v1/teams/globex/members/alice").await.is(200);
}

#[tokio::test]
async fn v5_the_keys_and_seats_of_the_erased_end_with_them() {
    let house = with_use().await;
    let vendor = &house.vendor;
    let own = jeton_client::ApiKeyPost { label: Some("Alice's laptop".to_owned()), ..of_member("acme", "alice") };
    let (alice, revoked) = (house.with(&own).await, house.with(&own).await);
    let bob = house.with(&of_member("acme", "bob")).await;
    let ids = all_of(vendor, "/v1/api-keys", "key").await;
    alice.get("/v1/products").await.is(200);
    revoked.get("/v1/products").await.is(200);
    let seat = json!({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-06-02T08:00:00Z"});
    vendor.put("/v1/teams/acme/members/alice/seats/autocad", seat).await.is(201);

    let erased = house.with(&of_team("acme")).await.ask(Method::POST, ERASE, &[], None).await;
    assert_eq!(erased.is(200), json!({"member": "~1"}), "without a body, too");
    alice.get("/v1/products").await.refused(401, "unauthorised");
    revoked.get("/v1/products").await.refused(401, "unauthorised");
    bob.get("/v1/products").await.is(200);
    let keys = items(vendor, "/v1/api-keys").await;
    assert!(ids.iter().all(|id| keys.iter().any(|key| key["key"] == *id)), "keys stay listed");
    let of_the_erased: Vec<&Value> = keys.iter().filter(|key| key["member"] == "~1").collect();
    assert_eq!(of_the_erased.len(), 2);
    for key in of_the_erased {
        assert!(key["label"].is_null() && key["revoked_at"].is_string(), "{key}");
    }
    let kinds = all_of(vendor, "/v1/teams/acme/entries", "kind").await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        [json!("session_closed"), json!("seat_removed"), json!("member_erased")],
        "{kinds:?}"
    );
}
