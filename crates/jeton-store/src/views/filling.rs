//! One transaction of the follower: entries of the log become rows.
//!
//! The position goes with the rows, in the same transaction, so that the views never show a part
//! of an entry and never the same one twice.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::chain::Hash;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::sqlite::{Failure, whole};

/// A transaction; rolled back unless it is committed.
#[derive(Debug)]
pub struct Filling<'views> {
    transaction: Transaction<'views>,
    committed: &'views mut Position,
    /// The last entry that was followed in this transaction.
    last: Option<(Position, Hash)>,
    shown: &'views str,
}

impl<'views> Filling<'views> {
    pub(super) fn new(transaction: Transaction<'views>, committed: &'views mut Position, shown: &'views str) -> Self {
        Self { transaction, committed, last: None, shown }
    }

    /// The position up to which the log has been followed, this transaction included.
    pub fn position(&self) -> Position {
        self.last.map_or(*self.committed, |(position, _)| position)
    }

    /// Follows the log by one entry. What it means for the other tables is for the caller to add
    /// in the same transaction. Conflict when it is not the next one.
    pub fn follow(&mut self, entry: &Sealed) -> Result<(), StoreError> {
        let due = self.position() + 1;
        if entry.position != due {
            return Err(StoreError::Conflict(format!(
                "the views are to be filled with the entry at {due} next, and not with that at {}",
                entry.position
            )));
        }
        self.execute(
            "INSERT INTO entries (stream, seq, position) VALUES (?1, ?2, ?3)",
            params![entry.stream, whole(entry.seq), whole(entry.position)],
        )?;
        self.last = Some((entry.position, entry.hash));
        Ok(())
    }

    /// An id of a request was granted by the entry at `opened`.
    pub fn id_opened(&mut self, scope: &str, id: &str, stream: &str, opened: Position) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO ids (scope, id, stream, opened) VALUES (?1, ?2, ?3, ?4)",
            params![scope, id, stream, whole(opened)],
        )
    }

    pub fn commit(self) -> Result<(), StoreError> {
        if let Some((position, hash)) = self.last {
            self.execute("UPDATE follower SET position = ?1, hash = ?2", params![whole(position), hash])?;
        }
        let position = self.position();
        self.transaction.commit().map_err(|error| Failure::from(error).explain(self.shown))?;
        *self.committed = position;
        Ok(())
    }

    pub(super) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), StoreError> {
        self.changed(sql, parameters).map(|_| ())
    }

    /// How many rows it changed.
    pub(super) fn changed(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(parameters))
            .map_err(|error| Failure::from(error).explain(self.shown))
    }

    /// The first row that is there.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(parameters, read).optional())
            .map_err(|error| Failure::from(error).explain(self.shown))
    }
}
