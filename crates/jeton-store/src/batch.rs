//! What is written in one commit: entries of the log, and rows beside it.
//!
//! All of a batch is stored, or nothing of it. A batch may carry rows alone.

use crate::checkpoint::Checkpoint;
use crate::enrolments::EnrolmentRow;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::keys::KeyRow;
use crate::people::{Device, Person};
use crate::presence::Presence;

/// One commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order of their positions, which follow the log's last without a gap. The last one
    /// bears the hash of the commit, and no other does.
    pub entries: Vec<Sealed>,
    /// Applied in this order.
    pub beside: Vec<Beside>,
}

/// A change of a row beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// Takes the place of the row of the same team and member.
    Person(Person),
    /// Forgets a person and their devices (rule V5): no copy of the rows stays in the file. That there are none is no
    /// conflict.
    PersonErased { team: String, member: u32 },
    /// Takes the place of the row of the same team, member and device.
    Device(Device),
    /// A new key; a known id is a conflict.
    Key(KeyRow),
    /// Ends a key at `at` (microseconds UTC); an unknown id is a conflict, and a key that was
    /// revoked before keeps its instant.
    KeyRevoked { id: String, at: i64 },
    /// Ends the key of somebody who is erased as [`Beside::KeyRevoked`] does, and empties its label without leaving a
    /// copy: it may name them.
    KeyErased { id: String, at: i64 },
    /// A new enrolment; a known id is a conflict.
    Enrolment(EnrolmentRow),
    /// The enrolment's code was traded for a key at `at` (microseconds UTC). One that is unknown, was used or was
    /// withdrawn is a conflict: a code is good once.
    EnrolmentUsed { id: String, key: String, at: i64 },
    /// The enrolment's code is no longer good, from `at` on (microseconds UTC); an unknown id is a conflict, and one
    /// that was used or withdrawn before stays as it is.
    EnrolmentWithdrawn { id: String, at: i64 },
    /// Takes the place of the row of the same team and session.
    Presence(Presence),
    /// The session has ended; that it has no row is no conflict.
    PresenceGone { team: String, session: u64 },
    /// The server's own sign of life (rule W8), microseconds UTC; takes the place of the last.
    Life(i64),
    /// How often the refusal at `seq` of the team's stream was repeated since it was last told (rule V1); counts add
    /// up.
    Repeats { team: String, seq: u64, count: u64 },
    /// Takes the place of the one at the same position.
    Checkpoint(Checkpoint),
    /// Takes the place of the value of the same key. The store's own keys begin with `store.`.
    Meta { key: String, value: String },
}

impl Batch {
    /// Conflict when the positions do not follow `last`.
    ///
    /// # Panics
    /// When the commit's hash is not on the last entry, or is on another: a log with such a commit
    /// could never be verified.
    pub(crate) fn check(&self, last: Position) -> Result<(), StoreError> {
        let mut due = last;
        for entry in &self.entries {
            due += 1;
            if entry.position != due {
                return Err(StoreError::Conflict(format!(
                    "the log ends at position {last}, so that this commit's next entry must be {due} and not {}: \
                     another writer was here; load what it wrote and decide anew",
                    entry.position
                )));
            }
        }
        let bearers = self.entries.iter().filter(|entry| entry.commit.is_some());
        assert!(
            bearers.count() == usize::from(!self.entries.is_empty())
                && self.entries.last().is_none_or(|entry| entry.commit.is_some()),
            "the last entry of a commit bears its hash, and no other does"
        );
        Ok(())
    }
}
