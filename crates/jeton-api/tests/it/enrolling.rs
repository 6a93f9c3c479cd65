//! Enrolment: a code, good once and for 7 days, is traded for a key of one member and one device.

use axum::http::Method;
use futures_util::future::join_all;
use jeton_app::PaceSettings;
use serde_json::{Value, json};

use crate::house::{Client, House, Told};
use crate::shop::{clock, furnish, member, of_member, of_team, opening, shop, team};

const ENROLMENTS: &str = "/v1/teams/acme/members/alice/enrolments";
const KEYS: &str = "/v1/teams/acme/members/alice/keys";

/// A fresh code of Alice's, and the path of its enrolment.
async fn code(client: &Client) -> (String, String) {
    let made = client.post(ENROLMENTS, json!({})).await.is(201);
    (text(&made["code"]), format!("{ENROLMENTS}/{}", text(&made["enrolment"])))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

async fn trade(client: &Client, code: &str, device: &str) -> Told {
    client.post("/v1/enrolments", json!({"code": code, "device": device})).await
}

fn on(device: &str) -> Value {
    let mut body = opening("alice", "mudbox");
    body["device"] = json!(device);
    body
}

#[tokio::test]
async fn a_code_is_traded_for_a_key_that_is_good_for_its_device_alone() {
    let house = shop().await;
    let (team, nobody) = (house.with(&of_team("acme")).await, house.without_key());
    let made = team.post(ENROLMENTS, json!({})).await;
    assert_eq!(made.header("location"), Some(&*format!("{ENROLMENTS}/{}", text(&made.body["enrolment"]))));
    let made = made.is(201);
    assert_eq!(made["ends_at"], "2026-03-09T08:00:00Z");
    let listed = team.get(ENROLMENTS).await.is(200);
    let open = json!({
        "enrolment": made["enrolment"], "created_at": "2026-03-02T08:00:00Z", "ends_at": "2026-03-09T08:00:00Z",
        "used_at": null, "withdrawn_at": null, "key": null
    });
    assert_eq!(listed, json!({"items": [open], "next": null}));

    clock(&house.vendor, "2026-03-02T08:12:30Z").await;
    let typed = text(&made["code"]).to_lowercase().replace('-', " ");
    let enrolled = trade(&nobody, &typed, "laptop-7").await.is(201);
    let who = [&enrolled["team"], &enrolled["member"], &enrolled["device"]];
    assert_eq!(who, [&json!("acme"), &json!("alice"), &json!("laptop-7")]);
    let read = team.get(&format!("{ENROLMENTS}/{}", text(&made["enrolment"]))).await.is(200);
    assert_eq!((&read["used_at"], &read["key"]), (&json!("2026-03-02T08:12:30Z"), &enrolled["key"]));

    let alice = nobody.showing(&text(&enrolled["secret"]));
    alice.put("/v1/sessions/s1", on("laptop-7")).await.is(201);
    alice.put("/v1/sessions/s2", on("desktop")).await.refused(403, "forbidden");
    alice.post("/v1/sessions/quote", on("laptop-7")).await.is(200);
    alice.post("/v1/sessions/quote", on("desktop")).await.refused(403, "forbidden");
    alice.put("/v1/sessions/s3", opening("bob", "mudbox")).await.refused(404, "unknown_member");
    alice.post(ENROLMENTS, json!({})).await.refused(403, "forbidden");

    let keys = alice.get(KEYS).await.is(200);
    assert_eq!((&keys["items"][0]["key"], &keys["items"][0]["device"]), (&enrolled["key"], &json!("laptop-7")));
    assert_eq!(keys["items"].as_array().map(Vec::len), Some(1));
    let own = format!("{KEYS}/{}", text(&enrolled["key"]));
    assert_eq!(alice.get(&own).await.is(200)["scope"], "member");
    alice.delete(&own).await.is(204);
    alice.get(&own).await.refused(401, "unauthorised");
    assert_eq!(team.get(&own).await.is(200)["revoked_at"], "2026-03-02T08:12:30Z");
}

#[tokio::test]
async fn of_all_who_show_a_code_at_once_one_gets_a_key() {
    let house = shop().await;
    let (code, _) = code(&house.vendor).await;
    let devices: Vec<String> = (0..16).map(|number| format!("device {number}")).collect();
    let nobody = house.without_key();
    let told = join_all(devices.iter().map(|device| trade(&nobody, &code, device))).await;
    let made = told.iter().filter(|told| told.status == 201).count();
    assert_eq!(made, 1);
    for refused in told.into_iter().filter(|told| told.status != 201) {
        refused.refused(404, "unknown_enrolment");
    }
    assert_eq!(house.vendor.get(KEYS).await.is(200)["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_code_is_good_for_seven_days_of_the_servers_clock() {
    let house = shop().await;
    let nobody = house.without_key();
    let ((first, _), (second, _)) = (code(&house.vendor).await, code(&house.vendor).await);
    clock(&house.vendor, "2026-03-09T07:59:59.999999Z").await;
    trade(&nobody, &first, "laptop").await.is(201);
    clock(&house.vendor, "2026-03-09T08:00:00Z").await;
    trade(&nobody, &second, "laptop").await.refused(404, "unknown_enrolment");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_code_is_told_alike() {
    let house = shop().await;
    let (vendor, nobody) = (&house.vendor, house.without_key());
    let (ended, _) = code(vendor).await;
    clock(vendor, "2026-03-09T08:00:00Z").await;
    let ((used, of_used), (withdrawn, path)) = (code(vendor).await, code(vendor).await);
    trade(&nobody, &used, "laptop").await.is(201);
    for _ in 0..2 {
        vendor.delete(&path).await.is(204);
        vendor.delete(&of_used).await.is(204);
    }
    let withdrawn_at = &vendor.get(&path).await.is(200)["withdrawn_at"];
    assert_eq!(withdrawn_at, "2026-03-09T08:00:00Z");
    assert_eq!(vendor.get(&of_used).await.is(200)["withdrawn_at"], Value::Null, "it was used before");

    let mut mistyped = used.clone();
    mistyped.pop();
    let codes = [used, ended, withdrawn, mistyped, "7K3M9-QD2XA-0H5TE-W8VBN-C4R6Y".to_owned(), String::new()];
    let mut told = Vec::new();
    for code in &codes {
        told.push(trade(&nobody, code, "desktop").await.refused(404, "unknown_enrolment"));
    }
    assert!(told.iter().all(|problem| problem == &told[0]), "{told:?}");
    trade(&nobody, "", " ").await.unreadable("device");
}

#[tokio::test]
async fn an_enrolment_that_is_asked_for_again_is_made_once_and_has_no_code_to_tell() {
    let house = shop().await;
    let asked = |key: &'static str, path: &'static str| {
        let vendor = house.vendor.clone();
        async move { vendor.ask(Method::POST, path, &[("idempotency-key", key)], Some(json!({}))).await }
    };
    let first = asked("monday", ENROLMENTS).await.is(201);
    let again = asked("monday", ENROLMENTS).await.is(200);
    assert_eq!((&again["enrolment"], &again["code"]), (&first["enrolment"], &Value::Null));
    let others = [asked("tuesday", ENROLMENTS).await, asked("monday", "/v1/teams/acme/members/bob/enrolments").await];
    for other in others {
        assert_ne!(other.is(201)["enrolment"], first["enrolment"]);
    }
    // Without one, and without a body, each is another.
    house.vendor.ask(Method::POST, ENROLMENTS, &[], None).await.is(201);
    assert_eq!(house.vendor.get(ENROLMENTS).await.is(200)["items"].as_array().map(Vec::len), Some(3));
    house.vendor.post(ENROLMENTS, json!({"device": "laptop"})).await.unreadable("device");
}

#[tokio::test]
async fn a_member_has_ten_codes_that_are_good_at_most() {
    let house = shop().await;
    let (_, first) = code(&house.vendor).await;
    for _ in 1..10 {
        code(&house.vendor).await;
    }
    let told = house.vendor.post(ENROLMENTS, json!({})).await.refused(409, "limit");
    assert_eq!((&told["name"], &told["value"]), (&json!("enrolments"), &json!(10)));
    house.vendor.delete(&first).await.is(204);
    let (last, _) = code(&house.vendor).await;
    trade(&house.without_key(), &last, "laptop").await.is(201);
    code(&house.vendor).await;
    clock(&house.vendor, "2026-03-09T08:00:00Z").await;
    code(&house.vendor).await;
}

#[tokio::test]
async fn v5_who_was_deactivated_or_erased_has_no_key_and_no_code() {
    for leave in [Method::DELETE, Method::POST] {
        let house = shop().await;
        let (vendor, nobody) = (&house.vendor, house.without_key());
        let ((used, _), (open, _)) = (code(vendor).await, code(vendor).await);
        let enrolled = trade(&nobody, &used, "laptop").await.is(201);
        let machine = nobody.showing(&text(&enrolled["secret"]));
        let other = house.with(&of_member("acme", "alice")).await;
        for key in [&machine, &other] {
            key.get("/v1/teams/acme/members/alice").await.is(200);
        }
        let erases = leave == Method::POST;
        let path = format!("/v1/teams/acme/members/alice{}", if erases { "/erase" } else { "" });
        vendor.ask(leave, &path, &[], None).await.is(if erases { 200 } else { 204 });

        for key in [&machine, &other] {
            key.get("/v1/products").await.refused(401, "unauthorised");
        }
        trade(&nobody, &open, "laptop").await.refused(404, "unknown_enrolment");
        let all = vendor.get("/v1/api-keys").await.is(200);
        let of_members = all["items"].as_array().unwrap().iter().filter(|key| key["scope"] == "member");
        let named: Vec<_> = of_members.map(|key| (text(&key["member"]), key["revoked_at"].is_string())).collect();
        let name = if erases { "~1" } else { "alice" };
        assert_eq!(named, [(name.to_owned(), true), (name.to_owned(), true)]);
        if erases {
            vendor.get(ENROLMENTS).await.refused(404, "unknown_member");
            vendor.post(ENROLMENTS, json!({})).await.refused(404, "unknown_member");
            assert!(all["items"].as_array().unwrap().iter().all(|key| key["device"].is_null()));
        } else {
            vendor.post(ENROLMENTS, json!({})).await.refused(409, "member_inactive");
        }

        // Who comes back begins anew.
        let body = json!({"email": "alice@acme.example", "name": "Alice", "role": "member"});
        vendor.put("/v1/teams/acme/members/alice", body).await;
        machine.get("/v1/products").await.refused(401, "unauthorised");
        trade(&nobody, &open, "laptop").await.refused(404, "unknown_enrolment");
        let (fresh, _) = code(vendor).await;
        trade(&nobody, &fresh, "laptop").await.is(201);
    }
}

#[tokio::test]
async fn enrolments_and_keys_are_the_teams_own_and_a_members_keys_the_members_own() {
    let house = shop().await;
    team(&house.vendor, "globex").await;
    member(&house.vendor, "globex", "alice", "member").await;
    let (_, path) = code(&house.vendor).await;
    let (globex, bob) = (house.with(&of_team("globex")).await, house.with(&of_member("acme", "bob")).await);
    for asked in [ENROLMENTS, &path, KEYS, &format!("{KEYS}/key_1")] {
        globex.get(asked).await.refused(404, "unknown_team");
    }
    globex.post(ENROLMENTS, json!({})).await.refused(404, "unknown_team");
    globex.delete(&path).await.refused(404, "unknown_team");
    bob.get(KEYS).await.refused(404, "unknown_member");
    bob.get(ENROLMENTS).await.refused(403, "forbidden");

    // What is another member's is not found beside it, even by who may see both.
    let vendor = &house.vendor;
    let enrolment = path.rsplit('/').next().unwrap();
    let of_bob = format!("/v1/teams/acme/members/bob/enrolments/{enrolment}");
    vendor.get(&of_bob).await.refused(404, "unknown_enrolment");
    vendor.delete(&of_bob).await.refused(404, "unknown_enrolment");
    let key = text(&vendor.get("/v1/teams/acme/members/bob/keys").await.is(200)["items"][0]["key"]);
    vendor.get(&format!("{KEYS}/{key}")).await.refused(404, "unknown_key");
    vendor.delete(&format!("{KEYS}/{key}")).await.refused(404, "unknown_key");
    bob.get("/v1/teams/acme/members/bob").await.is(200);
    vendor.get("/v1/teams/acme/members/zoe/keys").await.refused(404, "unknown_member");
    vendor.post("/v1/teams/initech/members/alice/enrolments", json!({})).await.refused(404, "unknown_team");
}

#[tokio::test]
async fn who_shows_codes_too_fast_is_told_when_to_come_again() {
    let house = House::at_pace(PaceSettings { per_s: 1, all: false }).await;
    furnish(&house.vendor).await;
    let (good, _) = code(&house.vendor).await;
    let nobody = house.without_key();
    for _ in 0..2 {
        trade(&nobody, "guess", "laptop").await.refused(404, "unknown_enrolment");
    }
    let told = trade(&nobody, &good, "laptop").await;
    assert_eq!(told.header("retry-after"), Some("1"));
    assert_eq!(told.refused(429, "too_fast")["retry_after_s"], 1);
    assert_eq!(house.vendor.get(KEYS).await.is(200)["items"], json!([]), "nothing was decided");
}

#[tokio::test]
async fn w3_a_quote_on_a_device_says_when_there_are_too_many() {
    let house = shop().await;
    for device in ["one", "two", "three"] {
        house.vendor.put(&format!("/v1/sessions/{device}"), on(device)).await.is(201);
    }
    let quote = |device| house.vendor.post("/v1/sessions/quote", on(device));
    assert_eq!(quote("four").await.is(200)["refusal"]["code"], "too_many_devices");
    assert_eq!(quote("three").await.is(200)["cover"], "window");
    let mut without = on("four");
    without.as_object_mut().unwrap().remove("device");
    assert_eq!(house.vendor.post("/v1/sessions/quote", without).await.is(200)["refusal"], Value::Null);
}
