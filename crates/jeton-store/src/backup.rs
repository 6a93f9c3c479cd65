//! A backup: one file with one consistent copy of `jeton.db`, and with the parts that a restore needs beside it.
//!
//! What always holds: a file under its final name is whole, was on the disk before it got that name, and has taken no
//! other file's place; what was broken off leaves at most a file `….part`, which the next try replaces. A backup is
//! marked as one, so that nobody serves it by mistake: two lives of one installation would go on from the same place
//! and know nothing of each other. It is a SQLite file; what its parts mean is the caller's.
//!
//! It holds names of people and, as parts, keys: it is made 0600, and is for its owner alone.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags};
use sha2::{Digest, Sha256};

use crate::error::{Cause, StoreError};
use crate::folder::Kind;
use crate::ports::Reader;
use crate::progress::{Step, Watch};
use crate::sqlite::{self, Place, Pool, SqliteReader};

/// How much is copied at a time.
const BLOCK: usize = 1 << 20;

/// Something beside the log, under a name of its caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub content: Vec<u8>,
}

impl Part {
    /// What tells a part that was altered from the one that was stored.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(u64::try_from(self.name.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(&self.name);
        digest.update(&self.content);
        digest.finalize().into()
    }
}

/// A backup without its name: whole and on the disk. Dropped without getting the name, it is removed.
#[derive(Debug)]
pub struct Unnamed {
    part: PathBuf,
    name: PathBuf,
    /// Holds the lock that keeps a second backup away from the same file.
    file: File,
    named: bool,
}

impl Unnamed {
    /// Copies what stands in `place` at this moment. Writing goes on beside it.
    pub(crate) fn copied(place: &Place, to: &Path, parts: &[Part], watch: &Watch) -> Result<Self, StoreError> {
        let unnamed = Self::beside(to)?;
        let size = sqlite::size(place)?;
        unnamed.has_room_for(size)?;
        sqlite::back_up(place, &unnamed.part, parts, watch, size)?;
        unnamed.file.sync_all().map_err(told(&unnamed.part))?;
        Ok(unnamed)
    }

    fn beside(name: &Path) -> Result<Self, StoreError> {
        if name.symlink_metadata().is_ok() {
            return Err(taken(name));
        }
        let mut part = name.to_owned().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&part)
            .map_err(told(&part))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Unavailable(
                    Cause::Busy,
                    format!(
                        "{} is being written by another backup; wait for it, or choose another file",
                        part.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::from_io(&part.display().to_string(), &error)),
        }
        // What was left by one that was broken off.
        file.set_len(0).map_err(told(&part))?;
        let unnamed = Self { part, name: name.to_owned(), file, named: false };
        remove(&unnamed.journal())?;
        unnamed.file.set_permissions(Permissions::from_mode(0o600)).map_err(told(&unnamed.part))?;
        Ok(unnamed)
    }

    /// Sooner than when half of it is written, and perhaps the disk of the server is full, too.
    fn has_room_for(&self, size: u64) -> Result<(), StoreError> {
        let system = rustix::fs::fstatvfs(&self.file).map_err(|error| told(&self.part)(error.into()))?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if size.saturating_add(ROOM) <= free {
            return Ok(());
        }
        Err(StoreError::Unavailable(
            Cause::Full,
            format!(
                "{}: the backup needs {} MB and there are {} MB; free some space there, or choose another disk",
                self.name.display(),
                size.saturating_add(ROOM) >> 20,
                free >> 20
            ),
        ))
    }

    /// To be verified, before it gets its name.
    pub fn open(&self) -> Result<Backup, StoreError> {
        Backup::open(&self.part)
    }

    /// Gives it its name, which nothing else has had meanwhile.
    pub fn name(mut self) -> Result<(), StoreError> {
        rename_new(&self.part, &self.name)?;
        self.named = true;
        sync_folder_of(&self.name)
    }

    fn journal(&self) -> PathBuf {
        let mut journal = self.part.clone().into_os_string();
        journal.push("-journal");
        journal.into()
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(self.journal());
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Bytes that are to stay free beside a backup.
const ROOM: u64 = 1 << 20;

/// A backup, to be read.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    pub kind: Kind,
    pub reader: Reader,
    pub parts: Vec<Part>,
}

impl Backup {
    /// Corrupt when it is no backup, or a part is not what was stored; Unavailable when a newer version made it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = || {
            let path = fs::canonicalize(path)?;
            if !fs::metadata(&path)?.is_file() {
                return Err(ErrorKind::InvalidInput.into());
            }
            Ok(path)
        };
        let path = open().map_err(told(path))?;
        let place = Place::unchanging(&path);
        let (kind, parts) = sqlite::look_at_backup(&place)?;
        Ok(Self { path, kind, reader: Reader::Sqlite(SqliteReader::new(Pool::new(place, None))), parts })
    }

    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&[u8]> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.content.as_slice())
    }

    /// Copies the file to `jeton.db.restoring` in `dir`, where it is to become the log of a new life.
    pub(crate) fn copy_into(&self, dir: &Path, watch: &Watch) -> Result<PathBuf, StoreError> {
        let to = dir.join(RESTORING);
        let mut from = File::open(&self.path).map_err(told(&self.path))?;
        let of = from.metadata().map_err(told(&self.path))?.len();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to).map_err(told(&to))?;
        let mut block = vec![0; BLOCK];
        let mut done = 0;
        loop {
            watch.tell(Step::Copy, done, of)?;
            let read = from.read(&mut block).map_err(told(&self.path))?;
            let Some(written) = block.get(..read).filter(|written| !written.is_empty()) else { break };
            file.write_all(written).map_err(told(&to))?;
            done += u64::try_from(read).unwrap_or(0);
        }
        file.sync_all().map_err(told(&to))?;
        sync_folder_of(&to)?;
        Ok(to)
    }
}

/// Under which name a copy lies in its folder until it is whole.
pub(crate) const RESTORING: &str = "jeton.db.restoring";

/// Renames, unless there is something of that name.
pub(crate) fn rename_new(from: &Path, to: &Path) -> Result<(), StoreError> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(taken(to)),
        // This file system knows no such renaming: a second name, and then without the first, comes to the same.
        Err(Errno::INVAL | Errno::NOSYS) => match fs::hard_link(from, to) {
            Ok(()) => fs::remove_file(from).map_err(told(from)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(to)),
            Err(error) => Err(told(to)(error)),
        },
        Err(error) => Err(told(to)(error.into())),
    }
}

fn taken(path: &Path) -> StoreError {
    StoreError::Conflict(format!("{} is there already, and is never written over; choose another file", path.display()))
}

/// Puts the names in a file's folder on the disk.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(told(folder))
}

/// Removes a file that need not be there.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(told(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn told(path: &Path) -> impl Fn(std::io::Error) -> StoreError + use<'_> {
    |error| StoreError::from_io(&path.display().to_string(), &error)
}
