//! Erasure (V5): the member's entries, the ends of their keys and what lies beside are one commit.

use jeton_core::entry::{Author, TeamFact, VendorFact};
use jeton_core::id::MemberKey;
use jeton_core::refusal::{Refusal, Unknown};
use jeton_engine::{EraseAsk, MemberApiKey, TeamAsk};
use jeton_store::stored::AnyEntry;
use jeton_store::{Beside, Device, KeyRow, Person};

use crate::support::asks::{SEARCHED_ALL, granted, joining, opening, team_id};
use crate::support::place::Place;
use crate::support::server::{Begin, Sent, Server};

fn erasing(member: Option<u32>, keys: &[(&str, bool)]) -> EraseAsk {
    let of_key = |(key, revoked): &(&str, bool)| MemberApiKey { key: key.parse().unwrap(), revoked: *revoked };
    let (team, member) = (team_id("acme"), member.map(MemberKey));
    EraseAsk { team, member, keys: keys.iter().map(of_key).collect(), enrolments: Vec::new(), by: Author::Operator }
}

fn device(number: u64) -> Beside {
    Beside::Device(Device { team: "acme".into(), member: 1, device: number, name: format!("device {number}") })
}

fn key(id: &str, revoked_at: Option<i64>) -> KeyRow {
    let (id, label) = (id.to_owned(), "Ann's laptop".to_owned());
    KeyRow { id, hash: [1; 32], scope: "member:acme/1".into(), label, created_at: 1, ends_at: None, revoked_at }
}

/// Ann, with a device and two keys, one of them revoked before.
fn move_in(server: &Server) {
    let person = Person {
        team: "acme".into(),
        member: 1,
        id: "ann".into(),
        email: "ann@acme.example".into(),
        name: "Ann".into(),
        salt: [7; 16],
    };
    let rows = [Beside::Key(key("key_old", Some(5))), Beside::Key(key("key_new", None))];
    let beside = [Beside::Person(person), device(1)].into_iter().chain(rows).collect();
    let (team, command) = (team_id("acme"), joining(1));
    granted(
        server.send_ask(TeamAsk { team, command, by: Author::Operator, beside, searched: SEARCHED_ALL }).answer(server),
    )
    .unwrap();
}

#[test]
fn v5_an_erasure_is_one_commit_with_all_that_goes() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(2, 100);
        move_in(&server);
        server.open("s1", 1).unwrap();
        let before = server.last_position();

        // An opening with a new device that comes behind it in the same group is too late.
        let held = server.hold();
        let engine = server.engine.clone();
        let erased =
            Sent::of(async move { engine.erase(erasing(Some(1), &[("key_old", true), ("key_new", false)])).await });
        let (team, command) = (team_id("acme"), opening("s2", 1));
        let ask = TeamAsk { team, command, by: Author::Operator, beside: vec![device(2)], searched: SEARCHED_ALL };
        let late = server.send_ask(ask);
        held.let_go(&server).unwrap();
        erased.answer(&server).unwrap().outcome.unwrap();
        assert_eq!(granted(late.answer(&server)), Err(Refusal::Unknown(Unknown::Member)));

        let stored = server.stored().split_off(usize::try_from(before).unwrap());
        let commits: Vec<_> = stored.iter().filter_map(|(sealed, _)| sealed.commit.map(|_| sealed.position)).collect();
        assert_eq!(commits, [server.last_position()], "one commit");
        let facts: Vec<&AnyEntry> = stored.iter().map(|(_, entry)| entry).collect();
        let erased_at = facts.iter().position(
            |entry| matches!(entry, AnyEntry::Team(_, entry) if entry.fact == TeamFact::MemberErased { member: MemberKey(1) }),
        );
        assert!(erased_at.is_some(), "{facts:?}");
        let revoked: Vec<VendorFact> = server.vendors().into_iter().map(|entry| entry.fact).collect();
        let of_new = VendorFact::KeyRevoked { key: "key_new".parse().unwrap() };
        assert_eq!(
            revoked.iter().filter(|fact| matches!(fact, VendorFact::KeyRevoked { .. })).collect::<Vec<_>>(),
            [&of_new]
        );
        assert_eq!((server.log.people().unwrap(), server.log.devices("acme").unwrap()), (vec![], vec![]));
        let keys = server.log.keys().unwrap();
        assert!(keys.iter().all(|key| key.revoked_at.is_some() && key.label.is_empty()), "{keys:?}");
        assert_eq!(keys[1].revoked_at, Some(5), "one that was revoked before keeps its instant");
        assert!(!server.is_open("s1"));
        assert_eq!(server.balance(), (100, 0));
        server.verify(None).unwrap();
        server.stop();

        // Nobody is there, and the number is still theirs.
        let server = place.start(&Begin::sandbox());
        assert!(server.see("acme", |team, _| team.members[&MemberKey(1)].erased));
        let refused = server.wait(server.engine.erase(erasing(None, &[]))).unwrap().outcome;
        assert_eq!(refused, Err(Refusal::Unknown(Unknown::Member)));
        assert_eq!(granted(server.ask("acme", joining(1))), Err(Refusal::Unknown(Unknown::Member)));
        server.stop();
    }
}
