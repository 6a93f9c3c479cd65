//! Why a charge was made (V6): by each cause that there is.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::house::{Client, House};
use crate::shop::{
    beat, beats, clock, close, of_member, of_product, of_team, open, opening, order, quick_charge, shop,
};

async fn explained(client: &Client, charge: &str) -> Value {
    client.get(&format!("/v1/teams/acme/charges/{charge}/explain")).await.is(200)
}

async fn newest(house: &House) -> Value {
    let charges = house.vendor.get("/v1/teams/acme/charges?limit=1").await.is(200);
    explained(&house.vendor, charges["items"][0]["charge"].as_str().unwrap()).await
}

/// An explanation without what every charge has: cause, proof, rate and sessions.
fn short(told: &Value) -> String {
    let mut text = format!("{}: {}\n", told["rule"].as_str().unwrap(), told["text"].as_str().unwrap());
    writeln!(text, "undo interval {}, usage day {}", told["undo_interval_s"], told["usage_day"]).unwrap();
    writeln!(text, "window {} to {}", told["window"]["start"], told["window"]["end"]).unwrap();
    let rate = &told["rate"];
    let [per_day, since, at] = [&rate["per_day"], &rate["effective_at"], &rate["in_force_at"]];
    writeln!(text, "rate {per_day} since {since}, in force at {at}").unwrap();
    for session in told["sessions"].as_array().unwrap() {
        let [id, device, from, until] =
            ["session", "device", "proven_from", "proven_until"].map(|field| session[field].to_string());
        writeln!(text, "{id} on {device} from {from} until {until}").unwrap();
    }
    let proof = &told["proof"];
    write!(text, "proof {} of {} at {}", proof["kind"], proof["session"], proof["at"]).unwrap();
    text
}

#[tokio::test]
async fn v6_w2_an_undo_interval_passed_by_a_beat() {
    let house = shop().await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    beats(&house.vendor, "s1", "2026-03-02", [483, 485]).await;
    // What closes later did not make it.
    clock(&house.vendor, "2026-03-02T08:06:00Z").await;
    close(&house.vendor, "s1").await.is(200);
    insta::assert_snapshot!(short(&newest(&house).await), @r#"
    W2: autocad was open from 2026-03-02T08:00:00Z to 2026-03-02T08:05:00Z without a break, which is the undo interval of 300 s or more.
    undo interval 300, usage day "2026-03-02"
    window "2026-03-02T08:00:00Z" to "2026-03-03T08:00:00Z"
    rate "7" since "2026-01-01T00:00:00Z", in force at "2026-03-02T08:00:00Z"
    "s1" on "alices-laptop" from "2026-03-02T08:00:00Z" until "2026-03-02T08:05:00Z"
    proof "heartbeat" of "s1" at "2026-03-02T08:05:00Z"
    "#);
}

#[tokio::test]
async fn v6_w2_an_undo_interval_passed_by_a_close_of_one_of_two_that_are_one_run() {
    let house = shop().await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    clock(&house.vendor, "2026-03-02T08:02:00Z").await;
    let mut elsewhere = opening("alice", "autocad");
    elsewhere["device"] = json!("alices-desktop");
    house.vendor.put("/v1/sessions/s2", elsewhere).await.is(201);
    clock(&house.vendor, "2026-03-02T08:03:00Z").await;
    close(&house.vendor, "s1").await.is(200);
    clock(&house.vendor, "2026-03-02T08:05:00Z").await;
    close(&house.vendor, "s2").await.is(200);
    insta::assert_snapshot!(short(&newest(&house).await), @r#"
    W2: autocad was open from 2026-03-02T08:00:00Z to 2026-03-02T08:05:00Z without a break, which is the undo interval of 300 s or more.
    undo interval 300, usage day "2026-03-02"
    window "2026-03-02T08:00:00Z" to "2026-03-03T08:00:00Z"
    rate "7" since "2026-01-01T00:00:00Z", in force at "2026-03-02T08:00:00Z"
    "s1" on "alices-laptop" from "2026-03-02T08:00:00Z" until "2026-03-02T08:03:00Z"
    "s2" on "alices-desktop" from "2026-03-02T08:02:00Z" until "2026-03-02T08:05:00Z"
    proof "close" of "s2" at "2026-03-02T08:05:00Z"
    "#);
}

#[tokio::test]
async fn v6_w2_no_undo_interval() {
    let house = shop().await;
    let charge = quick_charge(&house.vendor, "s1", "alice").await;
    insta::assert_snapshot!(short(&explained(&house.vendor, &charge).await), @r#"
    W2: mudbox was opened at 2026-03-02T08:00:00Z, and has no undo interval.
    undo interval null, usage day "2026-03-02"
    window "2026-03-02T08:00:00Z" to "2026-03-03T08:00:00Z"
    rate "1" since "2026-01-01T00:00:00Z", in force at "2026-03-02T08:00:00Z"
    "s1" on "alices-laptop" from "2026-03-02T08:00:00Z" until "2026-03-02T08:00:00Z"
    proof "open" of "s1" at "2026-03-02T08:00:00Z"
    "#);
}

#[tokio::test]
async fn v6_w2_undone_often() {
    let house = shop().await;
    for number in 1..=3 {
        open(&house.vendor, &format!("s{number}"), "alice", "autocad").await.is(201);
        close(&house.vendor, &format!("s{number}")).await.is(200);
    }
    let opened = open(&house.vendor, "s4", "alice", "autocad").await.is(201);
    assert_eq!(
        (&opened["warnings"][0]["code"], &opened["warnings"][0]["undone"]),
        (&json!("charged_at_once"), &json!(3))
    );
    insta::assert_snapshot!(short(&newest(&house).await), @r#"
    W2: autocad was opened at 2026-03-02T08:00:00Z, having been undone 3 times within 24 hours.
    undo interval null, usage day "2026-03-02"
    window "2026-03-02T08:00:00Z" to "2026-03-03T08:00:00Z"
    rate "7" since "2026-01-01T00:00:00Z", in force at "2026-03-02T08:00:00Z"
    "s4" on "alices-laptop" from "2026-03-02T08:00:00Z" until "2026-03-02T08:00:00Z"
    proof "open" of "s4" at "2026-03-02T08:00:00Z"
    "#);
}

#[tokio::test]
async fn v6_w4_a_renewal_keeps_the_rate_of_its_windows_start() {
    let house = shop().await;
    house.vendor.put("/v1/products/autocad/rates/2026-03-03T08:00:00Z", json!({"per_day": "8"})).await.is(201);
    house.vendor.put("/v1/products/autocad/rates/2026-03-03T08:02:00Z", json!({"per_day": "9"})).await.is(201);
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    beats(&house.vendor, "s1", "2026-03-02", (485..1440).step_by(5)).await;
    beats(&house.vendor, "s1", "2026-03-03", (0..480).step_by(5)).await;
    clock(&house.vendor, "2026-03-03T08:04:00Z").await;
    assert_eq!(beat(&house.vendor, "s1").await.is(200)["charged"][0]["tokens"], "8");
    insta::assert_snapshot!(short(&newest(&house).await), @r#"
    W4: autocad was open when its cover ended at 2026-03-03T08:00:00Z, and still in use after that.
    undo interval null, usage day "2026-03-03"
    window "2026-03-03T08:00:00Z" to "2026-03-04T08:00:00Z"
    rate "8" since "2026-03-03T08:00:00Z", in force at "2026-03-03T08:00:00Z"
    "s1" on "alices-laptop" from "2026-03-02T08:00:00Z" until "2026-03-03T08:04:00Z"
    proof "heartbeat" of "s1" at "2026-03-03T08:04:00Z"
    "#);
}

#[tokio::test]
async fn v6_p5_every_lot_is_told_with_its_price() {
    let house = shop().await;
    // All but 3 of the first lot; then a lot that ends later, at another price.
    house.vendor.put("/v1/products/revit/rates/2026-03-02T08:00:00Z", json!({"per_day": "4997"})).await.is(201);
    open(&house.vendor, "s1", "alice", "revit").await.is(201);
    beats(&house.vendor, "s1", "2026-03-02", [483, 485]).await;
    clock(&house.vendor, "2026-03-03T09:00:00Z").await;
    order(&house.vendor, "o2", 10).await.is(201);
    open(&house.vendor, "s2", "bob", "autocad").await.is(201);
    beats(&house.vendor, "s2", "2026-03-03", [543, 545]).await;
    let told = newest(&house).await;
    let draws: Vec<[&str; 4]> = told["draws"]
        .as_array()
        .unwrap()
        .iter()
        .map(|draw| ["lot", "order", "tokens", "unit_price"].map(|field| draw[field].as_str().unwrap()))
        .collect();
    assert_eq!(draws, [["l1", "o1", "3", "3.25"], ["l2", "o2", "4", "3.30"]]);
    assert_eq!(told["amounts"], json!({"EUR": "22.95"}));
    let charge = house.vendor.get("/v1/teams/acme/charges?limit=1").await.is(200)["items"][0].clone();
    assert_eq!(charge["draws"][1]["unit_price"], "3.30");
    assert_eq!(told["seq"].to_string(), charge["charge"].as_str().unwrap()[1..]);
}

#[tokio::test]
async fn v6_a_charge_is_explained_to_those_whose_it_is() {
    let house = shop().await;
    let charge = quick_charge(&house.vendor, "s1", "alice").await;
    let path = format!("/v1/teams/acme/charges/{charge}");
    let team = house.with(&of_team("acme")).await;
    let alice = house.with(&of_member("acme", "alice")).await;
    let bob = house.with(&of_member("acme", "bob")).await;
    let product = house.with(&of_product("mudbox")).await;
    for path in [path.clone(), format!("{path}/explain")] {
        team.get(&path).await.is(200);
        alice.get(&path).await.is(200);
        bob.get(&path).await.refused(404, "unknown_charge");
        product.get(&path).await.refused(403, "forbidden");
    }
    for unknown in ["c1", "c0", "c99999999999999999999", "1", "c", "C1", "c+1", "%D1%811"] {
        let path = format!("/v1/teams/acme/charges/{unknown}");
        house.vendor.get(&path).await.refused(404, "unknown_charge");
        house.vendor.get(&format!("{path}/explain")).await.refused(404, "unknown_charge");
    }
}
