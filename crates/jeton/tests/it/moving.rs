//! A hundred thousand members moved in and out: what that costs in memory, and that others go on meanwhile.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::support::process::Server;
use crate::support::shop::{Shop, opening};

const MEMBERS: usize = 100_000;
const IMPORT: &str = "/v1/teams/acme/members/import";
/// What an export may cost beside what is known of everybody: a copy of what the team is set to, and some parts.
const EXPORT_KB: u64 = 48 * 1024;
/// What an import may cost: its rows.
const IMPORT_KB: u64 = 96 * 1024;

#[test]
fn a_hundred_thousand_members_move_in_and_out_within_bounds_and_hold_up_nobody() {
    let mut file = "member,email,name,role,products\n".to_owned();
    for number in 0..MEMBERS {
        writeln!(file, "m{number},m{number}@acme.example,Member number {number},member,autocad revit").unwrap();
    }
    let shop = Shop::open(100);
    let told = |shop: &Shop| shop.vendor.post_csv(IMPORT, file.clone()).ok();
    assert_eq!(
        told(&shop),
        json!({"rows": MEMBERS, "created": MEMBERS, "changed": 0, "unchanged": 0, "dry_run": false})
    );

    // Of a fresh process, that knows everybody and does nothing.
    let shop = shop.restart(Server::stop);
    shop.vendor.get("/v1/teams/acme/members/m99999").ok();
    let at_rest = shop.server.peak_memory_kb();

    // Whoever reads a line and then thinks about it holds up nobody.
    let mut lines = BufReader::new(shop.vendor.stream("/v1/teams/acme/export")).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    for session in 0..20 {
        shop.vendor.put(&format!("/v1/sessions/s{session}"), &opening("m7", "autocad", "laptop")).ok();
        shop.vendor.post(&format!("/v1/sessions/s{session}/close"), &json!({})).ok();
    }
    let (mut members, mut entries, mut end) = (0, 0, Value::Null);
    for line in lines {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match line["kind"].as_str().unwrap() {
            "member" => members += 1,
            "entry" => entries += 1,
            "end" => end = line,
            _ => {}
        }
    }
    assert_eq!((members, &json!(entries)), (MEMBERS + 2, &first["seq"]));
    assert_eq!([&end["counts"]["member"], &end["counts"]["entry"]], [&json!(members), &json!(entries)]);
    let after_export = shop.server.peak_memory_kb();
    assert!(after_export < at_rest + EXPORT_KB, "{at_rest} kB at rest, {after_export} kB");

    assert_eq!(told(&shop)["unchanged"], MEMBERS);
    let after_import = shop.server.peak_memory_kb();
    assert!(after_import < at_rest + IMPORT_KB, "{at_rest} kB at rest, {after_import} kB");
    println!("{at_rest} kB at rest, {after_export} kB after the export, {after_import} kB after the import");
    let Shop { server, folder, .. } = shop;
    server.stop();
    folder.verify();
}
