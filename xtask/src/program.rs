//! Calling other programs.
//!
//! What always holds: a program runs in the workspace's folder, is shown before it runs, asks nothing (its standard
//! input is closed), and is an error when it fails.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Runs `program`; its output is the chore's.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("$ {program} {}", arguments.join(" "));
    let status = command(program, arguments).status().with_context(|| format!("cannot run {program}"))?;
    ensure!(status.success(), "{program} {} failed: {status}", arguments.join(" "));
    Ok(())
}

/// Runs `program` and answers what it printed to standard output.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = command(program, arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program} {} failed: {}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{program} did not print UTF-8"))
}

/// Runs `program` and answers what it said of warnings and errors to its standard error.
pub(crate) fn complaints(program: &str, arguments: &[&str]) -> Result<Vec<String>> {
    eprintln!("$ {program} {}", arguments.join(" "));
    let output = command(program, arguments).output().with_context(|| format!("cannot run {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {} failed: {}\n{said}", arguments.join(" "), output.status);
    Ok(said
        .lines()
        .filter(|line| ["WARN", "ERROR"].iter().any(|word| line.contains(word)))
        .map(str::to_owned)
        .collect())
}

/// Whether `program` is there and can tell its version.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    command(program, arguments).output().is_ok_and(|output| output.status.success())
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace::root()).stdin(Stdio::null());
    command
}
