//! The export of a team: everything of it, at one position, and seen to be cut where it was.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::{Client, House};
use crate::shop::{close, member, of_member, of_team, open, quick_charge, shop, team};

const EXPORT: &str = "/v1/teams/acme/export";

/// Every line of an export.
async fn lines(client: &Client) -> Vec<Value> {
    let told = client.get(EXPORT).await;
    assert_eq!(told.header("content-type"), Some("application/x-ndjson"));
    let Value::String(text) = told.is(200) else { panic!("an export is lines") };
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn of_kind<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// A row of a list with its kind.
fn line(kind: &str, mut row: Value) -> Value {
    row["kind"] = json!(kind);
    row
}

async fn lived_in() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    let of = |path: &str| format!("/v1/teams/acme/{path}");
    vendor.put(&of("members/bob/assignment"), json!({"products": ["revit"]})).await.is(201);
    let seat = json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": "2027-04-01T00:00:00Z"});
    vendor.put(&of("members/alice/seats/revit"), seat).await.is(201);
    vendor.put(&of("groups/night"), json!({"name": "Night", "members": ["bob"]})).await.is(201);
    vendor.put(&of("required-tags"), json!({"tags": ["project"]})).await.is(200);
    vendor.put(&of("required-tags"), json!({"tags": []})).await.is(200);
    vendor.put(&of("blocked-products"), json!({"products": ["autocad"]})).await.is(200);
    open(vendor, "s0", "alice", "autocad").await.refused(409, "product_blocked");
    open(vendor, "s0", "alice", "autocad").await.refused(409, "product_blocked");
    quick_charge(vendor, "s1", "alice").await;
    member(vendor, "acme", "eve", "member").await;
    vendor.post(&of("members/eve/erase"), json!({})).await.is(200);
    house
}

#[tokio::test]
async fn v1_an_export_is_all_that_the_lists_say_and_counts_itself() {
    let house = lived_in().await;
    let (vendor, of) = (&house.vendor, |path: &str| format!("/v1/teams/acme/{path}"));
    let lines = lines(&house.with(&of_team("acme")).await).await;
    let entries = vendor.get(&of("entries")).await.is(200)["items"].as_array().unwrap().clone();

    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    assert_eq!((&first["kind"], &first["format"], &first["team"]), (&json!("export"), &json!(1), &json!("acme")));
    assert_eq!((&first["seq"], &first["at"]), (&entries[entries.len() - 1]["seq"], &json!("2026-03-02T08:00:00Z")));
    assert_eq!((&last["kind"], &last["position"]), (&json!("end"), &first["position"]));
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for line in &lines[1..lines.len() - 1] {
        *counts.entry(line["kind"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(last["counts"], json!(counts));

    assert_eq!(of_kind(&lines, "team"), [&line("team", vendor.get("/v1/teams/acme").await.is(200))]);
    let members = vendor.get(&of("members")).await.is(200)["items"].as_array().unwrap().clone();
    let members: Vec<Value> = members.into_iter().map(|row| line("member", row)).collect();
    assert_eq!(of_kind(&lines, "member"), members.iter().collect::<Vec<_>>());
    for (kind, path) in [
        ("default_access", "default-access"),
        ("blocked_products", "blocked-products"),
        ("required_tags", "required-tags"),
        ("group", "groups/night"),
        ("seat", "members/alice/seats/revit"),
    ] {
        assert_eq!(of_kind(&lines, kind), [&line(kind, vendor.get(&of(path)).await.is(200))], "{kind}");
    }
    let assigned = json!({"kind": "assignment", "member": "bob", "products": ["revit"]});
    assert_eq!(of_kind(&lines, "assignment"), [&assigned]);

    let told: Vec<Value> = entries
        .into_iter()
        .map(|mut entry| {
            entry["entry"] = entry["kind"].take();
            line("entry", entry)
        })
        .collect();
    for (line, told) in of_kind(&lines, "entry").into_iter().zip(&told) {
        assert_eq!(line, told);
    }
    assert_eq!(of_kind(&lines, "entry").len(), told.len());
    assert!(told.iter().any(|entry| entry["repeats"] == 1), "a refusal was repeated");
}

#[tokio::test]
async fn an_export_is_of_one_position_whatever_happens_while_it_is_taken() {
    let house = lived_in().await;
    for number in 0..600 {
        member(&house.vendor, "acme", &format!("m{number}"), "member").await;
    }
    let mut export = house.app.export_team(&jeton_app::Caller::operator(), "acme").await.unwrap();
    let mut text = export.next().await.unwrap().unwrap();
    // Others go on between any two parts of it, and none of what they do is in it.
    let mut parts = 1;
    loop {
        open(&house.vendor, &format!("during-{parts}"), "bob", "mudbox").await.is(201);
        close(&house.vendor, &format!("during-{parts}")).await.is(200);
        member(&house.vendor, "acme", &format!("n{parts}"), "member").await;
        if parts == 1 {
            house.vendor.post("/v1/teams/acme/members/m7/erase", json!({})).await.is(200);
        }
        match export.next().await {
            Some(part) => text.extend(part.unwrap()),
            None => break,
        }
        parts += 1;
    }
    assert!(parts > 4, "it comes in parts: {parts}");
    let lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let last = of_kind(&lines, "entry").last().unwrap()["seq"].clone();
    assert_eq!(last, lines[0]["seq"]);
    let members = of_kind(&lines, "member");
    assert_eq!(members.len(), 602 - 1, "those of then, without who was erased meanwhile");
    assert!(members.iter().all(|member| !member["member"].as_str().unwrap().starts_with('n')));
    assert!(text.windows(7).all(|part| part != b"during-"));
}

#[tokio::test]
async fn nothing_of_an_export_is_made_before_it_is_taken() {
    let house = lived_in().await;
    let router = jeton_api::router(house.app.clone());
    let key = house.app.create_key_on_the_folder(&of_team("acme")).await.unwrap().secret.unwrap();
    let request = Request::get(EXPORT).header(AUTHORIZATION, format!("Bearer {key}")).body(Body::empty()).unwrap();
    let mut body = router.oneshot(request).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    // Whoever stops reading here holds up nobody.
    quick_charge(&house.vendor, "s2", "bob").await;
    open(&house.vendor, "s3", "bob", "revit").await.is(201);
    close(&house.vendor, "s3").await.is(200);
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        rest.extend(frame.unwrap().into_data().unwrap());
    }
    let end = rest.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(end).unwrap()["kind"], "end");
}

#[tokio::test]
async fn an_export_is_for_the_vendor_and_the_team() {
    let house = lived_in().await;
    team(&house.vendor, "globex").await;
    house.with(&of_team("globex")).await.get(EXPORT).await.refused(404, "unknown_team");
    house.with(&of_member("acme", "alice")).await.get(EXPORT).await.refused(403, "forbidden");
    house.vendor.get("/v1/teams/initech/export").await.refused(404, "unknown_team");
    house.vendor.get("/v1/teams/acme/export?kind=member").await.unreadable("kind");
}
