//! One process has the folder: a lock of the operating system on `DIR/lock`, which ends with the
//! process however that dies. The file says who has it, for the message to who comes second.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Cause, StoreError};

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// For who writes: nobody else may have the folder, nor read it.
    pub(crate) fn exclusive(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::from_io(&path.display().to_string(), &error))?;
        taken(dir, &mut file, File::try_lock)?;
        // Only the message to a second process needs it, so a full disk does not stop the first.
        // Of a fixed width, so that it covers what was there.
        let _ = file.write_all(format!("{:<20}\n", std::process::id()).as_bytes());
        Ok(Self(file))
    }

    /// For who only reads: no writer may have the folder. Nothing to hold where nobody ever
    /// locked and the folder may not be written.
    pub(crate) fn shared(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join("lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::from_io(&path.display().to_string(), &error)),
        };
        taken(dir, &mut file, File::try_lock_shared)?;
        Ok(Some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, and not left to the closing: a child that is just being started may hold a copy.
        let _ = self.0.unlock();
    }
}

fn taken(dir: &Path, file: &mut File, take: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<(), StoreError> {
    match take(file) {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let who = match holder.trim() {
                "" => String::new(),
                pid => format!(" (pid {pid})"),
            };
            Err(StoreError::Unavailable(
                Cause::Busy,
                format!(
                    "{} is in use by another jeton process{who}; stop that one, or choose another folder",
                    dir.display()
                ),
            ))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::from_io(&dir.display().to_string(), &error)),
    }
}
