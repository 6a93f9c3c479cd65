//! What the vendor grants a team: agreements, cloud credits, plans (P9–P11).

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::house::Client;
use crate::shop::{beats, clock, of_member, of_team, open, opening, order, shop, team};

fn of(path: &str) -> String {
    format!("/v1/teams/acme/{path}")
}

fn agreement(starts_at: &str, ends_at: &str, rates: &Value, price_list: Option<&str>) -> Value {
    json!({"starts_at": starts_at, "ends_at": ends_at, "rates": rates, "price_list": price_list})
}

/// What opening autocad would cost alice now.
async fn cost(client: &Client) -> Value {
    client.post("/v1/sessions/quote", opening("alice", "autocad")).await.is(200)["tokens"].clone()
}

async fn unit_price(client: &Client, team: &str) -> Value {
    client.post("/v1/quotes", json!({"quantity": 10, "team": team})).await.is(200)["unit_price"].clone()
}

#[tokio::test]
async fn p9_an_agreement_in_force_prices_what_it_names_and_nothing_else() {
    let house = shop().await;
    let vendor = &house.vendor;
    let rates = json!({"autocad": {"per_day": "5"}});
    let (start, end) = ("2026-03-02T09:00:00Z", "2026-03-03T12:00:00Z");
    vendor.put(&of("agreements/a"), agreement(start, end, &rates, None)).await.is(201);
    assert_eq!(cost(vendor).await, "7");
    clock(vendor, start).await;
    assert_eq!(cost(vendor).await, "5");
    let opened = open(vendor, "s1", "alice", "autocad").await.is(201);
    assert_eq!((&opened["hold"], &opened["next_charge"]["tokens"]), (&json!("5"), &json!("5")));
    assert_eq!(open(vendor, "s2", "alice", "revit").await.is(201)["hold"], "10");
    beats(vendor, "s1", "2026-03-02", (542..552).step_by(2)).await;
    let charge = vendor.get(&of("charges")).await.is(200)["items"][0].clone();
    assert_eq!((&charge["tokens"], &charge["product"]), (&json!("5"), &json!("autocad")));
    // It is explained, and told in the ledger, by the agreement's name.
    let explained = vendor.get(&of(&format!("charges/{}/explain", charge["charge"].as_str().unwrap()))).await.is(200);
    let rate = json!({"per_day": "5", "effective_at": start, "in_force_at": start, "agreement": "a"});
    assert_eq!(explained["rate"], rate);
    let entries = vendor.get(&of("entries")).await.is(200);
    let named: Vec<&Value> = entries["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["rate"].get("agreement").or_else(|| entry["cover"]["hold"]["rate"].get("agreement")))
        .collect();
    assert_eq!(named, ["a", "a"], "of the hold and of the charge");
    // At its end it is over.
    clock(vendor, "2026-03-03T11:59:59.999999Z").await;
    assert_eq!(cost(vendor).await, "5");
    clock(vendor, end).await;
    assert_eq!(cost(vendor).await, "7");
}

#[tokio::test]
async fn p9_of_several_agreements_the_latest_start_counts_then_the_last_entry() {
    let house = shop().await;
    let vendor = &house.vendor;
    let end = "2027-01-01T00:00:00Z";
    for (id, start, rate, cost_now) in [
        ("b", "2026-02-02T00:00:00Z", "6", "6"),
        ("c", "2026-02-01T00:00:00Z", "5", "6"),
        ("a", "2026-02-02T00:00:00Z", "4", "4"),
    ] {
        let rates = json!({"autocad": {"per_day": rate}});
        vendor.put(&of(&format!("agreements/{id}")), agreement(start, end, &rates, None)).await.is(201);
        assert_eq!(cost(vendor).await, cost_now);
    }
}

#[tokio::test]
async fn p9_the_price_list_of_an_agreement_prices_its_teams_quotes_and_orders() {
    let house = shop().await;
    let vendor = &house.vendor;
    team(vendor, "globex").await;
    // Countries are not asked.
    let list = |currency: &str| json!({"currency": currency, "tiers": [{"from": 1, "unit_price": "2"}], "countries": ["JP"], "by_agreement": true});
    vendor.put("/v1/price-lists/acmes", list("EUR")).await.is(201);
    vendor.put("/v1/price-lists/dollars", list("USD")).await.is(201);
    assert_eq!(unit_price(vendor, "acme").await, "3.30");
    let (start, end) = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    vendor.put(&of("agreements/a"), agreement(start, end, &json!({}), Some("acmes"))).await.is(201);
    assert_eq!((unit_price(vendor, "acme").await, unit_price(vendor, "globex").await), (json!("2.00"), json!("3.30")));
    let placed = order(vendor, "o2", 10).await.is(201);
    assert_eq!((&placed["unit_price"], &placed["net"]), (&json!("2.00"), &json!("20.00")));
    let refused = vendor.put(&of("agreements/b"), agreement(start, end, &json!({}), Some("nothing"))).await;
    refused.refused(404, "unknown_price_list");
    // Over, and the vendor's list for the country prices again; a list of another currency prices nothing.
    clock(vendor, end).await;
    assert_eq!(unit_price(vendor, "acme").await, "3.30");
    let wrong = agreement(end, "2026-05-01T00:00:00Z", &json!({}), Some("dollars"));
    vendor.put(&of("agreements/b"), wrong).await.is(201);
    vendor.post("/v1/quotes", json!({"quantity": 10, "team": "acme"})).await.refused(409, "no_price_list");
    order(vendor, "o3", 10).await.refused(409, "no_price_list");
}

#[tokio::test]
async fn p9_of_an_agreement_that_has_begun_only_the_end_can_change() {
    let house = shop().await;
    let vendor = &house.vendor;
    let path = of("agreements/a");
    let (start, end) = ("2026-03-02T09:00:00Z", "2027-01-01T00:00:00Z");
    let rates = |rate: &str| json!({"autocad": {"per_day": rate}});
    vendor.put(&path, agreement(start, end, &rates("6"), None)).await.is(201);
    vendor.put(&path, agreement(start, end, &rates("5"), None)).await.is(200);
    clock(vendor, start).await;
    vendor.put(&path, agreement("2026-03-02T10:00:00+01:00", end, &rates("5.0"), None)).await.is(200);
    for other in [
        agreement(start, end, &rates("4"), None),
        agreement("2026-03-02T09:30:00Z", end, &rates("5"), None),
        agreement(start, end, &rates("5"), Some("reference")),
        agreement(start, "2026-03-02T09:00:00.000001Z", &json!({}), None),
    ] {
        let refused = vendor.put(&path, other).await.refused(409, "rate_in_force");
        assert_eq!(refused["starts_at"], start);
    }
    vendor.delete(&path).await.refused(409, "rate_in_force");
    clock(vendor, "2026-03-02T10:00:00Z").await;
    vendor.put(&path, agreement(start, "2026-03-02T09:59:59Z", &rates("5"), None)).await.refused(409, "rate_in_force");
    let ended = agreement(start, "2026-03-02T10:00:00Z", &rates("5"), None);
    vendor.put(&path, ended).await.is(200);
    assert_eq!(cost(vendor).await, "7");
    vendor.put(&path, agreement(start, end, &rates("5"), None)).await.refused(409, "rate_in_force");
}

#[tokio::test]
async fn p9_an_agreement_is_the_vendors_to_grant_and_names_what_is_known() {
    let house = shop().await;
    let vendor = &house.vendor;
    let (start, end) = ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
    let put = async |rates: Value| vendor.put(&of("agreements/a"), agreement(start, end, &rates, None)).await;
    put(json!({"nothing": {"per_day": "1"}})).await.refused(404, "unknown_product");
    put(json!({"autocad": {}})).await.unreadable("rates.autocad.per_day");
    put(json!({"autocad": {"per_day": "x"}})).await.unreadable("rates.autocad.per_day");
    put(json!({"autocad": {"per_day": "1", "results": {"a": {"unit": "each", "tokens": "1"}}}}))
        .await
        .unreadable("rates.autocad.per_day");
    put(json!({"autocad": {"results": {"a": {"unit": "each", "tokens": "x"}}}}))
        .await
        .unreadable("rates.autocad.results.a.tokens");
    put(json!({"autocad": {"weekly": "1"}})).await.unreadable("rates.autocad.weekly");
    vendor.put(&of("agreements/a"), agreement(end, start, &json!({}), None)).await.unreadable("ends_at");
    let many: Map<String, Value> = (0..1001).map(|n| (format!("p{n}"), json!({"per_day": "1"}))).collect();
    let refused = put(json!(many)).await.refused(400, "limit");
    assert_eq!((&refused["name"], &refused["value"]), (&json!("agreement_rates"), &json!(1000)));
    vendor.get(&of("agreements/a")).await.refused(404, "unknown_agreement");

    for number in 0..100 {
        let path = of(&format!("agreements/n{number}"));
        vendor.put(&path, agreement(start, end, &json!({}), None)).await.is(201);
    }
    let refused = put(json!({})).await.refused(409, "limit");
    assert_eq!((&refused["name"], &refused["value"]), (&json!("agreements"), &json!(100)));

    let team = house.with(&of_team("acme")).await;
    team.get(&of("agreements/n0")).await.is(200);
    team.put(&of("agreements/n0"), agreement(start, end, &json!({}), None)).await.refused(403, "forbidden");
    team.delete(&of("agreements/n0")).await.refused(403, "forbidden");
}

#[tokio::test]
async fn p10_credits_are_the_vendors_to_grant_and_their_members_to_read() {
    let house = shop().await;
    let vendor = &house.vendor;
    let path = of("members/alice/credits/c1");
    let body = json!({"credits": "100.50", "ends_at": "2026-03-03T08:00:00Z"});
    let made = vendor.put(&path, body.clone()).await.is(201);
    let expected = json!({
        "member": "alice", "grant": "c1", "credits": "100.5", "available": "100.5", "held": "0", "spent": "0",
        "ends_at": "2026-03-03T08:00:00Z"
    });
    assert_eq!(made, expected);
    let (team, alice) = (house.with(&of_team("acme")).await, house.with(&of_member("acme", "alice")).await);
    for reader in [&team, &alice] {
        assert_eq!(reader.get(&path).await.is(200), expected);
        assert_eq!(reader.get(&of("members/alice/credits")).await.is(200)["items"], json!([expected]));
        reader.put(&path, body.clone()).await.refused(403, "forbidden");
    }
    let bob = house.with(&of_member("acme", "bob")).await;
    bob.get(&path).await.refused(404, "unknown_member");
    assert_eq!(bob.get(&of("members/bob/credits")).await.is(200)["items"], json!([]));
    vendor.put(&of("members/nobody/credits/c1"), body.clone()).await.refused(404, "unknown_member");
    vendor.put(&path, json!({"credits": "-1", "ends_at": "2027-01-01T00:00:00Z"})).await.unreadable("credits");

    // They are in no balance.
    assert_eq!(vendor.get(&of("balance")).await.is(200)["available"], "5000");
}

#[tokio::test]
async fn p10_credits_that_have_ended_are_not_there_any_more() {
    let house = shop().await;
    let vendor = &house.vendor;
    let path = of("members/alice/credits/c1");
    let until = |ends_at: &str| json!({"credits": "10", "ends_at": ends_at});
    let made = vendor.put(&path, until("2026-03-03T08:00:00Z")).await;
    for number in 2..=100 {
        let path = of(&format!("members/alice/credits/c{number}"));
        vendor.put(&path, until("2027-01-01T00:00:00Z")).await.is(201);
    }
    let one_more = of("members/alice/credits/one-more");
    let refused = vendor.put(&one_more, until("2027-01-01T00:00:00Z")).await.refused(409, "limit");
    assert_eq!((&refused["name"], &refused["value"]), (&json!("grants"), &json!(100)));
    clock(vendor, "2026-03-03T07:59:59.999999Z").await;
    vendor.get(&path).await.is(200);
    // Nothing was written since, and yet it is over.
    clock(vendor, "2026-03-03T08:00:00Z").await;
    vendor.get(&path).await.refused(404, "unknown_grant");
    let listed = vendor.get(&of("members/alice/credits")).await.is(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 99);
    let stale = [("if-match", made.etag())];
    let stale = stale.each_ref().map(|(name, value)| (*name, value.as_str()));
    let again = vendor.ask(Method::PUT, &path, &stale, Some(until("2027-01-01T00:00:00Z"))).await;
    again.refused(412, "precondition_failed");
    vendor.put(&path, until("2027-01-01T00:00:00Z")).await.is(201);
    vendor.put(&one_more, until("2027-01-01T00:00:00Z")).await.refused(409, "limit");
}

#[tokio::test]
async fn p11_the_highest_plan_of_the_record_and_of_the_seats_is_in_force() {
    let house = shop().await;
    let vendor = &house.vendor;
    let in_force = async || vendor.get(&of("plan")).await.is(200)["in_force"].clone();
    let none = json!({"plan": null, "starts_at": null, "ends_at": null, "in_force": "standard"});
    assert_eq!(vendor.get(&of("plan")).await.is(200), none);
    let plan =
        |plan: &str| json!({"plan": plan, "starts_at": "2026-03-02T09:00:00Z", "ends_at": "2026-03-02T12:00:00Z"});
    let made = vendor.put(&of("plan"), plan("education")).await.is(201);
    assert_eq!((&made["plan"], &made["in_force"]), (&json!("education"), &json!("standard")));
    clock(vendor, "2026-03-02T09:00:00Z").await;
    assert_eq!(in_force().await, "education", "a team on an education plan has nothing higher");

    let seat = |plan: Option<&str>| json!({"starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T11:00:00Z", "plan": plan});
    let seats = of("members/bob/seats/revit");
    let granted = vendor.put(&seats, seat(Some("premium"))).await.is(201);
    assert_eq!(granted["plan"], "premium");
    assert_eq!(vendor.get(&seats).await.is(200), granted);
    assert_eq!(in_force().await, "education");
    clock(vendor, "2026-03-02T10:00:00Z").await;
    assert_eq!(in_force().await, "premium");
    let moved = vendor.post(&of("seats/revit/reassign"), json!({"from": "bob", "to": "alice"})).await.is(200);
    assert_eq!((&moved["member"], &moved["plan"]), (&json!("alice"), &json!("premium")));
    assert_eq!(in_force().await, "premium");
    assert_eq!(vendor.put(&of("plan"), plan("enterprise")).await.is(200)["in_force"], "enterprise");
    let without = vendor.put(&of("members/alice/seats/revit"), seat(None)).await.is(200);
    assert_eq!(without["plan"], Value::Null);
    clock(vendor, "2026-03-02T12:00:00Z").await;
    assert_eq!(in_force().await, "standard");
}

#[tokio::test]
async fn p11_a_plan_is_the_vendors_to_write() {
    let house = shop().await;
    let team = house.with(&of_team("acme")).await;
    let plan = |plan: &str, end: &str| json!({"plan": plan, "starts_at": "2026-03-02T09:00:00Z", "ends_at": end});
    let end = "2027-01-01T00:00:00Z";
    team.put(&of("plan"), plan("enterprise", end)).await.refused(403, "forbidden");
    assert_eq!(team.get(&of("plan")).await.is(200)["in_force"], "standard");
    house.vendor.put(&of("plan"), plan("gold", end)).await.unreadable("plan");
    house.vendor.put(&of("plan"), plan("premium", "2026-03-02T09:00:00Z")).await.unreadable("ends_at");
    house.vendor.put("/v1/teams/nobody/plan", plan("premium", end)).await.refused(404, "unknown_team");
    house.vendor.get("/v1/teams/nobody/plan").await.refused(404, "unknown_team");
}
