//! Beats, and what a session goes through while its program runs: renewals, sleep, clock steps, no more tokens.

use std::time::Duration;

use jeton_client::sdk::{Change, Opening};
use jeton_client::{Cover, SessionState};
use serde_json::json;

use super::desk::{Desk, find};
use crate::support::shop::order;
use crate::support::until;

const MINUTE: Duration = Duration::from_mins(1);
/// The longest time between two beats.
const BEAT: Duration = Duration::from_secs(132);

#[test]
fn w8_a_session_beats_by_itself_and_no_step_of_the_wall_clock_moves_a_beat() {
    let desk = Desk::of(100);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    desk.machine.set_wall("2031-01-01T00:00:00Z");
    desk.pass(BEAT);
    desk.proven_at("2026-03-02T08:02:12Z");
    until("the answer to the first beat", || {
        session.standing().answered_at.filter(|at| at.to_string() == "2026-03-02T08:02:12Z")
    });
    desk.machine.set_wall("2001-01-01T00:00:00Z");
    desk.pass(BEAT);
    desk.proven_at("2026-03-02T08:04:24Z");
    assert_eq!(session.standing().state, SessionState::Open);
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1);
}

#[test]
fn w8_after_a_sleep_it_beats_at_once_and_comes_back_under_its_id() {
    let desk = Desk::of(100);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let id = session.standing().session;
    desk.pass(Duration::from_hours(3));
    assert_eq!(desk.proven_at("2026-03-02T11:00:00Z")["session"], json!(id));
    assert_eq!(session.standing().session, id);
}

#[test]
fn w8_a_session_that_was_lost_too_long_ago_is_opened_anew_as_long_as_the_program_runs() {
    let desk = Desk::of(100);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    let id = session.standing().session;
    desk.pass(Duration::from_hours(5));
    let anew = find(&mut changes, "an opening anew", |change| {
        if let Change::Opened { session } = change { Some(session) } else { None }
    });
    assert_ne!(anew, id);
    assert_eq!(desk.proven_at("2026-03-02T13:00:00Z")["session"], json!(anew));
    session.beat().unwrap();
    assert_eq!(session.standing().cover, Some(Cover::Window), "the window of the morning still runs");
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1);
}

#[test]
fn n2_a_renewal_is_told_15_minutes_before_and_w4_charged_when_the_program_is_in_use() {
    let desk = Desk::of(100);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    let end = session.standing().window.unwrap().end;
    beat_to(&desk, &session, Duration::from_hours(23) + 45 * MINUTE);
    let (at, tokens) = find(&mut changes, "the renewal ahead", |change| {
        if let Change::RenewalSoon { at, tokens } = change { Some((at, tokens)) } else { None }
    });
    assert_eq!((at.to_string().as_str(), tokens.as_str()), (end.as_str(), "7"));
    beat_to(&desk, &session, 15 * MINUTE);
    let charged = find(&mut changes, "the renewal", |change| {
        if let Change::Charged(charge) = change
            && charge.window.start == end
        {
            Some(charge)
        } else {
            None
        }
    });
    assert_eq!(charged.tokens.as_str(), "7");
    let told = std::iter::from_fn(|| changes.next_within(Duration::ZERO));
    assert!(!told.into_iter().any(|change| matches!(change, Change::RenewalSoon { .. })), "it is told once");
}

#[test]
fn w7_without_tokens_there_is_time_to_save_and_tokens_that_come_save_the_session() {
    let desk = Desk::of(7);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    renewal_refused(&desk, &session);
    let (refusal, ends_at) = find(&mut changes, "the refusal", |change| {
        if let Change::Unfunded { refusal, ends_at } = change { Some((refusal, ends_at)) } else { None }
    });
    assert_eq!(refusal.code(), "insufficient_tokens");
    assert_eq!(session.standing().runs_until, ends_at);
    order(&desk.shop.vendor, "acme", "more", 100);
    desk.pass(MINUTE);
    let standing = session.beat().unwrap();
    assert_eq!((standing.state, standing.cover), (SessionState::Open, Some(Cover::Tokens)));
}

#[test]
fn w7_when_the_time_to_save_is_over_the_program_has_to_stop() {
    let desk = Desk::of(7);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    renewal_refused(&desk, &session);
    desk.pass(15 * MINUTE);
    let refusal =
        find(
            &mut changes,
            "the end",
            |change| if let Change::Stop { refusal } = change { Some(refusal) } else { None },
        );
    assert!(refusal.is_some(), "the server has said so");
    assert_eq!(changes.next(), None, "nothing comes after the end");
    assert_eq!(session.standing().state, SessionState::Ended);
    assert!(desk.live().is_empty());
    assert!(session.close().unwrap().charged.is_empty(), "closing what has ended does no harm");
}

#[test]
fn w6_an_idle_session_wakes_up_when_the_member_does_something() {
    let desk = Desk::of(100);
    let product = json!({"names": {"en": "Revit", "fr": "Revit"}, "undo_interval_s": 0, "idle_aware": true});
    desk.shop.vendor.put("/v1/products/revit", &product).ok();
    let session = desk.client().open(Opening::of("revit")).unwrap();
    let mut changes = session.changes();
    beat_to(&desk, &session, Duration::from_hours(24));
    find(&mut changes, "idleness", |change| (change == Change::Idle).then_some(()));
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1, "nothing is charged while it is idle");
    session.active();
    let charged = find(&mut changes, "the charge of the activity", |change| {
        if let Change::Charged(charge) = change
            && charge.window.start.as_str() > "2026-03-03"
        {
            Some(charge)
        } else {
            None
        }
    });
    assert_eq!(charged.tokens.as_str(), "10");
}

/// Goes on to the end of the first window, and to the refusal of the next.
fn renewal_refused(desk: &Desk, session: &jeton_client::blocking::Session) {
    beat_to(desk, session, Duration::from_hours(24));
    assert_eq!(session.standing().state, SessionState::Unfunded);
}

/// Beats every 9 minutes until so much time has gone by.
fn beat_to(desk: &Desk, session: &jeton_client::blocking::Session, total: Duration) {
    let mut gone = Duration::ZERO;
    while gone < total {
        let step = (9 * MINUTE).min(total.saturating_sub(gone));
        desk.pass(step);
        session.beat().unwrap();
        gone += step;
    }
}
