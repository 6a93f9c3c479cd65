//! Lists: limits, cursors, orders, and walks that see each row that existed at their start exactly once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bodies::job;
use crate::house::{Client, House};
use crate::shop::{clock, member, of_member, of_product, open, opening, order, quick_charge, shop, team};

/// Every list, with the field that tells its rows apart.
const LISTS: [(&str, &str); 17] = [
    // The first, since there are at most 100 of each.
    ("/v1/teams/acme/members/bob/credits", "grant"),
    ("/v1/teams/acme/agreements", "agreement"),
    ("/v1/products", "product"),
    ("/v1/products/autocad/rates", "effective_at"),
    ("/v1/uses", "use"),
    ("/v1/price-lists", "price_list"),
    ("/v1/api-keys", "key"),
    ("/v1/teams", "team"),
    ("/v1/teams/acme/members", "member"),
    ("/v1/teams/acme/members/bob/seats", "product"),
    ("/v1/teams/acme/groups", "group"),
    ("/v1/teams/acme/caps", "cap"),
    ("/v1/teams/acme/orders", "order"),
    ("/v1/teams/acme/charges", "charge"),
    ("/v1/teams/acme/entries", "seq"),
    ("/v1/sessions?team=acme", "session"),
    ("/v1/jobs?team=acme", "job"),
];

/// Adds a row to every list, named so that it comes between others, before them, or after them.
async fn add(house: &House, name: &str) {
    let vendor = &house.vendor;
    let names = json!({"en": name, "fr": name});
    let product = format!("/v1/products/{name}");
    vendor.put(&product, json!({"names": names, "undo_interval_s": 0})).await.is(201);
    vendor.put(&format!("{product}/rates/2026-01-01T00:00:00Z"), json!({"per_day": "0.5"})).await.is(201);
    let day = 1 + name.bytes().map(u32::from).sum::<u32>() % 28;
    vendor.put(&format!("/v1/products/autocad/rates/2027-01-{day:02}T00:00:00Z"), json!({"per_day": "8"})).await;
    let industry = json!({"code": "aec", "names": names});
    vendor.put(&format!("/v1/uses/{name}"), json!({"names": names, "industry": industry})).await.is(201);
    let tiers = json!([{"from": 1, "unit_price": "3"}]);
    vendor.put(&format!("/v1/price-lists/{name}"), json!({"currency": "USD", "tiers": tiers})).await.is(201);
    let key = json!({"scope": "team", "team": "acme"});
    vendor.ask(axum::http::Method::POST, "/v1/api-keys", &[("idempotency-key", name)], Some(key)).await.is(201);
    team(vendor, name).await;
    member(vendor, "acme", name, "member").await;
    let seat = json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": "2027-04-01T00:00:00Z"});
    vendor.put(&format!("/v1/teams/acme/members/bob/seats/{name}"), seat).await.is(201);
    let credits = json!({"credits": "1", "ends_at": "2027-01-01T00:00:00Z"});
    let told = vendor.put(&format!("/v1/teams/acme/members/bob/credits/{name}"), credits).await;
    assert!(told.status == 201 || told.body["name"] == "grants", "{told}");
    let group = json!({"name": name, "members": [name]});
    vendor.put(&format!("/v1/teams/acme/groups/{name}"), group).await.is(201);
    let cap = json!({"of": {"group": name}, "per": "day", "tokens": "900", "hard": true});
    vendor.put(&format!("/v1/teams/acme/caps/{name}"), cap).await.is(201);
    let span = json!({"starts_at": "2028-01-01T00:00:00Z", "ends_at": "2029-01-01T00:00:00Z"});
    let told = vendor.put(&format!("/v1/teams/acme/agreements/{name}"), span).await;
    assert!(told.status == 201 || told.body["name"] == "agreements", "{told}");
    order(vendor, name, 10).await.is(201);
    // Charged at the opening, and left open.
    open(vendor, name, name, name).await.is(201);
    vendor.put(&format!("/v1/jobs/{name}"), job()).await.is(201);
}

fn key_of(row: &Value, field: &str) -> String {
    let key = &row[field];
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}

fn with_query(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
}

/// Walks a list by pages of `limit`, and between two pages does something else.
async fn walk(client: &Client, path: &str, field: &str, limit: usize, mut between: impl AsyncFnMut()) -> Vec<String> {
    let mut seen = Vec::new();
    let mut next = with_query(path, &format!("limit={limit}"));
    loop {
        let page = client.get(&next).await.is(200);
        let items = page["items"].as_array().expect("a page has items");
        assert!(items.len() <= limit, "{path}");
        seen.extend(items.iter().map(|row| key_of(row, field)));
        let Some(cursor) = page["next"].as_str() else {
            assert_eq!(page["next"], Value::Null);
            return seen;
        };
        assert_eq!(items.len(), limit, "a page that is not the last is full: {path}");
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        next = with_query(path, &format!("limit={limit}&cursor={cursor}"));
        between().await;
    }
}

#[tokio::test]
async fn a_walk_sees_each_row_that_was_there_at_its_start_exactly_once() {
    let house = shop().await;
    for name in ["b1", "m1", "m2", "y1"] {
        add(&house, name).await;
    }
    let mut added = 0;
    for (path, field) in LISTS {
        let before = walk(&house.vendor, path, field, 100, async || {}).await;
        let whole: BTreeSet<&String> = before.iter().collect();
        assert_eq!(whole.len(), before.len(), "{path}");
        assert!(before.len() >= 4, "{path}: {before:?}");
        let enough = added + 9;
        let seen = walk(&house.vendor, path, field, 2, async || {
            // Rows that are added faster than they are read would be walked for ever.
            let places = if added < enough { ["a", "m1", "z"].as_slice() } else { &[] };
            for place in places {
                added += 1;
                add(&house, &format!("{place}-{added}")).await;
            }
        })
        .await;
        for row in &before {
            assert_eq!(seen.iter().filter(|other| *other == row).count(), 1, "{path}: {row} of {seen:?}");
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{path}: {seen:?}");
    }
}

#[tokio::test]
async fn a_list_is_in_its_order() {
    let house = shop().await;
    for name in ["m1", "b1", "y1"] {
        add(&house, name).await;
        let teams = house.vendor.get("/v1/teams?limit=1").await.is(200);
        assert_eq!(teams["items"][0]["team"], "acme");
    }
    for (path, field) in LISTS {
        let rows = walk(&house.vendor, path, field, 100, async || {}).await;
        let mut sorted = rows.clone();
        sorted.sort();
        match path {
            "/v1/teams/acme/orders" => assert_eq!(rows, ["o1", "m1", "b1", "y1"]),
            "/v1/sessions?team=acme" | "/v1/jobs?team=acme" => assert_eq!(rows, ["m1", "b1", "y1"]),
            "/v1/teams/acme/entries" => {
                let expected: Vec<String> = (1..=rows.len()).map(|seq| seq.to_string()).collect();
                assert_eq!(rows, expected);
            }
            "/v1/teams/acme/charges" => {
                let at = |charge: &String| charge.trim_start_matches('c').parse::<u64>().unwrap();
                assert!(rows.is_sorted_by_key(|charge| std::cmp::Reverse(at(charge))), "newest first: {rows:?}");
                let newest = house.vendor.get(path).await.is(200)["items"][0]["member"].clone();
                assert_eq!(newest, "y1");
            }
            _ => assert_eq!(rows, sorted, "{path}"),
        }
    }
}

#[tokio::test]
async fn a_page_has_at_most_100_rows() {
    let house = shop().await;
    house.vendor.post("/v1/teams/acme/orders/o1/payment", json!({})).await.is(200);
    for number in 0..103 {
        quick_charge(&house.vendor, &format!("s{number}"), "alice").await;
        clock(&house.vendor, &format!("2026-{:02}-{:02}T12:00:00Z", 4 + number / 28, 1 + number % 28)).await;
    }
    let charges = "/v1/teams/acme/charges";
    let page = house.vendor.get(charges).await.is(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    let last = house.vendor.get(&format!("{charges}?cursor={}", page["next"].as_str().unwrap())).await.is(200);
    assert_eq!((last["items"].as_array().unwrap().len(), &last["next"]), (3, &Value::Null));
    for (path, _) in LISTS {
        let refused = house.vendor.get(&with_query(path, "limit=101")).await.refused(400, "limit");
        assert_eq!((&refused["name"], &refused["value"]), (&json!("page"), &json!(100)));
        for bad in ["limit=0", "limit=-1", "limit=1.5", "limit=ten", "limit=1&limit=1"] {
            house.vendor.get(&with_query(path, bad)).await.unreadable("limit");
        }
        for bad in ["cursor=%00", "cursor=!", "cursor=_w", "cursor=YQ&cursor=YQ"] {
            house.vendor.get(&with_query(path, bad)).await.unreadable("cursor");
        }
        house.vendor.get(&with_query(path, "offset=10")).await.unreadable("offset");
    }
}

#[tokio::test]
async fn a_cursor_of_anothers_making_is_a_bad_request_or_a_place_in_the_list() {
    let house = shop().await;
    add(&house, "m1").await;
    // What is not a place: empty, words, a number past all numbers, a control character, a look-alike.
    let strange = ["", "LTE", "IQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ", "AA", "0LA", "eyJhIjoxfQ", "W10"];
    for (path, _) in LISTS {
        for cursor in strange {
            let told = house.vendor.get(&with_query(path, &format!("cursor={cursor}"))).await;
            if told.status != 200 {
                told.unreadable("cursor");
            }
        }
    }
    house.vendor.get("/v1/teams/acme/usage?cursor=IQ").await.unreadable("cursor");
}

#[tokio::test]
async fn charges_are_narrowed_to_member_and_product() {
    let house = shop().await;
    for (session, who, at) in [("s1", "alice", "03-03"), ("s2", "bob", "03-04"), ("s3", "alice", "03-05")] {
        quick_charge(&house.vendor, session, who).await;
        clock(&house.vendor, &format!("2026-{at}T08:00:00Z")).await;
    }
    let sessions = async |client: &Client, query: &str| {
        walk(client, &format!("/v1/teams/acme/charges{query}"), "session", 1, async || {}).await
    };
    assert_eq!(sessions(&house.vendor, "").await, ["s3", "s2", "s1"]);
    assert_eq!(sessions(&house.vendor, "?member=alice").await, ["s3", "s1"]);
    assert_eq!(sessions(&house.vendor, "?member=alice&product=mudbox").await, ["s3", "s1"]);
    assert_eq!(sessions(&house.vendor, "?product=revit").await, Vec::<String>::new());
    house.vendor.get("/v1/teams/acme/charges?member=nobody").await.refused(404, "unknown_member");
    house.vendor.get("/v1/teams/acme/charges?product=nothing").await.refused(404, "unknown_product");
    house.vendor.get("/v1/teams/nobody/charges").await.refused(404, "unknown_team");

    let bob = house.with(&of_member("acme", "bob")).await;
    assert_eq!(sessions(&bob, "").await, ["s2"]);
    bob.get("/v1/teams/acme/charges?member=alice").await.refused(404, "unknown_member");
}

#[tokio::test]
async fn live_sessions_are_narrowed_to_what_the_key_may_see() {
    let house = shop().await;
    for (session, who, product) in [("s1", "alice", "autocad"), ("s2", "bob", "autocad"), ("s3", "bob", "revit")] {
        open(&house.vendor, session, who, product).await.is(201);
    }
    let sessions = async |client: &Client, query: &str| {
        walk(client, &format!("/v1/sessions{query}"), "session", 1, async || {}).await
    };
    assert_eq!(sessions(&house.vendor, "?team=acme").await, ["s1", "s2", "s3"]);
    assert_eq!(sessions(&house.vendor, "?team=acme&member=bob&product=revit").await, ["s3"]);
    house.vendor.get("/v1/sessions").await.unreadable("team");
    house.vendor.get("/v1/sessions?team=acme&product=nothing").await.refused(404, "unknown_product");
    let bob = house.with(&of_member("acme", "bob")).await;
    assert_eq!(sessions(&bob, "").await, ["s2", "s3"]);
    bob.get("/v1/sessions/s1").await.refused(404, "unknown_session");
    let autocad = house.with(&of_product("autocad")).await;
    assert_eq!(sessions(&autocad, "?team=acme").await, ["s1", "s2"]);
    autocad.get("/v1/sessions/s3").await.refused(404, "unknown_session");
    autocad.put("/v1/sessions/s4", opening("alice", "revit")).await.refused(403, "forbidden");
}
