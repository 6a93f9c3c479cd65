//! The disk is full, under load: 503 that says so, nothing that was answered is lost, and it goes on by itself when
//! there is room.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::support::http::{Answer, Api};

use crate::support::process::Folder;
use crate::support::shop::{opening, order, put_member, put_price_list, put_product, put_team};
use crate::support::until;

/// A small file system of the test's own, in memory. Dropped, it is taken away.
pub(crate) struct Disk {
    place: PathBuf,
}

impl Disk {
    pub(crate) fn mount(place: &Path, size: &str) -> Self {
        command("mount", &["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "jeton-test", text(place)]);
        Self { place: place.to_owned() }
    }

    /// `ro` or `rw`.
    pub(super) fn remount(&self, how: &str) {
        command("mount", &["-o", &format!("remount,{how}"), text(&self.place)]);
    }

    /// Leaves so many megabytes of room, of those that there are.
    fn leave_mb(&self, mb: u64) {
        let system = rustix::fs::statvfs(&self.place).unwrap();
        let free = system.f_bavail * system.f_frsize;
        let ballast = std::fs::File::create(self.place.join("ballast")).unwrap();
        rustix::fs::fallocate(&ballast, rustix::fs::FallocateFlags::empty(), 0, free - (mb << 20)).unwrap();
    }

    /// Writes until there is no room at all.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.place.join("ballast")).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Takes away what [`Disk::fill`] wrote.
    fn free(&self) {
        std::fs::remove_file(self.place.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whatever still has a file there is killed by its own guard.
        command("umount", &["--lazy", text(&self.place)]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn command(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} (these tests need root): {complaint}");
}

const THREADS: usize = 4;

/// What a thread of the load was answered.
enum Told {
    /// The charge of a session.
    Charged {
        session: String,
        charge: Value,
    },
    Full,
}

#[test]
fn a_full_disk_is_503_loses_nothing_and_the_server_goes_on_when_there_is_room() {
    let folder = Folder::new();
    let disk = Disk::mount(&folder.make_data(), "48m");
    // Without the marks, by which nothing new is begun sooner.
    let arguments = ["--sandbox", "--clock", "2026-03-02T08:00:00Z", "--disk-refuse-mb", "0"];
    let mut server = folder.serve(&arguments, &[]).expect("it starts");
    let key = folder.key(&["--scope", "vendor"]);
    let vendor = server.api().with(&key);
    put_product(&vendor, "autocad", Some("7"), 0, "2026-03-02T08:00:00Z");
    put_price_list(&vendor);
    put_team(&vendor, "acme", "UTC");
    vendor.put("/v1/teams/acme/default-access", &json!({"products": "all"})).ok();
    order(&vendor, "acme", "start", 10_000_000);

    let enough = AtomicBool::new(false);
    let (tell, told) = channel();
    let mut charged: Vec<(String, Value)> = Vec::new();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tell, vendor, enough) = (tell.clone(), vendor.clone(), &enough);
            scope.spawn(move || load(&vendor, thread, enough, &|one| tell.send(one).unwrap()));
        }
        drop(tell);
        let mut wait_for = |what: fn(&Told) -> bool, mut count: usize| {
            while count > 0 {
                let one = told.recv().unwrap();
                count -= usize::from(what(&one));
                if let Told::Charged { session, charge } = one {
                    charged.push((session, charge));
                }
            }
        };
        wait_for(|one| matches!(one, Told::Charged { .. }), 50);
        disk.fill();
        wait_for(|one| matches!(one, Told::Full), 20);
        disk.free();
        wait_for(|one| matches!(one, Told::Charged { .. }), 50);
        enough.store(true, Ordering::Relaxed);
    });
    for one in told {
        if let Told::Charged { session, charge } = one {
            charged.push((session, charge));
        }
    }
    assert!(server.is_alive(), "a full disk ends no server");
    server.ready();
    is_all_there(&vendor, &charged);
    server.stop();
    folder.verify();

    let server = folder.serve(&["--sandbox", "--disk-refuse-mb", "0"], &[]).expect("it starts");
    server.ready();
    is_all_there(&server.api().with(&key), &charged);
    drop(server);
    drop(disk);
}

#[test]
fn below_the_lower_mark_nothing_new_is_begun_and_what_is_open_goes_on() {
    let folder = Folder::new();
    let disk = Disk::mount(&folder.make_data(), "64m");
    let marks = ["--disk-warn-mb", "32", "--disk-refuse-mb", "16"];
    let sandbox = [&["--sandbox", "--clock", "2026-03-02T08:00:00Z"], marks.as_slice()].concat();
    let server = folder.serve(&sandbox, &[]).expect("it starts");
    let key = folder.key(&["--scope", "vendor"]);
    let vendor = server.api().with(&key);
    put_product(&vendor, "autocad", Some("7"), 300, "2026-03-02T08:00:00Z");
    put_product(&vendor, "revit", Some("10"), 300, "2026-03-02T08:00:00Z");
    put_price_list(&vendor);
    put_team(&vendor, "acme", "UTC");
    put_member(&vendor, "acme", "ana");
    vendor.put("/v1/teams/acme/default-access", &json!({"products": "all"})).ok();
    order(&vendor, "acme", "start", 100);
    vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();

    disk.leave_mb(24);
    until("a warning", || server.log().contains("there is little room on the disk").then_some(()));
    assert_eq!(vendor.get("/readyz").status, 200, "a warning alone stops nobody");
    std::fs::remove_file(folder.data().join("ballast")).unwrap();
    disk.leave_mb(12);
    until("a server that is not ready", || (vendor.get("/readyz").code() == "storage_low").then_some(()));
    for (path, body) in [
        ("/v1/sessions/s2", opening("ana", "revit", "laptop")),
        ("/v1/teams/acme/orders/more", json!({"quantity": 1, "payment": "invoice"})),
        ("/v1/products/autocad", json!({"names": {"en": "a", "fr": "a"}})),
    ] {
        vendor.put(path, &body).refused(503, "storage_low");
    }
    // What is open goes on and ends; what stands can be read; keys are revoked; checkpoints are signed.
    vendor.post("/v1/sessions/s1/heartbeat", &json!({})).ok();
    vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
    vendor.get("/v1/teams/acme/balance").ok();
    vendor.get("/v1/checkpoint").ok();
    let other = vendor.post("/v1/api-keys", &json!({"scope": "vendor"})).ok();
    vendor.delete(&format!("/v1/api-keys/{}", other["key"].as_str().unwrap())).ok();
    vendor.post("/v1/sessions/s1/close", &json!({})).ok();
    let figures = vendor.get("/metrics").text;
    let free = figures.lines().find_map(|line| line.strip_prefix("jeton_disk_free_mb ")).expect("it is told");
    assert!(free.parse::<f64>().unwrap() < 16.0, "{free}");

    disk.free();
    until("a server that is ready", || (vendor.get("/readyz").status == 200).then_some(()));
    vendor.put("/v1/sessions/s2", &opening("ana", "revit", "laptop")).ok();
    assert!(server.log().contains("there is room on the disk again"));
    disk.leave_mb(4);
    until("a server that is not ready", || (vendor.get("/readyz").code() == "storage_low").then_some(()));
    server.stop();
    folder.verify();
    drop(disk);
}

/// Makes members without end, and each opens once: a charge. What was not now is asked again.
fn load(vendor: &Api, thread: usize, enough: &AtomicBool, tell: &dyn Fn(Told)) {
    let mut number = 0;
    while !enough.load(Ordering::Relaxed) {
        let member = format!("t{thread}-{number}");
        let session = format!("{member}-s");
        let body = json!({"email": "someone@acme.example", "name": member, "role": "member"});
        let made = vendor.put(&format!("/v1/teams/acme/members/{member}"), &body);
        if not_now(&made, tell) {
            continue;
        }
        made.ok();
        let answer = vendor.put(&format!("/v1/sessions/{session}"), &opening(&member, "autocad", "laptop"));
        if not_now(&answer, tell) {
            continue;
        }
        let charge = answer.ok()["charged"][0].clone();
        assert!(charge.is_object(), "an interval of 0 charges at once");
        tell(Told::Charged { session, charge });
        number += 1;
    }
}

/// Whether the answer is 503; it says then that the disk is full, or that its read tables wait for room.
fn not_now(answer: &Answer, tell: &dyn Fn(Told)) -> bool {
    match (answer.status, answer.code()) {
        (503, "storage_full") => tell(Told::Full),
        (503, "behind") => {}
        (503, other) => panic!("{other}: {}", answer.text),
        _ => return false,
    }
    true
}

/// Every charge that was told is in the ledger once, there is no other for its session, and writing goes on.
fn is_all_there(vendor: &Api, charged: &[(String, Value)]) {
    let ledger = vendor.list("/v1/teams/acme/charges");
    for (session, charge) in charged {
        let of_session: Vec<&Value> = ledger.iter().filter(|made| made["session"] == json!(session)).collect();
        assert_eq!(of_session.len(), 1, "{session}");
        assert_eq!(of_session[0]["charge"], charge["charge"], "{session}");
    }
    put_member(vendor, "acme", "later");
}
