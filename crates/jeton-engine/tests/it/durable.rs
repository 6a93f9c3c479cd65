//! V4: what was answered is there after a stop and after a death, once.

use std::time::Duration;

use jeton_core::entry::TeamFact;

use crate::support::asks::{BEAT, CLOSE, opening, session_id};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Sent, Server};

#[test]
fn v4_what_was_answered_is_there_after_a_stop_and_after_a_death() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(2, 100);
        server.open("s1", 1).unwrap();
        server.open("s2", 2).unwrap();
        server.move_clock(at("2026-03-02T08:05:00Z")).unwrap();
        assert_eq!(server.say("s1", BEAT).unwrap().charged.len(), 1);
        server.say("s2", CLOSE).unwrap();
        let before = server.see("acme", |team, presence| (team.clone(), presence.clone()));
        let ledger = server.ledger("acme");
        server.stop();

        let server = place.start(&Begin::sandbox());
        let after = server.see("acme", |team, presence| (team.clone(), presence.clone()));
        assert_eq!(after.0, before.0, "the state is the fold of the log");
        assert_eq!(server.ledger("acme"), ledger, "a restart enters nothing");
        let charged = server.say("s1", CLOSE).unwrap();
        assert!(charged.charged.is_empty(), "what was charged is charged once: {charged:?}");
        let ledger = server.ledger("acme");
        server.die();

        let server = place.start(&Begin::sandbox());
        assert_eq!(server.ledger("acme"), ledger);
        assert!(matches!(ledger.last().unwrap().fact, TeamFact::SessionClosed { .. }));
        assert!(!server.is_open("s1") && !server.is_open("s2"));
        assert_eq!(server.balance(), (86, 0), "each was charged once");
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn v4_who_is_answered_finds_it_stored() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(100, 1_000);
        let held = server.hold();
        let asked: Vec<_> =
            (1..=100).map(|member| server.send("acme", opening(&format!("s{member}"), member))).collect();
        held.let_go(&server).unwrap();
        for (member, asked) in (1..).zip(asked) {
            let position = asked.answer(&server).unwrap().position;
            let stored = server.stored().into_iter().take_while(|(sealed, _)| sealed.position <= position);
            let id = session_id(&format!("s{member}"));
            let opened = stored.filter(|(_, entry)| format!("{entry:?}").contains(&format!("{id:?}")));
            assert_eq!(opened.count(), 1, "{id}");
        }
        server.stop();
    }
}

#[test]
fn v4_a_death_keeps_what_was_decided_although_nobody_waited_for_the_answer() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        let forgotten: Sent<_> = server.send("acme", opening("s1", 1));
        drop(forgotten);
        server.die();
        let server = place.start(&Begin::sandbox());
        assert!(server.is_open("s1"));
        assert_eq!(server.balance(), (93, 7));
        server.stop();
    }
}

#[test]
fn w8_w11_presence_and_lease_survive_a_clean_stop_exactly() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00.000001Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        clocks.pass(Duration::from_micros(7_000_003));
        server.say("s1", BEAT).unwrap();
        let before = server.alive("s1").unwrap();
        assert!(before.lease.is_some(), "the opening gave one");
        server.stop();
        clocks.pass(Duration::from_mins(3));
        let server = place.start(&Begin::wall(&clocks));
        let after = server.alive("s1").unwrap();
        assert_eq!(
            (after.from, after.last_proof, after.last_activity, after.lease),
            (before.from, before.last_proof, before.last_activity, before.lease)
        );
        server.stop();
    }
}

/// A beat that is written at once, since it is time for a batch.
fn ten_seconds_later(server: &Server, clocks: &Clocks) {
    let beat = || {
        clocks.pass(Duration::from_secs(10));
        server.send_message("s1", BEAT)
    };
    server.at_once(beat).unwrap();
}

#[test]
fn w8_presence_survives_a_death_up_to_its_last_batch_of_ten_seconds() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        ten_seconds_later(&server, &clocks);
        let written = server.alive("s1").unwrap();
        clocks.pass(Duration::from_secs(9));
        server.say("s1", BEAT).unwrap();
        let beaten = server.alive("s1").unwrap();
        server.die();
        let server = place.start(&Begin::wall(&clocks));
        let after = server.alive("s1").unwrap();
        assert_eq!(after.last_proof, written.last_proof, "the beat after the batch is lost, and no other");
        assert!(beaten.last_proof > written.last_proof);
        server.stop();
    }
}

#[test]
fn w8_what_is_stored_of_sessions_that_have_ended_goes() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        ten_seconds_later(&server, &clocks);
        assert_eq!(server.log.presence().unwrap().len(), 1);
        server.say("s1", CLOSE).unwrap();
        server.die();
        // The batch that would have taken it away never came.
        let server = place.start(&Begin::wall(&clocks));
        server.stop();
        let server = place.start(&Begin::wall(&clocks));
        assert_eq!(server.log.presence().unwrap(), []);
        server.stop();
    }
}
