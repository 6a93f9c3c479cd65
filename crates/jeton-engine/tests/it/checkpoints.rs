//! V2: checkpoints are signed while there are writes and at a clean stop, and verify holds over everything.

use std::time::Duration;

use jeton_core::entry::Author;
use jeton_store::Checkpoint;

use crate::support::asks::{BEAT, CLOSE, granted, opening, ordering};
use crate::support::clocks::at;
use crate::support::place::Place;
use crate::support::server::{Begin, Server, key};

fn newest(server: &Server) -> Checkpoint {
    server.send_checkpoint().answer(server).unwrap().outcome.unwrap().unwrap()
}

#[test]
fn v2_the_newest_checkpoint_is_of_everything_that_was_decided_before() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox());
        let none = server.send_checkpoint().answer(&server).unwrap();
        assert_eq!((none.outcome, none.position), (Ok(None), 0), "of an empty log");
        server.stop();

        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(3, 100);
        let held = server.hold();
        let before = server.send("acme", opening("s1", 1));
        let asked = server.send_checkpoint();
        let after = server.send("acme", opening("s2", 2));
        held.let_go(&server).unwrap();
        let before = before.answer(&server).unwrap().position;
        let checkpoint = asked.answer(&server).unwrap().outcome.unwrap().unwrap();
        assert_eq!(checkpoint.position, before, "of the same group");
        assert!(after.answer(&server).unwrap().position > before);
        checkpoint.verify().unwrap();
        assert_eq!(checkpoint.public_key, key().verifying_key().to_bytes());
        assert!(server.log.checkpoints(0, 100).unwrap().contains(&checkpoint), "it is kept");
        server.verify(Some(&checkpoint)).unwrap();

        let again = newest(&server);
        assert_eq!(again.position, server.last_position());
        assert_eq!(newest(&server), again, "nothing was written since");
        server.stop();
    }
}

#[test]
fn v2_a_checkpoint_is_signed_once_a_minute_while_there_are_writes() {
    for place in Place::both() {
        let begin = Begin::sandbox_at("2026-03-02T08:00:00Z");
        let server = place.start(&begin);
        server.shop(3, 100);
        let look = || server.wait(server.engine.read(None, |_| ())).unwrap();
        look();
        // The first was signed with the first round of the engine.
        let first = server.log.newest_checkpoint().unwrap();
        begin.clocks.pass(Duration::from_secs(59));
        server.open("s1", 1).unwrap();
        look();
        assert_eq!(server.log.newest_checkpoint().unwrap(), first);
        let opening = || {
            begin.clocks.pass(Duration::from_secs(1));
            server.send("acme", opening("s2", 2))
        };
        server.at_once(opening).unwrap();
        look();
        let second = server.log.newest_checkpoint().unwrap().unwrap();
        assert_eq!(second.position, server.last_position());
        let count = server.log.checkpoints(0, 100).unwrap().len();
        begin.clocks.pass(Duration::from_mins(1));
        look();
        look();
        assert_eq!(server.log.checkpoints(0, 100).unwrap().len(), count, "nothing was written since");
        server.verify(Some(&second)).unwrap();
        server.stop();
    }
}

#[test]
fn v2_a_clean_stop_signs_the_last_commit_and_a_death_does_not() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        server.stop();
        let server = place.start(&Begin::sandbox());
        let stopped = server.log.newest_checkpoint().unwrap().unwrap();
        assert_eq!(stopped.position, server.last_position());
        // The engine's first round signs what is not signed yet.
        server.see("acme", |_, _| ());
        server.open("s1", 1).unwrap();
        server.die();
        let server = place.start(&Begin::sandbox());
        assert_eq!(server.log.newest_checkpoint().unwrap().unwrap(), stopped);
        server.verify(Some(&stopped)).unwrap();
        server.stop();
    }
}

#[test]
fn v1_v2_verify_holds_over_a_history_with_everything_in_it() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.stock();
        for team in ["acme", "zeta"] {
            server.enter(team, 3, 20);
        }
        granted(server.ask("zeta", ordering("unpaid", 5))).unwrap();
        for (session, member) in [("s1", 1), ("s2", 2), ("s3", 3)] {
            let _third_is_short = server.open(session, member);
        }
        server.move_clock(at("2026-03-02T08:05:00Z")).unwrap();
        server.say("s1", BEAT).unwrap();
        server.say("s2", CLOSE).unwrap();
        server.move_clock(at("2026-03-02T09:00:00Z")).unwrap();
        server.say("s1", BEAT).unwrap();
        let kept = newest(&server);
        server.die();
        let server = place.start(&Begin::sandbox_at("2026-05-02T08:00:00Z"));
        server.say("s1", BEAT).unwrap();
        server.move_clock(at("2028-01-01T00:00:00Z")).unwrap();
        let verified = server.verify(Some(&kept)).unwrap();
        assert_eq!(verified.entries, server.last_position());
        assert_eq!(verified.streams, 4, "the vendor, two teams, the invoices of a year");
        assert!(server.ledger("acme").iter().any(|entry| entry.by == Author::Server));
        server.stop();
    }
}
