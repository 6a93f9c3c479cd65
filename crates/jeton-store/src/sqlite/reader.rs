//! Reads `jeton.db` beside the writer, from as many threads as ask.

use std::ops::ControlFlow;

use rusqlite::params;

use super::{Failure, Pool, rows};
use crate::checkpoint::Checkpoint;
use crate::enrolments::EnrolmentRow;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::keys::KeyRow;
use crate::people::{Device, Person};
use crate::presence::Presence;
use crate::verify::Difference;

/// How many entries of a stream are read at a time.
const SCAN: usize = 1_024;

/// Reads `jeton.db`.
#[derive(Debug, Clone)]
pub struct SqliteReader(Pool);

impl SqliteReader {
    pub(crate) fn new(pool: Pool) -> Self {
        Self(pool)
    }

    pub(crate) fn last_position(&self) -> Result<Position, StoreError> {
        self.0.read(rows::last_position)
    }

    /// Entries after a position, each or what is wrong with it. Positions ascend, so that a
    /// caller that goes on after the last one comes to an end whatever the file holds.
    pub(crate) fn rows(&self, after: Position, limit: usize) -> Result<Vec<Result<Sealed, Difference>>, StoreError> {
        self.0.read(|connection| {
            let sql = format!("SELECT {} FROM log WHERE position > ?1 ORDER BY position LIMIT ?2", rows::SEALED);
            let mut found = rows::all(connection, &sql, [capped(after), capped(limit)], rows::sealed)?;
            let mut last = after;
            for row in &mut found {
                if let Ok(entry) = row {
                    if entry.position <= last {
                        *row = Err(Difference::at(entry, format!("it stands after position {last} in the file")));
                    } else {
                        last = entry.position;
                    }
                }
            }
            Ok(found)
        })
    }

    pub(crate) fn read(&self, after: Position, limit: usize) -> Result<Vec<Sealed>, StoreError> {
        self.rows(after, limit)?.into_iter().collect::<Result<_, _>>().map_err(|difference| self.damaged(&difference))
    }

    pub(crate) fn entry(&self, position: Position) -> Result<Option<Sealed>, StoreError> {
        let Some(before) = position.checked_sub(1) else {
            return Ok(None);
        };
        let next = self.read(before, 1)?.into_iter().next();
        Ok(next.filter(|entry| entry.position == position))
    }

    pub(crate) fn entries(&self, positions: &[Position]) -> Result<Vec<Sealed>, StoreError> {
        let found = self.0.read(|connection| {
            let sql = format!("SELECT {} FROM log WHERE position = ?1", rows::SEALED);
            let mut statement = connection.prepare_cached(&sql)?;
            positions
                .iter()
                .map(|position| {
                    let mut found = statement.query([capped(*position)])?;
                    match found.next()? {
                        Some(row) => rows::sealed(row),
                        None => Err(missing(*position).into()),
                    }
                })
                .collect::<Result<Vec<_>, Failure>>()
        })?;
        found.into_iter().collect::<Result<_, _>>().map_err(|difference| self.damaged(&difference))
    }

    pub(crate) fn scan_stream(
        &self,
        stream: &str,
        after_seq: u64,
        each: &mut dyn FnMut(Sealed) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {} FROM log WHERE position > ?1 AND stream = ?2 AND seq > ?3
             ORDER BY position LIMIT ?4",
            rows::SEALED
        );
        let mut after = 0;
        loop {
            // A page at a time, so that no snapshot is held while the caller works.
            let page = self.0.read(|connection| {
                rows::all(
                    connection,
                    &sql,
                    params![capped(after), stream, capped(after_seq), capped(SCAN)],
                    rows::sealed,
                )
            })?;
            let last_page = page.len() < SCAN;
            for row in page {
                let entry = row.map_err(|difference| self.damaged(&difference))?;
                if entry.position <= after {
                    return Err(
                        self.damaged(&Difference::at(&entry, format!("it stands after position {after} in the file")))
                    );
                }
                after = entry.position;
                if each(entry).is_break() {
                    return Ok(());
                }
            }
            if last_page {
                return Ok(());
            }
        }
    }

    pub(crate) fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.0.read(rows::people)
    }

    pub(crate) fn devices(&self, team: &str) -> Result<Vec<Device>, StoreError> {
        self.0.read(|connection| rows::devices(connection, team))
    }

    pub(crate) fn device_name(&self, team: &str, member: u32, device: u64) -> Result<Option<String>, StoreError> {
        self.0.read(|connection| rows::device_name(connection, team, member, device))
    }

    pub(crate) fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        self.0.read(rows::keys)
    }

    pub(crate) fn enrolments(&self) -> Result<Vec<EnrolmentRow>, StoreError> {
        self.0.read(rows::enrolments)
    }

    pub(crate) fn presence(&self) -> Result<Vec<Presence>, StoreError> {
        self.0.read(rows::presence)
    }

    pub(crate) fn life(&self) -> Result<Option<i64>, StoreError> {
        self.0.read(rows::life)
    }

    pub(crate) fn repeats(&self, team: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        self.0.read(|connection| rows::repeats(connection, team))
    }

    pub(crate) fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.0.read(|connection| rows::meta(connection, key))
    }

    pub(crate) fn checkpoints(&self, after: Position, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        self.0.read(|connection| rows::checkpoints(connection, capped(after), capped(limit)))
    }

    pub(crate) fn newest_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.0.read(rows::newest_checkpoint)
    }

    /// Whether the file's own structure is sound, all of it.
    pub(crate) fn sound(&self) -> Result<(), StoreError> {
        self.0.read(|connection| {
            let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if found == "ok" { Ok(()) } else { Err(StoreError::damaged(self.0.shown(), found).into()) }
        })
    }

    fn damaged(&self, difference: &Difference) -> StoreError {
        StoreError::damaged(self.0.shown(), difference)
    }
}

/// An entry that a view points at is not in the log.
pub(crate) fn missing(position: Position) -> StoreError {
    StoreError::Corrupt(format!("the log has no entry at position {position}; run `jeton verify`"))
}

/// A bound that a caller gave: what is larger than SQLite's largest number is beyond every row.
fn capped(bound: impl TryInto<i64>) -> i64 {
    bound.try_into().unwrap_or(i64::MAX)
}
