//! The kept inputs: `fuzz/corpus/TARGET`, one file each.

use std::path::PathBuf;

/// Where the inputs of a target are kept.
pub fn folder(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target)
}

/// The inputs of a target with their names, in the order of these.
///
/// # Panics
/// When they cannot be read, or there are none: without them the tests would test nothing.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.expect("a folder that was opened can be read");
            let bytes = std::fs::read(entry.path()).expect("an input that is in the folder can be read");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} has no input", folder.display());
    inputs
}
