//! What the chores need on the machine beside the Rust toolchain, and how it gets there.
//!
//! What always holds: this is the one list. What is missing is installed by the package manager it comes from,
//! without a question; what cannot be installed is an error, so that no test is ever skipped for want of a tool.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::{program, workspace};

/// A cargo subcommand, in the version that the project was last run with.
pub(crate) struct CargoTool {
    subcommand: &'static str,
    package: &'static str,
    version: &'static str,
}

/// Makes the book, in the version that it was last made with; without its own server, which brings much.
const MDBOOK: [&str; 6] = ["--version", "0.5.4", "--no-default-features", "--features", "search", "mdbook"];

/// Runs the tests, each in a process of its own.
pub(crate) const NEXTEST: CargoTool = CargoTool { subcommand: "nextest", package: "cargo-nextest", version: "0.9.143" };
/// Checks licences, duplicates and sources of the dependencies.
pub(crate) const DENY: CargoTool = CargoTool { subcommand: "deny", package: "cargo-deny", version: "0.20.2" };
/// Runs the fuzz targets under libFuzzer, where there is a nightly toolchain.
pub(crate) const FUZZ: CargoTool = CargoTool { subcommand: "fuzz", package: "cargo-fuzz", version: "0.13.2" };

/// A program that tests call, and the Debian or Ubuntu package that brings it.
struct Program {
    name: &'static str,
    /// With these it ends well where it is all there.
    asked: &'static [&'static str],
    package: &'static str,
}

const PROGRAMS: [Program; 4] = [
    // A stepped wall clock before a real server (W9).
    Program { name: "faketime", asked: &["--version"], package: "faketime" },
    // The tour of the README, word for word.
    Program { name: "curl", asked: &["--version"], package: "curl" },
    Program { name: "jq", asked: &["--version"], package: "jq" },
    // An environment of its own for schemathesis.
    Program { name: "python3", asked: &["-c", "import ensurepip, venv"], package: "python3-venv" },
];

/// Tries out the served OpenAPI document: a Python program, in an environment of its own below the workspace.
const SCHEMATHESIS: &str = ".test-env/schemathesis";
/// What is in that environment, each with its version.
const SCHEMATHESIS_REQUIREMENTS: &str = "crates/jeton/tests/schemathesis/requirements.txt";

/// Installs `tool` if it is not there; minutes, since it is built from source.
pub(crate) fn cargo_tool(tool: &CargoTool) -> Result<()> {
    let CargoTool { subcommand, package, version } = tool;
    if program::answers("cargo", &[subcommand, "--version"]) {
        return Ok(());
    }
    program::run("cargo", &["install", "--locked", "--version", version, package])
        .with_context(|| format!("cargo {subcommand} is needed and could not be installed"))
}

/// Installs mdBook if it is not there; minutes, since it is built from source.
pub(crate) fn book() -> Result<()> {
    if program::answers("mdbook", &["--version"]) {
        return Ok(());
    }
    program::run("cargo", &[&["install", "--locked"], MDBOOK.as_slice()].concat())
        .context("mdbook is needed and could not be installed")
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

/// Installs schemathesis, if it is not there as it is required.
pub(crate) fn schemathesis() -> Result<()> {
    let required = workspace::root().join(SCHEMATHESIS_REQUIREMENTS);
    let required = fs::read_to_string(&required).with_context(|| format!("cannot read {}", required.display()))?;
    // Kept beside what was installed, so that another version is installed anew.
    let installed = workspace::root().join(SCHEMATHESIS).join("requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == required) {
        return Ok(());
    }
    let pip = format!("{SCHEMATHESIS}/bin/pip");
    program::run("python3", &["-m", "venv", "--clear", SCHEMATHESIS])
        .and_then(|()| {
            let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"];
            program::run(&pip, &[&quiet, [SCHEMATHESIS_REQUIREMENTS].as_slice()].concat())
        })
        .context("the tests need schemathesis and could not install it by pip")?;
    fs::write(&installed, required).with_context(|| format!("cannot write {}", installed.display()))
}

fn missing_packages() -> Vec<&'static str> {
    PROGRAMS
        .iter()
        .filter(|program| !program::answers(program.name, program.asked))
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
