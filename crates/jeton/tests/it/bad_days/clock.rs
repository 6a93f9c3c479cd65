//! The machine's clock is stepped (W9): nothing is decided until somebody has said that it is right.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::http::{Answer, Api};
use crate::support::process::{Folder, Server};
use crate::support::shop::{opening, order, put_member, put_price_list, put_product, put_team};

/// The wall clock of a server that is not a sandbox, as `libfaketime` lets a test step it. The steady clock stays.
struct SteppedClock {
    file: PathBuf,
}

impl SteppedClock {
    fn new(folder: &Folder) -> Self {
        let clock = Self { file: folder.beside("clock") };
        clock.step("+0");
        clock
    }

    /// By how much the wall clock is wrong from now on: `+2h`. In one piece, since it is read all the time.
    fn step(&self, by: &str) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{by}\n")).unwrap();
        std::fs::rename(next, &self.file).unwrap();
    }

    fn serve(&self, folder: &Folder) -> Server {
        let library = library();
        let variables = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        folder.serve(&[], &variables).unwrap_or_else(|ended| panic!("the server did not start: {ended:?}"))
    }
}

fn library() -> String {
    let machine = std::env::consts::ARCH;
    let path = format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1");
    assert!(Path::new(&path).exists(), "this test needs Debian's libfaketime at {path}");
    path
}

#[test]
fn w9_a_stepped_clock_decides_nothing_until_it_is_accepted() {
    let folder = Folder::new();
    let clock = SteppedClock::new(&folder);
    let server = clock.serve(&folder);
    let key = folder.key(&["--scope", "vendor"]);
    let vendor = server.api().with(&key);
    put_product(&vendor, "mudbox", Some("1"), 0, "2020-01-01T00:00:00Z");
    put_price_list(&vendor);
    put_team(&vendor, "acme", "UTC");
    for member in ["ana", "ben", "cleo"] {
        put_member(&vendor, "acme", member);
    }
    vendor.put("/v1/teams/acme/default-access", &json!({"products": "all"})).ok();
    order(&vendor, "acme", "start", 100);
    assert_eq!(open(&vendor, "ana").status, 201);

    // Further than a jump that may be taken without being asked.
    clock.step("+2h");
    nothing_is_decided(&vendor, "ben");
    assert_eq!(server.api().get("/livez").status, 200);
    accept(&folder);
    assert_eq!(open(&vendor, "ben").status, 201);
    assert_eq!(open(&vendor, "ana").status, 200, "what was decided before is still known");
    server.stop();

    // Set right again, the clock stands two hours before the last entry.
    clock.step("+0");
    let server = clock.serve(&folder);
    let vendor = server.api().with(&key);
    nothing_is_decided(&vendor, "cleo");
    accept(&folder);
    assert_eq!(open(&vendor, "cleo").status, 201);
    let charges = vendor.list("/v1/teams/acme/charges");
    assert_eq!(charges.len(), 3, "{charges:?}");
    let instants: Vec<&str> = charges.iter().rev().map(|charge| charge["at"].as_str().unwrap()).collect();
    assert!(instants.is_sorted(), "instants never go back: {instants:?}");
    server.stop();
    folder.verify();
}

fn open(vendor: &Api, member: &str) -> Answer {
    vendor.put(&format!("/v1/sessions/{member}-s"), &opening(member, "mudbox", "laptop"))
}

/// 503, with both clocks in the message.
fn nothing_is_decided(vendor: &Api, member: &str) {
    let problem = open(vendor, member).refused(503, "clock_jumped");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("clock"), "{detail}");
    let instants = detail.split(|character: char| character.is_whitespace() || character == ',');
    let instants = instants.filter(|word| word.contains('T') && word.contains(':')).count();
    assert!(instants >= 2, "both clocks are told: {detail}");
    open(vendor, member).refused(503, "clock_jumped");
}

fn accept(folder: &Folder) {
    let ended = folder.jeton(&["clock", "accept"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
