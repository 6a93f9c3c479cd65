//! The command line: what can be asked of the binary, and the one way from there to each command.
//!
//! What always holds: the configuration is read before anything is done, and the log is started before anything can
//! be logged. What a command does is in its own file.

mod backup;
mod check;
mod clock;
mod init;
mod keys;
mod paperwork;
mod restore;
mod serve;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::configuration::{Configuration, LogFormat, Settings, Sources};
use crate::failure::{Failure, unavailable};
use crate::logging;

/// Tokens by the day: open a product, pay once for 24 hours, see why.
#[derive(Parser)]
#[command(name = "jeton", version, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = MORE)]
struct CommandLine {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  jeton serve --sandbox --demo           try it: a clock of your own, a catalogue, a key
  jeton init --data /var/lib/jeton       begin for real: configuration, folder, first key
  jeton serve                            serve what the configuration says
  jeton backup /var/backups              a backup, also while the server runs";

const MORE: &str = "\
Examples:
  jeton serve --sandbox --demo           try it: a clock of your own, a catalogue, a key
  jeton init --data /var/lib/jeton       begin for real: configuration, folder, first key
  jeton serve                            serve what the configuration says
  jeton backup /var/backups              a backup, also while the server runs

Configuration:
  Each setting is taken from the command line, else from the environment
  (JETON_LISTEN for --listen), else from the file, else it has its default. The file
  is jeton.toml in the working folder, or the one that --config or JETON_CONFIG names:

    data = \"/var/lib/jeton\"        # relative to the file
    listen = \"127.0.0.1:7878\"
    issuer = \"https://tokens.example\"
    log_format = \"json\"

Exit status:
  0 done, 1 refused or not true, 2 usage, 3 unavailable";

/// What every command takes.
#[derive(Args)]
struct General {
    /// The configuration file [default: jeton.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "General options")]
    config: Option<PathBuf>,

    /// The data folder [default: jeton-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "General options")]
    data: Option<PathBuf>,

    /// What is logged to standard error: off, error, warn, info, debug, trace, or by module (`jeton_engine=debug,warn`)
    #[arg(long, global = true, value_name = "FILTER", help_heading = "General options")]
    log: Option<String>,

    /// How a line of the log is written [default: text]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "General options")]
    log_format: Option<LogFormat>,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Flags),
    /// Make the keys that open the API
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    Init(init::Flags),
    Check(check::Flags),
    Verify(verify::Flags),
    Backup(backup::Flags),
    Restore(restore::Flags),
    /// Decide what happens after the machine's clock has jumped
    #[command(subcommand)]
    Clock(clock::ClockCommand),
    Completions(paperwork::CompletionsFlags),
    Man(paperwork::ManFlags),
}

impl Command {
    /// The settings among its flags.
    fn settings(&self) -> Settings {
        match self {
            Self::Serve(flags) => flags.settings(),
            Self::Init(flags) => flags.settings(),
            Self::Keys(_)
            | Self::Check(_)
            | Self::Verify(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Clock(_)
            | Self::Completions(_)
            | Self::Man(_) => Settings::default(),
        }
    }
}

/// Reads the command line and does what it says. Help, version and usage errors of clap end the process here, with
/// the statuses 0 and 2.
pub(crate) fn run() -> Result<(), Failure> {
    let CommandLine { general, command } = CommandLine::parse();
    match &command {
        Command::Completions(flags) => return paperwork::completions(flags, CommandLine::command()),
        Command::Man(flags) => return paperwork::man(flags, CommandLine::command()),
        Command::Serve(_)
        | Command::Keys(_)
        | Command::Init(_)
        | Command::Check(_)
        | Command::Verify(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Clock(_) => {}
    }
    let mut flags = command.settings();
    flags.data = general.data;
    flags.log = general.log;
    flags.log_format = general.log_format;
    let sources = Sources::of_process(flags, general.config);
    let (configuration, to_be_made) = if let Command::Init(_) = &command {
        let (configuration, said, file) = Configuration::load_without_file(sources)?;
        (configuration, Some((said, file)))
    } else {
        (Configuration::load(sources)?, None)
    };
    let log = if let Command::Serve(_) = &command { "info" } else { "warn" };
    logging::start(configuration.log_format, configuration.log_or(log))?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the process")
        .map_err(unavailable)?;
    let ended = runtime.block_on(async {
        match command {
            Command::Serve(_) => serve::run(&configuration).await,
            Command::Keys(keys::KeysCommand::Create(flags)) => keys::create(&configuration, flags).await,
            Command::Verify(flags) => verify::run(&configuration, flags).await,
            Command::Init(flags) => {
                let (said, file) = to_be_made.expect("for this command it was kept");
                init::run(&configuration, said, &file, flags).await
            }
            Command::Check(flags) => check::run(&configuration, flags).await,
            Command::Backup(flags) => backup::run(&configuration, flags).await,
            Command::Restore(flags) => restore::run(&configuration, flags).await,
            Command::Clock(clock::ClockCommand::Accept(flags)) => clock::accept(&configuration, flags).await,
            // They were done before anything was read.
            Command::Completions(_) | Command::Man(_) => Ok(()),
        }
    });
    // What is still open was given its time; a request that hangs must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}

/// Prints to standard output what the command is for.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .context("cannot write to standard output")
        .map_err(unavailable)
}

/// Prints to standard output what the command is for, as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).context("cannot write the answer as JSON").map_err(unavailable)?;
    print(&text)
}

/// A number with its noun.
fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }
}
