//! The log of the process: where it goes, in which form, and how much of it.
//!
//! What always holds: the log goes to standard error, never to standard output, which belongs to what a command
//! prints. Request ids come with the spans of the HTTP layer. Refusals by the rules are answers and not logged as
//! errors; that is the callers' care, not decided here.

use std::io;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::configuration::LogFormat;
use crate::failure::{Failure, usage};

/// Starts the log for the rest of the process. Called once, before anything else is done.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("`log` is not a filter such as info or jeton_engine=debug,warn: {filter}"))
        .map_err(usage)?;
    // A log that cannot be written (a full disk, a closed pipe) is lost, and must never stop what it tells of.
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    match format {
        LogFormat::Text => log.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
    Ok(())
}
