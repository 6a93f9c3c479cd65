//! The queue and the groups that are decided in one commit.

use jeton_core::decision::Granted;
use jeton_core::entry::TeamFact;
use jeton_core::refusal::Refusal;
use jeton_core::tokens::Tokens;
use jeton_engine::NotNow;
use jeton_store::stored::AnyEntry;

use crate::support::asks::{assigning, entering, granted, joining, opening, ordering};
use crate::support::place::Place;
use crate::support::server::Begin;

#[test]
fn e18_of_a_thousand_who_open_at_once_on_a_balance_for_one_one_is_covered() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1_000, 13);
        let asked: Vec<_> =
            (1..=1_000).map(|member| server.send("acme", opening(&format!("s{member}"), member))).collect();
        let (required, available) = (Tokens::whole(7), Tokens::whole(6));
        let short = Refusal::InsufficientTokens { required, available, shortfall: Tokens::whole(1) };
        let mut covered = 0;
        for asked in asked {
            match granted(asked.answer(&server)) {
                Ok(Granted::Opened { .. }) => covered += 1,
                Err(refusal) => assert_eq!(refusal, short),
                Ok(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(covered, 1);
        assert_eq!(server.balance(), (6, 7));
        let refused = server.ledger("acme").into_iter().filter(|entry| matches!(entry.fact, TeamFact::Refused { .. }));
        assert_eq!(refused.count(), 999, "each is kept (V1)");
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn a_group_is_one_commit_in_the_order_in_which_it_was_asked() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(20, 1_000);
        let before = server.last_position();
        let held = server.hold();
        // Not in the order of their ids.
        let sessions: Vec<String> = (0..20).map(|n| format!("s{}", n * 7 % 20)).collect();
        let asked: Vec<_> =
            (1..).zip(&sessions).map(|(member, session)| server.send("acme", opening(session, member))).collect();
        assert_eq!(server.last_position(), before);
        held.let_go(&server).unwrap();
        let positions: Vec<_> = asked.into_iter().map(|sent| sent.answer(&server).unwrap().position).collect();
        assert_eq!(positions, vec![before + 20; 20], "all are answered by the position of their commit");
        let stored = server.stored().split_off(usize::try_from(before).unwrap());
        let opened: Vec<String> = stored
            .iter()
            .map(|(_, entry)| match entry {
                AnyEntry::Team(_, entry) => match &entry.fact {
                    TeamFact::SessionOpened(opened) => opened.session.to_string(),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(opened, sessions);
        let commits: Vec<_> =
            stored.iter().filter(|(sealed, _)| sealed.commit.is_some()).map(|(sealed, _)| sealed.position).collect();
        assert_eq!(commits, [before + 20], "one commit");
        server.stop();
    }
}

#[test]
fn more_than_a_group_has_room_for_is_answered_all_the_same() {
    let server = Place::memory().start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(1_500, 100_000);
    let held = server.hold();
    let asked: Vec<_> = (1..=1_500).map(|member| server.send("acme", opening(&format!("s{member}"), member))).collect();
    held.let_go(&server).unwrap();
    for (member, asked) in (1..).zip(asked) {
        let answer = asked.answer(&server);
        assert!(answer.is_ok_and(|decided| decided.outcome.is_ok()), "member {member} is answered");
        assert!(server.is_open(&format!("s{member}")));
    }
    server.stop();
}

#[test]
fn a_full_queue_is_not_now_and_nothing_that_was_taken_is_lost() {
    for place in Place::both() {
        let server = place.start(&Begin { queue: 3, ..Begin::sandbox_at("2026-03-02T08:00:00Z") });
        server.stock();
        let members = (1..=4).flat_map(|member| [joining(member), assigning(member)]);
        for command in [entering("acme"), ordering("first", 100)].into_iter().chain(members) {
            granted(server.ask("acme", command)).unwrap();
        }
        let held = server.hold();
        let taken: Vec<_> = (1..=3).map(|member| server.send("acme", opening(&format!("s{member}"), member))).collect();
        let refused = server.ask("acme", opening("s4", 4));
        assert_eq!(refused, Err(NotNow::QueueFull));
        assert_eq!(server.wait(server.engine.read(None, |_| ())), Err(NotNow::QueueFull), "reads wait there too");
        held.let_go(&server).unwrap();
        for taken in taken {
            assert!(matches!(granted(taken.answer(&server)), Ok(Granted::Opened { .. })));
        }
        assert!(!server.is_open("s4"));
        server.open("s4", 4).unwrap();
        server.stop();
    }
}
