//! Random bodies against random operations: no answer is the server's failure, and nothing panics.
//!
//! Each case is a handful of requests to one house, so that what one leaves behind meets the next.

use std::cell::Cell;
use std::time::Duration;

use axum::http::Method;
use jeton_app::Operation;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::bodies::requests;
use crate::house::Client;
use crate::shop::shop;

/// How many cases there are; each takes some milliseconds.
const CASES: u32 = 1_000;

/// A request that a client could send.
#[derive(Debug, Clone)]
struct Random {
    method: Method,
    path: String,
    body: Value,
    if_match: Option<String>,
}

/// Paths and methods of every operation, from the document, with ids that are there and ids that are not.
fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(jeton_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("operationId").is_some());
        methods.map(|(method, _)| (method.to_uppercase().parse::<Method>().unwrap(), path.clone())).collect::<Vec<_>>()
    };
    let all: Vec<_> = paths.iter().flat_map(of_path).collect();
    assert_eq!(all.len(), Operation::ALL.len());
    all
}

fn id() -> impl Strategy<Value = String> {
    let known = [
        "acme",
        "alice",
        "bob",
        "autocad",
        "mudbox",
        "o1",
        "s1",
        "c12",
        "2027-01-01T00:00:00Z",
        "reference",
        "quote",
        "night",
        "all",
        "bobs",
        "a",
        "c",
    ];
    prop_oneof![3 => select(known.to_vec()).prop_map(str::to_owned), 1 => "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", 1 => "\\PC{1,8}"]
}

/// A text that some field is for, or none is.
fn text() -> impl Strategy<Value = Value> {
    let known = [
        "all",
        "acme",
        "alice",
        "autocad",
        "invoice",
        "card",
        "EUR",
        "7",
        "0.5",
        "16250.00",
        "2026-03-02T08:00:00Z",
        "2027-01-01",
        "Europe/Paris",
        "FR",
        "fr",
        "a@b.example",
        "member",
        "team",
        "vendor",
        "each",
        "up",
        "day",
        "night",
        "premium",
    ];
    prop_oneof![3 => select(known.to_vec()).prop_map(Value::from), 1 => any::<String>().prop_map(Value::from)]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![json!(0), json!(1), json!(-1), json!(1.5), json!(u64::MAX), json!(i64::MIN), json!(1e300)]),
        any::<u32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![4 => text(), 2 => number(), 1 => any::<bool>().prop_map(Value::from), 1 => Just(Value::Null)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names = prop_oneof![select(vec![
            "products", "of", "group", "rates", "per_day", "quantity", "payment", "names", "en", "fr", "tags", "team",
            "member", "product", "at"
        ]),];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(names, inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}

/// A good body, of which some fields are something else; or anything.
fn body() -> impl Strategy<Value = Value> {
    let good = select(requests());
    let changed = (good, vec((any::<Index>(), json_value()), 0..3)).prop_map(|(request, changes)| {
        let leaves = request.leaves();
        let changes = changes.iter().filter(|_| !leaves.is_empty());
        changes.fold(request.body.clone(), |body, (index, value)| {
            let (leaf, _) = index.get(&leaves);
            crate::bodies::Request { body, ..request.clone() }.with(leaf, value)
        })
    });
    prop_oneof![3 => changed, 1 => json_value()]
}

fn requests_of_clients() -> impl Strategy<Value = Vec<Random>> {
    // The right body for the operation half of the time, so that more than its reading is tried.
    let paired = (select(requests()), vec((any::<Index>(), json_value()), 0..2), any::<u16>()).prop_map(
        |(request, changes, n)| {
            let leaves = request.leaves();
            let changes = changes.iter().filter(|_| !leaves.is_empty());
            let body = changes.fold(request.body.clone(), |body, (index, value)| {
                let (leaf, _) = index.get(&leaves);
                crate::bodies::Request { body, ..request.clone() }.with(leaf, value)
            });
            (request.method, request.path.replace("{n}", &(n % 8).to_string()), body)
        },
    );
    let any_path = (select(operations()), vec(id(), 3), body()).prop_map(|((method, path), ids, body)| {
        let mut ids = ids.iter();
        let path: String = path
            .split_inclusive('}')
            .map(|part| match part.split_once('{') {
                Some((before, _)) => format!("{before}{}", encoded(ids.next().unwrap())),
                None => part.to_owned(),
            })
            .collect();
        (method, path, body)
    });
    let if_match = proptest::option::weighted(0.1, prop_oneof![Just("*".to_owned()), "\"[0-9]{1,3}\"", "[ -~]{0,8}"]);
    let request = (prop_oneof![paired, any_path], if_match).prop_map(|((method, path, body), if_match)| Random {
        method,
        path,
        body,
        if_match,
    });
    vec(request, 1..12)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

async fn answered(client: &Client, request: &Random, n: u64) {
    let key = format!("k{n}");
    let mut headers = vec![("idempotency-key", key.as_str())];
    headers.extend(request.if_match.as_deref().map(|condition| ("if-match", condition)));
    let told = client.ask(request.method.clone(), &request.path, &headers, Some(request.body.clone())).await;
    // A walk of the clock over years may be long, and is bounded: it is the one thing that may be answered as too long.
    assert!(told.status < 500, "{told} with {}", request.body);
}

#[test]
fn no_request_is_the_servers_failure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let house = Cell::new(Some(runtime.block_on(shop())));
    let count = Cell::new(0_u64);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&requests_of_clients(), |sent| {
        // A new house now and then, lest a clock that stands at the end of time be all there is.
        count.set(count.get() + 1);
        let here = match house.take() {
            Some(old) if !count.get().is_multiple_of(20) => old,
            _ => runtime.block_on(shop()),
        };
        runtime.block_on(async {
            for request in &sent {
                count.set(count.get() + 1);
                answered(&here.vendor, request, count.get()).await;
            }
        });
        house.set(Some(here));
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}
