//! The source rules: what no compiler and no lint looks at.
//!
//! What always holds: every finding says the file (and line) and what to do, all findings are told at once, and the
//! rules look at the tree as it is, committed or not.

mod documents;
mod rooms;
mod sources;

use anyhow::{Result, bail};

use crate::workspace;

/// Runs every rule over the tree.
pub(crate) fn run() -> Result<()> {
    let files = workspace::source_files(workspace::root())?;
    let packages = workspace::packages()?;
    let findings: Vec<String> = [
        sources::lengths(&files),
        sources::model(&files),
        sources::left_for_later(&files),
        sources::absolute_paths(&files, workspace::root()),
        rooms::rooms(&files, &packages),
        documents::dependencies(&files, &packages),
        documents::decisions(&files),
        documents::links(&files, workspace::root()),
        documents::book(&files),
        documents::invariants(&files),
    ]
    .concat();
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("the tree is not tidy: 1 finding"),
        count => bail!("the tree is not tidy: {count} findings"),
    }
}

/// What one rule found, one sentence each.
type Findings = Vec<String>;

/// The file, or a finding that it is missing.
fn file<'a>(files: &'a [workspace::SourceFile], path: &str) -> Result<&'a workspace::SourceFile, Findings> {
    files
        .iter()
        .find(|file| file.path == path)
        .ok_or_else(|| vec![format!("{path}: is missing, and rules of the house stand in it")])
}

/// The cells of a row of a Markdown table; none if the line is no row, or the one under the heads.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let ruler = cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|character| "-: ".contains(character)));
    (!ruler).then_some(cells)
}

/// What stands between backticks in `text`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
