//! Epochs: the lives of one installation. Each restore from a copy begins one, by an entry.
//!
//! What always holds: the entry is the first after the copy's last, and bears its instant. It says when the copy was
//! made and taken, by the wall clocks of the machines, so that two lives which went on from one copy have different
//! histories from there on: a checkpoint of the one never fits the other. No rule asks for an epoch.

use jeton_core::entry::{Author, Entry, VendorFact};
use jeton_core::time::Instant;
use jeton_store::{Batch, Reader, StoreError, Writer, stored};

use crate::house::House;

/// Under which key a restore leaves word to begin an epoch, until there is an entry of it.
pub const RESTORED: &str = "engine.restored";

/// A life of the installation, other than its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    pub epoch: u32,
    /// By the wall clock of the machine that made the copy.
    pub copied_at: Instant,
    /// By the wall clock of the machine that took it.
    pub restored_at: Instant,
}

impl Epoch {
    /// The word that a restore leaves under [`RESTORED`].
    pub fn word(copied_at: Instant, restored_at: Instant) -> String {
        format!("{copied_at} {restored_at}")
    }

    pub(crate) fn of(fact: &VendorFact) -> Option<Self> {
        if let VendorFact::EpochBegun { epoch, copied_at, restored_at } = *fact {
            return Some(Self { epoch, copied_at, restored_at });
        }
        None
    }
}

/// Begins the epoch that a restore has left word of, and answers the one in which the log now is; none in the first.
/// Whoever comes first does it: the restore itself, or, if that died, the next start.
pub fn begin_epoch(reader: &Reader, writer: &mut Writer) -> Result<Option<Epoch>, StoreError> {
    let mut house = House::load(reader)?;
    begin_in(&mut house, reader, writer)?;
    Ok(house.epochs.last().map(|begun| begun.epoch))
}

/// The same, over a log that is folded already.
pub(crate) fn begin_in(house: &mut House, reader: &Reader, writer: &mut Writer) -> Result<(), StoreError> {
    let Some(word) = reader.meta(RESTORED)? else { return Ok(()) };
    let damaged = || StoreError::Corrupt(format!("the word of a restore, {word:?}, cannot be read; restore again"));
    let (copied_at, restored_at) = word.split_once(' ').ok_or_else(damaged)?;
    let instant = |text: &str| text.parse::<Instant>().map_err(|_| damaged());
    let (copied_at, restored_at) = (instant(copied_at)?, instant(restored_at)?);
    let last = house.epochs.last().map(|begun| begun.epoch);
    if last.is_some_and(|last| (last.copied_at, last.restored_at) == (copied_at, restored_at)) {
        return Ok(());
    }
    let epoch = last.map_or(1, |last| last.epoch).saturating_add(1);
    let fact = VendorFact::EpochBegun { epoch, copied_at, restored_at };
    let entry = Entry { at: house.last_at, by: Author::Operator, fact };
    let sealed = house.seal(house.vendor_stream(), entry.at, stored::encode(&entry));
    let mut entries = vec![sealed];
    house.seal_commit(&mut entries);
    writer.append(&Batch { entries: entries.clone(), beside: Vec::new() })?;
    // As it would have been read.
    for sealed in &entries {
        house.replay(sealed)?;
    }
    Ok(())
}
