//! Erasure (V5), looked for where a name could have gone: every file of the data folder, a fresh copy of its databases,
//! and everything that the servers have logged, at the level at which they say most.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::process::{Folder, Server};
use crate::support::shop::{OPENING, opening, order, put_member, put_price_list, put_product, put_team};

const MEMBER: &str = "zoe.quixote-77";
const NAME: &str = "Zoë Brontë-Quixotović";
const EMAIL: &str = "zoë.brontë@quixotović.example";
const DEVICE: &str = "Zoës Träumkiste";
const LABEL: &str = "für Zoës Windmühle";
/// What no file and no line may have, in capitals or not. Each word is looked for by its plain letters too, so that it
/// is found however the others are written.
const TRACES: [&str; 9] =
    ["quixot", "zoe.", "brontë", "bront\\u", "zoë", "träumkiste", "umkiste", "windmühle", "windm"];

const NOTHING: Vec<String> = Vec::new();

/// The person of this test, with all that they leave behind.
struct Stage {
    folder: Folder,
    server: Server,
    vendor_key: String,
    vendor: Api,
}

impl Stage {
    fn new() -> Self {
        let folder = Folder::new();
        let server = loud(&folder, &["--clock", OPENING]);
        let vendor_key = folder.key(&["--scope", "vendor"]);
        let vendor = server.api().with(&vendor_key);
        for (product, per_day, undo_s) in [("autocad", "7", 0), ("revit", "10", 300), ("mudbox", "1", 0)] {
            put_product(&vendor, product, Some(per_day), undo_s, OPENING);
        }
        put_price_list(&vendor);
        put_team(&vendor, "acme", "Europe/Paris");
        order(&vendor, "acme", "start", 1_000);
        for number in 0..40 {
            put_member(&vendor, "acme", &format!("m{number}"));
        }
        vendor.put("/v1/teams/acme/default-access", &json!({"products": ["autocad", "revit"]})).ok();
        Self { folder, server, vendor_key, vendor }
    }

    /// Comes in, is renamed, works on devices, is refused, makes mistakes, and has a product open.
    fn live(&self) {
        let Self { folder, server, vendor, .. } = self;
        let of = |what: &str| format!("/v1/teams/acme/members/{MEMBER}{what}");
        for name in [NAME, "Zoë", NAME] {
            vendor.put(&of(""), &json!({"email": EMAIL, "name": name, "role": "primary_admin"})).ok();
        }
        vendor.put(&of("/assignment"), &json!({"products": ["autocad", "revit"]})).ok();
        let seat = json!({"starts_at": "2026-03-02T08:00:00Z", "ends_at": "2026-06-02T08:00:00Z"});
        vendor.put(&of("/seats/mudbox"), &seat).ok();
        let key = json!({"scope": "member", "team": "acme", "member": MEMBER, "label": LABEL});
        let made = vendor.post("/v1/api-keys", &key).ok();
        let labelled = server.api().with(made["secret"].as_str().unwrap());
        let code = vendor.post(&of("/enrolments"), &json!({})).ok();
        vendor.post(&of("/enrolments"), &json!({})).ok();
        let shown = json!({"code": code["code"], "device": "Zoës Trödelkiste"});
        let enrolled = server.api().post("/v1/enrolments", &shown).ok();
        let machine = server.api().with(enrolled["secret"].as_str().unwrap());
        machine.put("/v1/sessions/s8", &opening(MEMBER, "mudbox", "Zoës Trödelkiste")).ok();
        machine.post("/v1/sessions/s8/close", &json!({})).ok();
        let own = server.api().with(&folder.key(&["--scope", "member", "--member", &format!("acme/{MEMBER}")]));

        let opening = |product: &str, device: &str| opening(MEMBER, product, device);
        for (session, product, device) in
            [("s1", "autocad", DEVICE), ("s2", "autocad", "Zoës Zweitrechner"), ("s3", "mudbox", DEVICE)]
        {
            own.put(&format!("/v1/sessions/{session}"), &opening(product, device)).ok();
        }
        labelled.put("/v1/sessions/s4", &opening("autocad", "quixotović.local")).ok();
        own.post("/v1/sessions/quote", &json!({"team": "acme", "member": MEMBER, "product": "revit"})).ok();
        own.put("/v1/sessions/s5", &opening("autocad", "quixotović.other")).refused(409, "too_many_devices");
        vendor.put("/v1/teams/acme/blocked-products", &json!({"products": ["revit"]})).ok();
        for _ in 0..3 {
            own.put("/v1/sessions/s6", &opening("revit", DEVICE)).refused(409, "product_blocked");
        }
        for (path, status) in [
            ("/v1/teams/acme/members/zoe.quixote-78".to_owned(), 404),
            (of("/seats/quixotian"), 404),
            (of("/quixotian"), 404),
            (format!("/v1/teams/acme/charges?member={MEMBER}&quixotian=1"), 400),
            (format!("/v1/sessions?team=acme&member={MEMBER}"), 200),
        ] {
            assert_eq!(vendor.get(&path).status, status, "{path}");
        }
        let unreadable = json!({"email": EMAIL, "name": {"quixotic": NAME}, "role": "member"});
        vendor.put(&of(""), &unreadable).refused(400, "bad_request");
        vendor.put("/v1/sessions/s7", &opening(NAME, DEVICE)).refused(400, "bad_request");
        vendor.clock("2026-03-02T08:05:00Z");
        for session in ["s1", "s2", "s3", "s4"] {
            own.post(&format!("/v1/sessions/{session}/heartbeat"), &json!({"lease": true})).ok();
        }
        own.post("/v1/sessions/s2/close", &json!({})).ok();
        vendor
            .put("/v1/sessions/other", &json!({"team": "acme", "member": "m7", "product": "autocad", "device": "d"}))
            .ok();
    }

    /// What keys the numbers of their devices: with it, a name that is guessed could be tested.
    fn salt(&self) -> Vec<u8> {
        let database = Connection::open(self.folder.data().join("jeton.db")).unwrap();
        database.query_row("SELECT salt FROM people WHERE id = ?1", [MEMBER], |row| row.get(0)).unwrap()
    }

    /// All sums, without the names under which they are told.
    fn totals(&self) -> Vec<Value> {
        let vendor = &self.vendor;
        let mut totals = vec![vendor.get("/v1/teams/acme/balance").ok()];
        for by in ["product", "day", "month", "member"] {
            totals.extend(vendor.list(&format!("/v1/teams/acme/usage?group_by={by}")));
        }
        totals.extend(vendor.list("/v1/teams/acme/charges"));
        for row in &mut totals {
            row.as_object_mut().unwrap().remove("member");
        }
        totals
    }

    fn erase(&self) {
        let before = self.totals();
        assert!(before.len() > 6, "there is something to add up: {before:?}");
        let erased = self.vendor.post(&format!("/v1/teams/acme/members/{MEMBER}/erase"), &json!({})).ok();
        assert_eq!(erased, json!({"member": "~41"}));
        assert_eq!(self.totals(), before);
        self.vendor.get(&format!("/v1/teams/acme/members/{MEMBER}")).refused(404, "unknown_member");
    }

    /// Ended, and started again.
    fn restart(self, end: impl FnOnce(Server)) -> Self {
        let Self { folder, server, vendor_key, .. } = self;
        end(server);
        let server = loud(&folder, &[]);
        server.ready();
        let vendor = server.api().with(&vendor_key);
        Self { folder, server, vendor_key, vendor }
    }
}

/// A sandbox that logs all that there is to say.
fn loud(folder: &Folder, more: &[&str]) -> Server {
    folder.serve(&[&["--sandbox", "--log", "trace"], more].concat(), &[]).expect("the server starts")
}

#[test]
fn v5_of_the_erased_nothing_is_in_the_files_a_fresh_copy_or_the_logs() {
    let stage = Stage::new();
    stage.live();
    let salt = stage.salt();
    assert!(!traces(&stage.folder.data(), &salt).is_empty(), "before, there is something to be found");
    stage.erase();
    // While it serves.
    assert_eq!(traces(&stage.folder.data(), &salt), NOTHING);
    let copies = copies(&stage.folder, "while-it-serves");
    assert_eq!(traces(&copies, &salt), NOTHING);
    let Stage { folder, server, .. } = stage;
    server.stop();
    gone_for_good(&folder, &salt);
}

#[test]
fn v5_of_the_erased_nothing_is_left_by_a_server_that_is_killed() {
    let stage = Stage::new();
    stage.live();
    let (totals, salt) = (stage.totals(), stage.salt());
    stage.erase();
    let Stage { folder, server, vendor_key, .. } = stage;
    server.kill();
    assert_eq!(traces(&folder.data(), &salt), NOTHING, "at once");
    let server = loud(&folder, &[]);
    server.ready();
    let vendor = server.api().with(&vendor_key);
    let stage = Stage { folder, server, vendor_key, vendor }.restart(Server::kill);
    assert_eq!(stage.totals(), totals);
    // Nobody gets the number, though nobody is known by it.
    put_member(&stage.vendor, "acme", MEMBER);
    let erased = stage.vendor.post(&format!("/v1/teams/acme/members/{MEMBER}/erase"), &json!({})).ok();
    assert_eq!(erased, json!({"member": "~42"}));
    let Stage { folder, server, .. } = stage;
    server.stop();
    gone_for_good(&folder, &salt);
}

/// The closed files, a copy of them and all logs have no trace, and what is left is whole.
fn gone_for_good(folder: &Folder, salt: &[u8]) {
    assert_eq!(traces(&folder.data(), salt), NOTHING);
    let copies = copies(folder, "of-the-closed");
    assert_eq!(traces(&copies, salt), NOTHING);
    let log = std::fs::read(folder.beside("log")).unwrap();
    assert!(log.windows(8).any(|part| part == b"/members"), "it says what was asked");
    assert_eq!(found(&log, salt), Vec::<&str>::new());
    folder.verify();
}

/// A backup, and copies of the databases, in a folder beside the data.
fn copies(folder: &Folder, name: &str) -> std::path::PathBuf {
    let copies = folder.beside(name);
    std::fs::create_dir(&copies).unwrap();
    for file in ["jeton.db", "views.db"] {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(folder.data().join(file), flags).unwrap();
        let copy = copies.join(file);
        database.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    }
    let ended = folder.jeton(&["backup", copies.join("jeton.backup").to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    copies
}

/// Which file below a folder has what of the person.
fn traces(folder: &Path, salt: &[u8]) -> Vec<String> {
    let mut traces = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            traces.extend(self::traces(&path, salt));
        } else if path.is_file() {
            let found = found(&std::fs::read(&path).unwrap(), salt);
            if !found.is_empty() {
                traces.push(format!("{}: {found:?}", path.display()));
            }
        }
    }
    traces
}

fn found(bytes: &[u8], salt: &[u8]) -> Vec<&'static str> {
    let salt = bytes.windows(salt.len()).any(|part| part == salt).then_some("the salt");
    let bytes = bytes.to_ascii_lowercase();
    let has = |trace: &&&str| bytes.windows(trace.len()).any(|part| part == trace.as_bytes());
    TRACES.iter().filter(has).copied().chain(salt).collect()
}
