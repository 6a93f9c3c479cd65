//! Events (N1): what is told of what happens, to whom, from where on, and until when.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use jeton_client::{Event, ScopeName};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::{Client, House, scope};
use crate::shop::{
    beats, clock, close, member, of_member, of_product, of_team, open, opening, order, quick_charge, shop, team,
};

/// A stream of events, as it comes.
struct Reader {
    body: Body,
    text: String,
}

/// What comes over it.
#[derive(Debug, Clone, PartialEq)]
enum Came {
    Event { id: String, event: Value },
    Comment(String),
}

impl Reader {
    /// One who is told from now on, or after an `after` in the path.
    async fn of(client: &Client, path: &str) -> Self {
        Self::after(client, path, None).await
    }

    async fn after(client: &Client, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path).header(AUTHORIZATION, client.authorisation());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = client.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut reader = Self { body: response.into_body(), text: String::new() };
        let begin = reader.come().await;
        assert!(matches!(begin, Some(Came::Comment(_))), "{begin:?}");
        reader
    }

    /// What comes next; nothing when the stream has ended.
    async fn come(&mut self) -> Option<Came> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let came = block_of(block);
                self.text = rest.to_owned();
                return Some(came);
            }
            let frame = self.body.frame().await?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&frame).unwrap());
        }
    }

    /// The next event, however long it takes.
    async fn next(&mut self) -> (String, Value) {
        loop {
            match self.come().await {
                Some(Came::Event { id, event }) => return (id, event),
                Some(Came::Comment(_)) => {}
                None => panic!("the stream has ended"),
            }
        }
    }
}

fn block_of(block: &str) -> Came {
    if let Some(comment) = block.strip_prefix(": ") {
        return Came::Comment(comment.to_owned());
    }
    let (id, data) = block.split_once('\n').unwrap();
    let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    // It is an event of the contract, and nothing more.
    let read: Event = serde_json::from_value(event.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), event);
    Came::Event { id: id.strip_prefix("id: ").unwrap().to_owned(), event }
}

/// Everything that there is to tell, until nothing has come for a while of a clock that stands still otherwise.
async fn all(client: &Client, path: &str, last: Option<&str>) -> Vec<(String, Value)> {
    let mut reader = Reader::after(client, path, last).await;
    tokio::time::pause();
    let mut told = Vec::new();
    while let Some(Came::Event { id, event }) = reader.come().await {
        told.push((id, event));
    }
    tokio::time::resume();
    told
}

fn kinds(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(_, event)| event["type"].as_str().unwrap()).collect()
}

/// All that can happen to a team, or nearly.
async fn story() -> House {
    let house = shop().await;
    let vendor = &house.vendor;
    // A hold that becomes a charge, and one that is undone; a seat, and a refusal.
    open(vendor, "s1", "alice", "autocad").await.is(201);
    open(vendor, "s2", "bob", "autocad").await.is(201);
    close(vendor, "s2").await.is(200);
    beats(vendor, "s1", "2026-03-02", [482, 484, 486]).await;
    let seat = json!({"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2027-03-02T00:00:00Z"});
    vendor.put("/v1/teams/acme/members/bob/seats/revit", seat).await.is(201);
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": ["revit"]})).await.is(200);
    open(vendor, "s3", "alice", "revit").await.refused(409, "product_blocked");
    vendor.put("/v1/teams/acme/blocked-products", json!({"products": []})).await.is(200);
    // A hard cap.
    let cap = json!({"of": {"member": "alice"}, "per": "day", "tokens": "10", "hard": true});
    vendor.put("/v1/teams/acme/caps/k1", cap).await.is(201);
    open(vendor, "s4", "alice", "revit").await.refused(409, "cap_reached");
    // Jobs.
    let parts = json!([{"result": "study", "quantity": "2"}]);
    for job in ["j1", "j2"] {
        let body = json!({"team": "acme", "member": "bob", "product": "generative-design", "parts": parts});
        vendor.put(&format!("/v1/jobs/{job}"), body).await.is(201);
    }
    vendor.post("/v1/jobs/j1/extend", json!({})).await.is(200);
    vendor.post("/v1/jobs/j1/commit", json!({})).await.is(200);
    vendor.post("/v1/jobs/j2/release", json!({})).await.is(200);
    // Payment, and a group.
    vendor.post("/v1/teams/acme/orders/o1/payment", json!({})).await.is(200);
    vendor.put("/v1/teams/acme/groups/g1", json!({"name": "Design", "members": ["alice"]})).await.is(201);
    vendor.put("/v1/products/autocad/rates/2027-01-01T00:00:00Z", json!({"per_day": "8"})).await.is(201);
    vendor.delete("/v1/products/autocad/rates/2027-01-01T00:00:00Z").await;
    vendor.put("/v1/settings", json!({"devices": 2})).await.is(200);
    // Silence ends what is open.
    clock(vendor, "2026-03-02T12:00:00Z").await;
    vendor.get("/v1/teams/acme/entries").await.is(200);
    house
}

#[tokio::test]
async fn every_entry_is_told_as_its_events() {
    let house = story().await;
    let told = all(&house.vendor, "/v1/events?after=0", None).await;
    let (_, key) = &told[1];
    assert_eq!((&key["type"], &key["data"]["scope"]), (&json!("jeton.api_key.created"), &json!("vendor")));
    assert_eq!(key["subject"], format!("/v1/api-keys/{}", key["data"]["key"].as_str().unwrap()));
    let steady = |mut event: Value| {
        if let Some(key) = event.pointer_mut("/data/by").filter(|by| by.as_str().unwrap().starts_with("key_")) {
            *key = json!("key_…");
        }
        event
    };
    // Keys have ids by chance.
    let told: Vec<String> = told
        .into_iter()
        .filter(|(_, event)| !event["type"].as_str().unwrap().starts_with("jeton.api_key"))
        .map(|(id, event)| format!("id: {id}\ndata: {}\n", steady(event)))
        .collect();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("events", told.join("\n"));
    });
}

#[tokio::test]
async fn a_reader_goes_on_after_any_event_without_loss_and_without_telling_it_twice() {
    let house = story().await;
    let told = all(&house.vendor, "/v1/events?after=0", None).await;
    assert!(told.len() > 40, "{}", told.len());
    let mut ids: Vec<&str> = told.iter().map(|(_, event)| event["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "each has an id of its own");
    // Also between two events of one entry.
    assert!(told.iter().any(|(place, _)| place.contains('.')));
    for (n, (place, _)) in told.iter().enumerate() {
        let rest = all(&house.vendor, "/v1/events", Some(place)).await;
        assert_eq!(rest, told[n + 1..], "after {place}");
    }
    // What the client has seen goes before what the address says.
    let (last, _) = told.last().unwrap();
    assert_eq!(all(&house.vendor, "/v1/events?after=0", Some(last)).await, []);
    assert_eq!(all(&house.vendor, &format!("/v1/events?after={last}"), None).await, []);
}

#[tokio::test]
async fn types_and_teams_narrow_what_is_told() {
    let house = story().await;
    let vendor = &house.vendor;
    team(vendor, "globex").await;
    member(vendor, "globex", "greta", "member").await;
    vendor.get("/v1/teams/globex/entries").await.is(200);
    let charges = all(vendor, "/v1/events?after=0&types=jeton.charge.made,jeton.cap.reached", None).await;
    assert_eq!(kinds(&charges), ["jeton.charge.made", "jeton.cap.reached", "jeton.charge.made"]);
    // In between two events of an entry, too, of which only the later is asked for.
    let capped = all(vendor, "/v1/events?types=jeton.cap.reached", Some(&charges[0].0)).await;
    assert_eq!(capped, charges[1..2]);
    let globex = all(vendor, "/v1/events?after=0&team=globex", None).await;
    assert_eq!(kinds(&globex), ["jeton.team.set", "jeton.member.set"]);
    let theirs = house.with(&of_team("globex")).await;
    assert_eq!(all(&theirs, "/v1/events?after=0", None).await, globex);
    assert_eq!(all(&theirs, "/v1/events?after=0&team=globex", None).await, globex);
}

#[tokio::test]
async fn a_team_is_told_its_own_the_vendor_all_and_nobody_else_anything() {
    let house = shop().await;
    team(&house.vendor, "globex").await;
    let acme = house.with(&of_team("acme")).await;
    acme.get("/v1/events?team=globex").await.refused(404, "unknown_team");
    acme.get("/v1/events?team=nobody").await.refused(404, "unknown_team");
    house.vendor.get("/v1/events?team=nobody").await.refused(404, "unknown_team");
    for wanted in [of_member("acme", "alice"), of_product("autocad")] {
        let other = house.with(&wanted).await;
        for path in ["/v1/events", "/v1/events?team=acme"] {
            other.get(path).await.refused(403, "forbidden");
        }
    }
    let mut partner = scope(ScopeName::Partner);
    partner.partner = Some("resale".to_owned());
    house.with(&partner).await.get("/v1/events?team=acme").await.refused(403, "forbidden");
    house.without_key().get("/v1/events").await.refused(401, "unauthorised");
    let told = all(&acme, "/v1/events?after=0", None).await;
    assert!(told.iter().all(|(_, event)| event["data"]["team"] == "acme"), "{told:?}");
}

#[tokio::test]
async fn a_place_that_the_log_has_not_come_to_is_refused_with_where_it_ends() {
    let house = shop().await;
    let vendor = &house.vendor;
    let told = all(vendor, "/v1/events?after=0", None).await;
    let last: u64 = told.last().unwrap().0.parse().unwrap();
    let told = vendor.get(&format!("/v1/events?after={}", last + 1)).await;
    assert!(told.body["detail"].as_str().unwrap().contains(&format!("ends at {last}")), "{told}");
    told.unreadable("after");
    for (bad, field) in [("x", "after"), ("-1", "after"), ("1.0", "after"), ("99999999999999999999", "after")] {
        vendor.get(&format!("/v1/events?after={bad}")).await.unreadable(field);
    }
    let header = |value: &'static str| async move {
        vendor.ask(axum::http::Method::GET, "/v1/events?after=0", &[("last-event-id", value)], None).await
    };
    for bad in ["", "x", "18446744073709551615", "a\u{e9}"] {
        header(bad).await.unreadable("Last-Event-ID");
    }
    vendor.get("/v1/events?types=jeton.nothing").await.unreadable("types");
    vendor.get("/v1/events?types=").await.unreadable("types");
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens_and_is_there_for_who_asks_then() {
    let house = shop().await;
    let vendor = &house.vendor;
    let mut reader = Reader::of(vendor, "/v1/events?types=jeton.charge.made").await;
    let mut of_team_alone = Reader::of(&house.with(&of_team("acme")).await, "/v1/events").await;
    for n in 0..20 {
        vendor
            .put(&format!("/v1/sessions/m{n}"), opening(if n % 2 == 0 { "alice" } else { "bob" }, "mudbox"))
            .await
            .is(201);
        vendor.post(&format!("/v1/sessions/m{n}/close"), json!({})).await.is(200);
        if n < 2 {
            let (_, event) = reader.next().await;
            let charge = event["data"]["charge"].as_str().unwrap();
            // The rest of the API knows it.
            let mut asked = vendor.get(event["subject"].as_str().unwrap()).await.is(200);
            assert_eq!(asked["charge"], charge);
            asked["team"] = json!("acme");
            assert_eq!(asked, event["data"]);
        }
    }
    // Two windows, twenty launches: what a member has open costs nothing more.
    let mut opened = 0;
    while opened < 20 {
        let (_, event) = of_team_alone.next().await;
        opened += usize::from(event["type"] == "jeton.session.opened");
    }
}

#[tokio::test]
async fn n1_that_little_remains_is_told_once_each_time() {
    let house = shop().await;
    let vendor = &house.vendor;
    // 5,000 granted: little is less than 1,000. Each job takes 11 a study.
    let take = |job: &'static str, studies: u32| async move {
        let parts = json!([{"result": "study", "quantity": studies.to_string()}]);
        let body = json!({"team": "acme", "member": "bob", "product": "generative-design", "parts": parts});
        vendor.put(&format!("/v1/jobs/{job}"), body).await.is(201);
        vendor.post(&format!("/v1/jobs/{job}/commit"), json!({})).await.is(200);
        vendor.get("/v1/teams/acme/entries?limit=1").await.is(200);
        all(vendor, "/v1/events?after=0&types=jeton.balance.low", None).await
    };
    // 4,000 of them: what is left is a fifth, and not less.
    assert_eq!(take("a", 363).await, []);
    let told = take("b", 1).await;
    let (_, low) = &told[0];
    assert_eq!((told.len(), &low["data"]), (1, &json!({"team": "acme", "granted": "5000", "remaining": "996"})));
    assert_eq!(low["subject"], "/v1/teams/acme/balance");
    // Still little: it is not said again, and neither when a purchase leaves it so.
    assert_eq!(take("c", 1).await, told);
    order(vendor, "o2", 10).await.is(201);
    assert_eq!(take("d", 1).await, told);
    // Enough, and little again: 6,010 granted, of which 1,973 remain, and then less than 1,202.
    order(vendor, "o3", 1000).await.is(201);
    assert_eq!(take("e", 1).await, told);
    let again = take("f", 71).await;
    assert_eq!((again.len(), &again[0]), (2, &told[0]));
    assert_eq!(again[1].1["data"], json!({"team": "acme", "granted": "6010", "remaining": "1192"}));
    // A hold that is undone is no crossing: what is held remains.
    order(vendor, "o4", 100).await.is(201);
    order(vendor, "o5", 5000).await.is(201);
    vendor
        .put(
            "/v1/jobs/g",
            json!({
                "team": "acme", "member": "bob", "product": "generative-design",
                "parts": [{"result": "study", "quantity": "500"}],
            }),
        )
        .await
        .is(201);
    vendor.post("/v1/jobs/g/release", json!({})).await.is(200);
    assert_eq!(take("h", 1).await, again);
}

#[tokio::test]
async fn v5_who_is_erased_is_told_by_no_name_not_even_to_who_had_begun_to_read() {
    let house = shop().await;
    let vendor = &house.vendor;
    quick_charge(vendor, "quick", "alice").await;
    vendor.get("/v1/teams/acme/entries").await.is(200);
    // Told, kept, and begun to be read.
    let before = all(vendor, "/v1/events?after=0", None).await;
    assert!(before.iter().any(|(_, event)| event["data"]["member"] == "alice"));
    let mut reader = Reader::of(vendor, "/v1/events?after=0&team=acme").await;
    reader.next().await;
    vendor.post("/v1/teams/acme/members/alice/erase", json!({})).await.is(200);
    loop {
        let (_, event) = reader.next().await;
        assert!(!event.to_string().contains("alice"), "{event}");
        if event["type"] == "jeton.member.erased" {
            assert_eq!(event["data"]["member"], "~1");
            break;
        }
    }
    let after = all(vendor, "/v1/events?after=0", None).await;
    assert!(after.len() > before.len());
    assert!(after.iter().all(|(_, event)| !event.to_string().contains("alice")), "{after:?}");
}

#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let house = shop().await;
    let vendor = &house.vendor;
    let created = vendor.ask(
        axum::http::Method::POST,
        "/v1/api-keys",
        &[("idempotency-key", "k1")],
        Some(json!({"scope": "team", "team": "acme"})),
    );
    let created = created.await.is(201);
    let theirs = vendor.showing(created["secret"].as_str().unwrap());
    let mut reader = Reader::of(&theirs, "/v1/events").await;
    quick_charge(vendor, "one", "alice").await;
    reader.next().await;
    vendor.delete(&format!("/v1/api-keys/{}", created["key"].as_str().unwrap())).await;
    quick_charge(vendor, "two", "bob").await;
    // What is left of the session was perhaps told; of what came after the revocation nothing is.
    while let Some(came) = reader.come().await {
        assert!(!format!("{came:?}").contains("bob"), "{came:?}");
    }
}

#[tokio::test]
async fn who_hears_nothing_is_told_that_the_server_is_there() {
    let house = shop().await;
    house.vendor.get("/v1/teams/acme/entries").await.is(200);
    let mut reader = Reader::of(&house.vendor, "/v1/events?types=jeton.lot.expired").await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        assert!(matches!(reader.come().await, Some(Came::Comment(_))));
    }
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_stop_ends_every_stream_and_begins_none() {
    let house = shop().await;
    let mut reader = Reader::of(&house.vendor, "/v1/events").await;
    house.app.end_events();
    assert_eq!(reader.come().await, None);
    house.vendor.get("/v1/events").await.refused(503, "shutting_down");
}
