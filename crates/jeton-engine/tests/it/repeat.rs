//! V4: what is sent again with the same id changes nothing, and an id belongs to who used it first.

use jeton_core::decision::Granted;
use jeton_core::refusal::Refusal;
use jeton_engine::TeamAnswer;
use jeton_store::{SESSIONS, orders_of};

use crate::support::asks::{CLOSE, granted, opening, ordering};
use crate::support::place::Place;
use crate::support::server::Begin;

#[test]
fn v4_an_opening_sent_again_changes_nothing() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        let Ok(Granted::Opened { opened, .. }) = granted(server.ask("acme", opening("s1", 1))) else { panic!() };
        let (ledger, balance) = (server.ledger("acme"), server.balance());
        assert_eq!(granted(server.ask("acme", opening("s1", 1))), Ok(Granted::Known { seq: opened }));
        // Nor does it after a start, with which the engine forgets what it answered.
        server.stop();
        let server = place.start(&Begin::sandbox());
        assert_eq!(granted(server.ask("acme", opening("s1", 1))), Ok(Granted::Known { seq: opened }));
        assert_eq!((server.ledger("acme"), server.balance()), (ledger, balance));
        server.stop();
    }
}

#[test]
fn v4_the_same_opening_twice_at_once_is_one() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        let held = server.hold();
        let twice = [(); 2].map(|()| server.send("acme", opening("s1", 1)));
        held.let_go(&server).unwrap();
        let [first, second] = twice.map(|sent| granted(sent.answer(&server)).unwrap());
        let Granted::Opened { opened, .. } = first else { panic!("{first:?}") };
        assert_eq!(second, Granted::Known { seq: opened });
        assert_eq!(server.balance(), (93, 7));
        server.stop();
    }
}

#[test]
fn v4_an_id_that_another_team_used_is_refused() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        server.enter("zeta", 1, 100);
        server.open("s1", 1).unwrap();
        assert_eq!(granted(server.ask("zeta", opening("s1", 1))), Err(Refusal::IdReused));
        server.say("s1", CLOSE).unwrap();
        assert_eq!(granted(server.ask("zeta", opening("s1", 1))), Err(Refusal::IdReused), "not for having ended");
        // An order's id is its team's own.
        assert!(matches!(granted(server.ask("zeta", ordering("second", 5))), Ok(Granted::Ordered { .. })));
        assert!(matches!(granted(server.ask("acme", ordering("second", 5))), Ok(Granted::Ordered { .. })));
        server.stop();
    }
}

#[test]
fn v4_an_id_used_long_ago_is_searched_for_before_it_is_decided_on() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        server.say("s1", CLOSE).unwrap();
        assert!(matches!(granted(server.ask("acme", opening("s1", 1))), Ok(Granted::Known { .. })), "remembered");
        server.stop();

        let server = place.start(&Begin::sandbox());
        let ledger = server.ledger("acme");
        let behind = server.last_position() - 1;
        for command in [opening("s1", 1), ordering("first", 100)] {
            let decided = server.send_searched("acme", command, behind).answer(&server).unwrap();
            assert_eq!(decided.outcome, Ok(TeamAnswer::SearchAgain));
            server.wait(server.engine.followed(decided.position)).unwrap();
            assert!(server.views.position().unwrap() >= decided.position);
        }
        // What it answered to say where to look is enough to find it.
        let (found, searched) = server.views.id(SESSIONS, "s1").unwrap();
        assert_eq!(searched, server.last_position());
        let opened = server.log.entry(found.unwrap().opened).unwrap().unwrap();
        assert!(String::from_utf8_lossy(&opened.body).contains("session_opened"));
        assert!(server.views.id(&orders_of("acme"), "first").unwrap().0.is_some());
        assert_eq!(server.ledger("acme"), ledger, "nothing was decided");
        // A new id that was searched for up to there is decided on.
        let searched = server.views.id(SESSIONS, "s2").unwrap().1;
        let sent = server.send_searched("acme", opening("s2", 1), searched);
        assert!(matches!(granted(sent.answer(&server)), Ok(Granted::Opened { .. })));
        server.stop();
    }
}

#[test]
fn v4_an_order_sent_again_is_one_order() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        let Ok(Granted::Ordered { seq }) = granted(server.ask("acme", ordering("second", 5))) else { panic!() };
        assert_eq!(granted(server.ask("acme", ordering("second", 5))), Ok(Granted::Known { seq }));
        server.die();
        let server = place.start(&Begin::sandbox());
        assert_eq!(granted(server.ask("acme", ordering("second", 5))), Ok(Granted::Known { seq }), "unpaid, so known");
        assert_eq!(server.balance(), (105, 0));
        server.stop();
    }
}
