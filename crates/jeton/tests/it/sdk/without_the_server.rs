//! When the server cannot be reached: a lease that holds, what the product says, and what the server is told afterwards.

use std::time::Duration;

use jeton_client::SessionState;
use jeton_client::sdk::{Change, Error, Leave, MayNotStart, Opening};
use serde_json::json;

use super::desk::{Desk, find};
use crate::support::until;

#[test]
fn w11_with_a_lease_that_holds_a_program_starts_and_its_opening_is_made_up_later() {
    let desk = Desk::of(100);
    desk.client().open(Opening::of("autocad")).unwrap().close().unwrap();
    desk.kept("lease-");
    desk.gate.cut();
    desk.pass(Duration::from_hours(1));

    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    assert_eq!(session.standing().started_by, Some(Leave::Lease));
    assert_eq!(session.standing().runs_until.to_string(), "2026-03-03T08:15:00Z", "the lease's end, and 15 minutes");
    let until = find(&mut changes, "the silence", |change| {
        if let Change::OutOfTouch { runs_until, .. } = change { Some(runs_until) } else { None }
    });
    assert_eq!(until, session.standing().runs_until);

    desk.gate.open();
    desk.pass(Duration::from_mins(2));
    let opened =
        find(
            &mut changes,
            "the opening",
            |change| if let Change::Opened { session } = change { Some(session) } else { None },
        );
    assert_eq!(desk.proven_at("2026-03-02T09:02:00Z")["session"], json!(opened));
    session.close().unwrap();
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1, "one window covers both");
}

#[test]
fn w11_a_lease_that_was_altered_or_has_ended_starts_nothing() {
    let desk = Desk::of(100);
    desk.client().open(Opening::of("autocad")).unwrap().close().unwrap();
    let lease = desk.kept("lease-");
    desk.gate.cut();
    let kept = std::fs::read_to_string(&lease).unwrap();
    let by = || desk.client().open(Opening::of("autocad")).unwrap().standing().started_by;
    std::fs::write(&lease, kept.replacen("\"ey", "\"ex", 1)).unwrap();
    assert_eq!(by(), Some(Leave::Product), "an altered lease is none");
    std::fs::write(&lease, kept).unwrap();
    assert_eq!(by(), Some(Leave::Lease));
    desk.pass(Duration::from_hours(24));
    assert_eq!(by(), Some(Leave::Product), "the lease has ended");
}

#[test]
fn w9_setting_the_wall_clock_back_brings_no_lease_back() {
    let desk = Desk::of(100);
    desk.client().open(Opening::of("autocad")).unwrap().close().unwrap();
    desk.kept("lease-");
    desk.kept("time");
    desk.gate.cut();
    desk.pass(Duration::from_hours(25));
    desk.machine.set_wall("2026-03-02T09:00:00Z");
    let started_by = || desk.client().open(Opening::of("autocad")).unwrap().standing().started_by;
    assert_eq!(started_by(), Some(Leave::Product), "the time since the machine's start tells");
    // After a start of the machine the wall clock is all there is, but for what the server has said.
    desk.machine.restart();
    desk.machine.set_wall("2026-03-01T00:00:00Z");
    assert_eq!(started_by(), Some(Leave::Lease), "not before what the server said, when the lease held");
    desk.machine.set_wall("2026-03-03T09:00:00Z");
    assert_eq!(started_by(), Some(Leave::Product));
}

#[test]
fn without_a_lease_the_product_starts_three_times_for_four_hours_and_the_server_is_told_afterwards() {
    let desk = Desk::of(100);
    desk.gate.cut();
    let open = || desk.client().open(Opening::of("autocad"));
    for _ in 0..2 {
        let session = open().unwrap();
        assert_eq!(session.standing().started_by, Some(Leave::Product));
        assert!(session.close().is_err(), "nobody was told");
    }
    let third = open().unwrap();
    let mut changes = third.changes();
    assert_eq!(third.standing().runs_until.to_string(), "2026-03-02T12:00:00Z");
    let error = open().unwrap_err();
    let Error::Unreachable(unreachable) = error else { panic!("{error:?}") };
    let again_at = "2026-03-03T08:00:00Z".parse().unwrap();
    assert_eq!(unreachable.may_not_start, Some(MayNotStart::UsedUp { again_at }));

    desk.pass(Duration::from_mins(225));
    let at = find(&mut changes, "the warning before the end", |change| {
        if let Change::StopSoon { at } = change { Some(at) } else { None }
    });
    assert_eq!(at.to_string(), "2026-03-02T12:00:00Z");
    desk.pass(Duration::from_mins(15));
    find(&mut changes, "the end of the four hours", |change| (change == Change::Stop { refusal: None }).then_some(()));

    assert_eq!(desk.launches(), 0, "the server knows of nothing");
    desk.gate.open();
    third.beat().unwrap();
    assert_eq!(third.standing().started_by, None);
    until("three launches", || (desk.launches() == 3).then_some(()));
    until("one live session", || (desk.live().len() == 1).then_some(()));
    let made = desk.shop.vendor.list("/v1/teams/acme/charges");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["window"]["start"], "2026-03-02T12:00:00Z", "at the time of contact, and not before");
    third.close().unwrap();
    // The three still count.
    desk.gate.cut();
    std::fs::remove_file(desk.kept("lease-")).unwrap();
    assert!(matches!(open(), Err(Error::Unreachable(unreachable)) if unreachable.may_not_start.is_some()));
}

#[test]
fn an_opening_that_is_refused_afterwards_leaves_15_minutes_to_save() {
    let desk = Desk::of(6);
    desk.gate.cut();
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    desk.gate.open();
    let error = session.beat().unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "insufficient_tokens");
    let ends_at = find(&mut changes, "the refusal", |change| {
        if let Change::Unfunded { ends_at, .. } = change { Some(ends_at) } else { None }
    });
    assert_eq!(ends_at.to_string(), "2026-03-02T08:15:00Z");
    desk.pass(Duration::from_mins(15));
    let refusal =
        find(
            &mut changes,
            "the end",
            |change| if let Change::Stop { refusal } = change { Some(refusal) } else { None },
        );
    assert_eq!(refusal.unwrap().code(), "insufficient_tokens");
    assert_eq!(session.standing().state, SessionState::Ended);
}

#[test]
fn w11_a_program_that_runs_stops_15_minutes_after_its_lease_and_w8_comes_back() {
    let desk = Desk::of(100);
    let session = desk.client().open(Opening::of("autocad")).unwrap();
    let mut changes = session.changes();
    desk.kept("keys");
    session.beat().unwrap();
    desk.gate.cut();
    desk.pass(Duration::from_mins(3));
    let runs_until = find(&mut changes, "the silence", |change| {
        if let Change::OutOfTouch { runs_until, .. } = change { Some(runs_until) } else { None }
    });
    assert_eq!(runs_until.to_string(), "2026-03-03T08:15:00Z");
    desk.pass(Duration::from_hours(24) + Duration::from_mins(12));
    find(&mut changes, "the end of the grace", |change| (change == Change::Stop { refusal: None }).then_some(()));
    assert_eq!(desk.shop.vendor.list("/v1/teams/acme/charges").len(), 1, "nobody is charged over a silence");
    desk.gate.open();
    session.beat().unwrap();
    let made = desk.shop.vendor.list("/v1/teams/acme/charges");
    assert_eq!(made[0]["window"]["start"], "2026-03-03T08:15:00Z", "opened anew by the program that ran on");
}

#[test]
fn a_product_that_is_set_to_refuse_starts_by_a_lease_alone() {
    let desk = Desk::of(100);
    let product = json!({"names": {"en": "Revit", "fr": "Revit"}, "undo_interval_s": 0, "when_unreachable": "refuse"});
    desk.shop.vendor.put("/v1/products/revit", &product).ok();
    desk.client().open(Opening::of("revit")).unwrap().close().unwrap();
    let lease = desk.kept("lease-");
    desk.kept("product-");
    desk.gate.cut();
    let open = || desk.client().open(Opening::of("revit"));
    assert_eq!(open().unwrap().standing().started_by, Some(Leave::Lease));
    std::fs::remove_file(lease).unwrap();
    let Err(Error::Unreachable(unreachable)) = open() else { panic!("it started") };
    assert_eq!(unreachable.may_not_start, Some(MayNotStart::Refused));
}
