//! `jeton verify`: whether the folder is what it was (V1 to V3).
//!
//! What always holds: nothing is changed. Exit status 0 means that everything holds; 1, that something does not, and
//! the first such thing is printed; 3, that it could not be looked at.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::{counted, print, print_json};
use crate::composition;
use crate::configuration::Configuration;
use crate::control::{Client, Difference, Extent, Verification, Verified};
use crate::failure::{Failure, refused, usage};
use crate::progress;

/// Recompute everything from the log and compare: balances, hash chains, read tables
///
/// Every entry is read and hashed again, every balance is folded anew and compared (granted = available + held +
/// spent + expired + returned + moved out, for every lot), and the read tables are rebuilt and compared. Works beside
/// a running server. Exit status 1 with the first difference, if there is one.
///
/// A checkpoint that was kept elsewhere shows more: that nothing was cut off the end, no team taken out, and no
/// history rewritten.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// A signed checkpoint, as GET /v1/checkpoint answered it, that the log must still contain
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton verify --data /var/lib/jeton
  curl -s -H \"Authorization: Bearer $KEY\" http://127.0.0.1:7878/v1/checkpoint > checkpoint.json
  jeton verify --data /var/lib/jeton --expect checkpoint.json";

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Printed<'a> {
    holds: bool,
    #[serde(flatten)]
    extent: Option<&'a Extent>,
    difference: Option<&'a Difference>,
}

pub(crate) async fn run(configuration: &Configuration, flags: Flags) -> Result<(), Failure> {
    let expect = match flags.expect {
        Some(path) => Some(
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read the checkpoint {}", path.display()))
                .map_err(usage)?,
        ),
        None => None,
    };
    let verification = Verification { expect };
    let verified = match Client::connect(&configuration.data).await? {
        Some(server) => progress::drawn(|watch| server.verify(&verification, watch)).await?,
        None => progress::drawn(|watch| composition::verify(configuration, &verification, watch)).await?,
    };

    match &verified {
        Verified::Holds(extent) if flags.json => {
            print_json(&Printed { holds: true, extent: Some(extent), difference: None })
        }
        Verified::Holds(extent) => print(&format!(
            "everything holds: {}, {}, {}, last commit {}",
            counted(extent.entries, "entry", "entries"),
            counted(extent.streams, "stream", "streams"),
            counted(extent.checkpoints, "checkpoint", "checkpoints"),
            extent.commit
        )),
        Verified::Differs(difference) => {
            if flags.json {
                print_json(&Printed { holds: false, extent: None, difference: Some(difference) })?;
            }
            Err(refused(sentence(difference)))
        }
    }
}

/// The difference as a sentence that names the team and the entry.
fn sentence(difference: &Difference) -> String {
    let Difference { stream, seq, position, what } = difference;
    let stream = stream.as_deref().map(|stream| match stream.split_once(':') {
        Some((kind, name)) => format!("{kind} {name}"),
        None => stream.to_owned(),
    });
    let place = [
        stream,
        seq.map(|seq| format!("entry {seq}")),
        position.map(|position| format!("position {position} of the log")),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    if place.is_empty() { what.clone() } else { format!("{}: {what}", place.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_team_and_the_entry() {
        let difference = |stream: Option<&str>, seq, position| Difference {
            stream: stream.map(str::to_owned),
            seq,
            position,
            what: "its content does not fit its hash".to_owned(),
        };
        assert_eq!(
            sentence(&difference(Some("team:acme"), Some(17), Some(203))),
            "team acme, entry 17, position 203 of the log: its content does not fit its hash"
        );
        assert!(sentence(&difference(Some("vendor"), Some(1), None)).starts_with("vendor, entry 1: "));
        assert_eq!(sentence(&difference(None, None, None)), "its content does not fit its hash");
    }
}
