//! `kill -9` under load (V4): what was answered is there once, and nothing is there twice.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Sender, channel};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{Answer, Api};
use crate::support::process::Server;
use crate::support::shop::{Shop, opening, put_member};

const ROUNDS: usize = 10;
const THREADS: usize = 8;
/// Of each thread.
const MEMBERS: usize = 25;
/// What an answer says of what was decided; the rest of it is of the moment.
const DECIDED: [&str; 7] = ["session", "cover", "hold", "undo_ends_at", "window", "charged", "lease"];

/// An opening that was sent, and its answer, if one came.
struct Sent {
    session: String,
    body: Value,
    answer: Option<Value>,
}

#[test]
fn ten_rounds_of_kill_lose_no_answered_charge_and_make_none_twice() {
    let mut shop = Shop::open(100_000);
    shop.vendor.put("/v1/teams/acme/default-access", &json!({"products": "all"})).ok();
    for member in members() {
        put_member(&shop.vendor, "acme", &member);
    }
    let mut made: HashMap<String, Value> = HashMap::new();
    for round in 0..ROUNDS {
        // A day and an hour later every window is over, and everybody can be charged anew.
        shop.vendor.clock(&noon_of_day(round));
        let (sent, restarted) = kill_under_load(shop, round);
        shop = restarted;
        for Sent { session, body, answer } in sent {
            let again = shop.vendor.put(&format!("/v1/sessions/{session}"), &body);
            match answer {
                Some(answer) => {
                    assert_eq!(again.status, 200, "an answered opening is known: {}", again.text);
                    for field in DECIDED {
                        assert_eq!(again.body[field], answer[field], "{field} of {session}");
                    }
                }
                None => assert!([200, 201].contains(&again.status), "{}", again.text),
            }
            let charged = again.body["charged"].as_array().unwrap();
            assert_eq!(charged.len(), 1, "{}", again.text);
            made.insert(session, charged[0].clone());
        }
        each_is_there_once(&shop, &made);
        shop.folder.verify();
    }
    shop.server.stop();
    shop.folder.verify();
}

/// Opens on all threads until so many were answered, kills the server at that moment, and starts it again.
fn kill_under_load(shop: Shop, round: usize) -> (Vec<Sent>, Shop) {
    let (tell, told) = channel();
    let api = shop.vendor.clone();
    let mut answered = 0;
    let mut sent = Vec::new();
    let shop = std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tell, api) = (tell.clone(), api.clone());
            scope.spawn(move || open_until_it_breaks(&api, round, thread, &tell));
        }
        drop(tell);
        while answered < 60 + 25 * round {
            let one: Sent = told.recv().expect("there is more to open than is waited for");
            answered += usize::from(one.answer.is_some());
            sent.push(one);
        }
        shop.restart(Server::kill)
    });
    sent.extend(told);
    (sent, shop)
}

fn open_until_it_breaks(api: &Api, round: usize, thread: usize, tell: &Sender<Sent>) {
    for member in members().skip(thread * MEMBERS).take(MEMBERS) {
        for product in ["autocad", "mudbox"] {
            let session = format!("{member}-{product}-{round}");
            let body = opening(&member, product, "laptop");
            let answer = api.try_send(&Method::PUT, &format!("/v1/sessions/{session}"), Some(&body));
            let broke = answer.is_err();
            let answer = answer.ok().map(Answer::ok);
            tell.send(Sent { session, body, answer }).unwrap();
            if broke {
                return;
            }
        }
    }
}

/// The ledger has the charge of every session, once, and no other.
fn each_is_there_once(shop: &Shop, made: &HashMap<String, Value>) {
    let charges = shop.vendor.list("/v1/teams/acme/charges");
    let mut windows = HashSet::new();
    let mut sessions = HashSet::new();
    for charge in &charges {
        let window = format!("{} {} {}", charge["member"], charge["product"], charge["window"]["start"]);
        assert!(windows.insert(window.clone()), "charged twice: {window}");
        let session = charge["session"].as_str().unwrap();
        assert!(sessions.insert(session), "charged twice: {session}");
        for field in ["charge", "tokens", "window"] {
            assert_eq!(charge[field], made[session][field], "{field} of {session}");
        }
    }
    assert_eq!(sessions.len(), made.len(), "every charge that was told is there");
}

fn members() -> impl Iterator<Item = String> {
    (0..THREADS * MEMBERS).map(|number| format!("m{number}"))
}

fn noon_of_day(round: usize) -> String {
    format!("2026-03-{:02}T{:02}:00:00Z", 3 + round, 9 + round)
}
