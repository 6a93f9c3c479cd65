//! Opening and closing with the server there: answers, refusals, and what a program does wrong.

use std::time::Duration;

use jeton_client::blocking::Client;
use jeton_client::sdk::{Change, Error, Login, Opening};
use jeton_client::{Cover, SessionState};
use serde_json::json;

use super::desk::{Desk, find};
use crate::support::until;

#[test]
fn a_product_is_quoted_opened_beaten_and_closed() {
    let desk = Desk::of(100);
    let client = desk.client();
    let quote = client.quote(&Opening::of("autocad")).unwrap();
    assert_eq!((quote.cover, quote.tokens.unwrap().as_str()), (Some(Cover::Tokens), "7"));

    let session = client.open(Opening::of("autocad").version("2026").tag("project", "tower")).unwrap();
    let standing = session.standing();
    assert_eq!((standing.state, standing.cover), (SessionState::Open, Some(Cover::Tokens)));
    assert_eq!(standing.available.unwrap().as_str(), "93");
    let live = desk.live();
    assert_eq!((&live[0]["version"], &live[0]["device"]), (&json!("2026"), &json!("laptop")));
    let charged = find(&mut session.changes(), "the charge", |change| {
        if let Change::Charged(charge) = change { Some(charge) } else { None }
    });
    assert_eq!(charged.tokens.as_str(), "7");

    desk.pass(Duration::from_secs(30));
    session.beat().unwrap();
    assert_eq!(desk.live()[0]["last_proof_at"], "2026-03-02T08:00:30Z");
    let closed = session.close().unwrap();
    assert_eq!(closed.state, SessionState::Ended);
    assert!(desk.live().is_empty());
}

#[test]
fn a_session_that_is_dropped_is_closed() {
    let desk = Desk::of(100);
    drop(desk.client().open(Opening::of("autocad")).unwrap());
    assert!(desk.live().is_empty(), "a drop of the blocking face waits for the close");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = jeton_client::sdk::Client::builder(desk.login.clone()).state_folder(desk.state_folder());
    let client = client.build().unwrap();
    let session = runtime.block_on(client.open(Opening::of("autocad"))).unwrap();
    assert_eq!(desk.live().len(), 1);
    drop(session);
    until("the close that a drop sends", || desk.live().is_empty().then_some(()));
}

#[test]
fn a3_a_refusal_has_its_code_rule_and_figures() {
    let desk = Desk::of(6);
    let error = desk.client().open(Opening::of("autocad")).unwrap_err();
    let Error::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!((refusal.code(), refusal.rule(), refusal.status()), ("insufficient_tokens", Some("A3"), 402));
    assert_eq!((&refusal.figures()["required"], &refusal.figures()["shortfall"]), (&json!("7"), &json!("1")));
    assert!(refusal.detail().contains('7'), "{}", refusal.detail());

    let error = desk.client().open(Opening::of("lost")).unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "unknown_product");
}

#[test]
fn what_is_denied_misused_or_out_of_reach_is_told_apart() {
    let desk = Desk::of(100);
    let revoked = Login { key: "jtn_0000".to_owned().into(), ..desk.login.clone() };
    let error = desk.client_of(revoked).open(Opening::of("autocad")).unwrap_err();
    assert!(matches!(&error, Error::Denied(refusal) if refusal.status() == 401), "{error:?}");
    let admin = desk.shop.folder.key(&["--scope", "team", "--team", "acme"]);
    let of_an_admin = Login { key: admin.into(), ..desk.login.clone() };
    let error = desk.client_of(of_an_admin).open(Opening::of("autocad")).unwrap_err();
    assert!(matches!(&error, Error::Denied(refusal) if refusal.status() == 403), "{error:?}");

    let error = desk.client().open(Opening::of("no such code!")).unwrap_err();
    assert!(matches!(&error, Error::Misuse(what) if what.contains("product")), "{error:?}");
    let nowhere = Login { server: "tokens.example".to_owned(), ..desk.login.clone() };
    assert!(matches!(Client::new(nowhere), Err(Error::Misuse(_))));

    desk.gate.cut();
    let error = desk.client().quote(&Opening::of("autocad")).unwrap_err();
    assert!(matches!(&error, Error::Unreachable(_)), "{error:?}");
}

#[test]
fn a_server_that_does_not_answer_is_waited_for_no_longer_than_the_patience() {
    let desk = Desk::of(100);
    desk.gate.make_deaf();
    // By nobody's clock but the patience does this end: the gate never answers.
    let error = desk.client().quote(&Opening::of("autocad")).unwrap_err();
    assert!(error.to_string().contains("within 2000 ms"), "{error}");
}

#[test]
fn v4_an_opening_whose_answer_was_lost_is_one_opening() {
    let desk = Desk::of(100);
    desk.gate.make_mute();
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    assert!(session.standing().started_by.is_some(), "the answer was lost");
    let live = until("the opening at the server", || desk.live().pop());
    desk.gate.open();
    session.beat().unwrap();
    assert_eq!(session.standing().session, live["session"].as_str().unwrap());
    assert_eq!(desk.live().len(), 1);
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1);
    session.close().unwrap();
    assert!(desk.live().is_empty());
}
