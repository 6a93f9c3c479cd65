//! The views: everything that is derived from the log, in a file of its own that may be deleted.
//!
//! What always holds: the views show the log up to one position, all of it, and nothing after.
//! They are made anew when their version differs, when they are of another log, when they cannot
//! be read, and when the machine went down while they were open, since their commits do not wait
//! for the disk. A process that dies does no harm: what it had committed is with the kernel.
//! What is not here: the meaning of entries. Who fills the views says what each entry adds.

mod comparison;
mod filling;
mod lists;
mod reader;
mod remaining;
mod rows;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use crate::chain::{Hash, ORIGIN};
use crate::entry::Position;
use crate::error::StoreError;
use crate::lock::Lock;
use crate::ports::Reader;
use crate::sqlite::{BUSY, Failure, Place, Pool, count};

pub use filling::Filling;
pub use lists::{Group, GroupBy, OrderRow, UsageAsked, UsageRow};
pub use reader::{IdRow, ViewsReader};
pub use remaining::LowBalance;
pub use rows::{JOBS, SESSIONS, orders_of};

/// Of `views/schema.sql` and of what is written into it.
const VERSION: i64 = 3;

const SCHEMA: &str = include_str!("views/schema.sql");

/// The views, for the one thread that fills them.
#[derive(Debug)]
pub struct Views {
    connection: Connection,
    position: Position,
    pool: Pool,
    /// None in memory.
    file: Option<PathBuf>,
    _lock: Option<Arc<Lock>>,
}

impl Views {
    /// The views of a folder, as far as they can be trusted.
    pub(crate) fn in_folder(dir: &Path, log: &Reader, lock: Arc<Lock>) -> Result<Self, StoreError> {
        let path = dir.join("views.db");
        let boot = boot();
        let kept = match kept(&path, boot.as_deref(), log) {
            Ok(kept) => kept,
            Err(StoreError::Corrupt(_)) => None,
            Err(error @ (StoreError::Conflict(_) | StoreError::Outdated(_) | StoreError::Unavailable(..))) => {
                return Err(error);
            }
        };
        let (connection, position) = match kept {
            Some(kept) => kept,
            None => (anew(&path)?, 0),
        };
        let views = Self {
            connection,
            position,
            pool: Pool::new(Place::file(path.clone()), Some(lock.clone())),
            file: Some(path),
            _lock: Some(lock),
        };
        views.told(mark_open(&views.connection, boot.as_deref()))?;
        Ok(views)
    }

    /// Reads the views of a folder that nobody fills; none where there are none of this version.
    pub(crate) fn examine(dir: &Path, lock: Option<Arc<Lock>>) -> Option<ViewsReader> {
        let place = Place::file(dir.join("views.db"));
        let connection = place.open().ok()?;
        left(&connection).ok().flatten()?;
        Some(ViewsReader::new(Pool::new(place, lock)))
    }

    /// Empty views in memory, gone with the last of their connections.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let place = Place::memory(&format!("jeton-views-{number}"));
        let made = place.open().map_err(Failure::from).and_then(|mut connection| {
            make(&mut connection)?;
            Ok(connection)
        });
        Ok(Self {
            connection: made.map_err(|failure| failure.explain(place.shown()))?,
            position: 0,
            pool: Pool::new(place, None),
            file: None,
            _lock: None,
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The position up to which the views show the log.
    pub fn position(&self) -> Position {
        self.position
    }

    pub fn reader(&self) -> ViewsReader {
        ViewsReader::new(self.pool.clone())
    }

    /// Begins a transaction. What is filled in is seen by readers when it is committed, and
    /// forgotten when it is dropped.
    pub fn begin(&mut self) -> Result<Filling<'_>, StoreError> {
        let shown = self.pool.shown();
        match self.connection.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => Ok(Filling::new(transaction, &mut self.position, shown)),
            Err(error) => Err(Failure::from(error).explain(shown)),
        }
    }

    /// Puts everything on the disk and says so in the file, so that the next start trusts it
    /// whatever happens to the machine.
    pub fn close(self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        for part in [file.clone(), suffixed(file, "-wal")] {
            match fs::File::open(&part).and_then(|part| part.sync_all()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(StoreError::from_io(&part.display().to_string(), &error));
                }
            }
        }
        self.told(mark_closed(&self.connection))
    }

    /// Gives the file up, for who found it damaged: the next [`Folder::views`] makes it anew.
    ///
    /// [`Folder::views`]: crate::Folder::views
    pub fn discard(self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => remove(file),
            None => Ok(()),
        }
    }

    fn told<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.explain(self.pool.shown()))
    }
}

/// The file as it was left, and its position; none where it must be made anew.
fn kept(path: &Path, boot: Option<&str>, log: &Reader) -> Result<Option<(Connection, Position)>, StoreError> {
    let exists = path.try_exists().map_err(|error| StoreError::from_io(&path.display().to_string(), &error))?;
    if !exists {
        return Ok(None);
    }
    let looked = connect(path).and_then(|connection| {
        let left = left(&connection)?;
        Ok((connection, left))
    });
    let (connection, left) = looked.map_err(|failure| failure.explain(&path.display().to_string()))?;
    let Some(left) = left else {
        return Ok(None);
    };
    let trusted = match &left.open_boot {
        None => true,
        // The process died and the kernel did not, so nothing that was committed is lost.
        Some(open) => boot == Some(open),
    };
    Ok((trusted && left.is_of(log)?).then_some((connection, left.position)))
}

/// How the follower left the file.
struct Left {
    position: Position,
    hash: Hash,
    open_boot: Option<String>,
}

impl Left {
    /// Whether the log has, where the views end, the entry with which they end.
    fn is_of(&self, log: &Reader) -> Result<bool, StoreError> {
        if self.position == 0 {
            return Ok(true);
        }
        let entry = log.entry(self.position)?;
        Ok(entry.is_some_and(|entry| entry.hash == self.hash))
    }
}

fn left(connection: &Connection) -> Result<Option<Left>, Failure> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let left = connection.query_row("SELECT position, hash, open_boot FROM follower", [], |row| {
        Ok(Left { position: count(row.get_ref(0)?)?, hash: row.get(1)?, open_boot: row.get(2)? })
    })?;
    Ok(Some(left))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for part in [path.to_owned(), suffixed(path, "-wal"), suffixed(path, "-shm")] {
        match fs::remove_file(&part) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::from_io(&part.display().to_string(), &error)),
        }
    }
    Ok(())
}

fn anew(path: &Path) -> Result<Connection, StoreError> {
    remove(path)?;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::from_io(&path.display().to_string(), &error))?;
    let made = connect(path).and_then(|mut connection| {
        make(&mut connection)?;
        Ok(connection)
    });
    made.map_err(|failure| failure.explain(&path.display().to_string()))
}

fn connect(path: &Path) -> Result<Connection, Failure> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(connection)
}

fn make(connection: &mut Connection) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO follower (one, position, hash) VALUES (1, 0, ?1)", [ORIGIN])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// The mark is in the file itself, on the disk, before anything is written that does not wait for
/// the disk.
fn mark_open(connection: &Connection, boot: Option<&str>) -> Result<(), Failure> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute("UPDATE follower SET open_boot = ?1", params![boot.unwrap_or("unknown")])?;
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(())
}

fn mark_closed(connection: &Connection) -> Result<(), Failure> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute("UPDATE follower SET open_boot = NULL", [])?;
    Ok(())
}

/// Which run of the machine this is; none where the kernel does not say.
fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.trim().to_owned())
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
