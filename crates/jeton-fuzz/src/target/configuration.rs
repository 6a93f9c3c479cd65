//! The configuration, from a file and from the environment.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use tempfile::NamedTempFile;

use crate::binary::configuration::{Configuration, Settings, Sources};
use crate::failure::Failure;

thread_local! {
    /// Written anew for each input, since it is a file that the binary reads.
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("there is room for a file"));
}

/// A file; and once more as variables of the environment, a line each.
pub(crate) fn run(bytes: &[u8]) {
    FILE.with_borrow(|file| {
        std::fs::write(file.path(), bytes).expect("there is room for a file");
        let shown = file.path().display().to_string();
        load(Some(file.path().to_owned()), Vec::new(), |sentence| {
            // Where it is: the file, and of what it can read the line.
            assert!(sentence.contains(&shown) || sentence.starts_with('`'), "{sentence}");
        });
    });
    let lines = bytes.split(|&byte| byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|&byte| byte == b'=')?;
        let name = [b"JETON_", &line[..at]].concat();
        let is_file = name.eq_ignore_ascii_case(b"JETON_CONFIG");
        (!is_file).then(|| (OsString::from_vec(name), OsString::from_vec(line[at + 1..].to_vec())))
    });
    load(None, lines.collect(), |sentence| {
        assert!(sentence.contains("JETON_") || sentence.starts_with('`'), "{sentence}");
    });
}

fn load(config: Option<std::path::PathBuf>, environment: Vec<(OsString, OsString)>, complaint: impl Fn(&str)) {
    let folder = std::path::PathBuf::from("/nonexistent");
    match Configuration::load(Sources { flags: Settings::default(), config, environment, folder }) {
        Ok(configuration) => assert!(!configuration.data.as_os_str().is_empty()),
        Err(Failure::Usage(error)) => complaint(&format!("{error:#}")),
        Err(other) => panic!("{other:?}"),
    }
}
