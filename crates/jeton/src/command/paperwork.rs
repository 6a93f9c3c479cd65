//! `jeton completions` and `jeton man`: what a shell and a reader of manuals are to know of the command line.
//!
//! What always holds: both are made from the command line itself, so they say what this very binary understands, and
//! neither is kept anywhere else. No configuration is read for them.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use super::print;
use crate::failure::{Failure, unavailable};

/// Print what a shell needs to complete commands and flags
///
/// For who types `jeton` often, and for who packages it. Packages put it where the shell looks; by hand, put it into the
/// folder that the examples name.
#[derive(Args)]
#[command(after_help = SHELL_EXAMPLES)]
pub(crate) struct CompletionsFlags {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const SHELL_EXAMPLES: &str = "\
Examples:
  jeton completions bash > ~/.local/share/bash-completion/completions/jeton
  jeton completions zsh > ~/.zfunc/_jeton                with ~/.zfunc in fpath
  jeton completions fish > ~/.config/fish/completions/jeton.fish";

/// Write a manual page for each command into a folder
///
/// For who packages it, and for machines without a network. Pages that are there already are written over.
#[derive(Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManFlags {
    /// The folder, which is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const MAN_EXAMPLES: &str = "\
Examples:
  jeton man ~/.local/share/man/man1 && man jeton-serve
  jeton man debian/jeton/usr/share/man/man1";

/// Prints the completions of `command`.
pub(crate) fn completions(flags: &CompletionsFlags, mut command: Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(flags.shell, &mut command, "jeton", &mut text);
    let text = String::from_utf8(text).context("the completions are no text").map_err(unavailable)?;
    print(text.trim_end())
}

/// Writes the manual pages of `command` and of all below it.
pub(crate) fn man(flags: &ManFlags, command: Command) -> Result<(), Failure> {
    let folder = flags.folder.display();
    std::fs::create_dir_all(&flags.folder)
        .and_then(|()| clap_mangen::generate_to(command, &flags.folder))
        .with_context(|| format!("cannot write manual pages into {folder}"))
        .map_err(unavailable)
}
