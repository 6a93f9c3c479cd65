//! What can be known without running the project: format, source rules, lints, dependencies, generated files, the book.

use anyhow::Result;

use crate::program;
use crate::{book, needs, openapi, reference, rules, tidy};

pub(crate) fn run() -> Result<()> {
    program::run("cargo", &["fmt", "--all", "--check"])?;
    tidy::run()?;
    program::run("cargo", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    needs::cargo_tool(&needs::DENY)?;
    // Advisories are left out; deny.toml says why.
    program::run("cargo", &["deny", "--locked", "--log-level", "error", "check", "licenses", "bans", "sources"])?;
    openapi::check()?;
    reference::check()?;
    rules::check()?;
    book::build()
}
