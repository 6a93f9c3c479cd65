//! `jeton clock accept`: goes on after a jump of the machine's clock (W9).
//!
//! What always holds: only what a person typed takes a jump that the kernel does not explain, and it is an entry.

use clap::{Args, Subcommand};

use super::{print, print_json};
use crate::composition::{self, Purpose};
use crate::configuration::Configuration;
use crate::control::Client;
use crate::failure::Failure;

#[derive(Subcommand)]
pub(crate) enum ClockCommand {
    Accept(AcceptFlags),
}

/// Take the machine's clock as it is, and decide again
///
/// When the wall clock and the machine's steady clock part by more than a minute, or at a start the wall clock stands
/// before the last entry, the server decides nothing and answers 503 `clock_jumped` with both clocks. Set the
/// machine's clock right first; then this takes it, as an entry of the log. Works beside a running server.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AcceptFlags {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton clock accept --data /var/lib/jeton";

pub(crate) async fn accept(configuration: &Configuration, flags: AcceptFlags) -> Result<(), Failure> {
    let accepted = if let Some(server) = Client::connect(&configuration.data).await? {
        server.accept_clock().await?
    } else {
        let running = composition::open(configuration, Purpose::Command).await?;
        let accepted = running.accept_clock().await;
        // Closed in either case, so that the next start has nothing to recover.
        running.close().await?;
        accepted?
    };
    if flags.json {
        return print_json(&accepted);
    }
    match accepted.last {
        Some(last) => print(&format!("the clock is taken as it is: {} (last entry: {last})", accepted.at)),
        None => print(&format!("the clock is taken as it is: {}", accepted.at)),
    }
}
