//! `--demo`: something to try at once, which goes on from where it was left.

use serde_json::json;

use crate::support::process::{Folder, Server};

/// The demo, with the vendor key that it printed.
fn start(folder: &Folder) -> (Server, String) {
    let server = folder.serve(&["--demo"], &[]).unwrap();
    let key = server.printed.lines().find_map(|line| line.strip_prefix("vendor key ")).unwrap().to_owned();
    (server, key)
}

#[test]
fn a_second_start_leaves_what_was_made_of_the_first_and_only_the_key_is_new() {
    let folder = Folder::new();
    let (server, first_key) = start(&folder);
    let vendor = server.api().with(&first_key);
    let names = json!({"en": "AutoCAD for us", "fr": "AutoCAD pour nous"});
    vendor.put("/v1/products/autocad", &json!({"names": names, "undo_interval_s": 60})).ok();
    let tiers = json!([{"from": 1, "unit_price": "5.00"}]);
    vendor.put("/v1/price-lists/reference", &json!({"currency": "EUR", "tiers": tiers})).ok();
    let used = vendor.get("/v1/uses").body["items"][0].clone();
    let path = format!("/v1/uses/{}", used["use"].as_str().unwrap());
    vendor.put(&path, &json!({"names": names, "industry": used["industry"]})).ok();
    let paths = ["/v1/products/autocad", "/v1/products/autocad/rates", "/v1/price-lists/reference", &path];
    let changed = paths.map(|path| vendor.get(path).ok());
    server.stop();

    let (server, second_key) = start(&folder);
    server.api().with(&first_key).get("/v1/settings").refused(401, "unauthorised");
    let vendor = server.api().with(&second_key);
    assert_eq!(paths.map(|path| vendor.get(path).ok()), changed);
    server.stop();
}
