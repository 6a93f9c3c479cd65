//! Copies of `jeton.db` that SQLite makes: a backup with its parts, and how it becomes a log again.
//!
//! What always holds: a copy is of one moment, made on a connection that reads, so that the one who writes does not
//! wait for it. It is written anew, page by page, and so has nothing of what was erased (V5).

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::time::Instant;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OpenFlags, params};

use super::file::{self, Mark};
use super::{Failure, Place, Pool, SqliteReader, rows};
use crate::backup::{Part, remove, rename_new, sync_folder_of};
use crate::entry::Position;
use crate::error::StoreError;
use crate::folder::Kind;
use crate::ports::Reader;
use crate::progress::{Step, Watch};
use crate::verify::{Unverified, chain_check};

/// How many steps of SQLite's machine go by between two looks at how far it is.
const STEPS: i32 = 20_000;

const PARTS: &str = "
    CREATE TABLE backup_parts (
        name    TEXT NOT NULL PRIMARY KEY,
        content BLOB NOT NULL,
        digest  BLOB NOT NULL -- SHA-256 of name and content
    ) STRICT, WITHOUT ROWID;
";

/// How many bytes a copy of the file will have, about.
pub(crate) fn size(place: &Place) -> Result<u64, StoreError> {
    let size = || -> Result<u64, Failure> {
        let connection = place.open()?;
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
        Ok(u64::try_from(pages.saturating_mul(number("page_size")?)).unwrap_or(0))
    };
    size().map_err(|failure| failure.explain(place.shown()))
}

/// Copies what stands in `place` at this moment into the empty file `to`. Who waits is told about every megabyte of
/// `of`, and may break it off.
pub(crate) fn copy_rows(place: &Place, to: &Path, watch: &Watch, of: u64) -> Result<(), StoreError> {
    let stopped: Arc<Mutex<Option<StoreError>>> = Arc::default();
    let copied = || -> Result<(), Failure> {
        let mut connection = place.open()?;
        let (watch, written, tell) = (watch.clone(), to.to_owned(), stopped.clone());
        let look = move || {
            let done = std::fs::metadata(&written).map_or(0, |written| written.len());
            let Err(stop) = watch.tell(Step::Copy, done.min(of), of) else { return false };
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
            true
        };
        connection.progress_handler(STEPS, Some(look))?;
        let to = to.to_str().ok_or_else(|| {
            StoreError::Conflict(format!("{} is no text that SQLite can take; choose another name", to.display()))
        })?;
        connection.execute("VACUUM INTO ?1", [to])?;
        Ok(())
    };
    let copied = copied();
    if let Some(stop) = stopped.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(stop);
    }
    copied.map_err(|failure| failure.explain(&to.display().to_string()))
}

/// Before a file is brought to a newer form: a copy beside it, verified, named by its form and its newest entry's instant.
/// One that is there already was made of the same log by a try that did not come to its end, and is kept.
pub(crate) fn copy_before(path: &Path, place: &Place, form: usize) -> Result<(), StoreError> {
    let log = SqliteReader::new(Pool::new(place.clone(), None));
    let last = log.last_position()?;
    let at = log.entry(last)?.map_or(0, |entry| entry.at);
    let at = Instant::from_micros(at).unwrap_or(Instant::FIRST);
    let copy = path.with_file_name(format!("jeton-form{form}-{}.db", at.compact()));
    let stands = copy.try_exists().map_err(|error| StoreError::from_io(&copy.display().to_string(), &error))?;
    if stands {
        return holds(&copy, last);
    }
    let part = copy.with_extension("part");
    remove(&part)?;
    let made = || -> Result<(), StoreError> {
        let told = |error: std::io::Error| StoreError::from_io(&part.display().to_string(), &error);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(told)?;
        copy_rows(place, &part, &Watch::nobody(), 0)?;
        file.sync_all().map_err(told)?;
        holds(&part, last)?;
        rename_new(&part, &copy)?;
        sync_folder_of(&copy)
    };
    let made = made();
    if made.is_err() {
        let _ = remove(&part);
    }
    made
}

/// That a copy has the whole log, chained as it was written, in a sound file.
fn holds(copy: &Path, last: Position) -> Result<(), StoreError> {
    let reader = Reader::Sqlite(SqliteReader::new(Pool::new(Place::unchanging(copy), None)));
    match chain_check(&reader, None, &Watch::nobody(), |_| Ok(())) {
        Ok(found) if found.entries == last => Ok(()),
        Ok(_) => Err(StoreError::Corrupt(format!(
            "{} is a copy of another log; move it away, and start again",
            copy.display()
        ))),
        Err(Unverified::Difference(difference)) => Err(StoreError::Corrupt(format!(
            "no sound copy can be made before the file is brought up to date: {difference}; use the former version, \
             and restore the last backup"
        ))),
        Err(Unverified::Store(error)) => Err(error),
    }
}

/// The same as a backup: with its parts, and marked as one.
pub(crate) fn back_up(place: &Place, to: &Path, parts: &[Part], watch: &Watch, of: u64) -> Result<(), StoreError> {
    copy_rows(place, to, watch, of)?;
    let completed = || -> Result<(), Failure> {
        let mut connection = writing(to)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(PARTS)?;
        for part in parts {
            let row = params![part.name, part.content, part.digest()];
            transaction.execute("INSERT INTO backup_parts (name, content, digest) VALUES (?1, ?2, ?3)", row)?;
        }
        file::mark(&transaction, Mark::Backup)?;
        transaction.commit()?;
        connection.close().map_err(|(_, error)| Failure::from(error))
    };
    completed().map_err(|failure| failure.explain(&to.display().to_string()))
}

/// What kind of installation a backup is of, and its parts.
pub(crate) fn look_at_backup(place: &Place) -> Result<(Kind, Vec<Part>), StoreError> {
    let look = || -> Result<(Kind, Vec<Part>), Failure> {
        let connection = place.open()?;
        file::recognise(&connection, Mark::Backup)?;
        let parts =
            rows::all(&connection, "SELECT name, content, digest FROM backup_parts ORDER BY name", [], |row| {
                let part = Part { name: row.get(0)?, content: row.get(1)? };
                let digest: [u8; 32] = row.get(2)?;
                if digest == part.digest() {
                    return Ok(part);
                }
                Err(FromSqlError::Other(format!("its part {} is not what was stored", part.name).into()).into())
            })?;
        Ok((file::stored_kind(&connection)?, parts))
    };
    look().map_err(|failure| failure.explain(place.shown()))
}

/// Makes a copied backup the log of a new life: without its parts, with these rows of `meta`, in this version's form.
pub(crate) fn become_log(path: &Path, meta: &[(&str, &str)]) -> Result<(), StoreError> {
    let become_log = || -> Result<(), Failure> {
        let mut connection = writing(path)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch("DROP TABLE backup_parts")?;
        for (key, value) in meta {
            transaction.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value])?;
        }
        file::mark(&transaction, Mark::Log)?;
        transaction.commit()?;
        file::migrate(&mut connection)?;
        connection.close().map_err(|(_, error)| Failure::from(error))
    };
    become_log().map_err(|failure| failure.explain(&path.display().to_string()))
}

/// A file that nobody else has, without a write-ahead log; what is dropped from it is overwritten.
fn writing(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}
