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

const PROGRAMS: [Program; 8] = [
    // A stepped wall clock before a real server (W9).
    Program { name: "faketime", asked: &["--version"], package: "faketime" },
    // The tour of the README, word for word.
    Program { name: "curl", asked: &["--version"], package: "curl" },
    Program { name: "jq", asked: &["--version"], package: "jq" },
    // `/docs` in a real browser, and what else others have written in JavaScript.
    Program { name: "chromium", asked: &["--version"], package: "chromium" },
    Program { name: "node", asked: &["--eval", NODE_20], package: "nodejs" },
    Program { name: "npm", asked: &["--version"], package: "npm" },
    // Reads the unit as systemd would.
    Program { name: "systemd-analyze", asked: &["--version"], package: "systemd" },
    // Environments of their own for programs in Python.
    Program { name: "python3", asked: &["-c", "import ensurepip, venv"], package: "python3-venv" },
];

/// Ends well in a version of Node that the packages of the tests run on.
const NODE_20: &str = "process.exit(process.versions.node.split('.')[0] >= 20 ? 0 : 1)";
/// The packages from npm that tests call, in fixed versions.
const NODE_PACKAGES: &str = "crates/jeton/tests/node";

/// Programs in Python that tests call, each with what it needs, in fixed versions and in an environment of its own below
/// the workspace: its folder, and its requirements.
const PYTHON: [(&str, &str); 2] = [
    // Tries out the served OpenAPI document.
    (".test-env/schemathesis", "crates/jeton/tests/schemathesis/requirements.txt"),
    // Verifies leases.
    (".test-env/leases", "crates/jeton/tests/leases/requirements.txt"),
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

/// Installs what is not there as it is required of programs in Python.
pub(crate) fn python() -> Result<()> {
    PYTHON.iter().try_for_each(|(environment, requirements)| python_environment(environment, requirements))
}

fn python_environment(environment: &str, requirements: &str) -> Result<()> {
    let required = workspace::root().join(requirements);
    let required = fs::read_to_string(&required).with_context(|| format!("cannot read {}", required.display()))?;
    // Kept beside what was installed, so that another version is installed anew.
    let installed = workspace::root().join(environment).join("requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == required) {
        return Ok(());
    }
    let pip = format!("{environment}/bin/pip");
    program::run("python3", &["-m", "venv", "--clear", environment])
        .and_then(|()| {
            let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"];
            program::run(&pip, &[&quiet, [requirements].as_slice()].concat())
        })
        .with_context(|| format!("the tests need what {requirements} names and could not install it by pip"))?;
    fs::write(&installed, required).with_context(|| format!("cannot write {}", installed.display()))
}

/// Installs the packages from npm that tests call, if they are not there as they are required; none of their scripts is
/// run.
pub(crate) fn node_packages() -> Result<()> {
    let folder = workspace::root().join(NODE_PACKAGES);
    let required = folder.join("package-lock.json");
    let required = fs::read_to_string(&required).with_context(|| format!("cannot read {}", required.display()))?;
    // Kept beside what was installed, so that another version is installed anew.
    let installed = folder.join("node_modules").join("as-required.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == required) {
        return Ok(());
    }
    program::run("npm", &["ci", "--prefix", NODE_PACKAGES, "--ignore-scripts", "--no-audit", "--no-fund"])
        .context("the tests need packages of npm and could not install them")?;
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
