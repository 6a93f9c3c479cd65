//! The ledger as it is told: every kind of entry, with names and never numbers of the ledger (V1, V2).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bodies::job as job_of_alice;
use crate::house::{Client, House};
use crate::shop::{beat, beats, clock, close, member, of_member, of_team, open, opening, order, shop, team};

/// Every kind, by what makes it.
const KINDS: [&str; 43] = [
    "agreement_removed",
    "agreement_set",
    "assignment_removed",
    "assignment_set",
    "blocked_products_set",
    "cap_removed",
    "cap_set",
    "charge_made",
    "cover_continued",
    "credits_granted",
    "default_access_set",
    "group_removed",
    "group_set",
    "hold_released",
    "invoice_overdue",
    "job_committed",
    "job_extended",
    "job_held",
    "job_released",
    "lot_closed",
    "lot_credited",
    "lot_expired",
    "member_deactivated",
    "member_erased",
    "member_set",
    "order_placed",
    "payment_recorded",
    "plan_set",
    "refused",
    "renewal_deferred",
    "renewal_refused",
    "required_tags_set",
    "run_undone",
    "seat_begun",
    "seat_removed",
    "seat_set",
    "session_closed",
    "session_ended",
    "session_lost",
    "session_opened",
    "session_returned",
    "session_revived",
    "team_set",
];

/// What may be a number: counts, and what the contract has as an integer. Everything else has a name.
const NUMBERS: [&str; 10] =
    ["count", "idle_after_s", "limit", "quantity", "repeats", "seq", "status", "tier", "undo_s", "undone"];

async fn entries(client: &Client, team: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/teams/{team}/entries?limit=100{cursor}")).await.is(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A house in which everything has happened that the ledger has a word for.
async fn eventful() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    vendor.put("/v1/settings", json!({"devices": 1})).await.is(200);
    for name in ["carol", "dave", "erin"] {
        member(vendor, "acme", name, "billing").await;
    }
    configure(vendor).await;
    limit_and_grant(vendor).await;
    // Globex has tokens for one day of AutoCAD.
    team(vendor, "globex").await;
    member(vendor, "globex", "greta", "member").await;
    vendor.put("/v1/teams/globex/default-access", json!({"products": "all"})).await.is(200);
    vendor.put("/v1/teams/globex/orders/o1", json!({"quantity": 8, "payment": "invoice"})).await.is(201);

    let seat = |start: &str| json!({"starts_at": start, "ends_at": "2026-06-01T00:00:00Z"});
    vendor.put("/v1/teams/acme/members/bob/seats/autocad", seat("2026-03-02T12:00:00Z")).await.is(201);
    vendor.put("/v1/teams/acme/members/carol/seats/revit", seat("2026-03-02T08:03:00Z")).await.is(201);
    // One is undone, one is refused on a second device, one is blocked and asks again.
    open(vendor, "undone", "alice", "revit").await.is(201);
    close(vendor, "undone").await.is(200);
    let mut tagged = opening("alice", "autocad");
    tagged["tags"] = json!({"unit_price": "3.3", "currency": "EUR", "session": "7"});
    vendor.put("/v1/sessions/lost", tagged).await.is(201);
    let mut elsewhere = opening("alice", "autocad");
    elsewhere["device"] = json!("alices-desktop");
    vendor.put("/v1/sessions/elsewhere", elsewhere).await.refused(409, "too_many_devices");
    for _ in 0..3 {
        open(vendor, "blocked", "bob", "mudbox").await.refused(409, "product_blocked");
    }
    // Carol's seat begins while her opening is held; bob's covers what his window has paid until then; greta's money
    // is spent when her window ends.
    open(vendor, "seated", "carol", "revit").await.is(201);
    open(vendor, "renewed", "bob", "autocad").await.is(201);
    let greta = json!({"team": "globex", "member": "greta", "product": "autocad", "device": "pc"});
    vendor.put("/v1/sessions/unfunded", greta).await.is(201);
    let minutes = (484..1440).step_by(4).map(|minute| ("2026-03-02", minute));
    for (day, minute) in minutes.chain((0..=480).step_by(4).map(|minute| ("2026-03-03", minute))) {
        beats(vendor, "renewed", day, [minute]).await;
        beat(vendor, "unfunded").await.is(200);
        if (day, minute) == ("2026-03-02", 520) {
            // Lost at 08:10.
            beat(vendor, "lost").await.is(200);
        }
    }
    // Not lost before its time to save is over.
    beats(vendor, "unfunded", "2026-03-03", [488]).await;
    clock(vendor, "2026-05-01T08:00:00Z").await;
    vendor.post("/v1/teams/acme/orders/o1/payment", json!({"reference": "SEPA 1"})).await.is(200);
    clock(vendor, "2027-06-01T08:00:00Z").await;
    house
}

/// A house with jobs, and with a product that was idle when its window ended.
async fn working() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    let names = json!({"en": "Mudbox", "fr": "Mudbox"});
    let mudbox = json!({"names": names, "undo_interval_s": 0, "idle_aware": true});
    vendor.put("/v1/products/mudbox", mudbox).await.is(200);
    open(vendor, "idle", "alice", "mudbox").await.is(201);
    for job in ["committed", "released", "lapsed"] {
        vendor.put(&format!("/v1/jobs/{job}"), job_of_alice()).await.is(201);
    }
    vendor.post("/v1/jobs/committed/extend", json!({})).await.is(200);
    vendor.post("/v1/jobs/committed/commit", json!({})).await.is(200);
    vendor.post("/v1/jobs/released/release", json!({})).await.is(200);
    beats(vendor, "idle", "2026-03-02", (485..1440).step_by(5)).await;
    beats(vendor, "idle", "2026-03-03", (0..=485).step_by(5)).await;
    let active = json!({"last_activity_at": "2026-03-03T08:04:00Z"});
    vendor.post("/v1/sessions/idle/heartbeat", active).await.is(200);
    house
}

async fn configure(vendor: &Client) {
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    vendor.put(&of("blocked-products"), json!({"products": ["mudbox"]})).await.is(200);
    vendor.put(&of("members/bob/assignment"), json!({"products": ["revit", "autocad"]})).await.is(201);
    assert_eq!(vendor.delete(&of("members/bob/assignment")).await.status, 204);
    let seat = json!({"starts_at": "2028-01-01T00:00:00Z", "ends_at": "2029-01-01T00:00:00Z"});
    vendor.put(&of("members/dave/seats/revit"), seat).await.is(201);
    assert_eq!(vendor.delete(&of("members/dave/seats/revit")).await.status, 204);
    assert_eq!(vendor.delete(&of("members/dave")).await.status, 204);
    vendor.post(&of("members/erin/erase"), json!({})).await.is(200);
}

async fn limit_and_grant(vendor: &Client) {
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    let group = json!({"name": "Night shift", "members": ["bob", "alice"], "products": ["revit"]});
    vendor.put(&of("groups/night"), group).await.is(201);
    let caps = [("all", json!("team")), ("bobs", json!({"member": "bob"})), ("revits", json!({"product": "revit"}))];
    for (cap, whose) in caps {
        let body = json!({"of": whose, "per": "month", "tokens": "900", "hard": cap == "all"});
        vendor.put(&of(&format!("caps/{cap}")), body).await.is(201);
    }
    assert_eq!(vendor.delete(&of("caps/revits")).await.status, 204);
    assert_eq!(vendor.delete(&of("groups/night")).await.status, 204);
    for tags in [json!(["project"]), json!([])] {
        vendor.put(&of("required-tags"), json!({"tags": tags})).await.is(200);
    }
    let span = |start: &str| json!({"starts_at": start, "ends_at": "2030-01-01T00:00:00Z"});
    let mut plan = span("2026-01-01T00:00:00Z");
    plan["plan"] = json!("premium");
    vendor.put(&of("plan"), plan).await.is(201);
    let mut agreement = span("2028-01-01T00:00:00Z");
    agreement["rates"] = json!({
        "revit": {"per_day": "9"},
        "generative-design": {"results": {"study": {"unit": "each", "tokens": "10.5"}}}
    });
    agreement["price_list"] = json!("reference");
    vendor.put(&of("agreements/a"), agreement.clone()).await.is(201);
    assert_eq!(vendor.delete(&of("agreements/a")).await.status, 204);
    let credits = json!({"credits": "100", "ends_at": "2027-01-01T00:00:00Z"});
    vendor.put(&of("members/alice/credits/c"), credits).await.is(201);
}

#[tokio::test]
async fn v1_every_kind_of_entry_is_told_with_names() {
    let house = eventful().await;
    let mut all = entries(&house.vendor, "acme").await;
    all.extend(entries(&house.vendor, "globex").await);
    all.extend(entries(&working().await.vendor, "acme").await);
    let mut kinds: BTreeMap<String, Value> = BTreeMap::new();
    for entry in &all {
        no_numbers_of_the_ledger(entry, "");
        let mut entry = entry.clone();
        for chance in ["hash", "by"] {
            entry.as_object_mut().unwrap().remove(chance);
        }
        kinds.entry(entry["kind"].as_str().unwrap().to_owned()).or_insert(entry);
    }
    assert_eq!(kinds.keys().collect::<Vec<_>>(), KINDS);
    let tagged = all.iter().find(|entry| entry["kind"] == "session_opened" && entry["session"] == "lost").unwrap();
    assert_eq!(tagged["tags"], json!({"unit_price": "3.3", "currency": "EUR", "session": "7"}), "as they were written");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_json_snapshot!("kinds_of_entries", kinds);
    });
}

fn no_numbers_of_the_ledger(value: &Value, name: &str) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| no_numbers_of_the_ledger(value, name)),
        Value::Array(items) => items.iter().for_each(|item| no_numbers_of_the_ledger(item, name)),
        Value::Number(number) => assert!(NUMBERS.contains(&name), "{name} is told as {number}"),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn v1_a_refusal_is_told_as_it_was_answered_and_counted() {
    let house = eventful().await;
    let refused: Vec<Value> =
        entries(&house.vendor, "acme").await.into_iter().filter(|entry| entry["kind"] == "refused").collect();
    let codes: Vec<&str> = refused.iter().map(|entry| entry["refusal"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["too_many_devices", "product_blocked"]);
    let devices = &refused[0]["refusal"];
    assert_eq!(devices["sessions"], json!([{"session": "lost", "device": "alices-laptop"}]));
    assert_eq!((&devices["limit"], &devices["rule"]), (&json!(1), &json!("W3")));
    assert_eq!((&refused[1]["member"], &refused[1]["product"]), (&json!("bob"), &json!("mudbox")));
    assert_eq!((&refused[1]["repeats"], refused[0].get("repeats")), (&json!(2), None));
}

#[tokio::test]
async fn p1_amounts_are_told_in_their_currency() {
    let house = shop().await;
    let tiers = json!([{"from": 1, "unit_price": "410.5"}]);
    house.vendor.put("/v1/price-lists/yen", json!({"currency": "JPY", "tiers": tiers})).await.is(201);
    let body = json!({"name": "T", "country": "JP", "currency": "JPY", "time_zone": "Asia/Tokyo", "locale": "ja"});
    house.vendor.put("/v1/teams/tokyo", body).await.is(201);
    house.vendor.put("/v1/teams/tokyo/orders/o1", json!({"quantity": 3, "payment": "invoice"})).await.is(201);
    let told = entries(&house.vendor, "tokyo").await;
    let [net, tax, total, unit_price] =
        ["net", "tax", "total", "unit_price"].map(|field| told[1][field].as_str().unwrap());
    assert_eq!([net, tax, total, unit_price], ["1232", "0", "1232", "410.5"]);
    assert_eq!(told[2]["unit_price"], "410.5");
    order(&house.vendor, "o2", 3).await.is(201);
    let told = entries(&house.vendor, "acme").await;
    let placed = told.iter().rfind(|entry| entry["kind"] == "order_placed").unwrap();
    assert_eq!((&placed["net"], &placed["unit_price"]), (&json!("9.90"), &json!("3.30")));
}

#[tokio::test]
async fn v2_entries_are_numbered_without_gaps_and_known_to_their_team_alone() {
    let house = shop().await;
    let told = entries(&house.vendor, "acme").await;
    for (index, entry) in told.iter().enumerate() {
        assert_eq!(entry["seq"], index + 1);
        let hash = entry["hash"].as_str().unwrap();
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert!(entry["by"].as_str().unwrap().starts_with("key_"));
    }
    house.vendor.get("/v1/teams/nobody/entries").await.refused(404, "unknown_team");
    team(&house.vendor, "globex").await;
    house.with(&of_team("globex")).await.get("/v1/teams/acme/entries").await.refused(404, "unknown_team");
    house.with(&of_member("acme", "alice")).await.get("/v1/teams/acme/entries").await.refused(403, "forbidden");
}
