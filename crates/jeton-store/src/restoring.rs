//! A folder that is made from a backup.
//!
//! What always holds: the folder was empty before, and has no `jeton.db` until that is whole. Until then the copy has
//! another name, by which a server that comes too early knows that it must not begin anew there.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backup::{Backup, rename_new, sync_folder_of};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::lock::Lock;
use crate::ports::Reader;
use crate::progress::Watch;
use crate::sqlite::{self, Place, Pool, SqliteReader};

/// A folder with a copy in it that is not its log yet. Dropped before it is finished, the copy is removed.
#[derive(Debug)]
pub struct Restoring {
    dir: PathBuf,
    copy: PathBuf,
    lock: Option<Arc<Lock>>,
    /// The folder itself is of this restore, and goes with it.
    made: bool,
}

impl Restoring {
    /// Copies a backup into a folder, which is made (0700) when there is none. Conflict when there is anything in it.
    pub fn begin(backup: &Backup, dir: &Path, watch: &Watch) -> Result<Self, StoreError> {
        let told = |error: std::io::Error| StoreError::from_io(&dir.display().to_string(), &error);
        let made = !dir.try_exists().map_err(told)?;
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(told)?;
        let dir = fs::canonicalize(dir).map_err(told)?;
        empty(&dir)?;
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).map_err(told)?;
        let lock = Some(Arc::new(Lock::exclusive(&dir)?));
        let mut restoring = Self { copy: PathBuf::new(), dir, lock, made };
        // Named before it is made: whatever there is of it is removed when it fails.
        restoring.copy = restoring.dir.join(crate::backup::RESTORING);
        backup.copy_into(&restoring.dir, watch)?;
        Ok(restoring)
    }

    /// The folder's path without links.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The copy, to be verified.
    pub fn reader(&self) -> Reader {
        Reader::Sqlite(SqliteReader::new(Pool::new(Place::unchanging(&self.copy), self.lock.clone())))
    }

    /// Makes the copy the folder's log, with these rows of `meta` in it. Nobody may read the copy any more.
    pub fn finish(mut self, meta: &[(&str, &str)]) -> Result<Folder, StoreError> {
        sqlite::become_log(&self.copy, meta)?;
        let log = self.dir.join("jeton.db");
        rename_new(&self.copy, &log)?;
        sync_folder_of(&log)?;
        let lock = self.lock.take().expect("it is given away here alone");
        Ok(Folder::locked(self.dir.clone(), lock))
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if self.lock.is_none() {
            return;
        }
        let mut journal = self.copy.clone().into_os_string();
        journal.push("-journal");
        for left_over in [Path::new(&journal), &self.copy, &self.dir.join("lock")] {
            let _ = fs::remove_file(left_over);
        }
        if self.made {
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

/// That there is nothing in a folder, but the lock of one that was left before it was used.
fn empty(dir: &Path) -> Result<(), StoreError> {
    let told = |error: std::io::Error| StoreError::from_io(&dir.display().to_string(), &error);
    for found in fs::read_dir(dir).map_err(told)? {
        let name = found.map_err(told)?.file_name();
        if name == crate::backup::RESTORING {
            return Err(StoreError::Conflict(format!(
                "a restore into {} was broken off; remove what it left there, and restore again",
                dir.display()
            )));
        }
        if name != "lock" {
            return Err(StoreError::Conflict(format!(
                "{} is not empty ({} is there); choose an empty folder, or one that is not there yet",
                dir.display(),
                name.display()
            )));
        }
    }
    Ok(())
}
