//! `jeton.db` as a file: made, recognised, refused, and brought to this version's form.
//!
//! What always holds: a file under its name is whole. A new one is made under another name and
//! moved, so that an empty or cut `jeton.db` is damage and never a first start.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use super::copy::copy_before;
use super::{Failure, Place};
use crate::backup::RESTORING;
use crate::error::{Cause, StoreError};
use crate::folder::Kind;

/// The stored form's steps, in order; the file's `user_version` says how many it has taken.
/// A step that was ever released is never changed.
const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_first.sql"), include_str!("migrations/0002_enrolments.sql")];

/// What a file says that it is, in the place that SQLite's header has for the name of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Log,
    Backup,
}

impl Mark {
    /// `Jetn` and `Jetb`.
    fn application_id(self) -> i64 {
        match self {
            Self::Log => 0x4a65_746e,
            Self::Backup => 0x4a65_7462,
        }
    }
}

/// How long a statement waits for another program's lock.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// At how many pages of 4 kB the write-ahead log is taken into the file.
const CHECKPOINT_PAGES: i64 = 4_000;

/// What the write-ahead log may keep on the disk once it was taken over, in bytes.
const KEPT_LOG_BYTES: i64 = 64 << 20;

/// `jeton.db` in its folder.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
}

impl File {
    pub(crate) fn in_folder(dir: &Path) -> Self {
        Self { path: dir.join("jeton.db") }
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Makes the file when there is none, and brings it to this version's form.
    /// Answers what kind of installation made it; a new one is made of `kind`.
    pub(crate) fn prepare(&self, kind: Kind) -> Result<Kind, StoreError> {
        if !self.exists()? {
            self.make(kind)?;
        }
        // Before it is opened for writing, so that what is refused is left as it is.
        self.told(open_and_look(&self.place()).and_then(|connection| recognise(&connection, Mark::Log)))?;
        self.bring_up(MIGRATIONS)
    }

    /// Takes the steps that are missing, with a copy of what stood before.
    fn bring_up(&self, steps: &[&str]) -> Result<Kind, StoreError> {
        let stands = self.told(open_and_look(&self.place()).and_then(|connection| version(&connection)))?;
        if stands < steps.len() {
            copy_before(&self.path, &self.place(), stands)?;
        }
        let mut connection = self.writing()?;
        self.told(take_steps(&mut connection, steps))?;
        self.told(stored_kind(&connection))
    }

    /// Looks at a file that is only to be read.
    pub(crate) fn examine(&self) -> Result<(Kind, Place), StoreError> {
        if !self.exists()? {
            return Err(StoreError::io(&self.name(), "there is no such file, so this is not a folder of jeton"));
        }
        let (place, connection) = self.open_to_examine()?;
        self.told(recognise(&connection, Mark::Log))?;
        let version = self.told(version(&connection))?;
        if version < MIGRATIONS.len() {
            return Err(StoreError::Outdated(format!(
                "{} was written by an older jeton; start the server once, which brings it up to date",
                self.name()
            )));
        }
        let kind = self.told(stored_kind(&connection))?;
        Ok((kind, place))
    }

    /// The connection of the one who writes.
    pub(crate) fn writing(&self) -> Result<Connection, StoreError> {
        let opened = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        );
        let connection = self.told(opened.map_err(Failure::from))?;
        if self.told(connection.is_readonly(MAIN_DB).map_err(Failure::from))? {
            return Err(StoreError::read_only(&self.name()));
        }
        self.told(settle(&connection))?;
        Ok(connection)
    }

    /// Where readers find it.
    pub(crate) fn place(&self) -> Place {
        Place::file(self.path.clone())
    }

    /// Takes the write-ahead log over into the file, which is then all there is of it, unless somebody has it open.
    pub(crate) fn make_whole(&self) -> Result<(), StoreError> {
        let closed = self.writing()?.close().map_err(|(_, error)| Failure::from(error));
        self.told(closed)?;
        if self.suffixed("-wal").exists() {
            return Err(StoreError::busy(&self.name()));
        }
        Ok(())
    }

    /// Corrupt when only a part of it is there.
    pub(crate) fn exists(&self) -> Result<bool, StoreError> {
        let exists =
            |path: &Path| path.try_exists().map_err(|error| StoreError::from_io(&path.display().to_string(), &error));
        if exists(&self.path)? {
            return Ok(true);
        }
        let log = self.suffixed("-wal");
        if exists(&log)? {
            // SQLite would play the orphan into whatever file next has the name.
            return Err(StoreError::Corrupt(format!(
                "{} is missing, but {} is there; put the two together again, or restore the last backup",
                self.name(),
                log.display()
            )));
        }
        let copy = self.path.with_file_name(RESTORING);
        if exists(&copy)? {
            // An empty installation here would be taken for the one that was to be restored.
            return Err(StoreError::Corrupt(format!(
                "a restore into this folder was broken off, {} is there; remove what it left, and restore again",
                copy.display()
            )));
        }
        Ok(false)
    }

    fn make(&self, kind: Kind) -> Result<(), StoreError> {
        let unfinished = self.suffixed(".new");
        let told = |error: std::io::Error| StoreError::from_io(&self.name(), &error);
        for left_over in [&unfinished, &self.suffixed(".new-journal")] {
            match fs::remove_file(left_over) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(told(error)),
            }
        }
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(told)?;
        self.told(fill(&unfinished, kind))?;
        fs::rename(&unfinished, &self.path).map_err(told)?;
        let dir = self.path.parent().expect("the file is in a folder");
        fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(told)
    }

    /// In a folder that may not be written SQLite cannot coordinate with others, so the file is
    /// read as one that nobody changes. That is true only when no write-ahead log is waiting.
    fn open_to_examine(&self) -> Result<(Place, Connection), StoreError> {
        let place = self.place();
        let failure = match open_and_look(&place) {
            Ok(connection) => return Ok((place, connection)),
            Err(failure) => failure.explain(&self.name()),
        };
        match failure {
            StoreError::Unavailable(cause @ (Cause::ReadOnly | Cause::Io), _) => {
                if fs::metadata(self.suffixed("-wal")).is_ok_and(|log| log.len() > 0) {
                    return Err(StoreError::Unavailable(
                        cause,
                        format!(
                            "{} was not closed cleanly and its folder may not be written; copy the folder to a place that may be",
                            self.name()
                        ),
                    ));
                }
                let place = Place::unchanging(&self.path);
                let connection = self.told(open_and_look(&place))?;
                Ok((place, connection))
            }
            StoreError::Unavailable(Cause::Full | Cause::Busy | Cause::Newer, _)
            | StoreError::Conflict(_)
            | StoreError::Outdated(_)
            | StoreError::Corrupt(_) => Err(failure),
        }
    }

    fn suffixed(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    fn told<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.explain(&self.name()))
    }
}

/// SQLite opens a file when it is first read.
fn open_and_look(place: &Place) -> Result<Connection, Failure> {
    let connection = place.open()?;
    version(&connection)?;
    Ok(connection)
}

/// Writes a new file, with everything in it on the disk.
fn fill(path: &Path, kind: Kind) -> Result<(), Failure> {
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    mark(&connection, Mark::Log)?;
    migrate(&mut connection)?;
    connection.execute("INSERT INTO meta (key, value) VALUES ('store.kind', ?1)", [kind.stored()])?;
    connection.close().map_err(|(_, error)| Failure::from(error))
}

/// How the writing connection works: durable when a commit returns, and deleted rows overwritten.
fn settle(connection: &Connection) -> Result<(), Failure> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::Store(StoreError::io(
            connection.path().unwrap_or_default(),
            "this file system cannot keep a write-ahead log; choose a folder on a local disk",
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", KEPT_LOG_BYTES)?;
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, Failure> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Says in a file what it is.
pub(crate) fn mark(connection: &Connection, mark: Mark) -> Result<(), Failure> {
    Ok(connection.pragma_update(None, "application_id", mark.application_id())?)
}

/// Refuses what is not ours, and what a newer version wrote.
pub(crate) fn recognise(connection: &Connection, wanted: Mark) -> Result<(), Failure> {
    let file = connection.path().unwrap_or_default();
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != wanted.application_id() {
        let is = |mark: Mark| application == mark.application_id();
        return Err(Failure::Store(StoreError::Corrupt(match wanted {
            Mark::Log if is(Mark::Backup) => format!(
                "{file} is a backup, and never served as it is; restore it into an empty folder by `jeton restore`"
            ),
            Mark::Log => format!(
                "{file} is empty or not a file of jeton; keep it, and restore the last backup or choose another folder"
            ),
            Mark::Backup if is(Mark::Log) => {
                format!("{file} is a log in use, or a plain copy of one, and no backup; make one by `jeton backup`")
            }
            Mark::Backup => format!("{file} is not a backup of jeton; choose another file"),
        })));
    }
    let version = version(connection)?;
    if version > MIGRATIONS.len() {
        return Err(Failure::Store(StoreError::Unavailable(
            Cause::Newer,
            format!(
                "{file} was written by a newer jeton (form {version}, this one knows {}); use that one",
                MIGRATIONS.len()
            ),
        )));
    }
    Ok(())
}

/// Brings a file of any form up to this version's.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    take_steps(connection, MIGRATIONS)
}

fn take_steps(connection: &mut Connection, steps: &[&str]) -> Result<(), Failure> {
    let from = version(connection)?;
    for (step, sql) in steps.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        let version = i64::try_from(step + 1).expect("a handful of steps");
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(crate) fn stored_kind(connection: &Connection) -> Result<Kind, Failure> {
    let stored: String =
        connection.query_row("SELECT value FROM meta WHERE key = 'store.kind'", [], |row| row.get(0))?;
    Kind::from_stored(&stored).ok_or_else(|| {
        Failure::Store(StoreError::damaged(
            connection.path().unwrap_or_default(),
            format!("it says that it is of the kind {stored:?}"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::entry::Sealed;
    use crate::progress::Watch;
    use crate::verify::chain_check;
    use crate::{Folder, chain};

    /// A step that only this test knows.
    const LATER: &str = "CREATE TABLE later (one INTEGER PRIMARY KEY) STRICT; INSERT INTO later VALUES (7);";

    /// A file of this version's form, with one entry, of 2026-03-02T08:00:00Z; and the steps with one more.
    fn older() -> (tempfile::TempDir, File, Vec<&'static str>) {
        let dir = tempfile::tempdir().unwrap();
        let at = 1_772_438_400_000_000;
        let hash = chain::link(&chain::ORIGIN, "vendor", 1, at, b"{}");
        let mut entry =
            Sealed { position: 1, stream: "vendor".into(), seq: 1, at, body: (*b"{}").into(), hash, commit: None };
        entry.commit = Some(chain::commit(&chain::ORIGIN, std::slice::from_ref(&entry)));
        let folder = Folder::open(dir.path(), Kind::Real).unwrap();
        folder.writer().unwrap().append(&crate::Batch { entries: vec![entry], beside: Vec::new() }).unwrap();
        drop(folder);
        let file = File::in_folder(dir.path());
        (dir, file, MIGRATIONS.iter().copied().chain([LATER]).collect())
    }

    fn copies(dir: &Path) -> Vec<PathBuf> {
        let found = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        found.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("jeton-form")).collect()
    }

    #[test]
    fn an_older_form_is_copied_before_it_is_brought_up() {
        let (dir, file, steps) = older();
        assert_eq!(file.bring_up(&steps).unwrap(), Kind::Real);
        let connection = file.writing().unwrap();
        assert_eq!(version(&connection).unwrap(), steps.len());
        let seven: i64 = connection.query_row("SELECT one FROM later", [], |row| row.get(0)).unwrap();
        assert_eq!(seven, 7);

        let copies = copies(dir.path());
        let name = format!("jeton-form{}-20260302T080000Z.db", steps.len() - 1);
        assert_eq!(copies, [dir.path().join(name)], "named by its form and its newest entry's instant");
        assert_eq!(fs::metadata(&copies[0]).unwrap().permissions().mode() & 0o777, 0o600);
        // Put in its place again, it is what it was.
        let again = tempfile::tempdir().unwrap();
        fs::copy(&copies[0], again.path().join("jeton.db")).unwrap();
        let folder = Folder::open(again.path(), Kind::Real).unwrap();
        assert_eq!(chain_check(&folder.reader(), None, &Watch::nobody(), |_| Ok(())).unwrap().entries, 1);
    }

    #[test]
    fn a_folder_of_every_form_that_there_was_is_opened_with_a_copy() {
        for form in 1..MIGRATIONS.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("jeton.db");
            let mut connection = Connection::open(&path).unwrap();
            mark(&connection, Mark::Log).unwrap();
            take_steps(&mut connection, &MIGRATIONS[..form]).unwrap();
            let kind = "INSERT INTO meta (key, value) VALUES ('store.kind', 'real'), ('issuer', 'us')";
            connection.execute(kind, []).unwrap();
            drop(connection);
            let folder = Folder::open(dir.path(), Kind::Real).unwrap();
            assert_eq!(folder.reader().meta("issuer").unwrap().as_deref(), Some("us"));
            assert_eq!(version(&Connection::open(&path).unwrap()).unwrap(), MIGRATIONS.len());
            let copies = copies(dir.path());
            assert_eq!(copies, [dir.path().join(format!("jeton-form{form}-20000101T000000Z.db"))]);
            assert_eq!(version(&Connection::open(&copies[0]).unwrap()).unwrap(), form);
        }
    }

    #[test]
    fn a_form_of_today_is_not_copied() {
        let (dir, file, _) = older();
        file.bring_up(MIGRATIONS).unwrap();
        assert_eq!(copies(dir.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn without_a_sound_copy_nothing_is_changed() {
        let (dir, file, steps) = older();
        // The chain of the log does not hold.
        file.writing().unwrap().execute("UPDATE log SET body = X'7b20207d'", []).unwrap();
        let refused = file.bring_up(&steps).unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains("copy")), "{refused}");
        assert_eq!(version(&file.writing().unwrap()).unwrap(), MIGRATIONS.len());
        assert_eq!(copies(dir.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_step_that_fails_leaves_the_form_before_and_the_copy_serves_the_next_try() {
        let (dir, file, mut steps) = older();
        steps.push("CREATE TABLE log (twice INTEGER) STRICT");
        let failed = file.bring_up(&steps).unwrap_err();
        assert!(failed.to_string().contains("jeton.db"), "{failed}");
        assert_eq!(version(&file.writing().unwrap()).unwrap(), MIGRATIONS.len() + 1, "each step is whole");
        assert_eq!(copies(dir.path()).len(), 1);
        // Of that form, too, there is a copy before it goes on.
        steps.pop();
        steps.push("CREATE TABLE last (one INTEGER) STRICT");
        file.bring_up(&steps).unwrap();
        assert_eq!(copies(dir.path()).len(), 2);
    }
}
