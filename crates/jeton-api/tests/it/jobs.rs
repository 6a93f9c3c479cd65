//! Jobs over the API: quoted, held, committed, extended, released, lapsed (R1, R2), and told again (V4).

use serde_json::{Value, json};

use crate::house::{Client, House, Told};
use crate::shop::{clock, member, of_member, of_product, of_team, order, shop, team};

/// The shop, in which generative design also has renderings at 0.333 an hour, begun or not.
async fn studio() -> House {
    let house = shop().await;
    let results = json!({
        "study": {"unit": "each", "tokens": "11"}, "render": {"unit": "hour", "tokens": "0.333", "rounding": "up"},
        "point": {"unit": "each", "tokens": "0.001"}
    });
    let rate = "/v1/products/generative-design/rates/2026-03-02T08:00:00Z";
    house.vendor.put(rate, json!({"results": results})).await.is(201);
    house
}

fn asked(who: &str, parts: &[(&str, &str)]) -> Value {
    json!({"team": "acme", "member": who, "product": "generative-design", "parts": told_parts(parts)})
}

fn told_parts(parts: &[(&str, &str)]) -> Value {
    parts.iter().map(|(result, quantity)| json!({"result": result, "quantity": quantity})).collect()
}

async fn hold(client: &Client, job: &str, who: &str, parts: &[(&str, &str)]) -> Told {
    client.put(&format!("/v1/jobs/{job}"), asked(who, parts)).await
}

async fn say(client: &Client, job: &str, what: &str) -> Told {
    client.post(&format!("/v1/jobs/{job}/{what}"), json!({})).await
}

async fn commit(client: &Client, job: &str, parts: &[(&str, &str)]) -> Told {
    client.post(&format!("/v1/jobs/{job}/commit"), json!({"parts": told_parts(parts)})).await
}

/// What matters of a job in a line.
fn line(job: &Value) -> String {
    let parts: Vec<String> = job["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| ["result", "quantity", "tokens"].map(|field| part[field].as_str().unwrap()).join(" "))
        .collect();
    let [state, tokens, ends_at] = ["state", "tokens", "ends_at"].map(|field| job[field].as_str().unwrap());
    format!("{state} {tokens} for {}, ends {ends_at}, charge {}", parts.join(", "), job["charge"])
}

/// Available and held of the team.
async fn balance(house: &House) -> (String, String) {
    let balance = house.vendor.get("/v1/teams/acme/balance").await.is(200);
    let of = |field: &str| balance[field].as_str().unwrap().to_owned();
    (of("available"), of("held"))
}

async fn charges(house: &House) -> Vec<Value> {
    house.vendor.get("/v1/teams/acme/charges").await.is(200)["items"].as_array().unwrap().clone()
}

async fn explained(house: &House, charge: &str) -> Value {
    house.vendor.get(&format!("/v1/teams/acme/charges/{charge}/explain")).await.is(200)
}

#[tokio::test]
async fn r1_a_job_is_quoted_held_and_committed_with_what_was_delivered() {
    let house = studio().await;
    let vendor = &house.vendor;
    let quote = vendor.post("/v1/jobs/quote", asked("alice", &[("study", "2"), ("render", "1.25")])).await.is(200);
    assert_eq!(
        quote,
        json!({
            "required": "22.666", "available": "5000", "remaining": "4977.334", "by_credits": false, "refusal": null,
            "warnings": []
        })
    );
    assert_eq!(balance(&house).await, ("5000".to_owned(), "0".to_owned()), "a quote holds nothing");
    let held = hold(vendor, "j1", "alice", &[("study", "2"), ("render", "1.25")]).await.is(201);
    insta::assert_snapshot!(line(&held), @"held 22.666 for study 2 22, render 1.25 0.666, ends 2026-03-03T08:00:00Z, charge null");
    assert_eq!(
        (&held["available"], &held["credits"], &held["warnings"]),
        (&json!("4977.334"), &Value::Null, &json!([]))
    );
    assert_eq!(balance(&house).await, ("4977.334".to_owned(), "22.666".to_owned()));
    assert_eq!(charges(&house).await.len(), 0, "a hold is no charge");
    clock(vendor, "2026-03-02T09:00:00Z").await;
    let told = commit(vendor, "j1", &[("study", "1"), ("render", "0")]).await.is(200);
    insta::assert_snapshot!(line(&told), @r#"committed 11 for study 1 11, ends 2026-03-02T09:00:00Z, charge "c8""#);
    assert_eq!(told["available"], "4989");
    assert_eq!(balance(&house).await, ("4989".to_owned(), "0".to_owned()));
    let read = vendor.get("/v1/jobs/j1").await.is(200);
    assert_eq!(line(&read), line(&told));
    assert_eq!(read["held_at"], "2026-03-02T08:00:00Z");
}

#[tokio::test]
async fn r1_a_charge_of_a_job_has_its_results_and_no_window() {
    let house = studio().await;
    let vendor = &house.vendor;
    // The rate of the hold counts, whatever comes after.
    let mut body = asked("bob", &[("render", "1.25"), ("study", "3")]);
    body["tags"] = json!({"project": "tower"});
    vendor.put("/v1/jobs/j1", body).await.is(201);
    let dearer = json!({"results": {"study": {"unit": "each", "tokens": "12"}}});
    vendor.put("/v1/products/generative-design/rates/2026-03-02T08:30:00Z", dearer).await.is(201);
    // The usage day is that of the hold in the team's zone, the next one by then.
    clock(vendor, "2026-03-02T23:30:00Z").await;
    say(vendor, "j1", "commit").await.is(200);
    let charge = charges(&house).await.remove(0);
    let id = charge["charge"].as_str().unwrap().to_owned();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_json_snapshot!("charge_of_a_job", charge);
    });
    assert_eq!(vendor.get(&format!("/v1/teams/acme/charges/{id}")).await.is(200), charge);
    let mut told = explained(&house, &id).await;
    told.as_object_mut().unwrap().remove("hash");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_json_snapshot!("explain_charge_of_a_job", told);
    });
    let usage = vendor.get("/v1/teams/acme/usage?group_by=day,product,tag:project").await.is(200);
    let row = &usage["items"][0];
    let figures = ["tokens", "launches", "days", "members", "day"].map(|field| row[field].clone());
    assert_eq!(figures, [json!("33.666"), json!(0), json!(1), json!(1), json!("2026-03-02")]);
    assert_eq!((&row["amount"], &row["tags"]), (&json!({"EUR": "109.41"}), &json!({"project": "tower"})));
}

#[tokio::test]
async fn r1_a_commit_raises_nothing() {
    let house = studio().await;
    let vendor = &house.vendor;
    hold(vendor, "j1", "alice", &[("study", "2")]).await.is(201);
    let raised = commit(vendor, "j1", &[("study", "2.001")]).await.refused(409, "quantity_raised");
    let [rule, result, held, asked] = ["rule", "result", "held", "asked"].map(|field| raised[field].as_str().unwrap());
    assert_eq!([rule, result, held, asked], ["R1", "study", "2", "2.001"]);
    let other = commit(vendor, "j1", &[("study", "1"), ("render", "0.001")]).await.refused(409, "quantity_raised");
    assert_eq!((&other["result"], &other["held"]), (&json!("render"), &json!("0")));
    assert_eq!(vendor.get("/v1/jobs/j1").await.is(200)["state"], "held");
    commit(vendor, "j1", &[("study", "2")]).await.is(200);
    // Of one that is committed, what a later message says does not matter.
    let again = commit(vendor, "j1", &[("study", "3")]).await.is(200);
    assert_eq!((&again["state"], &again["tokens"]), (&json!("committed"), &json!("22")));
    assert_eq!(charges(&house).await.len(), 1);
}

#[tokio::test]
async fn r1_a_commit_of_nothing_is_a_release_however_often_it_is_sent() {
    let house = studio().await;
    let vendor = &house.vendor;
    for (job, parts) in [("j1", &[("study", "0")][..]), ("j2", &[][..])] {
        hold(vendor, job, "alice", &[("study", "2")]).await.is(201);
        for _ in 0..2 {
            let told = commit(vendor, job, parts).await.is(200);
            insta::allow_duplicates! {
                insta::assert_snapshot!(line(&told), @"released 0 for study 2 22, ends 2026-03-02T08:00:00Z, charge null");
            }
        }
        assert_eq!(balance(&house).await, ("5000".to_owned(), "0".to_owned()));
    }
    assert_eq!(charges(&house).await.len(), 0);
}

#[tokio::test]
async fn r1_what_costs_nothing_by_rounding_is_still_committed() {
    let house = studio().await;
    hold(&house.vendor, "j1", "alice", &[("point", "0.499")]).await.is(201);
    let told = say(&house.vendor, "j1", "commit").await.is(200);
    assert_eq!((&told["state"], &told["tokens"]), (&json!("committed"), &json!("0")));
    assert_eq!(charges(&house).await[0]["draws"], json!([]));
}

#[tokio::test]
async fn r1_a_job_that_is_over_is_told_as_it_is_or_refused() {
    let house = studio().await;
    let vendor = &house.vendor;
    for job in ["committed", "released", "lapsed"] {
        hold(vendor, job, "alice", &[("study", "1")]).await.is(201);
    }
    say(vendor, "committed", "commit").await.is(200);
    say(vendor, "released", "release").await.is(200);
    clock(vendor, "2026-03-03T08:00:00Z").await;
    let mut told = Vec::new();
    for job in ["committed", "released", "lapsed"] {
        for what in ["release", "extend", "commit"] {
            let answer = say(vendor, job, what).await;
            let (state, code) = (&answer.body["state"], &answer.body["code"]);
            told.push(format!("{what} of {job}: {} {code} {state}", answer.status));
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    release of committed: 200 null "committed"
    extend of committed: 409 "job_ended" "committed"
    commit of committed: 200 null "committed"
    release of released: 200 null "released"
    extend of released: 409 "job_ended" "released"
    commit of released: 409 "job_ended" "released"
    release of lapsed: 200 null "lapsed"
    extend of lapsed: 409 "job_ended" "lapsed"
    commit of lapsed: 200 null "committed"
    "#);
    for what in ["release", "extend", "commit"] {
        say(vendor, "nothing", what).await.refused(404, "unknown_job");
        say(vendor, "no%20id", what).await.refused(404, "unknown_job");
    }
    vendor.get("/v1/jobs/nothing").await.refused(404, "unknown_job");
}

#[tokio::test]
async fn r1_a_hold_lapses_after_24_hours_unless_it_is_extended() {
    let house = studio().await;
    let vendor = &house.vendor;
    hold(vendor, "j1", "alice", &[("study", "1")]).await.is(201);
    hold(vendor, "j2", "alice", &[("study", "2")]).await.is(201);
    clock(vendor, "2026-03-03T07:59:59Z").await;
    assert_eq!(say(vendor, "j2", "extend").await.is(200)["ends_at"], "2026-03-04T07:59:59Z");
    assert_eq!(balance(&house).await, ("4967".to_owned(), "33".to_owned()));
    clock(vendor, "2026-03-03T08:00:00Z").await;
    assert_eq!(balance(&house).await, ("4978".to_owned(), "22".to_owned()));
    let lapsed = vendor.get("/v1/jobs/j1").await.is(200);
    insta::assert_snapshot!(line(&lapsed), @"lapsed 0 for study 1 11, ends 2026-03-03T08:00:00Z, charge null");
    let held = vendor.get("/v1/jobs?team=acme").await.is(200);
    assert_eq!(held["items"].as_array().unwrap().iter().map(|job| &job["job"]).collect::<Vec<_>>(), ["j2"]);
    say(vendor, "j2", "commit").await.is(200);
    assert_eq!(charges(&house).await.len(), 1);
}

#[tokio::test]
async fn r1_a_commit_after_the_lapse_is_decided_anew_at_the_rates_of_now() {
    let house = studio().await;
    let vendor = &house.vendor;
    hold(vendor, "j1", "alice", &[("study", "2")]).await.is(201);
    let dearer = json!({"results": {"study": {"unit": "each", "tokens": "12"}}});
    vendor.put("/v1/products/generative-design/rates/2026-03-02T09:00:00Z", dearer).await.is(201);
    clock(vendor, "2026-03-04T10:00:00Z").await;
    // Nothing was delivered: it stays lapsed. Never more than was held; blocked since; and then not any more.
    assert_eq!(commit(vendor, "j1", &[("study", "0")]).await.is(200)["state"], "lapsed");
    commit(vendor, "j1", &[("study", "3")]).await.refused(409, "quantity_raised");
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["generative-design"]})).await.is(200);
    say(vendor, "j1", "commit").await.refused(409, "product_blocked");
    assert_eq!(vendor.get("/v1/jobs/j1").await.is(200)["state"], "lapsed");
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": []})).await.is(200);
    let told = commit(vendor, "j1", &[("study", "1")]).await.is(200);
    insta::assert_snapshot!(line(&told), @r#"committed 12 for study 1 12, ends 2026-03-04T10:00:00Z, charge "c12""#);
    clock(vendor, "2026-03-04T11:00:00Z").await;
    let again = say(vendor, "j1", "commit").await.is(200);
    assert_eq!(line(&again), line(&told));
    assert_eq!(balance(&house).await, ("4988".to_owned(), "0".to_owned()));
    let why = explained(&house, "c12").await;
    insta::assert_snapshot!(why["text"].as_str().unwrap(), @"generative-design was asked for a job, which was held at 2026-03-02T08:00:00Z. Its hold had lapsed when its results were delivered at 2026-03-04T10:00:00Z, so that was decided anew, as hold and commit in one.");
    assert_eq!((&why["usage_day"], &why["job"]["anew"]), (&json!("2026-03-04"), &json!(true)));
    assert_eq!(why["results"][0]["in_force_at"], "2026-03-04T10:00:00Z");
}

#[tokio::test]
async fn r1_late_commits_at_once_are_one_charge() {
    let house = studio().await;
    let vendor = &house.vendor;
    for round in 0..5 {
        let job = format!("j{round}");
        hold(vendor, &job, "alice", &[("study", "1")]).await.is(201);
        clock(vendor, &format!("2026-03-{:02}T08:00:00Z", 4 + round)).await;
        let at_once = (0..8).map(|_| {
            let (vendor, job) = (vendor.clone(), job.clone());
            tokio::spawn(async move { say(&vendor, &job, "commit").await.is(200) })
        });
        let mut lines = Vec::new();
        for told in at_once.collect::<Vec<_>>() {
            lines.push(line(&told.await.unwrap()));
        }
        assert!(lines.windows(2).all(|pair| pair[0] == pair[1]), "{lines:?}");
    }
    assert_eq!(charges(&house).await.len(), 5);
    assert_eq!(balance(&house).await, ("4945".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn v4_a_job_sent_again_is_told_what_was_decided_and_how_it_stands() {
    let house = studio().await;
    let vendor = &house.vendor;
    let mut body = asked("alice", &[("study", "2"), ("render", "1.25")]);
    body["tags"] = json!({"project": "tower"});
    let held = vendor.put("/v1/jobs/j1", body.clone()).await.is(201);
    // The same in other words.
    let mut again = asked("alice", &[("render", "1.250"), ("study", "2.0")]);
    again["tags"] = json!({"project": "tower"});
    again["priority"] = json!("low");
    let mut told = vendor.put("/v1/jobs/j1", again).await.is(200);
    assert_eq!(told.as_object_mut().unwrap().remove("ignored"), Some(json!(["priority"])));
    assert_eq!(told, held);
    // Other content: a quantity, a part more, another member or product, other tags.
    let mut others = vec![
        asked("alice", &[("study", "3"), ("render", "1.25")]),
        asked("alice", &[("study", "2"), ("render", "1.25"), ("point", "1")]),
        asked("alice", &[("study", "2")]),
        asked("bob", &[("study", "2"), ("render", "1.25")]),
    ];
    for other in &mut others {
        other["tags"] = json!({"project": "tower"});
    }
    others.push(asked("alice", &[("study", "2"), ("render", "1.25")]));
    let mut of_another = body.clone();
    of_another["product"] = json!("autocad");
    others.push(of_another);
    for other in others {
        vendor.put("/v1/jobs/j1", other).await.refused(409, "id_reused");
    }
    commit(vendor, "j1", &[("study", "1")]).await.is(200);
    let told = vendor.put("/v1/jobs/j1", body).await.is(200);
    insta::assert_snapshot!(line(&told), @r#"committed 22.666 for study 2 22, render 1.25 0.666, ends 2026-03-02T08:00:00Z, charge "c8""#);
    assert_eq!(told["available"], "4989");
    assert_eq!(charges(&house).await.len(), 1);
}

#[tokio::test]
async fn v4_the_job_of_another_team_is_an_id_reused_and_nothing_more() {
    let house = studio().await;
    let vendor = &house.vendor;
    team(vendor, "globex").await;
    member(vendor, "globex", "alice", "member").await;
    vendor.put("/v1/teams/globex/default-access", json!({"products": "all"})).await.is(200);
    hold(vendor, "j1", "alice", &[("study", "2")]).await.is(201);
    let mut theirs = asked("alice", &[("study", "2")]);
    theirs["team"] = json!("globex");
    for state in ["held", "committed"] {
        let refused = vendor.put("/v1/jobs/j1", theirs.clone()).await.refused(409, "id_reused");
        let fields: Vec<&String> = refused.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "detail", "rule", "status", "title", "type"], "{state}");
        assert!(!refused.to_string().contains("acme"));
        say(vendor, "j1", "commit").await.is(200);
    }
}

#[tokio::test]
async fn v4_a_refusal_binds_no_job_id() {
    let house = studio().await;
    let vendor = &house.vendor;
    let short = hold(vendor, "j1", "alice", &[("study", "500")]).await.refused(402, "insufficient_tokens");
    let figures = ["required", "available", "shortfall", "rule"].map(|field| short[field].as_str().unwrap());
    assert_eq!(figures, ["5500", "5000", "500", "A3"]);
    vendor.get("/v1/jobs/j1").await.refused(404, "unknown_job");
    order(vendor, "o2", 500).await.is(201);
    hold(vendor, "j1", "alice", &[("study", "500")]).await.is(201);
    let quote = vendor.post("/v1/jobs/quote", asked("alice", &[("study", "1")])).await.is(200);
    assert_eq!((&quote["required"], &quote["remaining"]), (&json!("11"), &Value::Null));
    assert_eq!((&quote["refusal"]["code"], &quote["refusal"]["status"]), (&json!("insufficient_tokens"), &json!(402)));
}

#[tokio::test]
async fn r2_jobs_are_refused_as_openings_are() {
    let house = studio().await;
    let vendor = &house.vendor;
    let mut told = Vec::new();
    let one = [("study", "1")];
    let mut of_nobody = asked("nobody", &one);
    of_nobody["product"] = json!("nothing");
    of_nobody["team"] = json!("nobodys");
    told.push(vendor.put("/v1/jobs/j1", of_nobody.clone()).await);
    of_nobody["team"] = json!("acme");
    told.push(vendor.put("/v1/jobs/j1", of_nobody.clone()).await);
    of_nobody["member"] = json!("alice");
    told.push(vendor.put("/v1/jobs/j1", of_nobody.clone()).await);
    // Nothing names results that the rate has not, nor a product by the day.
    told.push(hold(vendor, "j1", "alice", &[("study", "1"), ("statue", "1")]).await);
    of_nobody["product"] = json!("autocad");
    told.push(vendor.put("/v1/jobs/j1", of_nobody).await);
    vendor.delete("/v1/teams/acme/members/bob").await;
    told.push(hold(vendor, "j1", "bob", &one).await);
    vendor.put("/v1/teams/acme/default-access", json!({"products": null})).await.is(200);
    told.push(hold(vendor, "j1", "alice", &one).await);
    // A seat covers no job.
    let seat = json!({"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"});
    vendor.put("/v1/teams/acme/members/alice/seats/generative-design", seat).await.is(201);
    told.push(hold(vendor, "j1", "alice", &one).await);
    vendor.put("/v1/teams/acme/default-access", json!({"products": ["autocad"]})).await.is(200);
    told.push(hold(vendor, "j1", "alice", &one).await);
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["generative-design"]})).await.is(200);
    told.push(hold(vendor, "j1", "alice", &one).await);
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": []})).await.is(200);
    vendor.put("/v1/teams/acme/default-access", json!({"products": "all"})).await.is(200);
    hold(vendor, "before", "alice", &one).await.is(201);
    clock(vendor, "2026-04-01T22:00:00Z").await;
    told.push(hold(vendor, "j1", "alice", &one).await);
    let lines: Vec<String> = told
        .iter()
        .map(|told| {
            let [code, rule] = ["code", "rule"].map(|field| told.body[field].as_str().unwrap_or_default());
            format!("{} {code} ({rule})", told.status)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    404 unknown_team (A3)
    404 unknown_member (A3)
    404 unknown_product (A3)
    409 not_on_rate_sheet (C4)
    409 not_on_rate_sheet (C4)
    409 member_inactive (A3)
    409 not_assigned (A3)
    409 not_assigned (A3)
    409 product_restricted (A3)
    409 product_blocked (A3)
    409 payment_overdue (P8)
    ");
    // Its hold had lapsed long ago.
    say(vendor, "before", "commit").await.refused(409, "payment_overdue");
}

#[tokio::test]
async fn a_commit_of_what_is_held_asks_nothing_again() {
    let house = studio().await;
    let vendor = &house.vendor;
    clock(vendor, "2026-04-01T20:00:00Z").await;
    hold(vendor, "j1", "alice", &[("study", "1")]).await.is(201);
    clock(vendor, "2026-04-01T22:00:00Z").await;
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["generative-design"]})).await.is(200);
    hold(vendor, "j2", "alice", &[("study", "1")]).await.refused(409, "product_blocked");
    assert_eq!(say(vendor, "j1", "commit").await.is(200)["state"], "committed");
}

#[tokio::test]
async fn parts_are_read_with_care() {
    let house = studio().await;
    let vendor = &house.vendor;
    for (parts, field) in [
        (json!([]), "parts"),
        (json!([{"result": "study", "quantity": "0"}]), "parts[0].quantity"),
        (json!([{"result": "study", "quantity": 1}]), "parts[0].quantity"),
        (json!([{"result": "study", "quantity": "1.0005"}]), "parts[0].quantity"),
        (json!([{"result": "study", "quantity": "-1"}]), "parts[0].quantity"),
        (json!([{"result": "study", "quantity": "1"}, {"result": "study", "quantity": "2"}]), "parts[1].result"),
        (json!([{"result": "Study", "quantity": "1"}]), "parts[0].result"),
        (json!([{"quantity": "1"}]), "parts[0].result"),
        (json!({"study": "1"}), "parts"),
        (Value::Null, "parts"),
    ] {
        let mut body = asked("alice", &[]);
        body["parts"] = parts;
        vendor.put("/v1/jobs/j1", body.clone()).await.unreadable(field);
        vendor.post("/v1/jobs/quote", body).await.unreadable(field);
    }
    let many: Vec<Value> = (0..101).map(|n| json!({"result": format!("r{n}"), "quantity": "1"})).collect();
    let mut body = asked("alice", &[]);
    body["parts"] = json!(many);
    let refused = vendor.put("/v1/jobs/j1", body).await.refused(400, "limit");
    assert_eq!((&refused["name"], &refused["value"]), (&json!("parts"), &json!(100)));
    hold(vendor, "j1", "alice", &[("study", "1")]).await.is(201);
    commit(vendor, "j1", &[("study", "1"), ("study", "0")]).await.unreadable("parts[1].result");
    // What programs of tomorrow say is passed over and named.
    let body = json!({"parts": [{"result": "study", "quantity": "1", "colour": "red"}], "urgent": true});
    let told = vendor.post("/v1/jobs/j1/commit", body).await.is(200);
    assert_eq!(told["ignored"], json!(["parts[0].colour", "urgent"]));
    let told = vendor.post("/v1/jobs/j1/release", json!({"why": "none"})).await.is(200);
    assert_eq!((&told["ignored"], &told["state"]), (&json!(["why"]), &json!("committed")));
}

#[tokio::test]
async fn jobs_are_for_the_keys_of_product_and_member() {
    let house = studio().await;
    let vendor = &house.vendor;
    team(vendor, "globex").await;
    let alice = house.with(&of_member("acme", "alice")).await;
    let bob = house.with(&of_member("acme", "bob")).await;
    let product = house.with(&of_product("generative-design")).await;
    let other = house.with(&of_product("autocad")).await;
    let acme = house.with(&of_team("acme")).await;
    let globex = house.with(&of_team("globex")).await;
    let one = [("study", "1")];
    alice.post("/v1/jobs/quote", asked("alice", &one)).await.is(200);
    bob.post("/v1/jobs/quote", asked("alice", &one)).await.refused(404, "unknown_member");
    hold(&alice, "j1", "alice", &one).await.is(201);
    hold(&bob, "j2", "alice", &one).await.refused(404, "unknown_member");
    hold(&product, "j2", "bob", &one).await.is(201);
    hold(&other, "j3", "bob", &one).await.refused(403, "forbidden");
    hold(&acme, "j3", "bob", &one).await.refused(403, "forbidden");
    for what in ["commit", "extend", "release"] {
        for key in [&alice, &bob, &acme, &globex] {
            say(key, "j1", what).await.refused(403, "forbidden");
        }
        say(&other, "j1", what).await.refused(404, "unknown_job");
    }
    for key in [&alice, &product, &acme] {
        assert_eq!(key.get("/v1/jobs/j1").await.is(200)["member"], "alice");
    }
    for key in [&bob, &other, &globex] {
        key.get("/v1/jobs/j1").await.refused(404, "unknown_job");
    }
    for (key, query, expected) in [
        (&alice, "", &["j1"][..]),
        (&bob, "", &["j2"]),
        (&acme, "", &["j1", "j2"]),
        (&product, "?team=acme", &["j1", "j2"]),
        (&product, "?team=acme&member=bob", &["j2"]),
        (&other, "?team=acme", &[]),
    ] {
        let page = key.get(&format!("/v1/jobs{query}")).await.is(200);
        let seen: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|job| job["job"].as_str().unwrap()).collect();
        assert_eq!(seen, expected, "{query}");
    }
    globex.get("/v1/jobs?team=acme").await.refused(404, "unknown_team");
    vendor.get("/v1/jobs").await.unreadable("team");
    // And the same of what is over.
    say(&product, "j1", "extend").await.is(200);
    say(&product, "j1", "commit").await.is(200);
    say(&other, "j1", "commit").await.refused(404, "unknown_job");
    bob.get("/v1/jobs/j1").await.refused(404, "unknown_job");
    assert_eq!(alice.get("/v1/jobs/j1").await.is(200)["state"], "committed");
    assert_eq!(hold(&alice, "j1", "alice", &one).await.is(200)["state"], "committed");
}

#[tokio::test]
async fn a_job_may_be_called_quote() {
    let house = studio().await;
    hold(&house.vendor, "quote", "alice", &[("study", "1")]).await.is(201);
    assert_eq!(house.vendor.get("/v1/jobs/quote").await.is(200)["state"], "held");
    house.vendor.post("/v1/jobs/quote", asked("alice", &[("study", "1")])).await.is(200);
    assert_eq!(say(&house.vendor, "quote", "extend").await.is(200)["job"], "quote");
    assert_eq!(say(&house.vendor, "quote", "commit").await.is(200)["state"], "committed");
    house.without_key().get("/v1/jobs/quote").await.refused(401, "unauthorised");
}
