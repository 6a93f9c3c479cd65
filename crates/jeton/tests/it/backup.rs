//! `jeton backup` and `jeton restore`, as an operator does them: under load, after a crash, into another folder.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::bad_days::Disk;
use crate::support::load::{Charged, Load, Openings};
use crate::support::many::make_members;
use crate::support::process::{Ended, Folder, Server};
use crate::support::shop::{OPENING, Shop, opening, order, put_price_list, put_product, put_team};

const PRODUCTS: &[&str] = &["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];

/// A server whose clock is the machine's own, or a sandbox, with members enough to be charged for long.
fn market(members: u32, sandbox: bool) -> (Folder, Server, String) {
    let folder = Folder::new();
    let server = if sandbox { folder.sandbox(Some(OPENING)) } else { folder.serve(&[], &[]).expect("it starts") };
    let key = folder.key(&["--scope", "vendor"]);
    let vendor = server.api().with(&key);
    for product in PRODUCTS {
        put_product(&vendor, product, Some("1"), 0, OPENING);
    }
    put_price_list(&vendor);
    put_team(&vendor, "acme", "UTC");
    order(&vendor, "acme", "start", 10_000_000);
    make_members(&vendor, "acme", members);
    (folder, server, key)
}

/// The result of a command that was done, as it prints it with `--json`.
fn done(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Whether the ledger has these charges, each for its session.
fn has_all(server: &Server, key: &str, charged: &[Charged]) -> HashMap<String, String> {
    server.ready();
    let rows = server.api().with(key).list("/v1/teams/acme/charges");
    let of = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let ledger: HashMap<String, String> = rows.iter().map(|row| (of(row, "session"), of(row, "charge"))).collect();
    assert_eq!(ledger.len(), rows.len(), "no session is charged twice");
    for Charged { session, charge } in charged {
        assert_eq!(ledger.get(session), Some(charge), "{session}");
    }
    ledger
}

#[test]
fn every_charge_that_was_answered_before_a_backup_under_load_is_in_it_and_the_server_serves_on() {
    let (folder, server, key) = market(400, false);
    let file = folder.beside("jeton.backup");
    let load = Load::begin(server.base(), &key, Openings { members: 400, products: PRODUCTS });
    let mut before = load.wait_for(500);
    before.extend(load.so_far());
    let told = done(&folder.jeton(&["backup", text(&file), "--json"]));
    // What was answered in the meantime, and what is answered from now on: it has not stopped for it.
    let meanwhile = load.so_far();
    let mut later = load.wait_for(200);
    later.extend(load.end());
    assert!(!meanwhile.is_empty(), "the server served while it made the backup");
    folder.verify();
    let all = has_all(&server, &key, &[]);
    server.stop();
    assert_eq!(told["file"], json!(file));
    assert_eq!(told["kind"], json!("real"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let elsewhere = Folder::new();
    let again = done(&elsewhere.jeton(&["restore", text(&file), "--json"]));
    for field in ["entries", "streams", "checkpoints", "commit", "copied_at", "last", "kind"] {
        assert_eq!(again[field], told[field], "{field}");
    }
    assert_eq!(again["epoch"], json!(2));
    elsewhere.verify();
    let server = elsewhere.serve(&[], &[]).expect("the restored folder is served");
    let ledger = has_all(&server, &key, &before);
    for (session, charge) in &ledger {
        assert_eq!(all.get(session), Some(charge), "nothing is there that was never decided: {session}");
    }
    assert!(ledger.len() < all.len(), "it is of a moment before the end");
    // The same key opens it, and it goes on: what was lost can be asked for again.
    let lost = later.iter().find(|charged| !ledger.contains_key(&charged.session)).expect("something came too late");
    let (member, product) = lost.session.split_once('-').unwrap();
    let vendor = server.api().with(&key);
    vendor.put(&format!("/v1/sessions/{}", lost.session), &opening(member, product, "laptop")).ok();
    server.stop();
    elsewhere.verify();
}

#[test]
fn a_backup_needs_no_server_and_is_the_same() {
    let shop = Shop::open(100);
    shop.vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
    let checkpoint = shop.vendor.get("/v1/checkpoint").text;
    let beside = shop.folder.beside("backups");
    fs::create_dir(&beside).unwrap();
    let before = done(&shop.folder.jeton(&["backup", text(&beside.join("served")), "--json"]));
    shop.server.stop();
    let alone = done(&shop.folder.jeton(&["backup", text(&beside), "--json"]));
    assert_eq!(before["kind"], json!("sandbox"));
    for field in ["entries", "streams", "commit", "kind", "last"] {
        assert_eq!(alone[field], before[field], "{field}");
    }
    let name = Path::new(alone["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("jeton-2") && name.ends_with("Z.backup"),
        "in a folder it is named by the instant: {name}"
    );

    let elsewhere = Folder::new();
    assert_eq!(elsewhere.jeton(&["restore", text(&beside.join(name))]).code, Some(0));
    let expected = shop.folder.beside("checkpoint.json");
    fs::write(&expected, checkpoint).unwrap();
    let ended = elsewhere.jeton(&["verify", "--expect", text(&expected)]);
    assert_eq!(ended.code, Some(0), "a checkpoint of before the copy holds: {ended:?}");
    let Err(real) = elsewhere.serve(&[], &[]) else { panic!("a sandbox's backup is served for real") };
    assert_eq!(real.code, Some(1), "{real:?}");
    let server = elsewhere.sandbox(None);
    server.ready();
    let vendor = server.api().with(&shop.vendor_key);
    // Told again what was decided, the lease byte for byte: issuer and keys are the same.
    assert_eq!(vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).status, 200);
    server.stop();
    // What is there is never written over.
    let ended = shop.folder.jeton(&["backup", text(&beside.join(name))]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("never written over"), "{ended:?}");
    let ended = elsewhere.jeton(&["restore", text(&beside.join(name))]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("not empty"), "{ended:?}");
}

#[test]
fn a_lease_of_before_the_copy_is_told_byte_for_byte_after_the_restore() {
    let shop = Shop::open(100);
    let body = opening("ana", "autocad", "laptop");
    let lease = shop.vendor.put("/v1/sessions/s1", &body).ok()["lease"].clone();
    let keys = shop.server.api().get("/.well-known/jwks.json").text;
    let file = shop.folder.beside("jeton.backup");
    done(&shop.folder.jeton(&["backup", text(&file), "--json"]));
    let elsewhere = Folder::new();
    done(&elsewhere.jeton(&["restore", text(&file), "--json"]));
    let server = elsewhere.sandbox(None);
    server.ready();
    assert_eq!(server.api().with(&shop.vendor_key).put("/v1/sessions/s1", &body).ok()["lease"], lease);
    assert_eq!(server.api().get("/.well-known/jwks.json").text, keys);
}

#[test]
fn a_backup_that_dies_in_the_middle_has_no_name_and_the_next_one_replaces_it() {
    let (folder, server, key) = market(200, true);
    let file = folder.beside("jeton.backup");
    let part = folder.beside("jeton.backup.part");
    let load = Load::begin(server.base(), &key, Openings { members: 200, products: PRODUCTS });
    load.wait_for(1_500);
    load.end();
    // The client hangs up: the server takes away what it has begun.
    let mut asked = folder.begin(&["backup", text(&file)]);
    crate::support::until("a backup that has begun", || part.exists().then_some(()));
    asked.kill().unwrap();
    asked.wait().unwrap();
    crate::support::until("a backup that was broken off, or done", || (!part.exists()).then_some(()));
    let _done_before = fs::remove_file(&file);
    // The server dies.
    let mut asked = folder.begin(&["backup", text(&file)]);
    crate::support::until("a backup that has begun", || part.exists().then_some(()));
    server.kill();
    match asked.wait().unwrap().code() {
        Some(3) => assert!(!file.exists(), "it is not there under its name"),
        // It was quicker than the signal.
        Some(0) => fs::remove_file(&file).unwrap(),
        other => panic!("{other:?}"),
    }
    let server = folder.sandbox(None);
    done(&folder.jeton(&["backup", text(&file), "--json"]));
    assert!(file.exists() && !part.exists());
    server.stop();
}

#[test]
fn a_backup_that_has_no_room_leaves_nothing_and_disturbs_nobody() {
    let shop = Shop::open(100);
    let place = shop.folder.beside("small");
    fs::create_dir(&place).unwrap();
    let disk = Disk::mount(&place, "64k");
    for served in [true, false] {
        let ended = shop.folder.jeton(&["backup", text(&place.join("jeton.backup"))]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains("free some space"), "{ended:?}");
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        if served {
            shop.vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
        }
    }
    drop(disk);
    shop.server.stop();
}

#[test]
fn what_does_not_hold_is_neither_backed_up_nor_restored() {
    let shop = Shop::open(100);
    let file = shop.folder.beside("jeton.backup");
    done(&shop.folder.jeton(&["backup", text(&file), "--json"]));
    shop.server.stop();
    // One token more, in the copy.
    let altered = shop.folder.beside("altered.backup");
    fs::copy(&file, &altered).unwrap();
    for file in [&altered, &shop.folder.data().join("jeton.db")] {
        let database = rusqlite::Connection::open(file).unwrap();
        let changed = "UPDATE log SET body = CAST(replace(CAST(body AS TEXT), '100', '101') AS BLOB)
                       WHERE position = (SELECT max(position) FROM log WHERE CAST(body AS TEXT) LIKE '%100%')";
        assert_eq!(database.execute(changed, []).unwrap(), 1);
    }
    let elsewhere = Folder::new();
    let ended = elsewhere.jeton(&["restore", text(&altered)]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("was not restored"), "{ended:?}");
    assert!(!elsewhere.data().exists(), "nothing is left of it");
    let ended = shop.folder.jeton(&["backup", text(&shop.folder.beside("two"))]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("was removed"), "{ended:?}");
    assert!(!shop.folder.beside("two").exists() && !shop.folder.beside("two.part").exists());
    assert_eq!(elsewhere.jeton(&["restore", text(&file)]).code, Some(0), "the good one is good");
}
