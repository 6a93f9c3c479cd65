//! `jeton backup`: one consistent copy of the installation, also while it serves.
//!
//! What always holds: a file under the name that was asked for is whole and verified, or not there; no file is ever
//! written over. The file is for its owner alone.

use std::path::PathBuf;

use clap::Args;

use super::{counted, print, print_json};
use crate::composition;
use crate::configuration::Configuration;
use crate::control::{BackupWanted, Client};
use crate::failure::Failure;
use crate::progress;

/// Make a backup, verify it, and only then give it its name
///
/// The backup is one file: the log with all that lies beside it (people, hashes of API keys, presence, checkpoints) as
/// it was at one moment, and the signing keys of leases and checkpoints. Everything that was answered before is in it.
/// The configuration file is not, and neither is what is made again (views.db).
///
/// Works beside a running server, which makes it itself and goes on serving; its user must be able to write there. The
/// disk needs room for the whole file at once. What was broken off leaves at most FILE.part, which the next backup to
/// FILE replaces.
///
/// The file tells names of people, and who has it can sign leases: it is made 0600. Encrypt what leaves the machine.
/// Put it back by `jeton restore`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// The file to be made, never one that is there; in a folder, a file named by the instant
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton backup --data /var/lib/jeton /var/backups/before-the-move.backup
  jeton backup --data /var/lib/jeton /var/backups     makes a file such as jeton-20260302T080000Z.backup there
  jeton restore /var/backups/before-the-move.backup --data /srv/jeton";

pub(crate) async fn run(configuration: &Configuration, flags: Flags) -> Result<(), Failure> {
    let wanted = BackupWanted { to: composition::absolute(&flags.file)? };
    let backed_up = match Client::connect(&configuration.data).await? {
        Some(server) => progress::drawn(|watch| server.back_up(&wanted, watch)).await?,
        None => progress::drawn(|watch| composition::back_up(configuration, &wanted, watch)).await?,
    };
    if flags.json {
        return print_json(&backed_up);
    }
    let last = backed_up.last.as_ref().map_or_else(String::new, |last| format!(", the last of {last}"));
    print(&format!(
        "{}: {} of a {} installation{last}; copied at {}, verified, {} kB",
        backed_up.file.display(),
        counted(backed_up.extent.entries, "entry", "entries"),
        backed_up.kind,
        backed_up.copied_at,
        backed_up.bytes.div_ceil(1_000),
    ))
}
