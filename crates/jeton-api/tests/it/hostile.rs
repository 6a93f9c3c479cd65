//! What nobody well-meant would send: every field of every body with texts, numbers and instants that it is not for.
//!
//! Each is either kept exactly as it was sent or refused with the field that it is about; nothing fails.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::bodies::{Request, job, requests};
use crate::house::{Client, House, Told};
use crate::shop::{beat, clock, close, open, opening, order, shop};

async fn furnished() -> House {
    let house = shop().await;
    open(&house.vendor, "s1", "bob", "mudbox").await.is(201);
    let seat = json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": "2027-04-01T00:00:00Z"});
    house.vendor.put("/v1/teams/acme/members/bob/seats/revit", seat).await.is(201);
    for name in ["j1", "j2"] {
        house.vendor.put(&format!("/v1/jobs/{name}"), job()).await.is(201);
    }
    house
}

#[test]
fn every_operation_that_takes_a_body_is_here() {
    let document = serde_json::to_value(jeton_api::openapi()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let takes_body =
        operations.filter(|operation| operation.pointer("/requestBody/content/application~1json").is_some());
    let expected: BTreeSet<&str> = takes_body.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let here = requests();
    assert_eq!(here.iter().map(|request| request.operation).collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn every_good_body_is_good() {
    let house = furnished().await;
    for (n, request) in requests().iter().enumerate() {
        let told = request.send(&house.vendor, n, request.body.clone()).await;
        let may_be_refused = ["reassign_seat", "enrol"].contains(&request.operation);
        assert!(told.status < 300 || may_be_refused, "{told}");
    }
}

/// Refused because of this field, or of what it is in.
#[track_caller]
fn is_about(told: &Told, leaf: &str) {
    let field = told.body["field"].as_str().unwrap_or_default();
    let is_past_a_limit = told.body["code"] == "limit";
    assert!(is_past_a_limit || (told.status == 400 && !field.is_empty() && leaf.starts_with(field)), "{leaf}: {told}");
}

#[tokio::test]
async fn a_number_for_a_text_and_a_text_for_a_number_are_bad_requests_about_the_field() {
    let house = furnished().await;
    for request in requests() {
        for (leaf, good) in request.leaves() {
            let wrong = match &good {
                Value::String(text) => {
                    let number = text.parse::<u64>().map_or(json!(7), Value::from);
                    vec![number, json!(7.5), json!(true), json!([]), json!({})]
                }
                Value::Number(number) => {
                    vec![json!(number.to_string()), json!(1.5), json!(-1), json!(true), json!([1]), json!({})]
                }
                Value::Bool(_) => vec![json!("true"), json!(1), json!([])],
                Value::Null | Value::Array(_) | Value::Object(_) => unreachable!("no leaf"),
            };
            for wrong in wrong {
                // A list is another way of saying which products.
                if leaf == "products" && wrong == json!([]) {
                    continue;
                }
                let told = request.send(&house.vendor, 0, request.with(&leaf, &wrong)).await;
                assert_eq!((told.status, &told.body["field"]), (400, &json!(leaf)), "{wrong}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_its_name_and_in_metering_passed_over() {
    let house = furnished().await;
    for (n, request) in requests().iter().enumerate() {
        let mut body = request.body.clone();
        body["Quantity"] = json!({"a": [1]});
        let told = request.send(&house.vendor, n, body).await;
        if request.is_metering() {
            assert_eq!(told.body["ignored"], json!(["Quantity"]), "{told}");
        } else {
            told.unreadable("Quantity");
        }
    }
}

#[tokio::test]
async fn a_list_is_no_object_even_with_the_right_values_in_the_right_order() {
    let house = furnished().await;
    for request in requests() {
        let values: Vec<Value> = request.body.as_object().unwrap().values().cloned().collect();
        for list in [json!(values), json!([]), json!([null, null])] {
            // About the whole, or about its first item, as far as it was read.
            let told = request.send(&house.vendor, 0, list).await;
            let field = told.body["field"].as_str().unwrap_or_default();
            assert!(told.status == 400 && (field == "body" || field.starts_with('[')), "{told}");
        }
        for (field, value) in request.body.as_object().unwrap() {
            let Value::Object(inner) = value else { continue };
            let mut body = request.body.clone();
            body[field] = inner.values().cloned().collect();
            let told = request.send(&house.vendor, 0, body).await;
            is_about(&told, field);
        }
    }
    let tiers = json!({"currency": "EUR", "tiers": [[1, "3.33"]]});
    house.vendor.put("/v1/price-lists/x", tiers).await.unreadable("tiers[0]");
    let results = json!({"results": {"study": ["each", "11", "up"]}});
    house.vendor.put("/v1/products/autocad/rates/2027-01-01T00:00:00Z", results).await.unreadable("results.study");
}

#[tokio::test]
async fn null_is_the_same_as_left_out() {
    let house = furnished().await;
    // Of the default access it is said by null that there is none.
    let all = requests();
    let all = all.iter().filter(|request| request.operation != "put_default_access");
    let mut n = 0;
    for request in all {
        for (field, _) in request.body.as_object().unwrap() {
            let mut body = request.body.clone();
            body[field] = Value::Null;
            let told = request.send(&house.vendor, n, body.clone()).await;
            body.as_object_mut().unwrap().remove(field);
            let left_out = request.send(&house.vendor, n + 1, body).await;
            n += 2;
            // Lists, maps and truths have a form for nothing of their own.
            if told.status >= 400 && left_out.status < 400 {
                let is_no_option =
                    ["uses", "versions", "countries", "tags", "lease", "rounding", "rates"].contains(&field.as_str());
                assert!(is_no_option, "{field}: {told}");
                told.unreadable(field);
            } else {
                let alike = told.status == left_out.status || (told.status < 300 && left_out.status < 300);
                assert!(alike, "{field}: {told} but {left_out}");
            }
        }
    }
}

/// Texts that are meant to do harm somewhere.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\u{7}b",
        "\u{1b}[31mred",
        "two\nlines",
        "\r\nset-cookie: a=b",
        "\u{85}",
        "\u{202e}txt.exe",
        "\u{2066}a\u{2069}",
        "\u{200b}",
        "\u{feff}a",
        "\u{ffff}",
        "👩‍👩‍👧‍👦",
        "e\u{301}\u{301}\u{301}",
        "аlice",
        "ａｕｔｏｃａｄ",
        "'; DROP TABLE log; --",
        "\" OR 1=1",
        "<script>alert(1)</script>",
        "=1+1",
        "@SUM(A1)",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "%00%2e%2e",
        "null",
        "NaN",
        "1e3",
        "-1",
        "+1",
        "1.",
        ".5",
        "0.0001",
        "٣",
        "1,5",
        "99999999999999999999999999",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(10_240));
    texts.push("é".repeat(10_240));
    texts
}

#[tokio::test]
async fn hostile_text_is_kept_as_it_is_or_refused_with_its_field() {
    let house = furnished().await;
    let mut n = 0;
    for request in requests() {
        for (leaf, _) in request.leaves().into_iter().filter(|(_, good)| good.is_string()) {
            for text in hostile_texts() {
                n += 1;
                let told = request.send(&house.vendor, n, request.with(&leaf, &json!(text))).await;
                let of_nothing = ["no_price_list", "not_on_rate_sheet", "quantity_raised"];
                let is_unknown = told.status == 404 || of_nothing.iter().any(|code| told.body["code"] == *code);
                if told.status < 300 {
                    is_kept(&house.vendor, &request, &leaf, &text, &told).await;
                } else if !is_unknown {
                    is_about(&told, &leaf);
                }
            }
        }
    }
    // And everything can still be read.
    let limits = ["groups", "caps", "required-tags", "plan", "agreements", "members/bob/credits"];
    for path in ["entries", "charges", "usage", "orders", "balance", "members"].into_iter().chain(limits) {
        house.vendor.get(&format!("/v1/teams/acme/{path}")).await.is(200);
    }
    for path in ["/v1/products", "/v1/uses", "/v1/price-lists", "/v1/teams", "/v1/api-keys", "/v1/settings"] {
        house.vendor.get(path).await.is(200);
    }
}

/// A text that was taken is told exactly, in the answer and when it is read.
async fn is_kept(client: &Client, request: &Request, leaf: &str, text: &str, told: &Told) {
    // A payment that stands is told as it was first recorded; sessions have a test of their own.
    if request.is_metering() || request.operation == "record_payment" {
        return;
    }
    let pointer = format!("/{}", leaf.replace(['.', '['], "/").replace(']', ""));
    let kept = told.body.pointer(&pointer).unwrap_or_else(|| panic!("{leaf} is not told: {told}"));
    let same = kept == text || is_same_number(kept, text);
    assert!(same, "{leaf} {text:?} is told as {kept}: {told}");
    if request.method == Method::PUT {
        let read = client.get(request.path).await.is(200);
        assert_eq!(read.pointer(&pointer), Some(kept), "{leaf}: {told}");
    }
}

fn is_same_number(kept: &Value, text: &str) -> bool {
    kept.as_str().is_some_and(|kept| kept.parse::<f64>().is_ok_and(|kept| text.parse::<f64>() == Ok(kept)))
}

#[tokio::test]
async fn tags_and_devices_are_kept_or_refused() {
    let house = furnished().await;
    for (n, text) in hostile_texts().iter().enumerate() {
        let mut body = opening("alice", "mudbox");
        body["device"] = json!(text);
        body["version"] = json!(text);
        let path = format!("/v1/sessions/d{n}");
        let told = house.vendor.put(&path, body).await;
        if told.status == 201 {
            let read = house.vendor.get(&path).await.is(200);
            assert_eq!((&read["device"], &read["version"]), (&json!(text), &json!(text)));
            close(&house.vendor, &format!("d{n}")).await.is(200);
        } else {
            is_about(&told, "device");
        }
        for tags in [json!({"project": text}), json!({text.as_str(): "tower"})] {
            let mut body = opening("alice", "mudbox");
            body["tags"] = tags.clone();
            let id = if tags.get("project").is_some() { "v" } else { "k" };
            let told = house.vendor.put(&format!("/v1/sessions/{id}{n}"), body).await;
            if told.status == 201 {
                close(&house.vendor, &format!("{id}{n}")).await.is(200);
                let entries = house.vendor.get("/v1/teams/acme/entries").await.is(200);
                assert!(entries["next"].is_string() || entries.to_string().contains(&tags.to_string()), "{tags}");
            } else {
                is_about(&told, "tags");
            }
        }
    }
    let many: serde_json::Map<String, Value> = (0..10_000).map(|n| (n.to_string(), json!("x"))).collect();
    let mut body = opening("alice", "mudbox");
    body["tags"] = json!(many.clone());
    let refused = house.vendor.put("/v1/sessions/many", body.clone()).await;
    assert_eq!((refused.status, &refused.body["name"]), (413, &json!("body")));
    body["tags"] = many.into_iter().take(17).collect();
    let refused = house.vendor.put("/v1/sessions/many", body).await.refused(400, "limit");
    assert_eq!((&refused["name"], &refused["value"]), (&json!("tags"), &json!(16)));
}

#[tokio::test]
async fn ids_with_look_alikes_are_no_ids() {
    let house = furnished().await;
    // Percent-encoded: a Cyrillic a, full-width letters, a zero-width space, an apostrophe, a slash, a space, an emoji,
    // a leading dot, 65 letters.
    let long = "x".repeat(65);
    let strange =
        ["%D0%B0lice", "%EF%BD%81", "a%E2%80%8Bb", "a'b", "a%2Fb", "a%20b", "%F0%9F%99%82", ".a", "a%00", &long];
    let bodies = requests();
    let body_of = |operation: &str| bodies.iter().find(|request| request.operation == operation).unwrap().body.clone();
    for id in strange {
        for (operation, path, field) in [
            ("put_use", format!("/v1/uses/{id}"), "use"),
            ("put_product", format!("/v1/products/{id}"), "product"),
            ("put_price_list", format!("/v1/price-lists/{id}"), "list"),
            ("put_team", format!("/v1/teams/{id}"), "team"),
            ("put_member", format!("/v1/teams/acme/members/{id}"), "member"),
            ("put_group", format!("/v1/teams/acme/groups/{id}"), "group"),
            ("put_cap", format!("/v1/teams/acme/caps/{id}"), "cap"),
            ("put_agreement", format!("/v1/teams/acme/agreements/{id}"), "agreement"),
            ("put_credits", format!("/v1/teams/acme/members/bob/credits/{id}"), "grant"),
            ("put_order", format!("/v1/teams/acme/orders/{id}"), "order"),
            ("open_session", format!("/v1/sessions/{id}"), "session"),
            ("put_rate", format!("/v1/products/autocad/rates/{id}"), "effective_at"),
        ] {
            house.vendor.put(&path, body_of(operation)).await.unreadable(field);
            if operation != "put_rate" {
                assert_eq!(house.vendor.get(&path).await.status, 404, "{path}");
            }
        }
    }
    for code in ["AutoCAD", "auto_cad", "auto.cad"] {
        house.vendor.put(&format!("/v1/products/{code}"), body_of("put_product")).await.unreadable("product");
    }
    // Case tells ids apart.
    house.vendor.put("/v1/teams/ACME", body_of("put_team")).await.is(201);
    assert_ne!(house.vendor.get("/v1/teams/acme").await.is(200)["name"], "Globex");
}

#[tokio::test]
async fn instants_out_of_range_are_refused_with_their_field() {
    let house = furnished().await;
    let bad = [
        "1999-12-31T23:59:59.999999Z",
        "2200-01-01T00:00:00.000001Z",
        "0000-01-01T00:00:00Z",
        "-000001-01-01T00:00:00Z",
        "20000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02T08:00:00",
        "2026-03-02",
        "2026-03-02T08:00:00+26:00",
        "1772438400",
        "now",
        "",
    ];
    for request in requests() {
        for (leaf, _) in request.leaves().into_iter().filter(|(leaf, _)| leaf.ends_with("_at") || leaf == "at") {
            for instant in bad {
                let told = request.send(&house.vendor, 0, request.with(&leaf, &json!(instant))).await;
                assert_eq!((told.status, &told.body["field"]), (400, &json!(leaf)), "{instant}: {told}");
            }
        }
    }
    for instant in bad.into_iter().filter(|instant| !instant.is_empty()) {
        let encoded = instant.replace('+', "%2B");
        house.vendor.get(&format!("/v1/products?at={encoded}")).await.unreadable("at");
        let rate = format!("/v1/products/autocad/rates/{encoded}");
        house.vendor.put(&rate, json!({"per_day": "7"})).await.unreadable("effective_at");
        house.vendor.get(&rate).await.unreadable("effective_at");
    }
    for day in ["1999-12-31", "2201-01-01", "2026-02-29", "2026-3-2", "20260302", "-2026-3-2", "0000-00-00"] {
        let payment = json!({"paid_on": day});
        house.vendor.post("/v1/teams/acme/orders/o1/payment", payment).await.unreadable("paid_on");
    }
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_with_their_field() {
    let house = furnished().await;
    let sent = async |number: &str| {
        let body = format!("{{\"quantity\": {number}, \"payment\": \"card\"}}");
        house.vendor.send(Method::PUT, "/v1/teams/acme/orders/n1", &[], Some("application/json"), body).await
    };
    sent("0").await.refused(409, "quantity_not_sold");
    for number in
        ["-1", "1.0", "1e3", "1E3", "-0", "18446744073709551616", "1e400", "0x10", "NaN", "01", "+1", "\"10\""]
    {
        let told = sent(number).await;
        assert_eq!(told.status, 400, "{number}: {told}");
        assert!(["quantity", "body"].contains(&told.body["field"].as_str().unwrap()), "{number}: {told}");
    }
    assert_eq!(sent("18446744073709551615").await.refused(409, "limit")["name"], "order_quantity");
    assert_eq!(sent("100000001").await.refused(409, "limit")["value"], 100_000_000);
    sent("100000000").await.is(201);
    for request in requests() {
        for (leaf, _) in request.leaves().into_iter().filter(|(_, good)| good.is_number()) {
            for number in [json!(0), json!(u32::MAX), json!(u64::from(u32::MAX) + 1), json!(u64::MAX)] {
                let told = request.send(&house.vendor, 0, request.with(&leaf, &number)).await;
                assert!(
                    told.status < 300
                        || told.body["field"] == leaf.as_str()
                        || told.status == 409
                        || (leaf.starts_with("tiers") && told.body["field"] == "tiers")
                        || (leaf == "heartbeat_s" && told.body["field"] == "lost_after_s")
                        || (leaf == "min_quantity" && told.body["field"] == "tiers"),
                    "{leaf} {number}: {told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn at_the_end_of_time_everything_is_answered() {
    let house = shop().await;
    let vendor = &house.vendor;
    for at in ["2199-12-31T23:59:00Z", "2200-01-01T00:00:00Z"] {
        clock(vendor, at).await;
        let id = at.replace(':', "-");
        order(vendor, &id, 10).await;
        vendor.post("/v1/teams/acme/orders/o1/payment", json!({})).await.is(200);
        order(vendor, &id, 10).await;
        let end = json!({"starts_at": "2199-12-31T00:00:00Z", "ends_at": "2200-01-01T00:00:00Z"});
        assert!(vendor.put("/v1/teams/acme/members/bob/seats/revit", end).await.status < 300);
        for product in ["autocad", "mudbox", "revit"] {
            let session = format!("{id}-{product}");
            let told = open(vendor, &session, "alice", product).await;
            assert!(told.status < 500, "{told}");
            for _ in 0..3 {
                let told = beat(vendor, &session).await;
                assert!(told.status < 500, "{told}");
            }
        }
        vendor.post("/v1/quotes", json!({"quantity": 10, "team": "acme"})).await.is(200);
        for path in ["entries", "charges", "usage", "orders", "balance"] {
            vendor.get(&format!("/v1/teams/acme/{path}")).await.is(200);
        }
    }
    vendor.put("/v1/sandbox/clock", json!({"at": "2200-01-01T00:00:00Z"})).await.is(200);
}

#[tokio::test]
async fn queries_and_headers_may_hold_anything() {
    let house = furnished().await;
    let charges = "/v1/teams/acme/charges";
    for query in
        ["member=%00", "member=%ff", "member=%F0%9F%99%82", "member=", "member=a%26b", "product=%E2%80%AE", "member=%"]
    {
        let told = house.vendor.get(&format!("{charges}?{query}")).await;
        assert!([400, 404].contains(&told.status), "{told}");
    }
    let usage = "/v1/teams/acme/usage";
    for tag in ["%00", "'", "%22", "a%3Db", "%F0%9F%99%82", "$", "%25"] {
        house.vendor.get(&format!("{usage}?group_by=tag:{tag}")).await.is(200);
    }
    let long = "x".repeat(10_240);
    house.vendor.get(&format!("{usage}?group_by=tag:{long}")).await.is(200);
    house.vendor.get(&format!("{charges}?member={long}")).await.refused(404, "unknown_member");
    for (name, value) in [
        ("if-match", "\u{e9}"),
        ("idempotency-key", "\u{e9}"),
        ("x-request-id", "a b"),
        ("accept", ";;,"),
        ("accept", "\u{e9}"),
    ] {
        let told = house.vendor.ask(Method::GET, usage, &[(name, value)], None).await;
        told.is(200);
    }
    let told = house
        .vendor
        .ask(Method::POST, "/v1/api-keys", &[("idempotency-key", "\u{e9}")], Some(json!({"scope": "vendor"})))
        .await;
    told.unreadable("Idempotency-Key");
}
