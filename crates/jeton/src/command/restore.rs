//! `jeton restore`: an installation from a backup.
//!
//! What always holds: it goes into an empty folder and nowhere else, and is verified there before it is the folder's
//! log. It says from when the copy is, since what was decided after it is lost.

use std::path::PathBuf;

use clap::Args;

use super::{counted, print, print_json};
use crate::composition;
use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::progress;

/// Make an installation from a backup, in an empty folder
///
/// The folder is made, or empty; it is never written into one that is used. The copy is verified there once more. A
/// sandbox's backup makes a sandbox, a real one's a real installation.
///
/// The installation goes on from the moment of the copy, in a new epoch, which is an entry of the log: what was decided
/// elsewhere after the copy is lost, and checkpoints that were signed there after it do not fit. Checkpoints from before
/// it do (jeton verify --expect). Sessions that were open are open, and have the usual time to be heard again. Never let
/// both lives serve: each would charge and know nothing of the other.
///
/// People who were erased after the copy are in it: erase them again. API keys that were made after it are unknown, and
/// keys that were revoked after it are good again: revoke them again.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton restore /var/backups/jeton.backup --data /var/lib/jeton
  jeton verify --data /var/lib/jeton --expect checkpoint.json
  jeton serve --data /var/lib/jeton";

pub(crate) async fn run(configuration: &Configuration, flags: Flags) -> Result<(), Failure> {
    let restored = progress::drawn(|watch| composition::restore(configuration, &flags.file, watch)).await?;
    if flags.json {
        return print_json(&restored);
    }
    let last = restored.last.as_ref().map_or_else(String::new, |last| format!(", the last of {last}"));
    print(&format!(
        "{}: {} of a {} installation{last}; copied at {}, verified, epoch {}\n\
         what was decided after the copy was made is not in it",
        restored.data.display(),
        counted(restored.extent.entries, "entry", "entries"),
        restored.kind,
        restored.copied_at,
        restored.epoch,
    ))
}
