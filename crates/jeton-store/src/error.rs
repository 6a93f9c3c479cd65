//! What can go wrong with stored things, in four kinds.
//!
//! The texts are for who runs the server: each says what to do. None of them is for a client.

/// Why something could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is stored is not what the caller believes: another writer was here, a key's id is
    /// taken, or the folder is of the other kind or of a newer version.
    #[error("{0}")]
    Conflict(String),
    /// Nothing was stored, and nothing is lost; it works again when the cause has gone.
    #[error("{1}")]
    Unavailable(Cause, String),
    /// An older version of the program wrote it; a start of the server brings it up to date.
    #[error("{0}")]
    Outdated(String),
    /// What is stored cannot be understood, and waiting will not help.
    #[error("{0}")]
    Corrupt(String),
}

/// What has to go before the store works again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The disk has no room.
    Full,
    /// The folder or a file in it may not be written.
    ReadOnly,
    /// Another process has the folder, or another program has locked a file.
    Busy,
    /// The machine could not read or write.
    Io,
    /// A newer version of the program wrote it, and can read it.
    Newer,
}

impl StoreError {
    /// Of an operation on `what`, a path.
    pub(crate) fn from_io(what: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = error.kind();
        if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            Self::full(what)
        } else if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            Self::read_only(what)
        } else {
            Self::io(what, error)
        }
    }

    pub(crate) fn full(what: &str) -> Self {
        Self::Unavailable(Cause::Full, format!("{what}: the disk is full; free some space on it, and writing goes on"))
    }

    pub(crate) fn read_only(what: &str) -> Self {
        Self::Unavailable(
            Cause::ReadOnly,
            format!(
                "{what} is read-only here; make the folder and the files in it writable for the user that runs jeton"
            ),
        )
    }

    pub(crate) fn busy(what: &str) -> Self {
        Self::Unavailable(Cause::Busy, format!("{what} is locked by another program; close what has it open"))
    }

    pub(crate) fn io(what: &str, detail: impl std::fmt::Display) -> Self {
        Self::Unavailable(
            Cause::Io,
            format!("{what} cannot be read or written ({detail}); check the path and the disk"),
        )
    }

    pub(crate) fn damaged(what: &str, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!(
            "{what} is damaged ({detail}); stop the server, keep the file, and restore the last backup"
        ))
    }
}
