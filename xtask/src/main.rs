//! The one entry for every chore: `cargo xtask`.
//!
//! What always holds: CI runs what a person runs (`.ci/run` is `cargo xtask ci`), a missing tool is installed or is an
//! error, and nothing is ever skipped. Chores call other programs; they know the project's crates only by
//! `cargo metadata`, so that they can be built when those cannot.

mod book;
mod check;
mod fuzz;
mod needs;
mod openapi;
mod program;
mod reference;
mod rules;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything: check, then test. What CI runs
    Ci,
    /// What needs no test: format, source rules, clippy, licences and duplicates, generated files
    Check,
    /// All tests; first installs what they need
    Test,
    /// The source rules alone
    Tidy,
    /// The fuzz targets under libFuzzer, with a nightly toolchain; what reaches new code is added to the corpus
    Fuzz {
        /// One of those in the folder `fuzz_targets`; all of them, one after the other, if none is named
        target: Option<String>,
        /// How long each is run
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Build the book of docs/SUMMARY.md below target/book
    Book,
    /// Write crates/jeton-api/openapi.json from the code
    Openapi {
        /// Write nothing; fail when the file is not what the code says
        #[arg(long)]
        check: bool,
    },
    /// Write docs/command-line.md: what the binary says of its commands
    Reference {
        /// Write nothing; fail when the page is not what the binary says
        #[arg(long)]
        check: bool,
    },
    /// The rules and their model on very many random histories, optimised; takes a while
    Soak {
        /// How many
        #[arg(long, default_value_t = 1_000_000)]
        histories: u32,
        /// From which they are drawn
        #[arg(long, default_value_t = 20_261_124)]
        seed: u64,
    },
    /// Write the table of proofs in docs/testing.md: which cases and tests hold each rule
    Rules {
        /// Write nothing; fail when the table is not what the tree says, or a rule has no proof
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().chore {
        Chore::Ci => check::run().and_then(|()| test::run()),
        Chore::Check => check::run(),
        Chore::Test => test::run(),
        Chore::Tidy => tidy::run(),
        Chore::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Chore::Book => book::build(),
        Chore::Openapi { check: false } => openapi::write(),
        Chore::Openapi { check: true } => openapi::check(),
        Chore::Reference { check: false } => reference::write(),
        Chore::Reference { check: true } => reference::check(),
        Chore::Soak { histories, seed } => soak::run(histories, seed),
        Chore::Rules { check: false } => rules::write(),
        Chore::Rules { check: true } => rules::check(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
