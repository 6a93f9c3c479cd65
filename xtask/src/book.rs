//! The book: the pages that `docs/SUMMARY.md` names, as HTML below `target/book`.
//!
//! What always holds: a page that is missing, or a link that leads out of the book, is found by the source rules
//! (`tidy/documents.rs`), and what mdBook itself complains of is a failure here. Nothing is fetched from elsewhere.

use anyhow::{Context, Result, ensure};

use crate::{needs, program, workspace};

/// Where the book's own settings are.
const FOLDER: &str = "docs";
/// Where it is built, as `docs/book.toml` says.
const BUILT: &str = "target/book/index.html";

/// Builds it.
pub(crate) fn build() -> Result<()> {
    needs::book()?;
    let complaints = program::complaints("mdbook", &["build", FOLDER]).context("the book could not be built")?;
    ensure!(complaints.is_empty(), "mdbook is not content with the book:\n{}", complaints.join("\n"));
    ensure!(workspace::root().join(BUILT).exists(), "mdbook has built no {BUILT}");
    Ok(())
}
