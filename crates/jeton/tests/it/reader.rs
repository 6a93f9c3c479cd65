//! `/docs` in a real browser: it reads the API, tries it with a key, copies what it did as curl, and asks nobody but its
//! server.
//!
//! `tests/node/reader.mjs` drives Chromium; `cargo xtask test` installs both.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::shop::Shop;

/// What a program of `tests/node` printed, as JSON.
pub(crate) fn node(program: &str, arguments: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    assert!(folder.join("node_modules").is_dir(), "packages of npm are not installed; `cargo xtask test` does it");
    let mut command = Command::new("node");
    command.arg(program).args(arguments).current_dir(folder).stdin(Stdio::null());
    let output = command.output().expect("node is installed by `cargo xtask test`");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{program}: {error}: {complaint}"))
}

#[test]
fn the_api_is_read_and_tried_in_a_browser_that_asks_nobody_else() {
    let shop = Shop::open(100);
    let seen = node("reader.mjs", &[shop.server.base(), &shop.vendor_key]);
    assert_eq!(seen["elsewhere"], json!([]));
    // What is tried without a key is one thing to complain of, before it is typed in and after it is forgotten; the other
    // is of the reader itself: our tags have spaces. What the policy forbids, or a script that fails, would be a third.
    let complaints = seen["complaints"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let others = complaints.filter(|text| {
        !text.contains("401 (Unauthorized)") && !text.starts_with("Deprecated: escaping deep link whitespace")
    });
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&str>::new());

    let document = shop.vendor.get("/openapi.json").ok();
    let items = document["paths"].as_object().unwrap().values();
    let operations: usize = items.map(|item| item.as_object().unwrap().len()).sum();
    let products = shop.vendor.get("/v1/products").ok();
    let pages = seen["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 2);
    for (page, (language, button, dark)) in pages.iter().zip([("en", "Use it", false), ("fr", "L’utiliser", true)]) {
        assert_eq!(
            (&page["language"], &page["button"], &page["dark"]),
            (&json!(language), &json!(button), &json!(dark))
        );
        assert_eq!(page["operations"], json!(operations));
        assert_eq!(page["overflows"], false);
        assert!(page["description"].as_str().unwrap().contains("each with the rate in force"), "{page}");
        let statuses = [&page["without"], &page["with"], &page["again"]].map(|told| told["status"].as_str().unwrap());
        assert_eq!(statuses, ["401", "200", "401"]);
        let body: Value = serde_json::from_str(page["with"]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, products);
        assert!(!page["kept"].as_str().unwrap().contains("jtn_"), "{page}");

        // What was copied does the same in a shell.
        let curl = page["curl"].as_str().unwrap();
        assert!(curl.starts_with("curl -X 'GET'"), "{curl}");
        let output = Command::new("sh").args(["-c", curl]).stdin(Stdio::null()).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{curl}: {error}"));
        assert_eq!(told, products);
    }
    shop.server.stop();
}

#[test]
fn the_reader_is_what_was_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jeton-api/reader/swagger-ui");
    let said = std::fs::read_to_string(folder.join("VENDORED.md")).unwrap();
    for file in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let sum = format!("gzip -dc {file}.gz | sha256sum");
        let output = Command::new("sh").args(["-c", &sum]).current_dir(&folder).output().unwrap();
        let sum = String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned();
        assert!(said.contains(&format!("| SHA-256 of `{file}` | `{sum}` |")), "{file}: {sum}");
    }
    for licence in ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"] {
        assert!(folder.join(licence).is_file(), "{licence}");
    }
}
