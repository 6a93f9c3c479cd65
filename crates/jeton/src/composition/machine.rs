//! What `jeton check` asks of the folder, the disk and the clocks.
//!
//! What always holds: nothing is changed, but for one small file that is written to measure the disk, and removed.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use jeton_core::time::Instant;
use jeton_engine::{Machine as _, ThisMachine};
use jeton_store::{Folder, StoreError};

use super::{last_of, stored};
use crate::failure::Failure;

/// How often the disk is asked to make a block durable.
const WRITES: usize = 21;
/// As much as a small commit has.
const BLOCK: [u8; 4_096] = [7; 4_096];

/// What stands in a folder that no server has.
pub(crate) struct Stored {
    pub(crate) sandbox: bool,
    /// The instant of the newest entry, in microseconds since 1970.
    pub(crate) last: Option<i64>,
}

/// The disk under a folder.
pub(crate) struct Disk {
    pub(crate) free_mb: u64,
    /// How long it takes to make 4 kB durable, in the middle of some tries; none where it cannot be written.
    pub(crate) durable: Option<Duration>,
}

/// The clocks of this machine.
pub(crate) struct Clocks {
    /// The wall clock, in microseconds since 1970.
    pub(crate) wall: i64,
    /// Whether the kernel calls it synchronised.
    pub(crate) synchronised: bool,
}

/// What a look at the files comes to.
pub(crate) enum Looked {
    At(Stored),
    /// An older version wrote them: as a sentence.
    Outdated(String),
}

/// Opens the files as a start would, to read them.
pub(crate) fn looked_at(folder: &Path) -> Result<Looked, Failure> {
    let examined = match Folder::open_read_only(folder) {
        Ok(examined) => examined,
        Err(StoreError::Outdated(told)) => return Ok(Looked::Outdated(told)),
        Err(error) => return Err(stored(&error)),
    };
    let sandbox = examined.kind == jeton_store::Kind::Sandbox;
    Ok(Looked::At(Stored { sandbox, last: last_of(&examined.reader)?.map(Instant::micros) }))
}

/// Measures the disk under a folder that is there.
pub(crate) fn disk(folder: &Path) -> std::io::Result<Disk> {
    let system = rustix::fs::statvfs(folder)?;
    let free_mb = system.f_bavail.saturating_mul(system.f_frsize) >> 20;
    Ok(Disk { free_mb, durable: durable(folder).ok() })
}

pub(crate) fn clocks() -> Clocks {
    Clocks { wall: ThisMachine.wall(), synchronised: ThisMachine.synchronised() }
}

fn durable(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join(format!(".check-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let mut took = Vec::with_capacity(WRITES);
    let written = (0..WRITES).try_for_each(|_| {
        let begun = ThisMachine.steady();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        took.push(ThisMachine.steady().saturating_sub(begun));
        Ok(())
    });
    std::fs::remove_file(&path)?;
    written.map(|()| {
        took.sort_unstable();
        took.get(WRITES / 2).copied().unwrap_or_default()
    })
}
