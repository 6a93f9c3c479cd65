//! Every way in which something is not done: status, code, rule, and the figures that explain it.

use axum::http::Method;
use jeton_client::ScopeName;
use serde_json::{Map, Value, json};

use crate::house::{Client, House, Told, scope};
use crate::shop::{
    beat, clock, close, member, of_member, of_product, of_team, open, opening, order, quick_charge, shop, team,
};

/// A problem in a line: its status, code and rule, and the figures beside them.
fn line(told: &Told) -> String {
    let mut figures: Map<String, Value> = told.body.as_object().unwrap().clone();
    for common in ["type", "title", "status", "detail", "code"] {
        figures.remove(common);
    }
    let rule = figures.remove("rule").map(|rule| format!(" ({})", rule.as_str().unwrap())).unwrap_or_default();
    let figures: Vec<String> = figures.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{} {}{rule}{}", told.status, told.body["code"].as_str().unwrap(), figures.concat())
}

/// The lines, one below the other.
fn lines(told: &[Told]) -> String {
    told.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a3_an_opening_is_refused_by_the_first_check_that_fails() {
    let house = shop().await;
    let vendor = &house.vendor;
    vendor.put("/v1/settings", json!({"devices": 1})).await.is(200);
    let mut told = Vec::new();
    let mut of_nobody = opening("nobody", "nothing");
    of_nobody["team"] = json!("nobodys");
    told.push(vendor.put("/v1/sessions/s0", of_nobody).await);
    told.push(open(vendor, "s0", "nobody", "nothing").await);
    told.push(open(vendor, "s0", "alice", "nothing").await);
    // Deactivated, and without anything else either.
    vendor.put("/v1/teams/acme/default-access", json!({"products": null})).await.is(200);
    vendor.delete("/v1/teams/acme/members/bob").await;
    told.push(open(vendor, "s0", "bob", "autocad").await);
    told.push(open(vendor, "s0", "alice", "autocad").await);
    vendor.put("/v1/teams/acme/members/alice/assignment", json!({"products": ["autocad", "revit", "mudbox"]})).await;
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["revit", "generative-design"]})).await.is(200);
    told.push(open(vendor, "s0", "alice", "generative-design").await);
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["revit"]})).await.is(200);
    told.push(open(vendor, "s0", "alice", "generative-design").await);
    vendor.put("/v1/teams/acme/members/alice/assignment", json!({"products": "all"})).await.is(200);
    told.push(open(vendor, "s0", "alice", "generative-design").await);
    vendor.put("/v1/products/autocad/rates/2026-03-02T08:00:00Z", json!({"per_day": "5000.5"})).await.is(201);
    told.push(open(vendor, "s0", "alice", "autocad").await);
    open(vendor, "s1", "alice", "mudbox").await.is(201);
    let mut elsewhere = opening("alice", "mudbox");
    elsewhere["device"] = json!("alices-desktop");
    told.push(vendor.put("/v1/sessions/s2", elsewhere).await);
    // The invoice is due on 1 April, and the window of now is over.
    clock(vendor, "2026-04-02T08:00:00Z").await;
    told.push(open(vendor, "s3", "alice", "mudbox").await);
    insta::assert_snapshot!(lines(&told), @r#"
    404 unknown_team (A3)
    404 unknown_member (A3)
    404 unknown_product (A3)
    409 member_inactive (A3)
    409 not_assigned (A3)
    409 product_blocked (A3)
    409 product_restricted (A3)
    409 not_on_rate_sheet (C4)
    402 insufficient_tokens (A3) available="5000" required="5000.5" shortfall="0.5"
    409 too_many_devices (W3) limit=1 sessions=[{"device":"alices-laptop","session":"s1"}]
    409 payment_overdue (P8)
    "#);
}

#[tokio::test]
async fn sessions_are_refused() {
    let house = shop().await;
    let vendor = &house.vendor;
    vendor.put("/v1/settings", json!({"devices": 32})).await.is(200);
    let mut told = vec![beat(vendor, "s1").await, close(vendor, "s1").await, vendor.get("/v1/sessions/s1").await];
    open(vendor, "s1", "alice", "autocad").await.is(201);
    told.push(open(vendor, "s1", "bob", "autocad").await);
    close(vendor, "s1").await.is(200);
    told.push(beat(vendor, "s1").await);
    for number in 0..32 {
        open(vendor, &format!("t{number}"), "bob", "autocad").await.is(201);
    }
    told.push(open(vendor, "t32", "bob", "autocad").await);
    insta::assert_snapshot!(lines(&told), @r#"
    404 unknown_session
    404 unknown_session
    404 unknown_session
    409 id_reused (V4)
    409 session_ended (W8)
    409 limit name="open_sessions" value=32
    "#);
}

#[tokio::test]
async fn a_renewal_is_refused_inside_the_answer() {
    let house = shop().await;
    let vendor = &house.vendor;
    open(vendor, "s1", "alice", "mudbox").await.is(201);
    for minute in (5..=1440).step_by(5) {
        clock(
            vendor,
            &format!("2026-03-{:02}T{:02}:{:02}:00Z", 2 + (480 + minute) / 1440, (480 + minute) / 60 % 24, minute % 60),
        )
        .await;
        if minute == 1440 {
            vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["mudbox"]})).await.is(200);
        }
        let told = beat(vendor, "s1").await.is(200);
        if minute == 1440 {
            assert_eq!(
                (&told["state"], &told["cover"], &told["lease"]),
                (&json!("unfunded"), &Value::Null, &Value::Null)
            );
            assert_eq!(told["ends_at"], "2026-03-03T08:15:00Z");
            let refusal = &told["refusal"];
            assert_eq!((&refusal["code"], &refusal["status"]), (&json!("product_blocked"), &json!(409)));
            assert_eq!(refusal["type"], "urn:jeton:problem:product_blocked");
        }
    }
    let quoted = vendor.post("/v1/sessions/quote", opening("bob", "mudbox")).await.is(200);
    assert_eq!((&quoted["cover"], &quoted["tokens"]), (&Value::Null, &Value::Null));
    assert_eq!((&quoted["refusal"]["code"], &quoted["refusal"]["rule"]), (&json!("product_blocked"), &json!("A3")));
}

#[tokio::test]
async fn buying_is_refused() {
    let house = shop().await;
    let vendor = &house.vendor;
    let mut told = Vec::new();
    let list = json!({"currency": "EUR", "tiers": [{"from": 1, "unit_price": "3"}], "min_quantity": 100, "step": 50});
    vendor.put("/v1/price-lists/reference", list).await.is(200);
    for quantity in [99, 100_000_001, 120] {
        told.push(order(vendor, "o2", quantity).await);
        told.push(vendor.post("/v1/quotes", json!({"quantity": quantity, "team": "acme"})).await);
    }
    told.push(order(vendor, "o1", 100).await);
    told.push(vendor.post("/v1/quotes", json!({"quantity": 100, "currency": "GBP"})).await);
    told.push(vendor.post("/v1/quotes", json!({"quantity": 100, "team": "nobody"})).await);
    let body = json!({"name": "T", "country": "GB", "currency": "GBP", "time_zone": "Europe/London", "locale": "en"});
    vendor.put("/v1/teams/globex", body).await.is(201);
    told.push(vendor.put("/v1/teams/globex/orders/o1", json!({"quantity": 100, "payment": "card"})).await);
    clock(vendor, "2026-04-02T08:00:00Z").await;
    told.push(order(vendor, "o2", 100).await);
    told.push(vendor.post("/v1/teams/acme/orders/o9/payment", json!({})).await);
    insta::assert_snapshot!(lines(&told), @r#"
    409 quantity_not_sold (P1) min_quantity=100 step=50
    409 quantity_not_sold (P1) min_quantity=100 step=50
    409 limit name="order_quantity" value=100000000
    409 limit name="order_quantity" value=100000000
    409 quantity_not_sold (P1) min_quantity=100 step=50
    409 quantity_not_sold (P1) min_quantity=100 step=50
    409 id_reused (V4)
    409 no_price_list (P1)
    404 unknown_team (A3)
    409 no_price_list (P1)
    409 payment_overdue (P8)
    404 unknown_order
    "#);
}

#[tokio::test]
async fn configuration_is_refused() {
    let house = shop().await;
    let vendor = &house.vendor;
    let seat = json!({"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"});
    for who in ["alice", "bob"] {
        vendor.put(&format!("/v1/teams/acme/members/{who}/seats/revit"), seat.clone()).await.is(201);
    }
    let reassign = "/v1/teams/acme/seats";
    let one_another = json!({"from": "alice", "to": "bob"});
    let stale = [("if-match", "\"7777\"")];
    let rate = "/v1/products/autocad/rates/2026-01-01T00:00:00Z";
    let told = [
        vendor.put(rate, json!({"per_day": "8"})).await,
        vendor.delete(rate).await,
        vendor.post(&format!("{reassign}/revit/reassign"), one_another.clone()).await,
        vendor.post(&format!("{reassign}/autocad/reassign"), one_another.clone()).await,
        vendor.post(&format!("{reassign}/nothing/reassign"), one_another).await,
        vendor.post(&format!("{reassign}/revit/reassign"), json!({"from": "alice", "to": "nobody"})).await,
        vendor.ask(Method::PUT, rate, &stale, Some(json!({"per_day": "7"}))).await,
        vendor.put("/v1/teams/acme/members/alice/assignment", json!({"products": ["nothing"]})).await,
        vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["nothing"]})).await,
        vendor.put("/v1/sandbox/clock", json!({"at": "2026-03-02T07:59:59.999999Z"})).await,
        vendor.put("/v1/products/flame", json!({"names": {"en": "F", "fr": "F"}, "idle_after_s": 0})).await,
    ];
    insta::assert_snapshot!(lines(&told), @r#"
    409 rate_in_force (C2) starts_at="2026-01-01T00:00:00Z"
    409 rate_in_force (C2) starts_at="2026-01-01T00:00:00Z"
    409 seat_taken (A2)
    404 unknown_seat
    404 unknown_product (A3)
    404 unknown_member (A3)
    412 precondition_failed
    404 unknown_product (A3)
    404 unknown_product (A3)
    409 clock_goes_back (W9) now="2026-03-02T08:00:00Z"
    400 bad_request field="idle_after_s"
    "#);
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    let house = shop().await;
    let mut told = Vec::new();
    for path in [
        "/v1/products/nothing",
        "/v1/products/nothing/rates",
        "/v1/products/autocad/rates/2027-01-01T00:00:00Z",
        "/v1/uses/nothing",
        "/v1/price-lists/nothing",
        "/v1/api-keys/key_nothing",
        "/v1/teams/nobody",
        "/v1/teams/nobody/balance",
        "/v1/teams/acme/members/nobody",
        "/v1/teams/acme/members/alice/assignment",
        "/v1/teams/acme/members/alice/seats/autocad",
        "/v1/teams/acme/groups/nothing",
        "/v1/teams/acme/caps/nothing",
        "/v1/teams/acme/agreements/nothing",
        "/v1/teams/acme/members/alice/credits/nothing",
        "/v1/teams/acme/orders/nothing",
        "/v1/teams/acme/charges/c1",
        "/v1/sessions/nothing",
        "/v1/nothing",
        "/",
    ] {
        told.push(house.vendor.get(path).await);
    }
    insta::assert_snapshot!(lines(&told), @r#"
    404 unknown_product (A3)
    404 unknown_product (A3)
    404 unknown_rate
    404 unknown_use
    404 unknown_price_list
    404 unknown_key
    404 unknown_team (A3)
    404 unknown_team (A3)
    404 unknown_member (A3)
    404 unknown_assignment
    404 unknown_seat
    404 unknown_group
    404 unknown_cap
    404 unknown_agreement
    404 unknown_grant
    404 unknown_order
    404 unknown_charge
    404 unknown_session
    404 unknown_path
    404 unknown_path
    "#);
    // What cannot be an id is the id of nothing.
    for path in
        ["/v1/products/%20", "/v1/uses/Ä", "/v1/price-lists/%D0%B0", "/v1/teams/a%2Fb", "/v1/sessions/%F0%9F%99%82"]
    {
        let path = path.replace('Ä', "%C3%84");
        assert_eq!(house.vendor.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_edge_refuses() {
    let house = shop().await;
    let json = Some("application/json");
    let quotes = "/v1/quotes";
    let told = [
        house.without_key().get("/v1/teams").await,
        house.vendor.showing("jtn_altered").get("/v1/teams").await,
        house.with(&of_product("autocad")).await.get("/v1/teams/acme").await,
        house.with(&of_team("acme")).await.get("/v1/settings").await,
        house.with(&of_team("acme")).await.get("/v1/teams/globex").await,
        house.vendor.post("/v1/quotes", json!({"currency": "EUR"})).await,
        house.vendor.send(Method::POST, quotes, &[], json, vec![b' '; 65_537]).await,
        house.vendor.send(Method::POST, quotes, &[], json, "[".repeat(9)).await,
        house.vendor.send(Method::POST, quotes, &[], Some("text/plain"), "{}").await,
        house.vendor.send(Method::POST, quotes, &[], json, vec![b'"', 0xff, b'"']).await,
        house.vendor.get("/v1/teams?limit=101").await,
        house.vendor.get("/v1/teams?limit=x").await,
        house.vendor.get("/v1/teams/%ff").await,
        house.vendor.ask(Method::PUT, "/v1/settings", &[("if-match", "x")], Some(json!({}))).await,
        house.vendor.delete(quotes).await,
        house.vendor.send(Method::PATCH, "/v1/teams/acme", &[], None, "").await,
    ];
    assert_eq!(told[0].header("www-authenticate"), Some("Bearer"));
    assert_eq!(told[14].header("allow"), Some("POST"));
    insta::assert_snapshot!(lines(&told), @r#"
    401 unauthorised
    401 unauthorised
    403 forbidden
    403 forbidden
    404 unknown_team (A3)
    400 bad_request field="quantity"
    413 limit name="body" value=65536
    400 limit name="depth" value=8
    415 unsupported_media_type
    400 bad_request field="body"
    400 limit name="page" value=100
    400 bad_request field="limit"
    400 bad_request field="team"
    400 bad_request field="If-Match"
    405 method_not_allowed
    405 method_not_allowed
    "#);
}

#[tokio::test]
async fn a_house_that_stops_is_not_there_now() {
    let house = shop().await;
    house.app.stop().await;
    for told in [
        house.vendor.get("/readyz").await,
        house.vendor.get("/v1/teams").await,
        order(&house.vendor, "o2", 10).await,
        open(&house.vendor, "s1", "alice", "autocad").await,
    ] {
        assert_eq!(told.header("retry-after"), Some("1"));
        told.refused(503, "shutting_down");
    }
    // It lives, and knows itself.
    house.vendor.get("/livez").await.is(200);
    house.vendor.get("/openapi.json").await.is(200);
}

/// Another team's things are as if they were not there.
#[tokio::test]
async fn anothers_things_are_unknown() {
    let house = shop().await;
    team(&house.vendor, "globex").await;
    member(&house.vendor, "globex", "greta", "primary_admin").await;
    let charge = quick_charge(&house.vendor, "s1", "alice").await;
    open(&house.vendor, "s2", "alice", "autocad").await.is(201);
    let globex = house.with(&of_team("globex")).await;
    let greta = house.with(&of_member("globex", "greta")).await;
    let limits = ["/groups", "/caps", "/required-tags", "/plan", "/agreements", "/members/alice/credits"];
    let account =
        ["", "/members", "/members/alice", "/orders", "/orders/o1", "/balance", "/entries", "/charges", "/usage"];
    for path in account.into_iter().chain(limits) {
        globex.get(&format!("/v1/teams/acme{path}")).await.refused(404, "unknown_team");
    }
    for client in [&globex, &greta] {
        client.get(&format!("/v1/teams/acme/charges/{charge}")).await.refused(404, "unknown_team");
        client.get("/v1/sessions/s2").await.refused(404, "unknown_session");
        client.get("/v1/sessions?team=acme").await.refused(404, "unknown_team");
        close(client, "s2").await.refused(404, "unknown_session");
        client.post("/v1/quotes", json!({"quantity": 1, "team": "acme"})).await.refused(404, "unknown_team");
    }
    beat(&greta, "s2").await.refused(404, "unknown_session");
    // An id that another team used answers no more than that.
    let opening = json!({"team": "globex", "member": "greta", "product": "autocad", "device": "pc"});
    greta.put("/v1/sessions/s2", opening).await.refused(409, "id_reused");
    greta.put("/v1/sessions/s3", crate::shop::opening("alice", "autocad")).await.refused(404, "unknown_team");
}

#[tokio::test]
async fn a_key_ends() {
    let house = shop().await;
    let ends_at = Some(jeton_client::Instant::new("2026-03-02T09:00:00Z"));
    let key = house.with(&jeton_client::ApiKeyPost { ends_at, ..scope(ScopeName::Vendor) }).await;
    clock(&house.vendor, "2026-03-02T08:59:59Z").await;
    key.get("/v1/teams").await.is(200);
    clock(&house.vendor, "2026-03-02T09:00:00Z").await;
    key.get("/v1/teams").await.refused(401, "unauthorised");
}

#[tokio::test]
async fn only_a_sandbox_has_a_clock_to_move() {
    let house = House::real().await;
    house.vendor.get("/v1/sandbox/clock").await.refused(404, "unknown_clock");
    house.vendor.put("/v1/sandbox/clock", json!({"at": "2100-01-01T00:00:00Z"})).await.refused(404, "unknown_clock");
    house.vendor.get("/readyz").await.is(200);
}

/// Which teams a partner serves is not known yet.
#[tokio::test]
async fn partners_have_no_rights_yet() {
    let house: House = shop().await;
    let wanted = jeton_client::ApiKeyPost { partner: Some("resale".to_owned()), ..scope(ScopeName::Partner) };
    let partner: Client = house.with(&wanted).await;
    partner.get("/v1/products").await.is(200);
    partner.get("/v1/teams/acme").await.refused(403, "forbidden");
    partner.post("/v1/quotes", json!({"quantity": 1, "team": "acme"})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn w9_every_answer_is_dated_by_the_clock_that_decides() {
    let house = House::new().await;
    let date = |told: &Told| told.headers["date"].to_str().unwrap().to_owned();
    assert_eq!(date(&house.vendor.get("/v1/settings").await), "Mon, 02 Mar 2026 08:00:00 GMT");
    house.vendor.put("/v1/sandbox/clock", json!({"at": "2026-03-03T09:30:15.9Z"})).await;
    assert_eq!(date(&house.vendor.get("/v1/lost").await), "Tue, 03 Mar 2026 09:30:15 GMT", "problems, too");
}
