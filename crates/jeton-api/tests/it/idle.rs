//! Idle time over the API (W6): what clients are told of it, what is charged, and how that is explained.

use serde_json::{Value, json};

use crate::house::{Client, House, Told};
use crate::shop::{beat, clock, open, shop};

/// The shop, in which a product is idle-aware, and the team with no more tokens than these.
async fn office(product: &str, undo_interval_s: u32) -> House {
    let house = shop().await;
    let names = json!({"en": product, "fr": product});
    let body = json!({"names": names, "undo_interval_s": undo_interval_s, "idle_aware": true});
    let told = house.vendor.put(&format!("/v1/products/{product}"), body).await.is(200);
    assert_eq!((&told["idle_aware"], &told["idle_after_s"]), (&json!(true), &json!(900)));
    house
}

/// A beat that tells of activity.
async fn active(client: &Client, session: &str, at: &str) -> Told {
    client.post(&format!("/v1/sessions/{session}/heartbeat"), json!({"last_activity_at": at})).await
}

/// Beats every 5 minutes, both ends included; from `day` and minute to `day` and minute of March 2026.
async fn beats(client: &Client, session: &str, from: (u32, u32), to: (u32, u32)) -> Value {
    let (start, end) = (from.0 * 1440 + from.1, to.0 * 1440 + to.1);
    let mut last = Value::Null;
    for minute in (start..=end).step_by(5) {
        let (day, minute) = (minute / 1440, minute % 1440);
        clock(client, &format!("2026-03-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60)).await;
        last = beat(client, session).await.is(200);
    }
    last
}

/// Every charge, oldest first: tokens and the start of its window.
async fn charges(client: &Client) -> Vec<(String, String)> {
    let told = client.get("/v1/teams/acme/charges").await.is(200);
    let of = |charge: &Value| {
        let start = charge["window"]["start"].as_str().unwrap().to_owned();
        (charge["tokens"].as_str().unwrap().to_owned(), start)
    };
    told["items"].as_array().unwrap().iter().rev().map(of).collect()
}

async fn explained(client: &Client) -> Value {
    let charges = client.get("/v1/teams/acme/charges?limit=1").await.is(200);
    let charge = charges["items"][0]["charge"].as_str().unwrap().to_owned();
    client.get(&format!("/v1/teams/acme/charges/{charge}/explain")).await.is(200)
}

async fn kinds(client: &Client) -> Vec<Value> {
    let told = client.get("/v1/teams/acme/entries?limit=100").await.is(200);
    told["items"].as_array().unwrap().clone()
}

/// Friday 6 March 2026, 09:00, to Monday 9 March, 08:30: open and beating all the time, active on Friday until 16:00.
async fn over_the_weekend(client: &Client) {
    clock(client, "2026-03-06T09:00:00Z").await;
    open(client, "s1", "alice", "autocad").await.is(201);
    beats(client, "s1", (6, 545), (6, 955)).await;
    clock(client, "2026-03-06T16:00:00Z").await;
    active(client, "s1", "2026-03-06T16:00:00Z").await.is(200);
    beats(client, "s1", (6, 965), (9, 505)).await;
    clock(client, "2026-03-09T08:30:00Z").await;
}

#[tokio::test]
async fn w6_e8_a_product_left_open_over_the_weekend_costs_nothing_until_monday() {
    let house = office("autocad", 300).await;
    let client = &house.vendor;
    over_the_weekend(client).await;
    let idle = client.get("/v1/sessions/s1").await.is(200);
    assert_eq!((&idle["state"], &idle["cover"], &idle["window"]), (&json!("idle"), &Value::Null, &Value::Null));
    let told = client.get("/v1/sessions?team=acme").await.is(200);
    assert_eq!(told["items"][0]["state"], "idle");
    let still = client.post("/v1/sessions/s1/heartbeat", json!({"lease": true})).await.is(200);
    let fields = ["state", "cover", "hold", "window", "next_charge", "lease"].map(|field| still[field].clone());
    assert_eq!(fields, [json!("idle"), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]);
    assert!(still.get("refusal").is_none() && still.get("ends_at").is_none(), "{still}");
    // Whoever is active again opens at that activity: held, and then charged.
    let back = active(client, "s1", "2026-03-09T08:30:00Z").await.is(200);
    let fields = ["state", "cover", "hold", "undo_ends_at", "charged"].map(|field| back[field].clone());
    assert_eq!(fields, [json!("open"), json!("tokens"), json!("7"), json!("2026-03-09T08:35:00Z"), json!([])]);
    assert!(back["lease"].is_string());
    let later = beats(client, "s1", (9, 515), (9, 515)).await;
    assert_eq!(later["charged"][0]["window"]["start"], "2026-03-09T08:30:00Z");
    let seven = |start: &str| ("7".to_owned(), start.to_owned());
    assert_eq!(charges(client).await, [seven("2026-03-06T09:00:00Z"), seven("2026-03-09T08:30:00Z")]);
    let why = explained(client).await;
    assert_eq!(why["rule"], "W6");
    insta::assert_snapshot!(why["text"].as_str().unwrap(), @"autocad was idle when its cover ended at 2026-03-07T09:00:00Z, and was next used at 2026-03-09T08:30:00Z, which counts as an opening. It was open from 2026-03-09T08:30:00Z to 2026-03-09T08:35:00Z without a break, which is the undo interval of 300 s or more.");
    let session = &why["sessions"][0];
    let [opened_at, from] = ["opened_at", "proven_from"].map(|field| session[field].as_str().unwrap());
    assert_eq!([opened_at, from], ["2026-03-06T09:00:00Z", "2026-03-09T08:30:00Z"]);
    assert_eq!(
        (&why["rate"]["in_force_at"], &why["proof"]["kind"]),
        (&json!("2026-03-09T08:30:00Z"), &json!("heartbeat"))
    );
    let usage = client.get("/v1/teams/acme/usage?group_by=day").await.is(200);
    let launches: Vec<_> =
        usage["items"].as_array().unwrap().iter().map(|row| (&row["day"], &row["launches"])).collect();
    assert_eq!(launches, [(&json!("2026-03-06"), &json!(1)), (&json!("2026-03-09"), &json!(1))]);
}

#[tokio::test]
async fn w6_e8_a_product_that_is_not_idle_aware_is_charged_every_day() {
    let house = shop().await;
    over_the_weekend(&house.vendor).await;
    beats(&house.vendor, "s1", (9, 510), (9, 540)).await;
    let starts: Vec<String> = charges(&house.vendor).await.into_iter().map(|(_, start)| start).collect();
    let nine = |day: u32| format!("2026-03-{day:02}T09:00:00Z");
    assert_eq!(starts, [nine(6), nine(7), nine(8), nine(9)]);
}

#[tokio::test]
async fn w6_e9_who_was_active_before_the_end_is_renewed_from_there() {
    let house = office("autocad", 300).await;
    let client = &house.vendor;
    open(client, "s1", "alice", "autocad").await.is(201);
    beats(client, "s1", (2, 485), (3, 445)).await;
    // Idle from 07:30 to 07:55.
    clock(client, "2026-03-03T07:30:00Z").await;
    active(client, "s1", "2026-03-03T07:30:00Z").await.is(200);
    beats(client, "s1", (3, 455), (3, 475)).await;
    clock(client, "2026-03-03T08:00:00Z").await;
    let told = active(client, "s1", "2026-03-03T07:55:00Z").await.is(200);
    assert_eq!(
        (&told["state"], &told["charged"][0]["window"]["start"]),
        (&json!("open"), &json!("2026-03-03T08:00:00Z"))
    );
    let why = explained(client).await;
    assert_eq!((&why["rule"], &why["window"]["start"]), (&json!("W4"), &json!("2026-03-03T08:00:00Z")));
}

#[tokio::test]
async fn w6_a_close_reports_activity_too() {
    let house = office("autocad", 300).await;
    let client = &house.vendor;
    open(client, "s1", "alice", "autocad").await.is(201);
    assert_eq!(beats(client, "s1", (2, 485), (3, 505)).await["state"], "idle");
    clock(client, "2026-03-03T08:30:00Z").await;
    // Active from 08:22 to 08:30: 8 minutes are more than the undo interval.
    let closed =
        client.post("/v1/sessions/s1/close", json!({"last_activity_at": "2026-03-03T08:22:00Z"})).await.is(200);
    assert_eq!(closed["charged"][0]["window"]["start"], "2026-03-03T08:22:00Z");
    assert_eq!(explained(client).await["proof"]["kind"], "close");
}

#[tokio::test]
async fn w6_w7_who_comes_back_without_tokens_is_unfunded() {
    let house = office("revit", 0).await;
    let client = &house.vendor;
    let names = json!({"en": "Revit", "fr": "Revit"});
    client.put("/v1/products/revit/rates/2026-03-02T08:00:00Z", json!({"per_day": "3000"})).await.is(201);
    client.put("/v1/products/revit", json!({"names": names, "undo_interval_s": 0, "idle_aware": true})).await.is(200);
    open(client, "s1", "alice", "revit").await.is(201);
    assert_eq!(beats(client, "s1", (2, 485), (3, 500)).await["state"], "idle");
    clock(client, "2026-03-03T08:25:00Z").await;
    let refused = active(client, "s1", "2026-03-03T08:24:00Z").await.is(200);
    let fields = ["state", "cover", "lease", "ends_at"].map(|field| refused[field].clone());
    assert_eq!(fields, [json!("unfunded"), Value::Null, Value::Null, json!("2026-03-03T08:40:00Z")]);
    assert_eq!(refused["refusal"]["code"], "insufficient_tokens");
    // Bought meanwhile: the same opening, at the same activity.
    crate::shop::order(client, "o2", 5000).await.is(201);
    clock(client, "2026-03-03T08:30:00Z").await;
    let told = beat(client, "s1").await.is(200);
    assert_eq!(
        (&told["state"], &told["charged"][0]["window"]["start"]),
        (&json!("open"), &json!("2026-03-03T08:24:00Z"))
    );
    let why = explained(client).await;
    assert_eq!((&why["rule"], &why["proof"]["kind"]), (&json!("W6"), &json!("heartbeat")));
    insta::assert_snapshot!(why["text"].as_str().unwrap(), @"Revit had been idle past the end of its cover when it was next used at 2026-03-03T08:24:00Z, which counts as an opening. It has no undo interval.");
}

#[tokio::test]
async fn w6_entries_of_idle_time_are_told_with_names() {
    let house = office("mudbox", 0).await;
    let client = &house.vendor;
    open(client, "s1", "alice", "mudbox").await.is(201);
    beats(client, "s1", (2, 485), (3, 490)).await;
    clock(client, "2026-03-03T08:12:00Z").await;
    active(client, "s1", "2026-03-03T08:11:00Z").await.is(200);
    let told = kinds(client).await;
    let of = |kind: &str| {
        let mut entry = told.iter().find(|entry| entry["kind"] == kind).unwrap().clone();
        for chance in ["hash", "seq", "by"] {
            entry.as_object_mut().unwrap().remove(chance);
        }
        entry
    };
    assert_eq!(
        of("renewal_deferred"),
        json!({
            "at": "2026-03-03T08:00:00Z", "kind": "renewal_deferred", "session": "s1",
            "after": "2026-03-03T08:00:00Z", "active_at": "2026-03-02T08:00:00Z", "idle_after_s": 900,
            "proof": {"session": "s1", "from": "2026-03-02T08:00:00Z", "to": "2026-03-03T08:00:00Z"}
        })
    );
    assert_eq!(
        of("session_returned"),
        json!({
            "at": "2026-03-03T08:12:00Z", "kind": "session_returned", "session": "s1",
            "after": "2026-03-03T08:00:00Z", "active_at": "2026-03-03T08:11:00Z", "cover": "charge", "day": "2026-03-03"
        })
    );
}
