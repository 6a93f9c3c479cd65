//! A restore begins a new epoch (V2): what was signed before the copy holds, what was signed elsewhere after it does not;
//! and who was alive at the copy has the usual time to be heard again (W8).

use std::path::Path;
use std::time::Duration;

use jeton_core::entry::{Author, Entry, TeamFact, VendorFact};
use jeton_engine::{Epoch, RESTORED, begin_epoch};
use jeton_store::verify::Unverified;
use jeton_store::{Backup, Checkpoint, Folder, Kind, Restoring, Watch};

use crate::support::asks::BEAT;
use crate::support::clocks::{Clocks, at};
use crate::support::place::{Place, Ports};
use crate::support::server::{Begin, Server};

const COPIED: &str = "2026-03-02T08:08:00Z";
const RESTORED_AT: &str = "2026-03-02T09:00:00Z";

fn back_up(server: &Server, file: &Path) {
    let folder = server.folder.as_ref().unwrap();
    folder.back_up(file, &[], &Watch::nobody()).unwrap().name().unwrap();
}

/// A folder that was made of a backup, with the word of the restore; nobody has begun the epoch.
fn restored(file: &Path, dir: &Path, restored_at: &str) -> Folder {
    let word = Epoch::word(at(COPIED), at(restored_at));
    let backup = Backup::open(file).unwrap();
    Restoring::begin(&backup, dir, &Watch::nobody()).unwrap().finish(&[(RESTORED, &word)]).unwrap()
}

fn begun(folder: &Folder) -> Option<Epoch> {
    begin_epoch(&folder.reader(), &mut folder.writer().unwrap()).unwrap()
}

fn start(folder: Folder, begin: &Begin) -> Server {
    let (writer, reader, views) = (folder.writer().unwrap(), folder.reader(), folder.views().unwrap());
    Server::start(Ports { writer, reader, views, folder: Some(folder) }, begin).unwrap()
}

fn signed(server: &Server) -> Checkpoint {
    server.send_checkpoint().answer(server).unwrap().outcome.unwrap().unwrap()
}

fn differs(server: &Server, expected: &Checkpoint) -> String {
    match server.verify(Some(expected)).unwrap_err() {
        Unverified::Difference(difference) => difference.what,
        Unverified::Store(error) => panic!("{error}"),
    }
}

#[test]
fn v2_what_was_signed_before_the_copy_holds_and_what_was_signed_elsewhere_after_it_does_not() {
    let place = Place::folder();
    let beside = tempfile::tempdir().unwrap();
    let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(2, 100);
    server.open("s1", 1).unwrap();
    let before = signed(&server);
    let last = server.stored().last().unwrap().0.at;
    let file = beside.path().join("backup");
    back_up(&server, &file);
    server.open("s2", 2).unwrap();
    let after = signed(&server);
    server.stop();

    let folder = restored(&file, &beside.path().join("one"), RESTORED_AT);
    let epoch = Epoch { epoch: 2, copied_at: at(COPIED), restored_at: at(RESTORED_AT) };
    assert_eq!(begun(&folder), Some(epoch));
    assert_eq!(begun(&folder), Some(epoch), "once");
    let one = start(folder, &Begin::sandbox());
    let begins = one.vendors().into_iter().filter(|entry| matches!(entry.fact, VendorFact::EpochBegun { .. }));
    let Epoch { epoch, copied_at, restored_at } = epoch;
    let fact = VendorFact::EpochBegun { epoch, copied_at, restored_at };
    let instant = jeton_core::time::Instant::from_micros(last).unwrap();
    assert_eq!(begins.collect::<Vec<_>>(), [Entry { at: instant, by: Author::Operator, fact }]);
    one.verify(Some(&before)).unwrap();
    assert!(!one.is_open("s2"), "what was decided after the copy is lost");
    // As many entries as the other life has, so that the checkpoint's position exists.
    one.open("s3", 2).unwrap();
    one.open("s4", 1).unwrap();
    let what = differs(&one, &after);
    assert!(what.contains("epoch 2 began at position"), "{what}");
    let of_one = signed(&one);
    back_up(&one, &beside.path().join("again"));
    one.stop();

    // Another life from the same copy is another life.
    let folder = restored(&file, &beside.path().join("two"), "2026-03-02T09:00:00.000001Z");
    let two = start(folder, &Begin::sandbox());
    two.verify(Some(&before)).unwrap();
    two.open("s3", 2).unwrap();
    two.open("s4", 1).unwrap();
    differs(&two, &of_one);
    two.stop();

    // A restore of a restore is the third.
    let folder = restored(&beside.path().join("again"), &beside.path().join("three"), "2026-03-03T09:00:00Z");
    assert_eq!(begun(&folder).unwrap().epoch, 3);
    let three = start(folder, &Begin::sandbox());
    three.verify(Some(&of_one)).unwrap();
    three.stop();
}

#[test]
fn an_epoch_that_the_restore_did_not_begin_begins_with_the_next_start() {
    let place = Place::folder();
    let beside = tempfile::tempdir().unwrap();
    let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(1, 100);
    let file = beside.path().join("backup");
    back_up(&server, &file);
    server.stop();
    let dir = beside.path().join("one");
    let server = start(restored(&file, &dir, RESTORED_AT), &Begin::sandbox());
    let epochs = |server: &Server| {
        server.vendors().into_iter().filter(|entry| matches!(entry.fact, VendorFact::EpochBegun { .. })).count()
    };
    assert_eq!(epochs(&server), 1);
    server.stop();
    let server = start(Folder::open(&dir, Kind::Sandbox).unwrap(), &Begin::sandbox());
    assert_eq!(epochs(&server), 1, "once");
    server.verify(None).unwrap();
    server.stop();
}

#[test]
fn w8_who_was_alive_at_the_copy_has_ten_minutes_to_be_heard_again() {
    let place = Place::folder();
    let beside = tempfile::tempdir().unwrap();
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let server = place.start(&Begin::wall(&clocks));
    server.shop(1, 100);
    server.open("s1", 1).unwrap();
    clocks.pass(Duration::from_mins(8));
    server.say("s1", BEAT).unwrap();
    clocks.pass(Duration::from_secs(10));
    server.say("s1", BEAT).unwrap();
    // A look, so that what is known of who is alive was written.
    assert!(server.is_open("s1"));
    let file = beside.path().join("backup");
    back_up(&server, &file);
    let (charged, _) = server.balance();
    server.die();

    // A day later, elsewhere.
    let clocks = Clocks::at("2026-03-03T12:00:00Z");
    let server = start(restored(&file, &beside.path().join("one"), RESTORED_AT), &Begin::wall(&clocks));
    assert!(server.is_open("s1"), "the time in which the server was down is not silence");
    clocks.pass(Duration::from_mins(9));
    assert!(server.is_open("s1"));
    clocks.pass(Duration::from_mins(1));
    assert!(!server.is_open("s1"));
    let ended = server.ledger("acme").into_iter().find_map(|entry| match entry.fact {
        TeamFact::SessionLost { proof, .. } => Some((entry.at, proof.to)),
        _ => None,
    });
    assert_eq!(ended, Some((at("2026-03-03T12:10:00Z"), at("2026-03-02T08:08:10Z"))));
    assert_eq!(server.balance().0, charged, "nothing is charged for it");
    server.verify(None).unwrap();
    server.stop();
}
