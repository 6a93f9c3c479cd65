//! The data folder is not what a server needs: read-only, somebody else's, damaged, of the other kind.

use serde_json::json;

use super::disk::Disk;
use crate::support::process::{Ended, Folder, Server};
use crate::support::shop::{Shop, opening};

/// How a start ended that had to fail.
fn start_fails(folder: &Folder) -> Ended {
    match folder.serve(&["--sandbox"], &[]) {
        Ok(_) => panic!("the server has started"),
        Err(ended) => {
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
            assert_eq!(ended.stdout, "", "errors are no output");
            ended
        }
    }
}

/// A server that is content with a small disk.
fn small(folder: &Folder) -> Server {
    folder.serve(&["--sandbox", "--disk-refuse-mb", "0"], &[]).expect("it starts")
}

/// The shop is open for business: an opening is granted.
fn opens(server: &Server, key: &str, session: &str) {
    server.ready();
    let api = server.api().with(key);
    let body = opening("ana", "autocad", "laptop");
    assert!([200, 201].contains(&api.put(&format!("/v1/sessions/{session}"), &body).status));
}

#[test]
fn a_second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let shop = Shop::open(100);
    let ended = start_fails(&shop.folder);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(shop.folder.data().to_str().unwrap()), "the folder is named: {}", ended.stderr);
    opens(&shop.server, &shop.vendor_key, "s1");
    shop.server.stop();
    opens(&shop.folder.sandbox(None), &shop.vendor_key, "s1");
}

#[test]
fn a_read_only_folder_is_refused_and_serves_once_it_can_be_written() {
    let folder = Folder::new();
    let disk = Disk::mount(&folder.make_data(), "16m");
    small(&folder).stop();
    disk.remount("ro");
    let ended = start_fails(&folder);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(folder.data().to_str().unwrap()), "the folder is named: {}", ended.stderr);
    assert!(ended.stderr.to_lowercase().contains("read-only"), "the cause is named: {}", ended.stderr);
    disk.remount("rw");
    let server = small(&folder);
    server.ready();
    server.stop();
}

#[test]
fn a_corrupt_file_is_refused_by_its_name_and_serves_once_it_is_put_back() {
    let shop = Shop::open(100);
    shop.server.stop();
    let file = shop.folder.data().join("jeton.db");
    let sound = std::fs::read(&file).unwrap();
    for (what, damaged) in [
        ("its head is overwritten", [vec![b'x'; 4096], sound[4096..].to_vec()].concat()),
        ("it is cut in the middle of a page", sound[..sound.len() / 2 + 100].to_vec()),
    ] {
        std::fs::write(&file, damaged).unwrap();
        let ended = start_fails(&shop.folder);
        assert!([Some(1), Some(3)].contains(&ended.code), "{what}: {ended:?}");
        assert!(ended.stderr.contains("jeton.db"), "{what}, and the file is named: {}", ended.stderr);
        let ended = shop.folder.jeton(&["verify"]);
        assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
        assert!(ended.stderr.contains("jeton.db"), "{what}, and the file is named: {}", ended.stderr);
    }
    std::fs::write(&file, sound).unwrap();
    opens(&shop.folder.sandbox(None), &shop.vendor_key, "s1");
    shop.folder.jeton(&["verify"]);
}

#[test]
fn read_tables_that_are_corrupt_are_made_again() {
    let shop = Shop::open(100);
    shop.vendor.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
    let before = shop.vendor.list("/v1/teams/acme/charges");
    shop.server.stop();
    std::fs::write(shop.folder.data().join("views.db"), vec![b'x'; 10_000]).unwrap();
    let server = shop.folder.sandbox(None);
    server.ready();
    let vendor = server.api().with(&shop.vendor_key);
    assert_eq!(vendor.list("/v1/teams/acme/charges"), before);
    server.stop();
    shop.folder.verify();
}

#[test]
fn a_folder_of_a_sandbox_is_served_by_a_sandbox_only() {
    let shop = Shop::open(100);
    shop.server.stop();
    let Err(ended) = shop.folder.serve(&[], &[]) else { panic!("a sandbox's folder is served for real") };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("sandbox"), "{}", ended.stderr);

    let real = Folder::new();
    let Ok(server) = real.serve(&[], &[]) else { panic!("a new folder is served") };
    let key = real.key(&["--scope", "vendor"]);
    let api = server.api().with(&key);
    assert!(api.put("/v1/sandbox/clock", &json!({"at": "2026-03-02T08:00:00Z"})).status >= 400);
    server.stop();
    let ended = start_fails(&real);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("sandbox"), "{}", ended.stderr);
}
