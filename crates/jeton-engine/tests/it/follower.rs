//! The follower: the views show the log up to one position, whatever they missed, and who waits for it sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_engine::NotNow;
use jeton_store::{Kind, SESSIONS};
use rusqlite::Connection;

use crate::support::asks::{CLOSE, opening};
use crate::support::clocks::{Clocks, at};
use crate::support::place::{Place, Ports};
use crate::support::server::{Begin, Server};

fn views_in(place: &Place) -> PathBuf {
    place.path().unwrap().join("views.db")
}

/// All files of the views.
fn parts(views: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{}{suffix}", views.display())))
}

/// A few sessions more, opened and closed.
fn work(server: &Server, sessions: std::ops::Range<u32>) {
    for number in sessions {
        let session = format!("s{number}");
        server.open(&session, 1 + number % 3).unwrap();
        server.say(&session, CLOSE).unwrap();
    }
}

#[test]
fn who_waits_for_a_position_sees_what_was_written_there() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(3, 10_000);
        for number in 0..50 {
            let session = format!("s{number}");
            let decided = server.ask("acme", opening(&session, 1 + number % 3)).unwrap();
            server.wait(server.engine.followed(decided.position)).unwrap();
            assert!(server.engine.followed_to() >= decided.position);
            let (found, searched) = server.views.id(SESSIONS, &session).unwrap();
            assert_eq!(found.unwrap().opened, decided.position);
            assert!(searched >= decided.position);
        }
        server.stop();
    }
}

#[test]
fn what_does_not_fit_into_the_feed_is_read_from_the_log() {
    // The log in memory, so that it is fast; the views in a file that another program can lock.
    let (log, outside) = (Place::memory(), Place::folder());
    let Ports { views, folder, .. } = outside.ports(Kind::Sandbox);
    let ports = Ports { views, folder, ..log.ports(Kind::Sandbox) };
    let server = Server::start(ports, &Begin::sandbox_at("2026-03-02T08:00:00Z")).unwrap();
    server.shop(3, 100_000);
    server.verify(None).unwrap();

    let other = Connection::open(views_in(&outside)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Each is a commit of its own, and the feed has room for 1,024.
    work(&server, 0..600);
    let last = server.last_position();
    assert_eq!(server.wait(server.engine.followed(last)), Err(NotNow::Rebuilding), "nobody waits for ever");
    other.execute_batch("ROLLBACK").unwrap();
    work(&server, 600..601);
    server.verify(None).unwrap();
    for number in [0, 299, 599, 600] {
        assert!(server.views.id(SESSIONS, &format!("s{number}")).unwrap().0.is_some());
    }
    server.stop();
}

#[test]
fn views_that_were_deleted_are_made_again_and_change_no_answer() {
    let place = Place::folder();
    let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(3, 10_000);
    work(&server, 0..20);
    server.move_clock(at("2026-03-02T09:00:00Z")).unwrap();
    server.stop();
    for part in parts(&views_in(&place)) {
        let _not_there = fs::remove_file(part);
    }
    let server = place.start(&Begin::sandbox());
    server.verify(None).unwrap();
    for number in 0..20 {
        assert!(server.views.id(SESSIONS, &format!("s{number}")).unwrap().0.is_some());
    }
    server.stop();
}

#[test]
fn views_that_are_behind_are_caught_up() {
    let place = Place::folder();
    let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(3, 10_000);
    work(&server, 0..5);
    server.stop();
    let older: Vec<_> = parts(&views_in(&place)).map(|part| (fs::read(&part).ok(), part)).into();
    let server = place.start(&Begin::sandbox());
    work(&server, 5..400);
    server.stop();
    for (content, part) in older {
        match content {
            Some(content) => fs::write(part, content).unwrap(),
            None => drop(fs::remove_file(part)),
        }
    }
    let server = place.start(&Begin::sandbox());
    server.verify(None).unwrap();
    assert!(server.views.id(SESSIONS, "s399").unwrap().0.is_some());
    server.stop();
}

#[test]
fn the_newest_catalogue_and_instant_are_told_in_passing() {
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let server = Place::memory().start(&Begin::wall(&clocks));
    assert!(server.engine.catalogue().products().next().is_none());
    server.stock();
    assert_eq!(server.engine.catalogue().products().count(), 2);
    clocks.pass(Duration::from_secs(1));
    server.wait(server.engine.read(None, |_| ())).unwrap();
    assert_eq!(server.engine.lately(), at("2026-03-02T08:00:01Z"));
    server.stop();
}
