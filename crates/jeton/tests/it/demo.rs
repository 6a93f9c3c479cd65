//! `--demo`: something to try at once, which goes on from where it was left.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::http::Api;
use crate::support::process::{Folder, Server};
use crate::support::until;

/// A Tuesday, in the afternoon.
const TODAY: &str = "2026-11-24T15:00:00Z";
const TEAMS: [&str; 3] = ["atelier-nord", "helios", "caravelle"];

/// The demo, with the vendor key that it printed.
fn start(folder: &Folder, arguments: &[&str]) -> (Server, String) {
    let server = folder.serve(&[&["--demo"], arguments].concat(), &[]).unwrap();
    let key = server.printed.lines().find_map(|line| line.strip_prefix("vendor key ")).unwrap().to_owned();
    (server, key)
}

/// A sandbox's demo that ends today.
fn start_with(folder: &Folder, seed: &str) -> (Server, Api) {
    let (server, key) = start(folder, &["--sandbox", "--demo-seed", seed, "--clock", TODAY]);
    let vendor = server.api().with(&key);
    (server, vendor)
}

/// Everything in a list.
fn all(api: &Api, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{path}?limit=100{cursor}")).ok();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn entries(vendor: &Api, team: &str) -> Vec<Value> {
    all(vendor, &format!("/v1/teams/{team}/entries"))
}

fn of_kind<'e>(entries: &'e [Value], kind: &str) -> Vec<&'e Value> {
    entries.iter().filter(|entry| entry["kind"] == kind).collect()
}

fn day(entry: &Value) -> &str {
    &entry["at"].as_str().unwrap()[..10]
}

#[test]
fn a_new_demo_has_eight_weeks_behind_it_that_end_today() {
    let folder = Folder::new();
    let (server, vendor) = start_with(&folder, "7");
    assert_eq!(vendor.get("/v1/sandbox/clock").ok()["at"], TODAY);
    let teams: Vec<Value> = all(&vendor, "/v1/teams");
    let zones: BTreeSet<&str> = teams.iter().map(|team| team["time_zone"].as_str().unwrap()).collect();
    assert_eq!((teams.len(), zones.len()), (3, 3));
    let members: usize = TEAMS.iter().map(|team| all(&vendor, &format!("/v1/teams/{team}/members")).len()).sum();
    assert_eq!(members, 40);
    assert_eq!(vendor.get("/v1/products/autocad").ok()["names"], json!({"en": "AutoCAD", "fr": "AutoCAD"}));

    let [atelier, helios, caravelle] = TEAMS.map(|team| entries(&vendor, team));
    for of in [&atelier, &helios, &caravelle] {
        assert!(of_kind(of, "session_opened").len() > 200 && of_kind(of, "charge_made").len() > 100);
        assert!(!of_kind(of, "session_lost").is_empty(), "something crashes in every team");
    }
    let undone = of_kind(&atelier, "run_undone").into_iter().chain(of_kind(&helios, "run_undone"));
    assert_eq!(undone.map(day).collect::<BTreeSet<_>>().len(), 56, "something is started by mistake every day");
    // 2026-11-07 is the Saturday after the lot's last day, and Monday's order ends it.
    let refused: BTreeSet<&str> = of_kind(&atelier, "refused").into_iter().map(day).collect();
    assert!(refused.contains("2026-11-07") && refused.contains("2026-11-08"), "{refused:?}");
    assert!(refused.is_subset(&["2026-11-07", "2026-11-08", "2026-11-09"].into()), "{refused:?}");
    assert_eq!(of_kind(&atelier, "lot_expired").len(), 1);
    assert_eq!(of_kind(&caravelle, "invoice_overdue").len(), 1);
    for kind in ["job_committed", "job_released"] {
        assert!(!of_kind(&helios, kind).is_empty(), "{kind}");
    }
    let overdue = TEAMS.map(|team| vendor.get(&format!("/v1/teams/{team}/balance")).ok()["overdue"].clone());
    assert_eq!(overdue, [json!(false), json!(false), json!(true)]);

    // Whoever leaves things open is charged by night.
    let at_night = |entry: &&Value| (22..24).contains(&entry["at"].as_str().unwrap()[11..13].parse().unwrap());
    assert!(of_kind(&atelier, "charge_made").iter().any(|entry| day(entry) > "2026-10-01" && !at_night(entry)));
    let longest = longest_session_h(&helios).max(longest_session_h(&atelier));
    assert!(longest > 60, "somebody leaves things open over days: {longest} h");
    assert!(!all_live(&vendor).is_empty(), "on a Tuesday afternoon somebody is at work");
    server.stop();
    folder.verify();
}

fn all_live(vendor: &Api) -> Vec<Value> {
    TEAMS
        .iter()
        .flat_map(|team| vendor.get(&format!("/v1/sessions?team={team}")).ok()["items"].as_array().unwrap().clone())
        .collect()
}

/// Hours from an opening to the close of the session, at most.
fn longest_session_h(entries: &[Value]) -> i64 {
    let hours = |at: &str| -> i64 {
        let (day, hour) = (at[8..10].parse::<i64>().unwrap(), at[11..13].parse::<i64>().unwrap());
        day * 24 + hour
    };
    let closed = of_kind(entries, "session_closed");
    // Within a month, so that a day of the month is enough.
    let lengths = closed.iter().filter_map(|closed| {
        let opened = closed["proof"]["from"].as_str()?;
        let at = closed["at"].as_str()?;
        (opened[..7] == at[..7]).then(|| hours(at) - hours(opened))
    });
    lengths.max().unwrap_or_default()
}

#[test]
fn the_same_seed_and_end_give_the_same_ledger_also_after_a_death_in_the_middle() {
    let (one, other, third) = (Folder::new(), Folder::new(), Folder::new());
    let (first, vendor) = start_with(&one, "7");
    let whole = TEAMS.map(|team| entries(&vendor, team));
    first.stop();

    let making = other.data().join("making/jeton.db-wal");
    let arguments = ["--demo", "--sandbox", "--demo-seed", "7", "--clock", TODAY];
    let dying = other.spawn(&arguments);
    until("a demo that is being made", || making.metadata().is_ok_and(|log| log.len() > 1 << 20).then_some(()));
    dying.kill();
    assert!(!other.data().join("jeton.db").exists(), "there is no half of a past");
    let (second, vendor) = start_with(&other, "7");
    assert_eq!(TEAMS.map(|team| entries(&vendor, team)), whole, "with every hash");
    assert!(!other.data().join("making").exists());
    second.stop();
    other.verify();

    let (another, vendor) = start_with(&third, "8");
    assert_ne!(entries(&vendor, TEAMS[0]), whole[0]);
    another.stop();
}

#[test]
fn a_second_start_leaves_what_was_made_of_the_first_and_only_the_keys_are_new() {
    let folder = Folder::new();
    let (server, first_key) = start(&folder, &[]);
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
    let opened = TEAMS.map(|team| of_kind(&entries(&vendor, team), "session_opened").len());
    assert!(opened.iter().all(|opened| *opened > 200), "also a real folder has its past: {opened:?}");
    let told = |server: &Server| server.printed.lines().find(|line| line.starts_with("demo ")).unwrap().to_owned();
    let demo = told(&server);
    server.stop();

    let (server, second_key) = start(&folder, &["--demo-seed", "1"]);
    assert_eq!(told(&server), demo, "it is still the first one's");
    server.api().with(&first_key).get("/v1/settings").refused(401, "unauthorised");
    let vendor = server.api().with(&second_key);
    assert_eq!(paths.map(|path| vendor.get(path).ok()), changed);
    assert_eq!(TEAMS.map(|team| of_kind(&entries(&vendor, team), "session_opened").len()), opened);
    let of_the_demo = |key: &&Value| key["label"] == "demo" && key["revoked_at"].is_null();
    assert_eq!(all(&vendor, "/v1/api-keys").iter().filter(of_the_demo).count(), 3, "each takes its former one's place");
    server.stop();
    folder.verify();
}

#[test]
fn a_folder_with_other_data_is_not_filled() {
    let folder = Folder::new();
    folder.key(&["--scope", "vendor"]);
    let (server, key) = start(&folder, &[]);
    let vendor = server.api().with(&key);
    assert_eq!(all(&vendor, "/v1/teams"), Vec::<Value>::new());
    vendor.get("/v1/products/autocad").ok();
    assert!(!server.printed.contains("key of "), "{}", server.printed);
    server.stop();
}

#[test]
fn the_commands_that_are_printed_work_word_for_word() {
    let folder = Folder::new();
    let (server, _) = start_with(&folder, "9");
    let printed = server.printed.clone();
    let commands: Vec<&str> = printed.lines().skip_while(|line| *line != "try").skip(1).collect();
    assert_eq!(commands.len(), 3, "{printed}");
    let answers = commands.iter().map(|command| {
        let output = Command::new("bash").args(["-c", command.trim()]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}\n{text}"));
        assert!(answer.get("code").is_none(), "{command}\n{text}");
        answer
    });
    let answers: Vec<Value> = answers.collect();
    assert!(answers[0]["items"].as_array().is_some_and(|rows| rows.len() > 4), "{}", answers[0]);
    assert_eq!(answers[1]["overdue"], json!(true));
    assert!(answers[2]["available"].is_string(), "{}", answers[2]);
    for key in ["key of team atelier-nord jtn_", "key of member atelier-nord/camille jtn_", "look at http://"] {
        assert!(printed.contains(key), "{printed}");
    }
    server.stop();
}

#[test]
fn a_past_needs_room_and_a_seed_needs_a_demo() {
    let folder = Folder::new();
    let early = folder.serve(&["--demo", "--sandbox", "--clock", "2001-03-31T23:59:59Z"], &[]).err().unwrap();
    assert_eq!((early.code, early.stdout.as_str()), (Some(2), ""));
    assert!(early.stderr.contains("2001-04-01T00:00:00Z or later"), "{}", early.stderr);
    assert!(!folder.data().join("jeton.db").exists());
    let alone = folder.serve(&["--demo-seed", "7"], &[]).err().unwrap();
    assert_eq!(alone.code, Some(2));
    assert!(alone.stderr.contains("`demo_seed` needs `demo`"), "{}", alone.stderr);
}
