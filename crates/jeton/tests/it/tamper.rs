//! Stored bytes that somebody has changed (V2): `jeton verify` names the team and the entry, with exit status 1.

use rusqlite::{Connection, params};
use serde_json::json;

use crate::support::process::{Folder, Server};
use crate::support::shop::{Shop, opening, put_member, put_team};

/// An entry of the log: its stream and its number there.
struct Entry {
    position: i64,
    stream: String,
    seq: i64,
}

/// A folder with two teams, stopped cleanly; some openings, beats and a payment are in it.
fn stopped() -> Folder {
    let shop = shop();
    shop.server.stop();
    shop.folder.verify();
    shop.folder
}

fn shop() -> Shop {
    let shop = Shop::open(1_000);
    put_team(&shop.vendor, "globex", "UTC");
    put_member(&shop.vendor, "globex", "gus");
    for (number, product) in ["autocad", "revit", "mudbox"].iter().enumerate() {
        for member in ["ana", "ben"] {
            let session = format!("/v1/sessions/{member}-{number}");
            shop.vendor.put(&session, &opening(member, product, "laptop")).ok();
        }
    }
    shop.vendor.clock("2026-03-02T08:06:00Z");
    shop.vendor.post("/v1/sessions/ana-0/close", &json!({})).ok();
    shop
}

fn log(folder: &Folder) -> Connection {
    Connection::open(folder.data().join("jeton.db")).unwrap()
}

/// All entries of acme, in their order.
fn acme(folder: &Folder) -> Vec<Entry> {
    let connection = log(folder);
    let mut query =
        connection.prepare("SELECT position, stream, seq FROM log WHERE stream = 'team:acme' ORDER BY seq").unwrap();
    let entry = |row: &rusqlite::Row<'_>| Ok(Entry { position: row.get(0)?, stream: row.get(1)?, seq: row.get(2)? });
    query.query_map([], entry).unwrap().map(Result::unwrap).collect()
}

/// `jeton verify` finds a difference, and it is at acme's entry of one of these numbers.
fn finds(folder: &Folder, seqs: &[i64], arguments: &[&str]) {
    let ended = folder.jeton(&[&["verify"], arguments].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("acme"), "the team is named: {ended:?}");
    let named = seqs.iter().any(|seq| {
        ended
            .stderr
            .split(|character: char| !character.is_alphanumeric())
            .collect::<Vec<_>>()
            .windows(2)
            .any(|words| words[0] == "entry" && words[1] == seq.to_string())
    });
    assert!(named, "entry {seqs:?} is named: {ended:?}");
}

/// The first entry of acme, one in the middle, and the last.
fn victims(folder: &Folder) -> Vec<Entry> {
    let mut entries = acme(folder);
    assert!(entries.len() > 6, "{}", entries.len());
    let middle = entries.len() / 2;
    let last = entries.pop().unwrap();
    let middle = entries.swap_remove(middle);
    vec![entries.swap_remove(0), middle, last]
}

#[test]
fn v2_a_changed_byte_of_an_entry_is_found() {
    let untouched = stopped();
    for Entry { position, seq, .. } in victims(&untouched) {
        for column in ["body", "hash"] {
            let folder = untouched.copy();
            let connection = log(&folder);
            let read = format!("SELECT {column} FROM log WHERE position = ?1");
            let mut bytes: Vec<u8> = connection.query_row(&read, [position], |row| row.get(0)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let write = format!("UPDATE log SET {column} = ?1 WHERE position = ?2");
            assert_eq!(connection.execute(&write, params![bytes, position]).unwrap(), 1);
            drop(connection);
            finds(&folder, &[seq], &[]);
        }
    }
}

#[test]
fn v2_a_changed_instant_of_an_entry_is_found() {
    let folder = stopped();
    let Entry { position, seq, .. } = victims(&folder).swap_remove(1);
    log(&folder).execute("UPDATE log SET at = at + 1 WHERE position = ?1", [position]).unwrap();
    finds(&folder, &[seq], &[]);
}

#[test]
fn v2_a_dropped_entry_is_found() {
    let folder = stopped();
    let Entry { position, seq, .. } = victims(&folder).swap_remove(1);
    assert_eq!(log(&folder).execute("DELETE FROM log WHERE position = ?1", [position]).unwrap(), 1);
    // Either the one that is missing is named, or the first that does not follow.
    finds(&folder, &[seq, seq + 1], &[]);
}

#[test]
fn v2_swapped_entries_are_found() {
    let folder = stopped();
    let entries = acme(&folder);
    let (first, second) = (&entries[2], &entries[4]);
    let connection = log(&folder);
    for (from, to) in [(first.position, -1), (second.position, first.position), (-1, second.position)] {
        assert_eq!(connection.execute("UPDATE log SET position = ?2 WHERE position = ?1", [from, to]).unwrap(), 1);
    }
    drop(connection);
    finds(&folder, &[first.seq, second.seq], &[]);
}

#[test]
fn v2_swapped_bodies_are_found() {
    let folder = stopped();
    let entries = acme(&folder);
    let (first, second) = (&entries[2], &entries[3]);
    let connection = log(&folder);
    let body = |position: i64| -> Vec<u8> {
        connection.query_row("SELECT body FROM log WHERE position = ?1", [position], |row| row.get(0)).unwrap()
    };
    let (first_body, second_body) = (body(first.position), body(second.position));
    for (body, position) in [(second_body, first.position), (first_body, second.position)] {
        connection.execute("UPDATE log SET body = ?1 WHERE position = ?2", params![body, position]).unwrap();
    }
    drop(connection);
    finds(&folder, &[first.seq], &[]);
}

/// A folder, and beside it the newest checkpoint, taken from outside as it says that everything so far is there.
fn stopped_with_checkpoint() -> (Folder, String) {
    let shop = shop().restart(Server::stop);
    let checkpoint = shop.vendor.get("/v1/checkpoint");
    assert_eq!(checkpoint.status, 200, "{}", checkpoint.text);
    let file = shop.folder.beside("checkpoint.json");
    std::fs::write(&file, &checkpoint.text).unwrap();
    shop.server.stop();
    let expect = file.to_str().unwrap().to_owned();
    let ended = shop.folder.jeton(&["verify", "--expect", &expect]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (shop.folder, expect)
}

#[test]
fn v2_a_cut_tail_is_found_against_a_checkpoint() {
    let (folder, expect) = stopped_with_checkpoint();
    let connection = log(&folder);
    let entries = acme(&folder);
    let Entry { position, stream, seq } = entries.last().unwrap();
    assert_eq!(stream, "team:acme");
    let last: i64 = connection.query_row("SELECT max(position) FROM log", [], |row| row.get(0)).unwrap();
    assert_eq!(*position, last, "what the test did last was done for acme");
    // Whoever cuts the tail cuts what else in the folder would tell of it.
    connection.execute("DELETE FROM log WHERE position >= ?1", [position]).unwrap();
    connection.execute("DELETE FROM checkpoints WHERE position >= ?1", [position]).unwrap();
    drop(connection);
    remove_views(&folder);
    finds(&folder, &[*seq, *seq - 1], &["--expect", &expect]);
}

#[test]
fn v2_a_team_taken_out_is_found_against_a_checkpoint() {
    let (folder, expect) = stopped_with_checkpoint();
    assert!(log(&folder).execute("DELETE FROM log WHERE stream = 'team:globex'", []).unwrap() > 0);
    let ended = folder.jeton(&["verify", "--expect", &expect]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("entry"), "{ended:?}");
}

#[test]
fn v2_a_checkpoint_that_somebody_changed_is_not_believed() {
    let (folder, expect) = stopped_with_checkpoint();
    let mut checkpoint: serde_json::Value = serde_json::from_slice(&std::fs::read(&expect).unwrap()).unwrap();
    let signature = checkpoint["signature"].as_str().unwrap();
    let other = if signature.starts_with('0') { "1" } else { "0" };
    checkpoint["signature"] = json!(format!("{other}{}", &signature[1..]));
    std::fs::write(&expect, checkpoint.to_string()).unwrap();
    let ended = folder.jeton(&["verify", "--expect", &expect]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

/// Away with the read tables: they are made again.
fn remove_views(folder: &Folder) {
    for name in ["views.db", "views.db-wal", "views.db-shm"] {
        let path = folder.data().join(name);
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}
