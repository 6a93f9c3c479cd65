//! The one writing connection of `jeton.db`.
//!
//! What always holds: a batch is one transaction, on the disk when `append` returns. A transaction
//! that fails, or that is left by a panic, is rolled back, and the connection goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Failure, File, erasing, rows};
use crate::batch::Batch;
use crate::error::StoreError;
use crate::lock::Lock;

/// What a probe must find room for: more than a usual commit.
const PROBE_BYTES: i64 = 64 << 10;

/// Writes `jeton.db`.
#[derive(Debug)]
pub struct SqliteWriter {
    connection: Connection,
    file: String,
    /// The write-ahead log may have rows that were erased since (V5); one that was found at the start, too.
    log_may_tell: bool,
    _lock: Arc<Lock>,
}

impl SqliteWriter {
    pub(crate) fn open(file: &File, lock: Arc<Lock>) -> Result<Self, StoreError> {
        Ok(Self { connection: file.writing()?, file: file.name(), log_may_tell: true, _lock: lock })
    }

    pub(crate) fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let emptied: BTreeSet<&str> = batch.beside.iter().flat_map(erasing::emptied).copied().collect();
        self.commit(|transaction| {
            batch.check(rows::last_position(transaction)?)?;
            for entry in &batch.entries {
                rows::append(transaction, entry)?;
            }
            for row in &batch.beside {
                rows::write(transaction, row)?;
            }
            for table in &emptied {
                erasing::write_anew(transaction, table)?;
            }
            Ok(())
        })?;
        self.log_may_tell |= !emptied.is_empty();
        if self.log_may_tell {
            // What is durable stays so; where it is not possible now, it is tried with the next commit, and at the end.
            self.log_may_tell = !erasing::empty_log(&self.connection);
        }
        Ok(())
    }

    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        self.commit(|transaction| {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO probe (one, room) VALUES (1, zeroblob(?1))")?
                .execute([PROBE_BYTES])?;
            Ok(())
        })?;
        self.commit(|transaction| {
            transaction.prepare_cached("DELETE FROM probe")?.execute([])?;
            Ok(())
        })
    }

    pub(crate) fn free(&self) -> Option<u64> {
        let system = rustix::fs::statvfs(self.file.as_str()).ok()?;
        Some(system.f_bavail.saturating_mul(system.f_frsize))
    }

    pub(crate) fn limit_pages(&mut self, pages: u32) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "max_page_count", pages)
            .map_err(|error| Failure::from(error).explain(&self.file))
    }

    fn commit(&mut self, write: impl FnOnce(&Transaction<'_>) -> Result<(), Failure>) -> Result<(), StoreError> {
        self.transact(write).map_err(|failure| failure.explain(&self.file))
    }

    fn transact(&mut self, write: impl FnOnce(&Transaction<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        write(&transaction)?;
        transaction.commit()?;
        Ok(())
    }
}

impl Drop for SqliteWriter {
    /// Takes the write-ahead log into the file, so that the file alone is whole. Where readers or
    /// the disk do not allow it, the next start does it.
    fn drop(&mut self) {
        let _emptied = erasing::empty_log(&self.connection);
    }
}
