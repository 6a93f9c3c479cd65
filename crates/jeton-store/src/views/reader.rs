//! Reads the views beside the follower, from as many threads as ask.

use rusqlite::{OptionalExtension, params};

use crate::entry::Position;
use crate::error::StoreError;
use crate::sqlite::{Failure, Pool, all, count};

/// Reads the views; clones share their connections.
#[derive(Debug, Clone)]
pub struct ViewsReader(Pool);

/// An id that a request was granted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdRow {
    pub stream: String,
    /// Of the entry that granted it.
    pub opened: Position,
}

impl ViewsReader {
    pub(super) fn new(pool: Pool) -> Self {
        Self(pool)
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.0
    }

    /// The position up to which the views show the log.
    pub fn position(&self) -> Result<Position, StoreError> {
        self.0.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT position FROM follower")?;
            let position = statement.query_row([], |row| Ok(count(row.get_ref(0)?)?))?;
            Ok(position)
        })
    }

    /// What an id was granted for, and up to which position that was looked for.
    pub fn id(&self, scope: &str, id: &str) -> Result<(Option<IdRow>, Position), StoreError> {
        self.0.read(|connection| {
            // In one transaction, so that the position is the one that the answer is of.
            let snapshot = connection.unchecked_transaction()?;
            let position = snapshot
                .prepare_cached("SELECT position FROM follower")?
                .query_row([], |row| Ok(count(row.get_ref(0)?)?))?;
            let found = snapshot
                .prepare_cached("SELECT stream, opened FROM ids WHERE scope = ?1 AND id = ?2")?
                .query_row([scope, id], |row| Ok(IdRow { stream: row.get(0)?, opened: count(row.get_ref(1)?)? }))
                .optional()?;
            Ok((found, position))
        })
    }

    /// Where at most `limit` entries of a stream after `after_seq` are in the log, in order.
    pub fn positions(&self, stream: &str, after_seq: u64, limit: usize) -> Result<Vec<Position>, StoreError> {
        let after_seq = i64::try_from(after_seq).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.0.read(|connection| {
            all(
                connection,
                "SELECT position FROM entries WHERE stream = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                params![stream, after_seq, limit],
                |row| count(row.get_ref(0)?).map_err(Failure::from),
            )
        })
    }

    /// Stream and number of the entry at a position of the log. Reads the whole table: for who
    /// looks for one that is gone.
    pub fn entry_at(&self, position: Position) -> Result<Option<(String, u64)>, StoreError> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let found = self.0.read(|connection| {
            all(connection, "SELECT stream, seq FROM entries WHERE position = ?1", [position], |row| {
                Ok((row.get(0)?, count(row.get_ref(1)?)?))
            })
        })?;
        Ok(found.into_iter().next())
    }
}
