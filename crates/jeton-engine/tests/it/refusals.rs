//! V1: a refusal is an entry the first time per member, product and code in an hour; its repeats are counted.

use std::time::Duration;

use jeton_core::entry::TeamFact;
use jeton_core::id::MemberKey;

use crate::support::asks::{BEAT, granted, opening, opening_of, team_id, withdrawing};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Server};

/// The refusals that are kept: their number, whose, and the code.
fn kept(server: &Server) -> Vec<(u64, MemberKey, &'static str)> {
    (1..)
        .zip(server.ledger("acme"))
        .filter_map(|(seq, entry)| match entry.fact {
            TeamFact::Refused { member, refusal, .. } => Some((seq, member.unwrap(), refusal.code())),
            _ => None,
        })
        .collect()
}

/// The counts of repeats, as they are stored once somebody wants to see them.
fn repeats(server: &Server) -> Vec<u64> {
    server.wait(server.engine.read_with_repeats(team_id("acme"), |_| ())).unwrap();
    let stored = server.log.repeats("acme").unwrap();
    let counted = |seq| stored.iter().find(|(of, _)| *of == seq).map_or(0, |(_, count)| *count);
    kept(server).into_iter().map(|(seq, _, _)| counted(seq)).collect()
}

#[test]
fn v1_a_refusal_is_kept_once_per_member_product_and_code_in_an_hour() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(2, 0);
        let mut tries = 0;
        let mut refused = |command: &dyn Fn(&str) -> jeton_core::decision::TeamCommand| {
            tries += 1;
            granted(server.ask("acme", command(&format!("s{tries}")))).unwrap_err();
        };
        for _ in 0..4 {
            refused(&|session| opening(session, 1));
        }
        assert_eq!(repeats(&server), [3]);
        refused(&|session| opening(session, 2));
        refused(&|session| opening_of("revit", session, 1));
        assert_eq!(repeats(&server), [3, 0, 0], "another member, another product");
        granted(server.ask("acme", withdrawing(1))).unwrap();
        for _ in 0..2 {
            refused(&|session| opening(session, 1));
        }
        assert_eq!(repeats(&server), [3, 0, 0, 1], "another code");
        server.move_clock(at("2026-03-02T08:59:59.999999Z")).unwrap();
        refused(&|session| opening(session, 2));
        assert_eq!(repeats(&server), [3, 1, 0, 1]);
        server.move_clock(at("2026-03-02T09:00:00Z")).unwrap();
        refused(&|session| opening(session, 2));
        assert_eq!(repeats(&server), [3, 1, 0, 1, 0], "another hour");
        let codes: Vec<_> = kept(&server).into_iter().map(|(_, member, code)| (member.0, code)).collect();
        let insufficient = "insufficient_tokens";
        assert_eq!(
            codes,
            [(1, insufficient), (2, insufficient), (1, insufficient), (1, "not_assigned"), (2, insufficient)]
        );
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn v1_repeats_survive_a_clean_stop_and_add_up() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 0);
        for session in ["s1", "s2", "s3"] {
            server.open(session, 1).unwrap_err();
        }
        server.stop();
        let server = place.start(&Begin::sandbox());
        server.open("s4", 1).unwrap_err();
        assert_eq!(repeats(&server), [3], "the hour goes on over a restart");
        server.stop();
    }
}

#[test]
fn v1_repeats_are_stored_every_ten_seconds() {
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let place = Place::memory();
    let server = place.start(&Begin::wall(&clocks));
    server.shop(2, 7);
    server.open("s1", 1).unwrap();
    for session in ["s2", "s3"] {
        server.open(session, 2).unwrap_err();
    }
    let beat = || {
        clocks.pass(Duration::from_secs(10));
        server.send_message("s1", BEAT)
    };
    server.at_once(beat).unwrap();
    server.open("s4", 2).unwrap_err();
    server.die();
    let server = place.start(&Begin::wall(&clocks));
    assert_eq!(repeats(&server), [1], "what was counted after the batch is lost with the process");
    server.stop();
}
