//! What the tests find in a house: products, prices, a team with members and tokens; and the daily messages.

use jeton_client::{ApiKeyPost, ScopeName};
use serde_json::{Value, json};

use crate::house::{Client, House, Told, scope};

/// A house with a shop in it: autocad at 7 a day and Revit at 10, each with an undo interval of 5 minutes; Mudbox at 1
/// without one; study results of generative design; the team acme in Paris with alice and bob, who may open
/// everything, and 5,000 tokens.
pub(crate) async fn shop() -> House {
    let house = House::new().await;
    furnish(&house.vendor).await;
    house
}

/// Puts the shop into an empty house.
pub(crate) async fn furnish(vendor: &Client) {
    let industry = json!({"code": "aec", "names": {"en": "Construction", "fr": "Construction"}});
    let architecture = json!({"names": {"en": "Architecture", "fr": "Architecture"}, "industry": industry});
    vendor.put("/v1/uses/architecture", architecture).await.is(201);
    for (product, undo_interval_s, rate) in [
        ("autocad", 300, json!({"per_day": "7"})),
        ("revit", 300, json!({"per_day": "10"})),
        ("mudbox", 0, json!({"per_day": "1"})),
        ("generative-design", 300, json!({"results": {"study": {"unit": "each", "tokens": "11"}}})),
    ] {
        let names = json!({"en": product, "fr": product});
        let body = json!({"names": names, "uses": ["architecture"], "undo_interval_s": undo_interval_s});
        vendor.put(&format!("/v1/products/{product}"), body).await.is(201);
        vendor.put(&format!("/v1/products/{product}/rates/2026-01-01T00:00:00Z"), rate).await.is(201);
    }
    let tiers = json!([{"from": 1, "unit_price": "3.3"}, {"from": 5000, "unit_price": "3.25"}]);
    vendor.put("/v1/price-lists/reference", json!({"currency": "EUR", "tiers": tiers})).await.is(201);
    team(vendor, "acme").await;
    for (name, role) in [("alice", "primary_admin"), ("bob", "member")] {
        member(vendor, "acme", name, role).await;
    }
    vendor.put("/v1/teams/acme/default-access", json!({"products": "all"})).await;
    order(vendor, "o1", 5000).await.is(201);
}

pub(crate) async fn team(vendor: &Client, team: &str) {
    let body = json!({"name": team, "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris", "locale": "fr"});
    vendor.put(&format!("/v1/teams/{team}"), body).await.is(201);
}

pub(crate) async fn member(vendor: &Client, team: &str, name: &str, role: &str) {
    let body = json!({"email": format!("{name}@{team}.example"), "name": name, "role": role});
    vendor.put(&format!("/v1/teams/{team}/members/{name}"), body).await.is(201);
}

/// An order of acme's on invoice.
pub(crate) async fn order(client: &Client, order: &str, quantity: u64) -> Told {
    let body = json!({"quantity": quantity, "payment": "invoice"});
    client.put(&format!("/v1/teams/acme/orders/{order}"), body).await
}

/// An opening by a member of acme's.
pub(crate) fn opening(member: &str, product: &str) -> Value {
    json!({"team": "acme", "member": member, "product": product, "device": format!("{member}s-laptop")})
}

pub(crate) async fn open(client: &Client, session: &str, member: &str, product: &str) -> Told {
    client.put(&format!("/v1/sessions/{session}"), opening(member, product)).await
}

pub(crate) async fn beat(client: &Client, session: &str) -> Told {
    client.post(&format!("/v1/sessions/{session}/heartbeat"), json!({})).await
}

pub(crate) async fn close(client: &Client, session: &str) -> Told {
    client.post(&format!("/v1/sessions/{session}/close"), json!({})).await
}

/// Moves the clock on.
pub(crate) async fn clock(vendor: &Client, at: &str) {
    vendor.put("/v1/sandbox/clock", json!({"at": at})).await.is(200);
}

/// Beats every few minutes from one minute of 2 March 2026 to another, both included.
pub(crate) async fn beats(vendor: &Client, session: &str, day: &str, minutes: impl IntoIterator<Item = u32>) {
    for minute in minutes {
        clock(vendor, &format!("{day}T{:02}:{:02}:00Z", minute / 60, minute % 60)).await;
        beat(vendor, session).await.is(200);
    }
}

/// A charge of Mudbox, which is made at the opening: its session is closed again.
pub(crate) async fn quick_charge(vendor: &Client, session: &str, member: &str) -> String {
    let told = open(vendor, session, member, "mudbox").await.is(201);
    close(vendor, session).await.is(200);
    told["charged"][0]["charge"].as_str().expect("without an undo interval an opening is a charge").to_owned()
}

pub(crate) fn of_team(team: &str) -> ApiKeyPost {
    ApiKeyPost { team: Some(team.to_owned()), ..scope(ScopeName::Team) }
}

pub(crate) fn of_product(product: &str) -> ApiKeyPost {
    ApiKeyPost { product: Some(product.to_owned()), ..scope(ScopeName::Product) }
}

pub(crate) fn of_member(team: &str, member: &str) -> ApiKeyPost {
    ApiKeyPost { team: Some(team.to_owned()), member: Some(member.to_owned()), ..scope(ScopeName::Member) }
}
