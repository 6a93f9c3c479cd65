//! From SQLite's result codes to the three kinds of store errors.

use rusqlite::ffi;

use crate::error::StoreError;

/// What can happen inside a transaction, before the file's name is known.
#[derive(Debug)]
pub(crate) enum Failure {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Failure {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sql(error.into())
    }
}

impl Failure {
    /// In words, about `file`.
    pub(crate) fn explain(self, file: &str) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Sql(error) => error,
        };
        let Some(code) = error.sqlite_error().map(|error| error.extended_code) else {
            // Not SQLite, but a stored value that is not of the shape that we write.
            return StoreError::damaged(file, error);
        };
        if code == ffi::SQLITE_IOERR_SHMSIZE {
            // The index of the write-ahead log could not be made larger.
            return StoreError::full(file);
        }
        match code & 0xff {
            ffi::SQLITE_FULL => StoreError::full(file),
            ffi::SQLITE_READONLY | ffi::SQLITE_PERM => StoreError::read_only(file),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => StoreError::busy(file),
            ffi::SQLITE_IOERR
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_NOMEM
            | ffi::SQLITE_INTERRUPT
            | ffi::SQLITE_NOLFS => StoreError::io(file, error),
            _ => StoreError::damaged(file, error),
        }
    }
}
