//! E18 with real concurrency (P5): no two requests spend the same token.

use serde_json::{Value, json};

use crate::support::many;
use crate::support::shop::Shop;

const MEMBERS: u32 = 1_000;

#[test]
fn e18_of_a_thousand_at_once_on_a_balance_for_one_one_is_covered() {
    let shop = Shop::open(7);
    many::make_members(&shop.vendor, "acme", MEMBERS);

    let first = many::open_at_once(&shop.vendor, "acme", "autocad", MEMBERS);
    let covered: Vec<_> = first.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(covered.len(), 1, "one is covered");
    let charge = covered[0].body["charged"][0]["charge"].clone();
    assert!(charge.is_string(), "{}", covered[0].text);
    for answer in first.iter().filter(|answer| answer.status != 201) {
        let problem = answer.clone().refused(402, "insufficient_tokens");
        assert_eq!(figures(&problem), [json!("7"), json!("0"), json!("7")], "{problem}");
    }

    // Sent again by everybody: nobody has more than before (V4).
    let again = many::open_at_once(&shop.vendor, "acme", "autocad", MEMBERS);
    for (first, again) in first.iter().zip(&again) {
        if first.status == 201 {
            assert_eq!(again.status, 200, "{}", again.text);
            assert_eq!(again.body["charged"], first.body["charged"]);
            assert_eq!(again.body["lease"], first.body["lease"]);
        } else {
            assert_eq!(again.status, 402, "{}", again.text);
        }
    }
    let charges = shop.vendor.list("/v1/teams/acme/charges");
    assert_eq!(charges.iter().map(|made| &made["charge"]).collect::<Vec<_>>(), [&charge]);
    let balance = shop.vendor.get("/v1/teams/acme/balance").ok();
    assert_eq!((&balance["available"], &balance["held"]), (&json!("0"), &json!("0")));
    assert_eq!(balance["lots"][0]["spent"], json!("7"));

    shop.server.stop();
    shop.folder.verify();
}

fn figures(problem: &Value) -> [Value; 3] {
    ["required", "available", "shortfall"].map(|name| problem[name].clone())
}
