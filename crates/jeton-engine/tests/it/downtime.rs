//! W8 over a restart: what was lost before the server's last sign of life is lost, and the time in which it was down
//! is not silence.

use std::time::Duration;

use jeton_core::entry::{Author, TeamFact, VendorFact};
use jeton_core::time::Instant;
use jeton_store::{Batch, Beside, Kind};

use crate::support::asks::{BEAT, CLOSE};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Server};

/// When sessions were lost, and up to when they had proven use.
fn lost(server: &Server) -> Vec<(Instant, Instant)> {
    let entries = server.ledger("acme").into_iter();
    entries
        .filter_map(|entry| match entry.fact {
            TeamFact::SessionLost { proof, .. } => Some((entry.at, proof.to)),
            _ => None,
        })
        .collect()
}

#[test]
fn w8_the_time_in_which_the_server_was_down_is_not_silence() {
    for clean in [true, false] {
        for place in Place::both() {
            let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
            server.shop(1, 100);
            server.open("s1", 1).unwrap();
            server.move_clock(at("2026-03-02T08:08:00Z")).unwrap();
            server.say("s1", BEAT).unwrap();
            let proof = at("2026-03-02T08:08:00Z");
            if clean {
                server.stop();
            } else {
                server.die();
            }

            let server = place.start(&Begin::sandbox_at("2026-03-02T09:00:00Z"));
            assert_eq!(server.alive("s1").unwrap().last_proof, proof, "a restart is no proof of use");
            server.move_clock(at("2026-03-02T09:09:59.999999Z")).unwrap();
            assert!(server.is_open("s1"), "the ten minutes begin anew");
            server.move_clock(at("2026-03-02T09:10:00Z")).unwrap();
            assert_eq!(lost(&server), [(at("2026-03-02T09:10:00Z"), proof)]);
            server.stop();
        }
    }
}

#[test]
fn w8_the_ten_minutes_that_began_anew_go_on_over_another_restart() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        server.die();
        clocks.pass(Duration::from_hours(1));
        place.start(&Begin::wall(&clocks)).stop();
        // Nine minutes up, nine minutes down, nine minutes up.
        let server = place.start(&Begin::wall(&clocks));
        clocks.pass(Duration::from_mins(9));
        assert!(server.is_open("s1"));
        server.die();
        clocks.pass(Duration::from_mins(9));
        let server = place.start(&Begin::wall(&clocks));
        clocks.pass(Duration::from_mins(9));
        assert!(server.is_open("s1"), "it was never silent for ten minutes in which it could be heard");
        assert_eq!(server.alive("s1").unwrap().last_proof, at("2026-03-02T08:00:00Z"));
        clocks.pass(Duration::from_mins(1));
        assert!(!server.is_open("s1"));
        assert_eq!(lost(&server), [(at("2026-03-02T09:28:00Z"), at("2026-03-02T08:00:00Z"))]);
        server.stop();
    }
}

#[test]
fn w8_what_was_lost_before_the_last_sign_of_life_is_lost_at_its_own_instant() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(2, 100);
        server.open("s1", 1).unwrap();
        clocks.pass(Duration::from_secs(10));
        server.open("s2", 2).unwrap();
        server.die();
        // It lived ten minutes longer, and died before it could enter what fell due.
        let mut ports = place.ports(Kind::Real);
        let life = Beside::Life(at("2026-03-02T08:10:05Z").micros());
        ports.writer.append(&Batch { entries: Vec::new(), beside: vec![life] }).unwrap();
        clocks.pass(Duration::from_hours(1));
        let server = Server::start(ports, &Begin::wall(&clocks)).unwrap();
        let opened = at("2026-03-02T08:00:00Z");
        assert_eq!(lost(&server), [(at("2026-03-02T08:10:00Z"), opened)]);
        assert!(server.is_open("s2"), "it would have been lost while the server was down");
        clocks.pass(Duration::from_secs(599));
        server.say("s2", BEAT).unwrap();
        server.stop();
    }
}

#[test]
fn what_fell_due_while_the_server_was_down_is_entered_at_its_own_instant() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        server.move_clock(at("2026-03-02T08:05:00Z")).unwrap();
        server.say("s1", CLOSE).unwrap();
        server.die();
        let server = place.start(&Begin::sandbox_at("2027-06-01T00:00:00Z"));
        let ledger = server.ledger("acme");
        let ended: Vec<_> = ledger.iter().filter(|entry| matches!(entry.fact, TeamFact::LotExpired { .. })).collect();
        assert_eq!(ended.len(), 1);
        assert_eq!((ended[0].at, &ended[0].by), (at("2027-03-03T00:00:00Z"), &Author::Server));
        let moved = server.vendors().pop().unwrap();
        assert_eq!(moved.at, at("2027-06-01T00:00:00Z"));
        assert_eq!(moved.fact, VendorFact::ClockMoved { from: at("2026-03-02T08:05:00Z") });
        server.verify(None).unwrap();
        server.stop();
    }
}
