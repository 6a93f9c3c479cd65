//! That nothing is left out: each target has its test, its corpus and its program, each body its type.

use std::collections::BTreeSet;
use std::path::Path;

use jeton_fuzz::{BODY_TYPES, MOST_BYTES, TARGETS, corpus};

use crate::targets::TESTED;

/// Bytes of all that is kept, at most.
const CORPUS_BYTES: usize = 1_000_000;

fn names() -> BTreeSet<String> {
    TARGETS.iter().map(|target| target.name.to_owned()).collect()
}

/// The names in a folder of `fuzz/`, without what follows a full stop.
fn listed(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_target_has_a_test_a_corpus_and_a_program() {
    assert_eq!(TESTED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), names());
    assert_eq!(listed("corpus"), names());
    assert_eq!(listed("fuzz_targets"), names());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    for name in names() {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

#[test]
fn the_corpus_is_small() {
    let inputs: Vec<_> = TARGETS.iter().flat_map(|target| corpus(target.name)).collect();
    assert!(inputs.iter().all(|(_, bytes)| bytes.len() <= MOST_BYTES));
    let bytes: usize = inputs.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < CORPUS_BYTES, "{bytes} bytes");
}

#[test]
fn every_type_of_a_body_is_fuzzed() {
    let document = serde_json::to_value(jeton_api::openapi()).unwrap();
    let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let bodies = items.filter_map(|operation| operation.pointer("/requestBody/content/application~1json/schema"));
    let sent: BTreeSet<String> = bodies
        .map(|schema| {
            let schema = schema.to_string();
            schema.split("#/components/schemas/").nth(1).unwrap().split('"').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(BODY_TYPES.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), sent);
}
