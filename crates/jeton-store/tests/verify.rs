//! One stored byte that was changed, a row that was dropped, rows that changed places, a cut tail:
//! `verify` names the team and the entry (rule V2).

mod history;

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use history::History;
use jeton_store::verify::{Unverified, Verified, chain_check};
use jeton_store::{Beside, Checkpoint, Folder, Kind, Sealed, StoreError, Watch};
use rusqlite::Connection;
use tempfile::TempDir;

/// A closed folder. The log, with the commits in brackets:
/// `[1 vendor 1] [2 acme 1, 3 apex 1, 4 acme 2] [5 apex 2] [6 acme 3, 7 apex 3] [8 vendor 2]`,
/// and checkpoints at 4 and 8.
fn folder() -> (TempDir, Vec<Sealed>) {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let folder = Folder::open(dir.path(), Kind::Real).expect("a new folder opens");
    let mut writer = folder.writer().expect("the folder has a writer");
    let mut history = History::new();
    let commits: [&[(&str, &str)]; 5] = [
        &[("vendor", r#"{"n":"a"}"#)],
        &[("team:acme", r#"{"n":"b"}"#), ("team:apex", r#"{"n":"c"}"#), ("team:acme", r#"{"n":"d"}"#)],
        &[("team:apex", r#"{"n":"e"}"#)],
        &[("team:acme", r#"{"n":"f"}"#), ("team:apex", r#"{"n":"g"}"#)],
        &[("vendor", r#"{"n":"h"}"#)],
    ];
    let mut log = Vec::new();
    for entries in commits {
        let mut batch = history.commit(entries);
        let last = batch.entries.last().expect("a commit has entries");
        if last.position.is_multiple_of(4) {
            let checkpoint = Checkpoint::sign(
                &SigningKey::from_bytes(&[9; 32]),
                last.at,
                last.position,
                last.commit.expect("it is the commit's last"),
                &last.stream,
                last.seq,
            );
            batch.beside = vec![Beside::Checkpoint(checkpoint)];
        }
        writer.append(&batch).expect("the commit is the next");
        log.extend(batch.entries);
    }
    (dir, log)
}

fn verify(dir: &Path) -> Result<Verified, Unverified> {
    let read = Folder::open_read_only(dir)?;
    chain_check(&read.reader, read.views.as_ref(), &Watch::nobody(), |_| Ok(()))
}

/// What is found after the file was changed as another program would.
fn found(sql: &str) -> String {
    let (dir, _) = folder();
    let connection = Connection::open(dir.path().join("jeton.db")).expect("it is a database");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    drop(connection);
    match verify(dir.path()) {
        Err(Unverified::Difference(difference)) => difference.to_string(),
        other => panic!("{sql}: {other:?}"),
    }
}

/// Views that show the whole log.
fn fill_views(dir: &Path) {
    let folder = Folder::open(dir, Kind::Real).expect("the folder opens");
    let mut views = folder.views().expect("the folder has views");
    let log = folder.reader().read(0, 100).expect("the log is read");
    let mut filling = views.begin().expect("the views can be filled");
    for entry in log {
        filling.follow(&entry).expect("it is the next entry");
    }
    filling.commit().expect("there is room");
    views.close().expect("the views can be closed");
}

/// Text table: what is done to the file, and what is said of it.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (sql, said) in cases {
        assert_eq!(found(sql), *said, "{sql}");
    }
}

#[test]
fn the_log_as_it_was_written_is_right() {
    let (dir, log) = folder();
    let verified = verify(dir.path()).unwrap();
    assert_eq!(verified.entries, 8);
    assert_eq!(verified.streams, 3);
    assert_eq!(verified.checkpoints, 2);
    assert_eq!(Some(verified.commit), log[7].commit);
}

#[test]
fn a_changed_value_is_named() {
    let content = "its content does not fit its hash";
    let hash = "UPDATE log SET hash = X'00' || substr(hash, 2) WHERE position = 4";
    check(&[
        (
            r#"UPDATE log SET body = CAST('{"n":"D"}' AS BLOB) WHERE position = 4"#,
            &format!("team:acme, entry 2 (position 4): {content}"),
        ),
        ("UPDATE log SET at = at + 1 WHERE position = 5", &format!("team:apex, entry 2 (position 5): {content}")),
        (
            &hash.replace("X'00' || substr(hash, 2)", "CAST(X'00' || substr(hash, 2) AS BLOB)"),
            &format!("team:acme, entry 2 (position 4): {content}"),
        ),
        (
            "UPDATE log SET stream = 'team:acmf' WHERE position = 6",
            "team:acme, entry 3 (position 6): it is stored under another stream, team:acmf",
        ),
        (
            "UPDATE log SET stream = 'team:apex' WHERE position = 6",
            "team:acme, entry 3 (position 6): it is stored under another stream, team:apex",
        ),
        (
            "UPDATE log SET seq = 7 WHERE position = 6",
            "team:acme, entry 7 (position 6): entry 3 of its stream should stand here",
        ),
        (
            "UPDATE log SET seq = -3 WHERE position = 6",
            "team:acme, entry 0 (position 6): its stored row cannot be read: Value -3 out of range",
        ),
        (
            "UPDATE log SET hash = X'0102' WHERE position = 6",
            "team:acme, entry 3 (position 6): its stored row cannot be read: Cannot read 32 byte value out of 2 byte blob",
        ),
        (
            "UPDATE log SET stream = CAST(X'7465616D3A61FF' AS TEXT) WHERE position = 6",
            "team:a\u{fffd}, entry 3 (position 6): its stored row cannot be read: invalid utf-8 sequence of 1 bytes from index 6",
        ),
        (
            "UPDATE log SET commit_hash = CAST(X'00' || substr(commit_hash, 2) AS BLOB) WHERE position = 5",
            "team:apex, entry 2 (position 5): the commit that it ends, of the positions 5 to 5, \
             does not fit its hash and the commit before it",
        ),
        (
            "UPDATE log SET commit_hash = NULL WHERE position = 5",
            "team:apex, entry 3 (position 7): the commit that it ends, of the positions 5 to 7, \
             does not fit its hash and the commit before it",
        ),
        (
            "UPDATE log SET commit_hash = NULL WHERE position = 8; DELETE FROM checkpoints",
            "vendor, entry 2 (position 8): the log ends here, within a commit",
        ),
    ]);
}

#[test]
fn a_dropped_entry_is_named() {
    check(&[
        (
            "DELETE FROM log WHERE position = 1",
            "vendor, entry 1 (position 1): it is missing",
        ),
        (
            "DELETE FROM log WHERE position = 4",
            "team:acme, entry 2 (position 4): it is missing",
        ),
        (
            "DELETE FROM log WHERE position = 6",
            "team:apex, entry 3 (position 7): the entry at position 6, before it, is missing; it was the last of its stream",
        )
    ].map(|(sql, said)| (sql, said)));
    // Closed up behind it.
    check(&[(
        "DELETE FROM log WHERE position = 4;
         UPDATE log SET position = position - 1 WHERE position > 4",
        "team:apex, entry 2 (position 4): the commit that it ends, of the positions 2 to 4, \
         does not fit its hash and the commit before it",
    )]);
    // The whole team taken out.
    check(&[(
        "DELETE FROM log WHERE stream = 'team:apex'",
        "team:acme, entry 2 (position 4): the entry at position 3, before it, is missing; it was the last of its stream",
    )]);
}

#[test]
fn a_dropped_entry_that_was_the_last_of_its_team_is_named_by_the_views() {
    let (dir, _) = folder();
    fill_views(dir.path());
    let connection = Connection::open(dir.path().join("jeton.db")).unwrap();
    connection.execute("DELETE FROM log WHERE position = 6", []).unwrap();
    drop(connection);
    assert_eq!(verify(dir.path()).unwrap_err().to_string(), "team:acme, entry 3 (position 6): it is missing");
}

#[test]
fn entries_that_changed_places_are_named() {
    let swap = |one: u64, other: u64| {
        format!(
            "UPDATE log SET position = 100 WHERE position = {one};
             UPDATE log SET position = {one} WHERE position = {other};
             UPDATE log SET position = {other} WHERE position = 100"
        )
    };
    check(&[
        // Of one team.
        (&swap(2, 4), "team:acme, entry 2 (position 2): entry 1 of its stream should stand here"),
        // Of two teams, in one commit.
        (&swap(2, 3), "team:apex, entry 1 (position 2): it changed places with team:acme, entry 1 (position 3)"),
        // Of two teams, in two commits.
        (
            &swap(5, 6),
            "team:apex, entry 2 (position 6): the commit that it ends, of the positions 5 to 6, \
             does not fit its hash and the commit before it",
        ),
        // The contents alone.
        (
            "UPDATE log SET body = (SELECT o.body FROM log o WHERE o.position = 10 - log.position)
             WHERE position IN (4, 6)",
            "team:acme, entry 2 (position 4): its content does not fit its hash",
        ),
    ]);
}

#[test]
fn a_cut_tail_is_named_by_the_checkpoint_behind_it() {
    check(&[
        (
            "DELETE FROM log WHERE position > 5",
            "vendor, entry 2 (position 8): the log ends at position 5, before the checkpoint at 8",
        ),
        ("DELETE FROM log", "team:acme, entry 2 (position 4): the log ends at position 0, before the checkpoint at 4"),
    ]);
}

#[test]
fn a_changed_checkpoint_is_named() {
    let forged = "the checkpoint's signature does not fit its content and key";
    check(&[
        (
            "UPDATE checkpoints SET at = at + 1 WHERE position = 4",
            &format!("team:acme, entry 2 (position 4): {forged}"),
        ),
        ("UPDATE checkpoints SET seq = 3 WHERE position = 4", &format!("team:acme, entry 3 (position 4): {forged}")),
        (
            "UPDATE checkpoints SET position = 5 WHERE position = 4",
            &format!("team:acme, entry 2 (position 5): {forged}"),
        ),
        (
            "UPDATE checkpoints SET commit_hash = (SELECT hash FROM log WHERE position = 4)",
            &format!("team:acme, entry 2 (position 4): {forged}"),
        ),
    ]);
}

#[test]
fn what_the_caller_finds_is_the_difference() {
    let (dir, _) = folder();
    let reader = Folder::open_read_only(dir.path()).unwrap().reader;
    let answer = chain_check(&reader, None, &Watch::nobody(), |entry| {
        if entry.position == 3 {
            return Err(jeton_store::Difference::at(entry, "a lot does not add up"));
        }
        Ok(())
    });
    assert_eq!(answer.unwrap_err().to_string(), "team:apex, entry 1 (position 3): a lot does not add up");
}

/// V2, byte by byte: whatever bit is turned over in the page that holds the log, it is either
/// found, or was in no entry, so that the log is still read as it was written.
#[test]
fn no_byte_of_the_log_can_be_changed_unseen() {
    let (dir, log) = folder();
    let file = dir.path().join("jeton.db");
    let root: usize = {
        let connection = Connection::open(&file).unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'log'";
        let root: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        root.try_into().unwrap()
    };
    let written = fs::read(&file).unwrap();
    let page = (root - 1) * 4_096..root * 4_096;
    let mut found = 0;
    for byte in page.clone() {
        let mut changed = written.clone();
        changed[byte] ^= 1 << (byte % 8);
        fs::write(&file, &changed).unwrap();
        match verify(dir.path()) {
            Err(Unverified::Difference(_) | Unverified::Store(StoreError::Corrupt(_))) => {
                found += 1;
            }
            Ok(_) => {
                let reader = Folder::open_read_only(dir.path()).unwrap().reader;
                assert_eq!(reader.read(0, 100), Ok(log.clone()), "byte {byte}");
            }
            Err(other) => panic!("byte {byte}: {other:?}"),
        }
    }
    let in_entries: usize = log.iter().map(|entry| entry.stream.len() + entry.body.len() + 32).sum();
    assert!(found > in_entries, "{found} of {} bytes", page.len());
}
