//! What the chores need on the machine beside the Rust toolchain, and how it gets there.
//!
//! What always holds: this is the one list. What is missing is installed by the package manager it comes from,
//! without a question; what cannot be installed is an error, so that no test is ever skipped for want of a tool.

use anyhow::{Context, Result, ensure};

use crate::program;

/// A cargo subcommand, in the version that the project was last run with.
pub(crate) struct CargoTool {
    subcommand: &'static str,
    package: &'static str,
    version: &'static str,
}

/// Runs the tests, each in a process of its own.
pub(crate) const NEXTEST: CargoTool = CargoTool { subcommand: "nextest", package: "cargo-nextest", version: "0.9.143" };
/// Checks licences, duplicates and sources of the dependencies.
pub(crate) const DENY: CargoTool = CargoTool { subcommand: "deny", package: "cargo-deny", version: "0.20.2" };
/// Runs the fuzz targets under libFuzzer, where there is a nightly toolchain.
pub(crate) const FUZZ: CargoTool = CargoTool { subcommand: "fuzz", package: "cargo-fuzz", version: "0.13.2" };

/// A program that tests call, and the Debian or Ubuntu package that brings it.
struct Program {
    name: &'static str,
    package: &'static str,
}

const PROGRAMS: [Program; 3] = [
    // A stepped wall clock before a real server (W9).
    Program { name: "faketime", package: "faketime" },
    // The tour of the README, word for word.
    Program { name: "curl", package: "curl" },
    Program { name: "jq", package: "jq" },
];

/// Installs `tool` if it is not there; minutes, since it is built from source.
pub(crate) fn cargo_tool(tool: &CargoTool) -> Result<()> {
    let CargoTool { subcommand, package, version } = tool;
    if program::answers("cargo", &[subcommand, "--version"]) {
        return Ok(());
    }
    program::run("cargo", &["install", "--locked", "--version", version, package])
        .with_context(|| format!("cargo {subcommand} is needed and could not be installed"))
}

/// Installs what is missing of the programs that tests call.
pub(crate) fn programs() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    apt_get(&["update"])
        .and_then(|()| apt_get(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat()))
        .with_context(|| format!("the tests need {} and could not get it by apt-get", missing.join(", ")))?;
    let missing = missing_packages();
    ensure!(missing.is_empty(), "the tests need {}, which is still missing", missing.join(", "));
    Ok(())
}

fn missing_packages() -> Vec<&'static str> {
    PROGRAMS
        .iter()
        .filter(|program| !program::answers(program.name, &["--version"]))
        .map(|program| program.package)
        .collect()
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let quiet = [&["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"], arguments].concat();
    if program::output("id", &["-u"])?.trim() == "0" {
        program::run("env", &quiet)
    } else {
        program::run("sudo", &[&["env"], quiet.as_slice()].concat())
    }
}
