//! The one binary of Jeton: reads the command line, does the command, and turns how it ended into an exit status.
//!
//! What always holds: what a command prints for others to read goes to standard output, everything else to standard
//! error, and the exit status is 0 for done, 1 for refused or not true, 2 for usage, 3 for unavailable.
//! It decides no rule; the composition of the house is in `composition`, everything before and after it in the others.

mod command;
mod composition;
mod configuration;
mod connections;
mod control;
mod demo;
mod failure;
mod logging;
mod progress;
mod supervisor;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("jeton: {failure}");
            failure.exit_code()
        }
    }
}
