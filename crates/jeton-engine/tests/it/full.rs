//! The disk is full: nothing of what could not be stored is there, who asked is told so, and the engine goes on by
//! itself when there is room. The database may have no more pages than it has, which is how a full disk looks to it.

use std::time::Duration;

use jeton_core::answer::SessionState;
use jeton_core::catalogue::{Settings, VendorCommand};
use jeton_core::presence::Alive;
use jeton_engine::{Decided, NotNow, SessionMessage};
use jeton_store::{Batch, Beside, Cause, Kind, Writer};

use crate::support::asks::{BEAT, CLOSE, granted, opening, rating, team_id};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Server};

const FULL: NotNow = NotNow::Store(Cause::Full);

/// Another hand on the file, which takes room away and gives it back.
struct Disk(Writer);

impl Disk {
    /// Leaves room for a few small commits: less than the engine tries whether there is room with.
    fn filled(mut writer: Writer) -> Self {
        let mut put = |key: &str, bytes: usize| {
            let row = Beside::Meta { key: key.to_owned(), value: "x".repeat(bytes) };
            writer.append(&Batch { entries: Vec::new(), beside: vec![row] }).unwrap();
        };
        put("ballast", 8 << 20);
        put("room", 32 << 10);
        put("room", 0);
        Self(writer)
    }

    fn free(&mut self) {
        let row = Beside::Meta { key: "ballast".to_owned(), value: String::new() };
        self.0.append(&Batch { entries: Vec::new(), beside: vec![row] }).unwrap();
    }
}

/// Acme at eight with `s1` and `s2` open, on a disk that is nearly full.
fn nearly_full(place: &Place, clocks: &Clocks) -> (Server, Disk) {
    let server = place.start(&Begin::wall(clocks));
    server.shop(300, 10_000);
    server.open("s1", 1).unwrap();
    server.open("s2", 2).unwrap();
    server.stop();
    let mut ports = place.ports(Kind::Real);
    let disk = Disk::filled(ports.folder.as_ref().unwrap().writer().unwrap());
    ports.writer.limit_pages(1).unwrap();
    (Server::start(ports, &Begin::wall(clocks)).unwrap(), disk)
}

/// The engine tries again.
fn try_again(clocks: &Clocks) {
    clocks.pass(Duration::from_millis(250));
}

/// Ids long enough that a hundred openings are more than there is room for.
fn long(member: u32) -> String {
    format!("{member:0>64}")
}

#[test]
fn v4_of_a_group_that_cannot_be_stored_nothing_is_there_and_all_are_told() {
    let place = Place::folder();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let (server, mut disk) = nearly_full(&place, &clocks);
    let before = (server.last_position(), server.see("acme", |team, _| team.clone()));
    let catalogue = server.engine.catalogue();

    let held = server.hold();
    let openings: Vec<_> = (3..=150).map(|member| server.send("acme", opening(&long(member), member))).collect();
    let close = server.send_message("s1", CLOSE);
    let checkpoint = server.send_checkpoint();
    // Behind a commit in the middle of the group, which fails.
    let later: Vec<_> = (151..=300).map(|member| server.send("acme", opening(&long(member), member))).collect();
    let beat = server.send_message("s2", BEAT);
    let look = server.send_look("acme");
    assert_eq!(held.let_go(&server), Err(FULL));
    for opening in openings.into_iter().chain(later) {
        assert_eq!(opening.answer(&server), Err(FULL));
    }
    for message in [close, beat] {
        assert_eq!(message.answer(&server), Err(FULL));
    }
    assert_eq!(checkpoint.answer(&server), Err(FULL));
    assert_eq!(look.answer(&server), Err(FULL));
    assert_eq!(server.last_position(), before.0);

    // There is no room yet, and then nobody has looked yet whether there is.
    try_again(&clocks);
    assert_eq!(server.ask("acme", opening(&long(3), 3)), Err(FULL));
    assert_eq!(server.vendor(rating("autocad", "9", at("2027-01-01T00:00:00Z"))), Err(FULL));
    assert_eq!(server.engine.catalogue(), catalogue);
    disk.free();
    assert_eq!(server.ask("acme", opening(&long(3), 3)), Err(FULL));
    try_again(&clocks);
    assert_eq!(server.see("acme", |team, _| team.clone()), before.1, "as if nothing had been asked");
    assert_eq!(server.last_position(), before.0);

    for member in 3..=300 {
        granted(server.ask("acme", opening(&long(member), member))).unwrap();
    }
    assert_eq!(server.see("acme", |team, _| team.open_sessions().count()), 300, "each once");
    let checkpoint = server.send_checkpoint().answer(&server).unwrap().outcome.unwrap().unwrap();
    assert_eq!(server.log.newest_checkpoint().unwrap(), Some(checkpoint.clone()));
    server.verify(Some(&checkpoint)).unwrap();
    let state = server.see("acme", |team, _| team.clone());
    server.stop();
    drop(disk);
    let server = place.start(&Begin::wall(&clocks));
    assert_eq!(server.see("acme", |team, _| team.clone()), state, "the state is the fold of the log");
    server.stop();
}

#[test]
fn v4_when_the_last_room_goes_what_was_answered_is_there_and_nothing_else() {
    let place = Place::folder();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let (server, mut disk) = nearly_full(&place, &clocks);
    let mut answered = 0;
    let refused = (3..=300).find(|member| match server.ask("acme", opening(&long(*member), *member)) {
        Ok(Decided { outcome, .. }) => {
            outcome.unwrap();
            answered += 1;
            false
        }
        Err(not_now) => {
            assert_eq!(not_now, FULL);
            true
        }
    });
    assert!(answered > 0, "there was a little room");
    try_again(&clocks);
    assert_eq!(server.try_see("acme", |_, _| ()), Err(FULL), "and none to go on with");
    disk.free();
    try_again(&clocks);
    assert_eq!(server.see("acme", |team, _| team.open_sessions().count()), 2 + answered);
    let refused = refused.unwrap();
    assert!(!server.is_open(&long(refused)));
    server.open(&long(refused), refused).unwrap();
    server.verify(None).unwrap();
    server.stop();
}

#[test]
fn w8_who_could_not_be_heard_was_not_silent_and_who_is_alive_is_kept() {
    let place = Place::folder();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let (server, mut disk) = nearly_full(&place, &clocks);
    let beat = || {
        clocks.pass(Duration::from_secs(10));
        server.send_message("s1", BEAT)
    };
    server.at_once(beat).unwrap();
    clocks.pass(Duration::from_secs(5));
    // Not written yet when the disk fills up.
    server.say("s2", BEAT).unwrap();
    let before = [server.alive("s1").unwrap(), server.alive("s2").unwrap()];

    let held = server.hold();
    let openings: Vec<_> = (3..=200).map(|member| server.send("acme", opening(&long(member), member))).collect();
    let close = server.send_message("s1", CLOSE);
    assert_eq!(held.let_go(&server), Err(FULL));
    assert_eq!(close.answer(&server), Err(FULL));
    assert!(openings.into_iter().all(|opening| opening.answer(&server) == Err(FULL)));
    clocks.pass(Duration::from_mins(20));
    assert_eq!(server.try_see("acme", |_, _| ()), Err(FULL));
    disk.free();
    try_again(&clocks);

    let proofs = |alive: Alive| (alive.from, alive.last_proof, alive.last_activity);
    let after = [server.alive("s1").unwrap(), server.alive("s2").unwrap()];
    assert_eq!(after.map(proofs), before.map(proofs), "of a close that was not stored nothing is left");
    clocks.pass(Duration::from_secs(599));
    assert!(server.is_open("s1") && server.is_open("s2"));
    server.stop();
    drop(disk);
    let server = place.start(&Begin::wall(&clocks));
    let after = [server.alive("s1").unwrap(), server.alive("s2").unwrap()];
    assert_eq!(after.map(proofs), before.map(proofs), "nor is what had not been written yet");
    // A number that was given to a session which was not stored is given again.
    server.open("s3", 3).unwrap();
    server.stop();
    let server = place.start(&Begin::wall(&clocks));
    assert_eq!(server.log.presence().unwrap().len(), 3);
    server.stop();
}

#[test]
fn w6_of_a_return_that_could_not_be_stored_what_was_known_before_is_known() {
    let place = Place::folder();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let (server, mut disk) = nearly_full(&place, &clocks);
    let mut spec = server.engine.catalogue().product_called(&"autocad".parse().unwrap()).unwrap().spec.clone();
    spec.idle_aware = true;
    server.vendor(VendorCommand::SetProduct { code: "autocad".parse().unwrap(), spec }).unwrap();
    let settings = Settings { lost_after_s: 200_000, ..Settings::default() };
    server.vendor(VendorCommand::SetSettings(settings)).unwrap();
    clocks.pass(Duration::from_mins(5));
    server.say("s1", BEAT).unwrap();
    clocks.pass(Duration::from_hours(24));
    assert_eq!(server.say("s1", BEAT).unwrap().state, SessionState::Idle);
    let before = server.alive("s1").unwrap();

    clocks.pass(Duration::from_mins(1));
    let held = server.hold();
    let openings: Vec<_> = (3..=200).map(|member| server.send("acme", opening(&long(member), member))).collect();
    let active = SessionMessage::Beat { activity: Some(at("2026-03-03T08:05:30Z")), lease: false };
    let returning = server.send_message("s1", active);
    assert_eq!(held.let_go(&server), Err(FULL));
    assert_eq!(returning.answer(&server), Err(FULL));
    assert!(openings.into_iter().all(|opening| opening.answer(&server) == Err(FULL)));
    disk.free();
    try_again(&clocks);

    let proofs = |alive: Alive| (alive.from, alive.last_proof, alive.last_activity);
    assert_eq!(proofs(server.alive("s1").unwrap()), proofs(before));
    assert_eq!(before.last_proof, at("2026-03-03T08:05:00Z"), "not the opening of the day before");
    assert_eq!(server.say("s1", active).unwrap().state, SessionState::Open);
    assert_eq!(server.alive("s1").unwrap().from, at("2026-03-03T08:05:30Z"));
    server.stop();
}

#[test]
fn v1_repeats_that_were_counted_stay_counted() {
    let place = Place::folder();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let (server, mut disk) = nearly_full(&place, &clocks);
    server.vendor(rating("autocad", "20000", at("2026-03-02T08:00:01Z"))).unwrap();
    clocks.pass(Duration::from_secs(1));
    for session in ["a", "b", "c"] {
        server.open(session, 3).unwrap_err();
    }
    let held = server.hold();
    // Each is kept once, of its own member, so that there is no room for all of them.
    let refused: Vec<_> = (3..=300).map(|member| server.send("acme", opening(&long(member), member))).collect();
    assert_eq!(held.let_go(&server), Err(FULL));
    assert!(refused.into_iter().all(|refused| refused.answer(&server) == Err(FULL)));
    disk.free();
    try_again(&clocks);
    server.wait(server.engine.read_with_repeats(team_id("acme"), |_| ())).unwrap();
    let [(_, count)] = server.log.repeats("acme").unwrap().try_into().unwrap();
    assert_eq!(count, 3, "two that were answered, and one that was heard and not answered");
    server.verify(None).unwrap();
    server.stop();
}
