//! Enrolment on a machine that can be looked into and killed: a code and a key are in no file and no log, and what a
//! code was traded for is known after a death.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::process::Server;
use crate::support::shop::{Shop, opening};

const ENROLMENTS: &str = "/v1/teams/acme/members/ana/enrolments";

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

#[test]
fn a_code_is_good_once_after_a_death_too_and_only_its_hash_is_kept() {
    let shop = Shop::open_with(100, &["--log", "trace"]);
    let code = |shop: &Shop| text(&shop.vendor.post(ENROLMENTS, &json!({})).ok()["code"]);
    let (used, open) = (code(&shop), code(&shop));
    let trade =
        |shop: &Shop, code: &str| shop.server.api().post("/v1/enrolments", &json!({"code": code, "device": "laptop"}));
    let secret = text(&trade(&shop, &used).ok()["secret"]);

    let shop = shop.restart(Server::kill);
    trade(&shop, &used).refused(404, "unknown_enrolment");
    let other = text(&trade(&shop, &open).ok()["secret"]);
    for key in [&secret, &other] {
        let machine = shop.server.api().with(key);
        machine.put("/v1/sessions/s1", &opening("ana", "autocad", "laptop")).ok();
        machine.put("/v1/sessions/s2", &opening("ana", "autocad", "desktop")).refused(403, "forbidden");
    }

    let Shop { server, folder, .. } = shop;
    server.stop();
    let plain = |code: &str| code.replace('-', "");
    let secrets = [used.clone(), open.clone(), plain(&used), plain(&open), secret, other];
    let data = folder.data();
    assert!(is_in(&data, b"laptop"), "what is kept in the clear is found");
    for secret in secrets {
        assert!(!is_in(&data, secret.as_bytes()), "{secret}");
        assert!(!std::fs::read_to_string(folder.beside("log")).unwrap().contains(&secret), "{secret}");
    }
    folder.verify();
}

/// Whether a file below the folder has these bytes, in small or in large letters.
fn is_in(folder: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in(&path, wanted);
        }
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        bytes.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
    })
}
