//! Erasure in `jeton.db` (rule V5): what is deleted is in no byte of the file, nor of its write-ahead log.
//!
//! `secure_delete` overwrites a deleted row where it lies. It does not reach the copies that stay in the unused part
//! of a page whose rows were moved to another one, so the tables that had the row are written anew, page by page: it
//! takes as long as writing everybody who is left. What a file system or a disk keeps of blocks that were written
//! over is not in our hands.

use rusqlite::Connection;

use super::Failure;
use super::file::BUSY;
use crate::batch::Beside;

/// The tables that a row beside the log is erased from.
pub(crate) fn emptied(row: &Beside) -> &'static [&'static str] {
    match row {
        Beside::PersonErased { .. } => &["people", "devices"],
        Beside::KeyErased { .. } => &["keys"],
        Beside::Person(_)
        | Beside::Device(_)
        | Beside::Key(_)
        | Beside::KeyRevoked { .. }
        | Beside::Enrolment(_)
        | Beside::EnrolmentUsed { .. }
        | Beside::EnrolmentWithdrawn { .. }
        | Beside::Presence(_)
        | Beside::PresenceGone { .. }
        | Beside::Life(_)
        | Beside::Repeats { .. }
        | Beside::Checkpoint(_)
        | Beside::Meta { .. } => &[],
    }
}

/// Writes all rows of a table into fresh pages; those that they leave are overwritten. The copy in between is in
/// memory (`temp_store`).
pub(crate) fn write_anew(connection: &Connection, table: &str) -> Result<(), Failure> {
    connection.execute_batch(&format!(
        "CREATE TEMP TABLE staying AS SELECT * FROM main.{table};
         DELETE FROM main.{table};
         INSERT INTO main.{table} SELECT * FROM staying;
         DROP TABLE staying;"
    ))?;
    Ok(())
}

/// Takes the write-ahead log into the file and makes it empty, without waiting; whether that was possible. It is not
/// while somebody reads an older state.
pub(crate) fn empty_log(connection: &Connection) -> bool {
    let _ = connection.busy_timeout(std::time::Duration::ZERO);
    let busy: Result<i64, _> = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    let _ = connection.busy_timeout(BUSY);
    busy == Ok(0)
}
