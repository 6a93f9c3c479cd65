//! When views are kept, and when they are made anew: they may be deleted at any time, and are
//! never believed when they might not show the log as it is.

mod history;

use std::fs;
use std::path::Path;

use history::History;
use jeton_store::{Folder, Kind, StoreError, Views};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder with two entries in its log.
fn folder() -> (TempDir, Folder) {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let folder = Folder::open(dir.path(), Kind::Real).expect("a new folder opens");
    let batch = History::new().commit(&[("vendor", "a"), ("team:acme", "b")]);
    let mut writer = folder.writer().expect("the folder has a writer");
    writer.append(&batch).expect("a first commit is taken");
    (dir, folder)
}

/// Views that show the whole log.
fn filled(folder: &Folder) -> Views {
    let mut views = folder.views().expect("the folder has views");
    let after = views.position();
    let log = folder.reader().read(after, 10).expect("the log is read");
    let mut filling = views.begin().expect("the views can be filled");
    for entry in log {
        filling.follow(&entry).expect("it is the next entry");
    }
    filling.commit().expect("there is room");
    views
}

/// As another program would.
fn tamper(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join("views.db")).expect("it is a database");
    connection.execute_batch(sql).expect("the statement is right");
}

#[test]
fn views_that_were_closed_are_kept() {
    let (_dir, folder) = folder();
    filled(&folder).close().unwrap();
    let views = folder.views().unwrap();
    assert_eq!(views.position(), 2);
    let positions = views.reader().positions("team:acme", 0, 10);
    assert_eq!(positions, Ok(vec![2]));
}

#[test]
fn views_are_kept_when_the_process_died_and_the_machine_did_not() {
    let (_dir, folder) = folder();
    drop(filled(&folder));
    assert_eq!(folder.views().unwrap().position(), 2);
}

#[test]
fn views_are_made_anew_when_the_machine_went_down_with_them_open() {
    let (dir, folder) = folder();
    drop(filled(&folder));
    tamper(dir.path(), "UPDATE follower SET open_boot = 'another boot'");
    let views = folder.views().unwrap();
    assert_eq!(views.position(), 0);
    assert_eq!(views.reader().positions("vendor", 0, 10), Ok(vec![]));
    drop(views);
    assert_eq!(filled(&folder).position(), 2);
}

#[test]
fn views_of_another_version_are_made_anew() {
    let (dir, folder) = folder();
    filled(&folder).close().unwrap();
    tamper(dir.path(), "PRAGMA user_version = 77");
    assert_eq!(folder.views().unwrap().position(), 0);
}

#[test]
fn views_of_another_log_are_made_anew() {
    let (dir, of_one) = folder();
    filled(&of_one).close().unwrap();

    let shorter = tempfile::tempdir().unwrap();
    let folder_of_shorter = Folder::open(shorter.path(), Kind::Real).unwrap();
    let other = tempfile::tempdir().unwrap();
    let folder_of_other = Folder::open(other.path(), Kind::Real).unwrap();
    let batch = History::new().commit(&[("vendor", "a"), ("team:acme", "not b")]);
    folder_of_other.writer().unwrap().append(&batch).unwrap();
    for (to, folder) in [(shorter, folder_of_shorter), (other, folder_of_other)] {
        fs::copy(dir.path().join("views.db"), to.path().join("views.db")).unwrap();
        assert_eq!(folder.views().unwrap().position(), 0);
    }
}

#[test]
fn views_that_cannot_be_read_are_made_anew() {
    for garbage in ["", "garbage", &"long garbage ".repeat(1_000)] {
        let (dir, folder) = folder();
        fs::write(dir.path().join("views.db"), garbage).unwrap();
        assert_eq!(filled(&folder).position(), 2);
    }
    let (dir, folder) = folder();
    filled(&folder).close().unwrap();
    tamper(dir.path(), "DROP TABLE follower");
    assert_eq!(folder.views().unwrap().position(), 0);
}

#[test]
fn deleted_and_discarded_views_are_made_anew() {
    let (dir, folder) = folder();
    filled(&folder).close().unwrap();
    fs::remove_file(dir.path().join("views.db")).unwrap();
    assert_eq!(folder.views().unwrap().position(), 0);

    filled(&folder).discard().unwrap();
    assert!(!dir.path().join("views.db").exists());
    assert_eq!(folder.views().unwrap().position(), 0);
}

#[test]
fn damage_that_is_met_while_serving_is_said() {
    let (dir, folder) = folder();
    let views = filled(&folder);
    tamper(dir.path(), "DROP TABLE ids");
    let answer = views.reader().id("session", "s1");
    assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
}
