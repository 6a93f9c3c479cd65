//! `crates/jeton-api/openapi.json`: the document that the server serves, kept in the tree so that a change of it is
//! seen in review.
//!
//! What always holds: it is made from the code alone (`crates/jeton-api/examples/openapi.rs` prints it).

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{program, workspace};

/// Where the document is kept; a test of jeton-api compares it too.
const DOCUMENT: &str = "crates/jeton-api/openapi.json";

/// Writes the document.
pub(crate) fn write() -> Result<()> {
    let path = path();
    fs::write(&path, from_code()?).with_context(|| format!("cannot write {}", path.display()))
}

/// Fails when the document is not what the code says.
pub(crate) fn check() -> Result<()> {
    let path = path();
    let kept = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let code = from_code()?;
    let line = kept.lines().zip(code.lines()).take_while(|(kept, code)| kept == code).count() + 1;
    ensure!(
        kept == code,
        "{DOCUMENT}:{line}: is not what the code says; run `cargo xtask openapi` and look at what changed"
    );
    Ok(())
}

fn path() -> PathBuf {
    workspace::root().join(DOCUMENT)
}

fn from_code() -> Result<String> {
    program::output("cargo", &["run", "--quiet", "--locked", "--package", "jeton-api", "--example", "openapi"])
}
