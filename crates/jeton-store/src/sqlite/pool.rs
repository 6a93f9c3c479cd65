//! Reading connections, opened when one is needed and kept for the next.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::Failure;
use super::file::BUSY;
use crate::error::StoreError;
use crate::lock::Lock;

/// Connections beyond this many are closed after use.
const IDLE: usize = 16;

/// Where a database is, and how it is opened for reading.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// A path, or a URI where `flags` say so.
    name: PathBuf,
    flags: OpenFlags,
    /// For messages.
    shown: Arc<str>,
}

impl Place {
    pub(crate) fn file(path: PathBuf) -> Self {
        Self {
            shown: path.display().to_string().into(),
            name: path,
            flags: OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        }
    }

    /// A file that nobody writes while it is read.
    pub(crate) fn unchanging(path: &Path) -> Self {
        let mut uri = String::from("file:");
        for byte in path.as_os_str().as_bytes() {
            write!(uri, "%{byte:02x}").expect("a string takes everything");
        }
        uri.push_str("?immutable=1");
        Self {
            name: uri.into(),
            flags: OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
            shown: path.display().to_string().into(),
        }
    }

    /// A database in memory that all connections of this process share under `name`, and that is
    /// gone with the last of them.
    pub(crate) fn memory(name: &str) -> Self {
        Self {
            name: format!("file:/{name}?vfs=memdb").into(),
            flags: OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI,
            shown: name.into(),
        }
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn open(&self) -> Result<Connection, rusqlite::Error> {
        let connection = Connection::open_with_flags(&self.name, self.flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    }
}

/// Shared by all clones of a reader.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    place: Place,
    idle: Arc<Mutex<Vec<Connection>>>,
    _lock: Option<Arc<Lock>>,
}

impl Pool {
    /// The folder stays locked as long as there is a clone.
    pub(crate) fn new(place: Place, lock: Option<Arc<Lock>>) -> Self {
        Self { place, idle: Arc::default(), _lock: lock }
    }

    pub(crate) fn shown(&self) -> &str {
        self.place.shown()
    }

    /// Lends a connection to `read`. One that has failed is closed and not lent again.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        let kept = self.idle().pop();
        self.lend(kept, read).map_err(|failure| failure.explain(self.shown()))
    }

    fn lend<T>(
        &self,
        kept: Option<Connection>,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let connection = match kept {
            Some(connection) => connection,
            None => self.open()?,
        };
        let result = read(&connection)?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(result)
    }

    fn open(&self) -> Result<Connection, Failure> {
        let connection = self.place.open()?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
