//! Who asks too fast: 429, and what every measured key is told.

use jeton_app::PaceSettings;
use jeton_client::ScopeName;
use serde_json::json;

use crate::house::{House, scope};
use crate::shop::{furnish, of_member, of_product, of_team};

const SLOW: PaceSettings = PaceSettings { per_s: 1, all: false };

#[tokio::test]
async fn a_key_that_asks_too_fast_is_told_when_to_come_again() {
    let house = House::at_pace(SLOW).await;
    furnish(&house.vendor).await;
    let team = house.with(&of_team("acme")).await;
    let first = team.get("/v1/teams/acme").await;
    assert_eq!((first.status, first.header("ratelimit-policy")), (200, Some("\"key\";q=2;w=2")));
    assert_eq!(first.header("ratelimit"), Some("\"key\";r=1;t=1"));
    // What is refused was asked, too.
    let second = team.get("/v1/settings").await;
    assert_eq!((second.status, second.header("ratelimit")), (403, Some("\"key\";r=0;t=2")));

    let third = team.get("/v1/teams/acme").await;
    assert_eq!(third.header("ratelimit-policy"), Some("\"key\";q=2;w=2"));
    assert_eq!((third.header("retry-after"), third.header("ratelimit")), (Some("1"), Some("\"key\";r=0;t=2")));
    assert_eq!(third.refused(429, "too_fast")["retry_after_s"], 1);
    // Another key is another measure; and without a key there is none.
    let second = house.with(&of_team("acme")).await;
    second.get("/v1/teams/acme").await.is(200);
    let open = team.get("/livez").await;
    assert_eq!((open.status, open.header("ratelimit")), (200, None));
}

#[tokio::test]
async fn keys_of_vendor_and_product_are_measured_only_where_the_installation_says_so() {
    for all in [false, true] {
        let house = House::at_pace(PaceSettings { per_s: 1000, all }).await;
        furnish(&house.vendor).await;
        let product = house.with(&of_product("autocad")).await;
        for client in [&house.vendor, &product] {
            assert_eq!(client.get("/v1/products").await.header("ratelimit").is_some(), all);
        }
        let member = house.with(&of_member("acme", "alice")).await;
        let partner = jeton_client::ApiKeyPost { partner: Some("resale".to_owned()), ..scope(ScopeName::Partner) };
        let partner = house.with(&partner).await;
        for client in [&member, &partner] {
            assert!(client.get("/v1/products").await.header("ratelimit").is_some());
        }
    }
}

#[tokio::test]
async fn who_asks_too_fast_has_nothing_decided() {
    let house = House::at_pace(SLOW).await;
    furnish(&house.vendor).await;
    let team = house.with(&of_team("acme")).await;
    let body = json!({"quantity": 10, "payment": "invoice"});
    for _ in 0..2 {
        team.get("/v1/products").await.is(200);
    }
    team.put("/v1/teams/acme/orders/o2", body).await.refused(429, "too_fast");
    house.vendor.get("/v1/teams/acme/orders/o2").await.refused(404, "unknown_order");
}

#[tokio::test]
async fn a_bad_key_is_not_measured() {
    let house = House::at_pace(PaceSettings { per_s: 1, all: true }).await;
    let bad = house.vendor.showing("jtn_nobodys");
    for _ in 0..5 {
        let told = bad.get("/v1/products").await;
        assert_eq!(told.header("ratelimit"), None);
        told.refused(401, "unauthorised");
    }
}
