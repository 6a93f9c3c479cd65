//! W9: the wall clock is compared with the steady one; what is decided never goes back in time.

use std::time::Duration;

use jeton_core::entry::{Author, ClockReason, Entry, VendorFact};
use jeton_core::time::Instant;
use jeton_engine::{Jump, NotNow};

use crate::support::asks::{BEAT, opening, rating};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Sent, Server};

const HOUR: i64 = 3_600;

/// A shop at eight, with a session open.
fn eight(place: &Place) -> (Clocks, Server) {
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let server = place.start(&Begin::wall(&clocks));
    server.shop(2, 100);
    server.open("s1", 1).unwrap();
    (clocks, server)
}

/// The clocks that were taken as they were.
fn accepted(server: &Server) -> Vec<Entry<VendorFact>> {
    let entries = server.vendors().into_iter();
    entries.filter(|entry| matches!(entry.fact, VendorFact::ClockAccepted { .. })).collect()
}

fn jumped(server: &Server) -> Option<Jump> {
    match server.ask("acme", opening("probe", 2)) {
        Err(NotNow::ClockJumped(jump)) => Some(jump),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn w9_after_a_jump_nothing_is_decided_and_what_stands_can_be_seen() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        let before = server.last_position();
        clocks.step(2 * HOUR);
        let jump = Jump { wall: at("2026-03-02T10:00:00Z"), steady: at("2026-03-02T08:00:00Z") };
        let not_now = NotNow::ClockJumped(jump);
        assert_eq!(server.ask("acme", opening("s2", 2)), Err(not_now.clone()));
        assert_eq!(server.send_message("s1", BEAT).answer(&server), Err(not_now.clone()));
        assert_eq!(server.vendor(rating("autocad", "9", at("2027-01-01T00:00:00Z"))), Err(not_now.clone()));
        let told = not_now.to_string();
        assert!(told.contains("2026-03-02T10:00:00Z") && told.contains("2026-03-02T08:00:00Z"), "{told}");

        let seen = server.wait(server.engine.read(None, |sight| (sight.jumped, sight.now))).unwrap();
        assert_eq!(seen.value, (Some(jump), at("2026-03-02T08:00:00Z")), "as of the last decision");
        assert!(server.is_open("s1"));
        assert_eq!(server.balance(), (93, 7));
        assert_eq!(server.last_position(), before);
        server.stop();
    }
}

#[test]
fn w9_a_clock_that_is_accepted_is_an_entry_and_loses_no_session() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        clocks.step(2 * HOUR);
        assert!(jumped(&server).is_some());
        let ten = at("2026-03-02T10:00:00Z");
        assert_eq!(server.accept_clock().outcome, Ok(ten));
        let fact =
            VendorFact::ClockAccepted { last: at("2026-03-02T08:00:00Z"), wall: ten, why: ClockReason::Operator };
        assert_eq!(accepted(&server), [Entry { at: ten, by: Author::Operator, fact }]);
        assert!(server.is_open("s1"));
        clocks.pass(Duration::from_secs(599));
        server.say("s1", BEAT).unwrap();
        clocks.pass(Duration::from_mins(10));
        assert!(!server.is_open("s1"), "from there on silence counts");
        assert_eq!(server.accept_clock().outcome, Ok(at("2026-03-02T10:19:59Z")));
        assert_eq!(accepted(&server).len(), 1, "there is nothing to accept when nothing has jumped");
        server.stop();
    }
}

#[test]
fn w9_a_clock_that_comes_back_by_itself_loses_no_session() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        clocks.step(2 * HOUR);
        assert!(jumped(&server).is_some());
        // Its beats are answered with 503 for half an hour, until somebody sets the clock right.
        clocks.pass(Duration::from_mins(30));
        assert!(jumped(&server).is_some());
        clocks.step(-2 * HOUR);
        let look = server.wait(server.engine.read(None, |sight| (sight.jumped, sight.now))).unwrap();
        assert_eq!(look.value, (None, at("2026-03-02T08:30:00Z")));
        assert!(server.is_open("s1"), "who was not heard because nothing could be decided was not silent");
        assert_eq!(accepted(&server), []);
        clocks.pass(Duration::from_mins(10));
        assert!(!server.is_open("s1"));
        server.stop();
    }
}

#[test]
fn w9_a_jump_of_an_hour_at_most_is_taken_when_the_kernel_is_synchronised() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        clocks.synchronise();
        clocks.step(HOUR);
        assert!(server.say("s1", BEAT).is_ok(), "a paused machine");
        let nine = at("2026-03-02T09:00:00Z");
        let last = at("2026-03-02T08:00:00Z");
        let fact = VendorFact::ClockAccepted { last, wall: nine, why: ClockReason::Synchronised };
        assert_eq!(accepted(&server), [Entry { at: nine, by: Author::Server, fact }]);
        assert!(server.is_open("s1"));
        clocks.step(HOUR + 1);
        assert!(jumped(&server).is_some(), "a larger one needs an operator");
        server.stop();
    }
}

#[test]
fn w9_a_jump_is_an_entry_also_when_accepting_it_is_what_finds_it() {
    let (clocks, server) = eight(&Place::memory());
    let held = server.hold();
    clocks.synchronise();
    clocks.step(HOUR / 2);
    let engine = server.engine.clone();
    let accepting = Sent::of(async move { engine.accept_clock(Author::Operator).await });
    held.let_go(&server).unwrap();
    assert_eq!(accepting.answer(&server).unwrap().outcome, Ok(at("2026-03-02T08:30:00Z")));
    assert_eq!(accepted(&server).len(), 1);
    assert!(server.is_open("s1"));
    server.stop();
}

#[test]
fn w9_a_start_more_than_the_threshold_before_the_last_entry_decides_nothing() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        clocks.pass(Duration::from_mins(5));
        server.say("s1", BEAT).unwrap();
        server.die();
        clocks.step(-2 * HOUR);
        let server = place.start(&Begin::wall(&clocks));
        let last = at("2026-03-02T08:05:00Z");
        let jump = Jump { wall: at("2026-03-02T06:05:00Z"), steady: last };
        assert_eq!(jumped(&server), Some(jump));
        assert!(server.is_open("s1"));
        // Instants never go back, whatever is accepted.
        assert_eq!(server.accept_clock().outcome, Ok(last));
        let [entry] = accepted(&server).try_into().unwrap();
        assert_eq!(entry.at, last);
        assert_eq!(entry.fact, VendorFact::ClockAccepted { last, wall: jump.wall, why: ClockReason::Operator });
        assert_eq!(jumped(&server), None);
        server.stop();
    }
}

#[test]
fn w9_a_start_as_far_before_the_last_entry_as_the_threshold_is_bridged() {
    let place = Place::memory();
    let (clocks, server) = eight(&place);
    server.die();
    clocks.step(-60);
    let server = place.start(&Begin::wall(&clocks));
    assert_eq!(server.ask("acme", opening("s2", 2)).unwrap().at, at("2026-03-02T08:00:00Z"));
    server.stop();
}

#[test]
fn w9_instants_never_go_back() {
    for place in Place::both() {
        let (clocks, server) = eight(&place);
        let mut before = Instant::FIRST;
        for step in [-30, 40, -50, 10, 29, -1] {
            clocks.step(step);
            server.say("s1", BEAT).unwrap();
            let now = server.wait(server.engine.read(None, |sight| sight.now)).unwrap().value;
            assert!(now >= before, "{now} comes after {before}");
            before = now;
        }
        let entered: Vec<i64> = server.stored().iter().map(|(sealed, _)| sealed.at).collect();
        assert!(entered.is_sorted());
        server.stop();
    }
}
