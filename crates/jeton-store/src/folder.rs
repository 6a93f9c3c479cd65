//! The data folder: whose it is, what kind it is, and the ports of the files in it.
//!
//! What always holds: one process has a folder, for as long as the [`Folder`] or anything made
//! from it lives. A folder made by a sandbox is never served as a real one, nor the other way
//! round. What is in the folder beside `jeton.db`, `views.db` and `lock` is not known here.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Access;

use crate::backup::{Part, Unnamed};
use crate::error::StoreError;
use crate::lock::Lock;
use crate::ports::{Reader, Writer};
use crate::progress::Watch;
use crate::sqlite::{File, Place, Pool, SqliteReader, SqliteWriter};
use crate::views::{Views, ViewsReader};

/// Where a log is made that is to appear whole or not at all.
const ASIDE: &str = "making";

/// What an installation is for. A folder keeps the kind with which it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Real,
    Sandbox,
}

impl Kind {
    pub(crate) fn stored(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Sandbox => "sandbox",
        }
    }

    pub(crate) fn from_stored(stored: &str) -> Option<Self> {
        [Self::Real, Self::Sandbox].into_iter().find(|kind| kind.stored() == stored)
    }
}

/// A folder that no server has, to be read.
#[derive(Debug)]
pub struct Examined {
    pub kind: Kind,
    pub reader: Reader,
    /// As they were left; none where they are missing, of another version or unreadable. They may
    /// be behind the log, or of another one: a server makes such views anew when it starts.
    pub views: Option<ViewsReader>,
    place: Place,
}

impl Examined {
    /// A backup of what stands there.
    pub fn back_up(&self, to: &Path, parts: &[Part], watch: &Watch) -> Result<Unnamed, StoreError> {
        Unnamed::copied(&self.place, to, parts, watch)
    }
}

/// A folder that this process has.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
    lock: Arc<Lock>,
}

impl Folder {
    /// Takes the folder, and makes it (0700, with an empty log) when there is none.
    ///
    /// Unavailable when another process has it, or it cannot be written; Conflict when it is of
    /// the other kind, or was written by a newer version; Corrupt when its file is damaged, empty,
    /// or not ours.
    pub fn open(dir: &Path, kind: Kind) -> Result<Self, StoreError> {
        let dir = made(dir)?;
        writable(&dir)?;
        let lock = Arc::new(Lock::exclusive(&dir)?);
        cleared(&dir.join(ASIDE))?;
        let stored = File::in_folder(&dir).prepare(kind)?;
        match (stored, kind) {
            (Kind::Real, Kind::Real) | (Kind::Sandbox, Kind::Sandbox) => Ok(Self { dir, lock }),
            (Kind::Sandbox, Kind::Real) => Err(StoreError::Conflict(format!(
                "{} was made by a sandbox; start it with `--sandbox`, or choose another folder",
                dir.display()
            ))),
            (Kind::Real, Kind::Sandbox) => Err(StoreError::Conflict(format!(
                "{} is a real installation; start it without `--sandbox`, or choose another folder",
                dir.display()
            ))),
        }
    }

    /// Reads a folder that no server has. Changes nothing, and works where the folder may not be
    /// written. No server can start while the readers live.
    pub fn open_read_only(dir: &Path) -> Result<Examined, StoreError> {
        let dir = found(dir)?;
        let lock = Lock::shared(&dir)?.map(Arc::new);
        let (kind, place) = File::in_folder(&dir).examine()?;
        let views = Views::examine(&dir, lock.clone());
        let reader = Reader::Sqlite(SqliteReader::new(Pool::new(place.clone(), lock)));
        Ok(Examined { kind, reader, views, place })
    }

    /// Whose lock is held already.
    pub(crate) fn locked(dir: PathBuf, lock: Arc<Lock>) -> Self {
        Self { dir, lock }
    }

    /// The folder's path without links.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// For the one thread that writes.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        SqliteWriter::open(&File::in_folder(&self.dir), self.lock.clone()).map(Writer::Sqlite)
    }

    pub fn reader(&self) -> Reader {
        let place = File::in_folder(&self.dir).place();
        Reader::Sqlite(SqliteReader::new(Pool::new(place, Some(self.lock.clone()))))
    }

    /// A backup of what stands there at this moment, without its name yet. Writing goes on beside it, and the
    /// write-ahead log is kept until it is done.
    ///
    /// Conflict when there is a file of this name; Unavailable when there is no room, another backup is being written
    /// there, or it was broken off.
    pub fn back_up(&self, to: &Path, parts: &[Part], watch: &Watch) -> Result<Unnamed, StoreError> {
        Unnamed::copied(&File::in_folder(&self.dir).place(), to, parts, watch)
    }

    /// The views, as far as they were filled, or empty ones where those could not be trusted. For
    /// the one thread that fills them.
    pub fn views(&self) -> Result<Views, StoreError> {
        Views::in_folder(&self.dir, &self.reader(), self.lock.clone())
    }
}

/// A folder without a log, which this process has until it has one.
///
/// What always holds: the folder gets the whole log that was made aside, or stays without any, whenever the process
/// dies.
#[derive(Debug)]
pub struct Beginning {
    dir: PathBuf,
    _lock: Lock,
}

impl Beginning {
    /// Takes a folder, and makes it (0700) when there is none. None where there is a log already.
    ///
    /// Unavailable when another process has it, or it cannot be written; Corrupt when a part of a log is there.
    pub fn of(dir: &Path) -> Result<Option<Self>, StoreError> {
        let dir = made(dir)?;
        writable(&dir)?;
        let lock = Lock::exclusive(&dir)?;
        if File::in_folder(&dir).exists()? {
            return Ok(None);
        }
        cleared(&dir.join(ASIDE))?;
        Ok(Some(Self { dir, _lock: lock }))
    }

    /// The folder's path without links.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Where the log is to be made: a folder to be opened as any other, and closed before the end.
    pub fn aside(&self) -> PathBuf {
        self.dir.join(ASIDE)
    }

    /// Gives the folder the log, and its views, that were made aside; both have been closed.
    ///
    /// Unavailable when they have not.
    pub fn end(self) -> Result<(), StoreError> {
        let aside = self.aside();
        File::in_folder(&aside).make_whole()?;
        let moved = || {
            // The log last: views without their log are made anew, and so are those that were not closed.
            fs::rename(aside.join("views.db"), self.dir.join("views.db"))?;
            fs::rename(aside.join("jeton.db"), self.dir.join("jeton.db"))?;
            fs::File::open(&self.dir)?.sync_all()
        };
        moved().map_err(|error| StoreError::from_io(&self.dir.display().to_string(), &error))?;
        cleared(&aside)
    }
}

/// Removes what a process that died has left.
fn cleared(aside: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(aside) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::from_io(&aside.display().to_string(), &error)),
    }
}

fn made(dir: &Path) -> Result<PathBuf, StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| StoreError::from_io(&dir.display().to_string(), &error))?;
    found(dir)
}

/// SQLite would say only that it cannot open a file beside its own.
fn writable(dir: &Path) -> Result<(), StoreError> {
    rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| StoreError::from_io(&dir.display().to_string(), &error.into()))
}

fn found(dir: &Path) -> Result<PathBuf, StoreError> {
    fs::canonicalize(dir).map_err(|error| StoreError::from_io(&dir.display().to_string(), &error))
}
