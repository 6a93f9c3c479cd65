//! The usage report: by each grouping, as JSON and as CSV, on the usage days of W10.

use axum::http::Method;
use serde_json::{Value, json};

use crate::house::{Client, House};
use crate::shop::{clock, close, of_member, open, opening, quick_charge, shop};

const USAGE: &str = "/v1/teams/acme/usage";

/// Mudbox at 1 token for alice on Monday, tagged, with a launch more in its window; autocad undone once; Mudbox for bob
/// at 23:30 UTC, which is Tuesday in Paris; Revit for alice on a seat; Mudbox for alice again in April.
async fn used() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    vendor.post("/v1/teams/acme/orders/o1/payment", json!({})).await.is(200);
    let seat = json!({"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-06-02T00:00:00Z"});
    vendor.put("/v1/teams/acme/members/alice/seats/revit", seat).await.is(201);
    let mut tagged = opening("alice", "mudbox");
    tagged["tags"] = json!({"project": "tower"});
    vendor.put("/v1/sessions/s1", tagged).await.is(201);
    close(vendor, "s1").await.is(200);
    clock(vendor, "2026-03-02T09:00:00Z").await;
    for (session, product) in [("s2", "mudbox"), ("s3", "autocad"), ("s4", "revit")] {
        open(vendor, session, "alice", product).await.is(201);
        close(vendor, session).await.is(200);
    }
    clock(vendor, "2026-03-02T23:30:00Z").await;
    quick_charge(vendor, "s5", "bob").await;
    clock(vendor, "2026-04-01T08:00:00Z").await;
    quick_charge(vendor, "s6", "alice").await;
    house
}

async fn report(client: &Client, query: &str) -> Value {
    client.get(&format!("{USAGE}?{query}")).await.is(200)
}

/// A row in short: its groups, tokens, euros, launches, days, members.
fn short(row: &Value) -> String {
    let groups = ["product", "member", "day", "month"].iter().filter_map(|group| row[*group].as_str());
    let tags = row.get("tags").and_then(Value::as_object).into_iter().flatten();
    let tags = tags.map(|(tag, value)| format!("{tag}={}", value.as_str().unwrap_or("-")));
    let groups: Vec<String> = groups.map(str::to_owned).chain(tags).collect();
    let amount = row["amount"]["EUR"].as_str().unwrap_or("-");
    let tokens = row["tokens"].as_str().unwrap();
    format!("{} {tokens} {amount} {} {} {}", groups.join(" "), row["launches"], row["days"], row["members"])
}

async fn rows(client: &Client, query: &str) -> Vec<String> {
    report(client, query).await["items"].as_array().unwrap().iter().map(short).collect()
}

#[tokio::test]
async fn w10_use_is_grouped_by_each_name_there_is() {
    let house = used().await;
    let vendor = &house.vendor;
    let by_product = ["autocad 0 - 1 1 1", "revit 0 - 1 1 1", "mudbox 3 9.75 4 3 2"];
    assert_eq!(rows(vendor, "").await, by_product);
    assert_eq!(rows(vendor, "group_by=product").await, by_product);
    assert_eq!(rows(vendor, "group_by=member").await, ["alice 2 6.50 5 2 1", "bob 1 3.25 1 1 1"]);
    let by_day = ["2026-03-02 1 3.25 4 1 1", "2026-03-03 1 3.25 1 1 1", "2026-04-01 1 3.25 1 1 1"];
    assert_eq!(rows(vendor, "group_by=day").await, by_day);
    assert_eq!(rows(vendor, "group_by=month").await, ["2026-03 2 6.50 5 2 2", "2026-04 1 3.25 1 1 1"]);
    let by_project = ["project=- 2 6.50 5 3 2", "project=tower 1 3.25 1 1 1"];
    assert_eq!(rows(vendor, "group_by=tag:project").await, by_project);
    let by_month_and_member = ["alice 2026-03 1 3.25 4 1 1", "bob 2026-03 1 3.25 1 1 1", "alice 2026-04 1 3.25 1 1 1"];
    assert_eq!(rows(vendor, "group_by=month,member").await, by_month_and_member);
    let by_all = rows(vendor, "group_by=tag:project,product,member,day,month,tag:%20").await;
    assert_eq!(by_all.len(), 6, "{by_all:?}");
    assert_eq!(by_all.last().unwrap(), "mudbox alice 2026-03-02 2026-03  =- project=tower 1 3.25 1 1 1");
}

#[tokio::test]
async fn w10_days_are_the_teams_and_both_ends_are_included() {
    let house = used().await;
    let vendor = &house.vendor;
    let all = report(vendor, "").await;
    assert_eq!((&all["from"], &all["to"], &all["time_zone"]), (&Value::Null, &Value::Null, &json!("Europe/Paris")));
    let of = async |query: &str| rows(vendor, &format!("group_by=day&{query}")).await.len();
    assert_eq!(of("from=2026-03-02&to=2026-03-02").await, 1);
    assert_eq!(of("from=2026-03-03&to=2026-04-01").await, 2);
    assert_eq!(of("from=2026-03-04&to=2026-03-31").await, 0);
    assert_eq!(of("from=2026-04-02").await, 0);
    assert_eq!(of("to=2026-03-02").await, 1);
    assert_eq!(of("from=2026-04-01&to=2026-03-01").await, 0);
    for (query, field) in [
        ("from=2026-3-2", "from"),
        ("to=1999-12-31", "to"),
        ("to=2026-02-30", "to"),
        ("from=2026-03-02T00:00:00Z", "from"),
        ("group_by=", "group_by"),
        ("group_by=week", "group_by"),
        ("group_by=day,day", "group_by"),
        ("group_by=tag:", "group_by"),
        ("groupby=day", "groupby"),
    ] {
        vendor.get(&format!("{USAGE}?{query}")).await.unreadable(field);
    }
}

#[tokio::test]
async fn use_is_narrowed_to_member_and_product() {
    let house = used().await;
    assert_eq!(rows(&house.vendor, "member=bob").await, ["mudbox 1 3.25 1 1 1"]);
    assert_eq!(rows(&house.vendor, "group_by=member&product=mudbox").await, ["alice 2 6.50 3 2 1", "bob 1 3.25 1 1 1"]);
    house.vendor.get(&format!("{USAGE}?member=nobody")).await.refused(404, "unknown_member");
    house.vendor.get(&format!("{USAGE}?product=nothing")).await.refused(404, "unknown_product");
    let bob = house.with(&of_member("acme", "bob")).await;
    assert_eq!(rows(&bob, "group_by=member").await, ["bob 1 3.25 1 1 1"]);
    bob.get(&format!("{USAGE}?member=alice")).await.refused(404, "unknown_member");
}

async fn csv(client: &Client, query: &str) -> String {
    let told = client.ask(Method::GET, &format!("{USAGE}?{query}"), &[("accept", "text/csv")], None).await;
    assert_eq!(told.header("content-type"), Some("text/csv; charset=utf-8; header=present"), "{told}");
    assert_eq!(told.header("vary"), Some("accept"));
    told.is(200).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_report_comes_as_csv_too() {
    let house = used().await;
    let expected = "product,tokens,amount_EUR,launches,days,members\r\n\
                    autocad,0,,1,1,1\r\n\
                    revit,0,,1,1,1\r\n\
                    mudbox,3,9.75,4,3,2\r\n";
    assert_eq!(csv(&house.vendor, "").await, expected);
    let expected = "month,member,tag:project,tokens,amount_EUR,launches,days,members\r\n\
                    2026-03,alice,,0,,3,1,1\r\n\
                    2026-03,alice,tower,1,3.25,1,1,1\r\n\
                    2026-03,bob,,1,3.25,1,1,1\r\n\
                    2026-04,alice,,1,3.25,1,1,1\r\n";
    // All of it in one go, whatever page is asked for.
    assert_eq!(csv(&house.vendor, "group_by=month,member,tag:project&limit=1").await, expected);
    assert_eq!(csv(&house.vendor, "from=2026-05-01").await, "product,tokens,launches,days,members\r\n");
    // What cannot be had is a problem, in no other form.
    let told = house.vendor.ask(Method::GET, "/v1/teams/nobody/usage", &[("accept", "text/csv")], None).await;
    told.refused(404, "unknown_team");
}

#[tokio::test]
async fn no_cell_of_csv_is_a_formula() {
    let house = shop().await;
    let values =
        ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "a=1", "\"quoted\"", "a,b", "=HYPERLINK(\"http://x\",\"y\")"];
    for (number, value) in values.iter().enumerate() {
        let mut body = opening("alice", "mudbox");
        body["tags"] = json!({"=cmd": value});
        house.vendor.put(&format!("/v1/sessions/s{number}"), body).await.is(201);
        close(&house.vendor, &format!("s{number}")).await.is(200);
        clock(&house.vendor, &format!("2026-03-{:02}T12:00:00Z", 3 + number)).await;
    }
    let text = csv(&house.vendor, "group_by=tag:%3Dcmd").await;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "tag:=cmd");
    let cells: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
    for value in values {
        let harmless = value.starts_with(['a', '"']);
        let expected = if harmless { value.to_owned() } else { format!("'{value}") };
        assert!(cells.contains(&expected), "{expected} is not in {cells:?}");
    }
    assert!(!text.contains("\n=") && !text.contains("\n\"="), "{text}");
    // In JSON a text is a text.
    let told = report(&house.vendor, "group_by=tag:%3Dcmd").await;
    let told: Vec<&str> =
        told["items"].as_array().unwrap().iter().filter_map(|row| row["tags"]["=cmd"].as_str()).collect();
    assert!(values.iter().all(|value| told.contains(value)), "{told:?}");
}

#[tokio::test]
async fn a_walk_over_the_report_sees_each_row_that_was_there_exactly_once() {
    let house = used().await;
    let by = "group_by=tag:project,member,day&limit=1";
    let before = rows(&house.vendor, "group_by=tag:project,member,day").await;
    let (mut seen, mut cursor, mut added) = (Vec::new(), String::new(), 0);
    loop {
        let page = report(&house.vendor, &format!("{by}{cursor}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(short));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        if added < 4 {
            // Rows before and after the place where the walk is.
            added += 1;
            clock(&house.vendor, &format!("2026-04-{:02}T12:00:00Z", 10 + added)).await;
            let mut body = opening("bob", "mudbox");
            body["tags"] = if added % 2 == 0 { json!({"project": format!("a{added}")}) } else { json!({}) };
            house.vendor.put(&format!("/v1/sessions/t{added}"), body).await.is(201);
            close(&house.vendor, &format!("t{added}")).await.is(200);
        }
    }
    for row in &before {
        assert_eq!(seen.iter().filter(|other| *other == row).count(), 1, "{row} of {seen:?}");
    }
}
