//! The two ports of the log and of the rows beside it, over both engines.

use std::ops::ControlFlow;

use crate::batch::Batch;
use crate::checkpoint::Checkpoint;
use crate::enrolments::EnrolmentRow;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::keys::KeyRow;
use crate::memory::{MemoryReader, MemoryWriter};
use crate::people::{Device, Person};
use crate::presence::Presence;
use crate::sqlite::{SqliteReader, SqliteWriter};
use crate::verify::Difference;

/// Appends. One thread of one process has it.
#[derive(Debug)]
pub enum Writer {
    Sqlite(SqliteWriter),
    Memory(MemoryWriter),
}

impl Writer {
    /// Stores all of the batch, or nothing of it; durable on return. The hashes are the caller's:
    /// they are stored as they come.
    ///
    /// Conflict when the positions do not follow the log's last, the id of a new key or enrolment is
    /// taken, a key to revoke or an enrolment to withdraw is unknown, or one to use is over. After an error the writer goes on as if nothing had been asked.
    ///
    /// # Panics
    /// When the commit's hash is not on the last entry alone, or a number is 2⁶³ or more.
    pub fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(writer) => writer.append(batch),
            Self::Memory(writer) => writer.append(batch),
        }
    }

    /// Writes 64 kB durably and removes them again, to learn whether there is room.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(writer) => writer.probe(),
            Self::Memory(writer) => writer.probe(),
        }
    }

    /// Bytes of room on the disk; none in memory, or where it cannot be told.
    pub fn free(&self) -> Option<u64> {
        match self {
            Self::Sqlite(writer) => writer.free(),
            Self::Memory(_) => None,
        }
    }

    /// For tests of a full disk: the file may have at most this many pages of 4 kB, or as many as
    /// it has, if that is more. Nothing in memory.
    #[doc(hidden)]
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(writer) => writer.limit_pages(pages),
            Self::Memory(_) => Ok(()),
        }
    }
}

/// Reads what has been appended, from any thread; clones share their connections.
#[derive(Debug, Clone)]
pub enum Reader {
    Sqlite(SqliteReader),
    Memory(MemoryReader),
}

impl Reader {
    /// 0 when the log is empty.
    pub fn last_position(&self) -> Result<Position, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.last_position(),
            Self::Memory(reader) => Ok(reader.last_position()),
        }
    }

    /// At most `limit` entries after a position, in order; empty at the log's end.
    pub fn read(&self, after: Position, limit: usize) -> Result<Vec<Sealed>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.read(after, limit),
            Self::Memory(reader) => Ok(reader.read(after, limit)),
        }
    }

    pub fn entry(&self, position: Position) -> Result<Option<Sealed>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.entry(position),
            Self::Memory(reader) => Ok(reader.entry(position)),
        }
    }

    /// The entries at these positions, in their order: for who has them from a view. Corrupt
    /// when one is not there.
    pub fn entries(&self, positions: &[Position]) -> Result<Vec<Sealed>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.entries(positions),
            Self::Memory(reader) => reader.entries(positions),
        }
    }

    /// Every entry of a stream with a number after `after_seq`, in order, until `each` breaks.
    /// Reads the whole log, which has no second index: where the views are at hand, their
    /// positions and [`Reader::entries`] are the shorter way.
    pub fn scan_stream(
        &self,
        stream: &str,
        after_seq: u64,
        each: &mut dyn FnMut(Sealed) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(reader) => reader.scan_stream(stream, after_seq, each),
            Self::Memory(reader) => {
                reader.scan_stream(stream, after_seq, each);
                Ok(())
            }
        }
    }

    /// All people, by team and member.
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.people(),
            Self::Memory(reader) => Ok(reader.people()),
        }
    }

    /// All devices of a team, by member and device.
    pub fn devices(&self, team: &str) -> Result<Vec<Device>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.devices(team),
            Self::Memory(reader) => Ok(reader.devices(team)),
        }
    }

    pub fn device_name(&self, team: &str, member: u32, device: u64) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.device_name(team, member, device),
            Self::Memory(reader) => Ok(reader.device_name(team, member, device)),
        }
    }

    /// All keys, those that have ended too, by id.
    pub fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.keys(),
            Self::Memory(reader) => Ok(reader.keys()),
        }
    }

    /// All enrolments, those that are over too, by id.
    pub fn enrolments(&self) -> Result<Vec<EnrolmentRow>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.enrolments(),
            Self::Memory(reader) => Ok(reader.enrolments()),
        }
    }

    /// All of presence, by team and session.
    pub fn presence(&self) -> Result<Vec<Presence>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.presence(),
            Self::Memory(reader) => Ok(reader.presence()),
        }
    }

    /// The server's last sign of life, microseconds UTC.
    pub fn life(&self) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.life(),
            Self::Memory(reader) => Ok(reader.life()),
        }
    }

    /// The team's refusals that were repeated: number in the team's stream, and how often.
    pub fn repeats(&self, team: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.repeats(team),
            Self::Memory(reader) => Ok(reader.repeats(team)),
        }
    }

    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.meta(key),
            Self::Memory(reader) => Ok(reader.meta(key)),
        }
    }

    /// At most `limit` stored checkpoints after a position, in order.
    pub fn checkpoints(&self, after: Position, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.checkpoints(after, limit),
            Self::Memory(reader) => Ok(reader.checkpoints(after, limit)),
        }
    }

    pub fn newest_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.newest_checkpoint(),
            Self::Memory(reader) => Ok(reader.newest_checkpoint()),
        }
    }

    /// As [`Reader::read`], with what is wrong with a row that cannot be read in its place.
    pub(crate) fn rows(&self, after: Position, limit: usize) -> Result<Vec<Result<Sealed, Difference>>, StoreError> {
        match self {
            Self::Sqlite(reader) => reader.rows(after, limit),
            Self::Memory(reader) => Ok(reader.read(after, limit).into_iter().map(Ok).collect()),
        }
    }

    /// Whether the file's own structure is sound.
    pub(crate) fn sound(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(reader) => reader.sound(),
            Self::Memory(_) => Ok(()),
        }
    }
}
