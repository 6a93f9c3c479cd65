//! Where an installation is kept: in memory or in a folder. An engine can be started on it again and again.

use std::path::Path;

use jeton_store::{Folder, Kind, Memory, Reader, Views, Writer, memory};
use tempfile::TempDir;

/// What a process finds again after the one before it has died.
pub(crate) enum Place {
    Memory(Memory),
    Folder(TempDir),
}

/// One process's hands on a place.
pub(crate) struct Ports {
    pub(crate) writer: Writer,
    pub(crate) reader: Reader,
    pub(crate) views: Views,
    /// None in memory.
    pub(crate) folder: Option<Folder>,
}

impl Place {
    pub(crate) fn memory() -> Self {
        Self::Memory(memory())
    }

    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    /// One of each.
    pub(crate) fn both() -> [Self; 2] {
        [Self::memory(), Self::folder()]
    }

    pub(crate) fn ports(&self, kind: Kind) -> Ports {
        match self {
            Self::Memory(memory) => {
                Ports { writer: memory.writer(), reader: memory.reader(), views: memory.views().unwrap(), folder: None }
            }
            Self::Folder(dir) => {
                let folder = Folder::open(dir.path(), kind).unwrap();
                Ports {
                    writer: folder.writer().unwrap(),
                    reader: folder.reader(),
                    views: folder.views().unwrap(),
                    folder: Some(folder),
                }
            }
        }
    }

    /// The folder's path; none in memory.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::Folder(dir) => Some(dir.path()),
        }
    }
}
