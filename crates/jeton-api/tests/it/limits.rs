//! What a team sets for itself: groups, caps, required tags (A1, L1, L2).

use serde_json::{Value, json};

use crate::house::{Client, House};
use crate::shop::{clock, close, of_member, of_team, open, opening, shop};

fn of(path: &str) -> String {
    format!("/v1/teams/acme/{path}")
}

async fn cap(client: &Client, cap: &str, whose: Value, tokens: &str, hard: bool) {
    let body = json!({"of": whose, "per": "day", "tokens": tokens, "hard": hard});
    let told = client.put(&of(&format!("caps/{cap}")), body).await;
    assert!(told.status < 300, "{told}");
}

async fn used(client: &Client, cap: &str) -> Value {
    client.get(&of(&format!("caps/{cap}"))).await.is(200)["used"].clone()
}

/// A shop in which nobody is assigned to anything.
async fn closed_shop() -> House {
    let house = shop().await;
    house.vendor.put(&of("default-access"), json!({"products": null})).await.is(200);
    house
}

#[tokio::test]
async fn a1_the_products_of_a_group_are_everybodys_who_is_in_it() {
    let house = closed_shop().await;
    let team = house.with(&of_team("acme")).await;
    open(&house.vendor, "s0", "alice", "revit").await.refused(409, "not_assigned");
    let group = json!({"name": "Night shift", "members": ["alice"], "products": ["revit", "mudbox", "revit"]});
    let made = team.put(&of("groups/night"), group).await.is(201);
    assert_eq!(made["products"], json!(["mudbox", "revit"]));
    open(&house.vendor, "s1", "alice", "revit").await.is(201);
    open(&house.vendor, "s2", "alice", "autocad").await.refused(409, "product_restricted");
    open(&house.vendor, "s3", "bob", "revit").await.refused(409, "not_assigned");

    // Who joins has it, who leaves has it no more; and access is the union of all that gives some.
    team.put(&of("members/alice/assignment"), json!({"products": ["autocad"]})).await.is(201);
    let alice = team.get(&of("members/alice")).await.is(200);
    assert_eq!((&alice["groups"], &alice["access"]), (&json!(["night"]), &json!(["autocad", "mudbox", "revit"])));
    team.put(&of("groups/night"), json!({"name": "N", "members": ["bob"], "products": "all"})).await.is(200);
    let told = team.get(&of("members")).await.is(200);
    let told: Vec<(&Value, &Value)> =
        told["items"].as_array().unwrap().iter().map(|told| (&told["groups"], &told["access"])).collect();
    assert_eq!(told, [(&json!([]), &json!(["autocad"])), (&json!(["night"]), &json!("all"))]);
    open(&house.vendor, "s4", "bob", "autocad").await.is(201);
    assert_eq!(team.delete(&of("groups/night")).await.status, 204);
    open(&house.vendor, "s5", "bob", "mudbox").await.refused(409, "not_assigned");
    let bob = house.with(&of_member("acme", "bob")).await.get(&of("members/bob")).await.is(200);
    assert_eq!((&bob["groups"], &bob["access"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a1_a_group_without_products_assigns_nobody() {
    let house = closed_shop().await;
    house.vendor.put(&of("groups/night"), json!({"name": "Night shift", "members": ["alice"]})).await.is(201);
    open(&house.vendor, "s1", "alice", "revit").await.refused(409, "not_assigned");
    // An empty set assigns, to nothing.
    let nothing = json!({"name": "Night shift", "members": ["alice"], "products": []});
    house.vendor.put(&of("groups/night"), nothing).await.is(200);
    open(&house.vendor, "s1", "alice", "revit").await.refused(409, "product_restricted");
}

#[tokio::test]
async fn a1_a_group_is_of_members_and_products_that_are_known() {
    let house = shop().await;
    let put = async |body: Value| house.vendor.put(&of("groups/night"), body).await;
    for members in [json!(["alice", "nobody"]), json!(["а"]), json!([""])] {
        put(json!({"name": "N", "members": members})).await.refused(404, "unknown_member");
    }
    put(json!({"name": "N", "members": [], "products": ["nothing"]})).await.refused(404, "unknown_product");
    put(json!({"name": "N", "members": [], "products": ["No Code"]})).await.unreadable("products[0]");
    put(json!({"name": "N", "members": [], "products": "some"})).await.unreadable("products");
    put(json!({"name": " ", "members": []})).await.unreadable("name");
    put(json!({"name": "N"})).await.unreadable("members");
    house.vendor.get(&of("groups/night")).await.refused(404, "unknown_group");
    house
        .vendor
        .put("/v1/teams/nobody/groups/g", json!({"name": "N", "members": []}))
        .await
        .refused(404, "unknown_team");
    house.vendor.put(&of("groups/.g"), json!({"name": "N", "members": []})).await.unreadable("group");
}

#[tokio::test]
async fn l1_a_hard_cap_refuses_with_its_figures() {
    let house = shop().await;
    let team = house.with(&of_team("acme")).await;
    cap(&team, "alices", json!({"member": "alice"}), "17", true).await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    open(&house.vendor, "s2", "alice", "mudbox").await.is(201);
    assert_eq!(used(&team, "alices").await, "8", "what is held counts like what is charged");
    let refused = open(&house.vendor, "s3", "alice", "revit").await.refused(409, "cap_reached");
    let figures = ["rule", "cap", "of", "per", "tokens", "used", "required"].map(|figure| refused[figure].clone());
    assert_eq!(json!(figures), json!(["L1", "alices", {"member": "alice"}, "day", "17", "8", "10"]));
    let quoted = house.vendor.post("/v1/sessions/quote", opening("alice", "revit")).await.is(200);
    assert_eq!((&quoted["refusal"]["code"], &quoted["refusal"]["of"]), (&json!("cap_reached"), &refused["of"]));
    open(&house.vendor, "s4", "bob", "revit").await.is(201);

    // The ledger tells it by names as well.
    let entries = house.vendor.get(&of("entries")).await.is(200);
    let kept = entries["items"].as_array().unwrap().iter().find(|entry| entry["kind"] == "refused").unwrap();
    assert_eq!((&kept["refusal"]["of"], &kept["member"]), (&json!({"member": "alice"}), &json!("alice")));

    // Reaching it exactly is allowed; and the next day is another one.
    cap(&team, "alices", json!({"member": "alice"}), "18", true).await;
    open(&house.vendor, "s5", "alice", "revit").await.is(201);
    assert_eq!(used(&team, "alices").await, "18");
    clock(&house.vendor, "2026-03-03T09:00:00Z").await;
    assert_eq!(used(&team, "alices").await, "0");
    open(&house.vendor, "s6", "alice", "revit").await.is(201);
}

#[tokio::test]
async fn l1_what_is_given_back_is_not_used() {
    let house = shop().await;
    cap(&house.vendor, "all", json!("team"), "7", true).await;
    open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    open(&house.vendor, "s2", "bob", "mudbox").await.refused(409, "cap_reached");
    close(&house.vendor, "s1").await.is(200);
    assert_eq!(used(&house.vendor, "all").await, "0");
    open(&house.vendor, "s3", "bob", "mudbox").await.is(201);
}

#[tokio::test]
async fn l1_a_soft_cap_warns_with_its_figures() {
    let house = shop().await;
    let monthly = json!({"of": "team", "per": "month", "tokens": "5", "hard": false});
    house.vendor.put(&of("caps/all"), monthly).await.is(201);
    cap(&house.vendor, "autocads", json!({"product": "autocad"}), "6.5", false).await;
    let opened = open(&house.vendor, "s1", "alice", "autocad").await.is(201);
    let mut warnings = opened["warnings"].clone();
    for warning in warnings.as_array_mut().unwrap() {
        assert!(!warning.as_object_mut().unwrap().remove("detail").unwrap().as_str().unwrap().is_empty());
    }
    let figures = |cap: &str, of: Value, per: &str, tokens: &str| {
        json!({
            "code": "cap_passed", "rule": "L1", "cap": cap, "of": of, "per": per, "tokens": tokens, "used": "0",
            "required": "7"
        })
    };
    let autocads = figures("autocads", json!({"product": "autocad"}), "day", "6.5");
    assert_eq!(warnings, json!([autocads, figures("all", json!("team"), "month", "5")]));
    // Within the hold nothing more is used, and so nothing is passed.
    let mut elsewhere = opening("alice", "autocad");
    elsewhere["device"] = json!("alices-desktop");
    assert_eq!(house.vendor.put("/v1/sessions/s2", elsewhere).await.is(201)["warnings"], json!([]));
}

#[tokio::test]
async fn l1_of_several_caps_the_first_of_member_group_product_team_is_named() {
    let house = shop().await;
    let vendor = &house.vendor;
    vendor.put(&of("groups/night"), json!({"name": "N", "members": ["alice"]})).await.is(201);
    let whose = [json!({"member": "alice"}), json!({"group": "night"}), json!({"product": "autocad"}), json!("team")];
    // Ids in the opposite order.
    for (id, whose) in ["d", "c", "b", "a"].into_iter().zip(&whose) {
        cap(vendor, id, whose.clone(), "0", true).await;
    }
    for (id, whose) in ["d", "c", "b", "a"].into_iter().zip(&whose) {
        let refused = open(vendor, "s1", "alice", "autocad").await.refused(409, "cap_reached");
        assert_eq!((&refused["cap"], &refused["of"]), (&json!(id), whose));
        assert_eq!(vendor.delete(&of(&format!("caps/{id}"))).await.status, 204);
    }
    open(vendor, "s1", "alice", "autocad").await.is(201);
}

#[tokio::test]
async fn l1_a_cap_counts_what_was_used_before_it_and_a_group_what_its_members_used() {
    let house = shop().await;
    let vendor = &house.vendor;
    open(vendor, "s1", "alice", "mudbox").await.is(201);
    open(vendor, "s2", "bob", "autocad").await.is(201);
    vendor.put(&of("groups/night"), json!({"name": "N", "members": ["alice"]})).await.is(201);
    let nights = json!({"of": {"group": "night"}, "per": "day", "tokens": "1", "hard": true});
    assert_eq!(vendor.put(&of("caps/nights"), nights).await.is(201)["used"], "1");
    vendor.put(&of("groups/night"), json!({"name": "N", "members": ["alice", "bob"]})).await.is(200);
    assert_eq!(used(vendor, "nights").await, "8");
    open(vendor, "s3", "bob", "mudbox").await.refused(409, "cap_reached");
    // A cap of a group that is no more counts nothing.
    assert_eq!(vendor.delete(&of("groups/night")).await.status, 204);
    let told = vendor.get(&of("caps/nights")).await.is(200);
    assert_eq!((&told["of"], &told["used"]), (&json!({"group": "night"}), &json!("0")));
    open(vendor, "s3", "bob", "mudbox").await.is(201);
}

#[tokio::test]
async fn l1_the_day_of_a_cap_is_that_of_the_teams_zone() {
    let house = shop().await;
    cap(&house.vendor, "all", json!("team"), "1", true).await;
    // Midnight in Paris is at 23:00 UTC.
    for (session, who, at) in [("s1", "alice", "2026-03-02T22:59:59Z"), ("s2", "bob", "2026-03-02T23:00:00Z")] {
        clock(&house.vendor, at).await;
        assert_eq!(used(&house.vendor, "all").await, "0");
        open(&house.vendor, session, who, "mudbox").await.is(201);
        assert_eq!(used(&house.vendor, "all").await, "1");
    }
}

#[tokio::test]
async fn l1_a_cap_is_of_what_is_known_and_of_one_thing() {
    let house = shop().await;
    let put = async |whose: Value| {
        let body = json!({"of": whose, "per": "day", "tokens": "1", "hard": true});
        house.vendor.put(&of("caps/c"), body).await
    };
    put(json!({"member": "nobody"})).await.refused(404, "unknown_member");
    put(json!({"group": "night"})).await.refused(404, "unknown_group");
    put(json!({"product": "nothing"})).await.refused(404, "unknown_product");
    put(json!({"member": "alice", "product": "revit"})).await.unreadable("of");
    for bad in [json!({}), json!("all"), json!(null), json!(["team"])] {
        put(bad).await.unreadable("of");
    }
    put(json!({"team": "acme"})).await.unreadable("of.team");
    let put = async |field: &str, value: Value| {
        let mut body = json!({"of": "team", "per": "day", "tokens": "1", "hard": true});
        body[field] = value;
        house.vendor.put(&of("caps/c"), body).await
    };
    put("per", json!("week")).await.unreadable("per");
    put("hard", json!("yes")).await.unreadable("hard");
    for bad in [json!("-1"), json!("0.0001"), json!("1000000000000.001"), json!(7)] {
        put("tokens", bad).await.unreadable("tokens");
    }
    house.vendor.get(&of("caps/c")).await.refused(404, "unknown_cap");
}

#[tokio::test]
async fn l1_a_team_has_1000_groups_and_caps_at_most() {
    let house = shop().await;
    let group = json!({"name": "N", "members": []});
    let cap = json!({"of": "team", "per": "day", "tokens": "1", "hard": true});
    for (list, body) in [("groups", group), ("caps", cap)] {
        for number in 0..1000 {
            house.vendor.put(&of(&format!("{list}/n{number}")), body.clone()).await.is(201);
        }
        let refused = house.vendor.put(&of(&format!("{list}/one-more")), body.clone()).await.refused(409, "limit");
        assert_eq!((&refused["name"], &refused["value"]), (&json!(list), &json!(1000)));
        // What is there can still be written, and what goes makes room.
        house.vendor.put(&of(&format!("{list}/n0")), body.clone()).await.is(200);
        assert_eq!(house.vendor.delete(&of(&format!("{list}/n0"))).await.status, 204);
        house.vendor.put(&of(&format!("{list}/one-more")), body).await.is(201);
    }
}

#[tokio::test]
async fn l2_what_lacks_a_required_tag_is_refused_with_those_that_it_lacks() {
    let house = shop().await;
    let team = house.with(&of_team("acme")).await;
    let told = team.put(&of("required-tags"), json!({"tags": ["project", "cost-centre", "project"]})).await.is(200);
    assert_eq!(told, json!({"tags": ["cost-centre", "project"]}));
    let seat = json!({"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"});
    house.vendor.put(&of("members/bob/seats/revit"), seat).await.is(201);
    let tagged = async |session: &str, who: &str, tags: Value| {
        let mut body = opening(who, "revit");
        body["tags"] = tags;
        house.vendor.put(&format!("/v1/sessions/{session}"), body).await
    };
    for (who, tags, missing) in [
        ("alice", json!({}), json!(["cost-centre", "project"])),
        ("alice", json!({"project": "tower", "Cost-Centre": "7"}), json!(["cost-centre"])),
        ("alice", json!({"project": "", "cost-centre": "7"}), json!(["project"])),
        // A seat is no way around it.
        ("bob", json!({"project": "tower"}), json!(["cost-centre"])),
    ] {
        let refused = tagged("s1", who, tags).await.refused(409, "tag_required");
        assert_eq!((&refused["rule"], &refused["tags"]), (&json!("L2"), &missing));
    }
    tagged("s1", "alice", json!({"project": "tower", "cost-centre": "7", "free": "yes"})).await.is(201);
    tagged("s2", "bob", json!({"project": "tower", "cost-centre": "7"})).await.is(201);
    team.put(&of("required-tags"), json!({"tags": []})).await.is(200);
    tagged("s3", "alice", json!({})).await.is(201);
}

#[tokio::test]
async fn l2_required_tags_are_few_short_and_plain() {
    let house = shop().await;
    let put = async |tags: Value| house.vendor.put(&of("required-tags"), json!({"tags": tags})).await;
    let many = |count: u32| (0..count).map(|number| json!(format!("tag-{number}"))).collect::<Value>();
    put(many(16)).await.is(200);
    for (tags, name, value) in [(many(17), "tags", 16), (json!(["é".repeat(33)]), "tag_key", 32)] {
        let refused = put(tags).await.refused(400, "limit");
        assert_eq!((&refused["name"], &refused["value"]), (&json!(name), &json!(value)));
    }
    for bad in ["", "a\u{0}b", "two\nlines", "\u{85}"] {
        put(json!([bad])).await.unreadable("tags");
    }
    put(json!("project")).await.unreadable("tags");
    put(json!([7])).await.unreadable("tags[0]");
    put(json!(["é".repeat(32)])).await.is(200);
    house.vendor.put("/v1/teams/nobody/required-tags", json!({"tags": []})).await.refused(404, "unknown_team");
}
