//! `docs/command-line.md`: every command of the binary with what its own `--help` says, kept in the tree so that it
//! can be read without the binary and a change of it is seen in review.
//!
//! What always holds: it is made from the binary alone, by asking each command for its help and for the commands below
//! it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{program, workspace};

const DOCUMENT: &str = "docs/command-line.md";
const BINARY: &str = "target/debug/jeton";

const HEAD: &str = "\
# The command line

One binary, `jeton`. What follows is what it says of itself: `jeton --help`, `jeton serve --help` and so on. The page is
made by `cargo xtask reference`.
";

/// Writes the page.
pub(crate) fn write() -> Result<()> {
    let path = path();
    fs::write(&path, from_binary()?).with_context(|| format!("cannot write {}", path.display()))
}

/// Fails when the page is not what the binary says.
pub(crate) fn check() -> Result<()> {
    let path = path();
    let kept = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let said = from_binary()?;
    let line = kept.lines().zip(said.lines()).take_while(|(kept, said)| kept == said).count() + 1;
    ensure!(
        kept == said,
        "{DOCUMENT}:{line}: is not what the binary says; run `cargo xtask reference` and look at what changed"
    );
    Ok(())
}

fn path() -> PathBuf {
    workspace::root().join(DOCUMENT)
}

fn from_binary() -> Result<String> {
    program::run("cargo", &["build", "--quiet", "--locked", "--package", "jeton"])?;
    let mut page = HEAD.to_owned();
    tell(&mut page, &mut Vec::new())?;
    Ok(page)
}

/// Adds what one command says, then what those below it say.
fn tell(page: &mut String, command: &mut Vec<String>) -> Result<()> {
    let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let help = program::output(BINARY, &arguments)?;
    let heads = "#".repeat(command.len().min(2) + 2);
    let name = [&["jeton".to_owned()], command.as_slice()].concat().join(" ");
    let lines: Vec<&str> = help.trim().lines().map(str::trim_end).collect();
    writeln!(page, "\n{heads} `{name}`\n\n```text\n{}\n```", lines.join("\n"))?;
    for below in commands(&help) {
        command.push(below);
        tell(page, command)?;
        command.pop();
    }
    Ok(())
}

/// The commands that a help lists, but for the one that tells help.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What is longer than a line goes on further to the right.
    let first = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_a_help() {
        let help = "Tokens\n\nUsage: jeton [OPTIONS]\n\nCommands:\n  serve   Runs\n            on two lines\n  help    Print\n  keys    Make\n\nOptions:\n  -h, --help  Print\n";
        assert_eq!(commands(help), ["serve", "keys"]);
        assert!(commands("Usage: jeton serve\n\nOptions:\n  -h\n").is_empty());
    }
}
