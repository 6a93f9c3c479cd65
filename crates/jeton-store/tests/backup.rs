//! Backups: what is in one, who gets no name, what is left when one is broken off, and the folder that is made of it.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

mod history;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use history::History;
use jeton_store::verify::chain_check;
use jeton_store::{
    Backup, Batch, Beside, Cause, Folder, Kind, Part, Person, Reader, Restoring, StoreError, Watch, Writer,
};
use tempfile::TempDir;

/// A served folder, and a place beside it.
struct Stage {
    place: TempDir,
    folder: Folder,
    writer: Writer,
    history: History,
}

impl Stage {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("data"), Kind::Sandbox).unwrap();
        let writer = folder.writer().unwrap();
        let mut stage = Self { place, folder, writer, history: History::new() };
        stage.commit(&[Beside::Meta { key: "issuer".to_owned(), value: "us".to_owned() }]);
        stage
    }

    fn commit(&mut self, beside: &[Beside]) {
        let Batch { entries, .. } = self.history.commit(&[("vendor", "a"), ("team:acme", "b")]);
        self.writer.append(&Batch { entries, beside: beside.to_vec() }).unwrap();
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A backup under its name.
    fn back_up(&self, name: &str) -> PathBuf {
        let file = self.beside(name);
        self.folder.back_up(&file, &parts(), &Watch::nobody()).unwrap().name().unwrap();
        file
    }

    /// What lies beside the folder.
    fn found(&self) -> Vec<String> {
        let found = fs::read_dir(self.place.path()).unwrap();
        let mut names: Vec<String> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "data");
        names.sort_unstable();
        names
    }
}

const NOTHING: [String; 0] = [];

fn parts() -> Vec<Part> {
    vec![Part { name: "keys/one".to_owned(), content: b"the secret of this test".to_vec() }]
}

fn entries(reader: &Reader) -> u64 {
    chain_check(reader, None, &Watch::nobody(), |_| Ok(())).unwrap().entries
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn restored(backup: &Backup, dir: &Path) -> Folder {
    Restoring::begin(backup, dir, &Watch::nobody()).unwrap().finish(&[("mark", "again")]).unwrap()
}

#[test]
fn a_backup_has_everything_of_one_moment_and_its_parts() {
    let mut stage = Stage::new();
    let unnamed = stage.folder.back_up(&stage.beside("one"), &parts(), &Watch::nobody()).unwrap();
    assert_eq!(stage.found(), ["one.part"], "it has no name before it was looked at");
    stage.commit(&[]);
    let opened = unnamed.open().unwrap();
    assert_eq!((entries(&opened.reader), opened.kind), (2, Kind::Sandbox), "of the moment at which it was made");
    assert_eq!(opened.parts, parts());
    assert_eq!(opened.reader.meta("issuer").unwrap().as_deref(), Some("us"));
    unnamed.name().unwrap();
    assert_eq!(stage.found(), ["one"]);
    assert_eq!(mode(&stage.beside("one")), 0o600);
    assert_eq!(entries(&stage.folder.reader()), 4, "the folder goes on");

    // Also of a folder that nobody serves.
    let data = stage.folder.path().to_owned();
    let Stage { place, folder, writer, .. } = stage;
    drop((folder, writer));
    let file = place.path().join("two");
    Folder::open_read_only(&data).unwrap().back_up(&file, &parts(), &Watch::nobody()).unwrap().name().unwrap();
    assert_eq!(entries(&Backup::open(&file).unwrap().reader), 4);
}

#[test]
fn no_file_is_written_over() {
    let stage = Stage::new();
    let file = stage.beside("one");
    let there = StoreError::Conflict(format!(
        "{} is there already, and is never written over; choose another file",
        file.display()
    ));
    // Neither one that was there before, nor one that came meanwhile.
    fs::write(&file, "mine").unwrap();
    assert_eq!(stage.folder.back_up(&file, &parts(), &Watch::nobody()).unwrap_err(), there);
    fs::remove_file(&file).unwrap();
    let unnamed = stage.folder.back_up(&file, &parts(), &Watch::nobody()).unwrap();
    fs::write(&file, "mine").unwrap();
    assert_eq!(unnamed.name().unwrap_err(), there);
    assert_eq!(stage.found(), ["one"]);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    // Nor what a link points at.
    std::os::unix::fs::symlink(&file, stage.beside("two")).unwrap();
    assert!(stage.folder.back_up(&stage.beside("two"), &parts(), &Watch::nobody()).is_err());
    std::os::unix::fs::symlink(&file, stage.beside("three.part")).unwrap();
    assert!(stage.folder.back_up(&stage.beside("three"), &parts(), &Watch::nobody()).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn one_that_is_broken_off_or_not_named_leaves_nothing() {
    let mut stage = Stage::new();
    // Enough for SQLite to ask a few times whether it is to go on.
    for _ in 0..100 {
        let batch = stage.history.commit(&[("vendor", "some content to be copied"); 200]);
        stage.writer.append(&batch).unwrap();
    }
    let told = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let seen = told.clone();
    let watch = Watch::new(move |_| {
        let before = seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if before < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let broken_off = stage.folder.back_up(&stage.beside("one"), &parts(), &watch).unwrap_err();
    assert!(matches!(&broken_off, StoreError::Unavailable(Cause::Busy, why) if why.contains("broken off")));
    assert_eq!(told.load(std::sync::atomic::Ordering::Relaxed), 3, "it was in the middle of the copy");
    assert_eq!(stage.found(), NOTHING);
    drop(stage.folder.back_up(&stage.beside("one"), &parts(), &Watch::nobody()).unwrap());
    assert_eq!(stage.found(), NOTHING);
}

#[test]
fn what_a_dead_one_left_is_replaced_and_a_living_one_is_not_disturbed() {
    let stage = Stage::new();
    fs::write(stage.beside("one.part"), "half of a backup").unwrap();
    fs::write(stage.beside("one.part-journal"), "and of its journal").unwrap();
    let unnamed = stage.folder.back_up(&stage.beside("one"), &parts(), &Watch::nobody()).unwrap();
    let second = stage.folder.back_up(&stage.beside("one"), &parts(), &Watch::nobody()).unwrap_err();
    assert!(matches!(&second, StoreError::Unavailable(Cause::Busy, why) if why.contains("another backup")), "{second}");
    unnamed.name().unwrap();
    assert_eq!(stage.found(), ["one"]);
    assert_eq!(entries(&Backup::open(&stage.beside("one")).unwrap().reader), 2);
}

#[test]
fn a_backup_is_no_log_and_a_log_is_no_backup() {
    let stage = Stage::new();
    let backup = stage.back_up("one");
    let wrong = stage.beside("wrong");
    fs::create_dir(&wrong).unwrap();
    fs::copy(&backup, wrong.join("jeton.db")).unwrap();
    for refused in [Folder::open(&wrong, Kind::Sandbox).map(|_| ()), Folder::open_read_only(&wrong).map(|_| ())] {
        let refused = refused.unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains("jeton restore")), "{refused}");
    }
    let log = Backup::open(&stage.folder.path().join("jeton.db")).unwrap_err();
    assert!(matches!(&log, StoreError::Corrupt(why) if why.contains("jeton backup")), "{log}");
    fs::write(wrong.join("text"), "no backup at all").unwrap();
    for name in ["text", "."] {
        assert!(Backup::open(&wrong.join(name)).is_err(), "{name}");
    }
}

#[test]
fn a_part_that_was_altered_is_found() {
    let stage = Stage::new();
    let file = stage.back_up("one");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute("UPDATE backup_parts SET content = X'00'", []).unwrap();
    drop(database);
    let altered = Backup::open(&file).unwrap_err();
    assert!(matches!(&altered, StoreError::Corrupt(why) if why.contains("keys/one")), "{altered}");
}

#[test]
fn a_restored_folder_is_one_as_any_and_has_no_parts() {
    let stage = Stage::new();
    let backup = Backup::open(&stage.back_up("one")).unwrap();
    let dir = stage.beside("again");
    let folder = restored(&backup, &dir);
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("jeton.db")), 0o600);
    let reader = folder.reader();
    assert_eq!(entries(&reader), 2);
    assert_eq!(reader.meta("mark").unwrap().as_deref(), Some("again"));
    let mut history = stage.history.clone();
    folder.writer().unwrap().append(&history.commit(&[("vendor", "c")])).unwrap();
    drop((reader, folder));
    for found in fs::read_dir(&dir).unwrap() {
        let bytes = fs::read(found.unwrap().path()).unwrap();
        assert!(!bytes.windows(23).any(|part| part == b"the secret of this test"), "parts are not left in the log");
    }
    assert!(matches!(Folder::open(&dir, Kind::Real), Err(StoreError::Conflict(_))), "it keeps its kind");
    let folder = Folder::open(&dir, Kind::Sandbox).unwrap();
    assert_eq!(entries(&folder.reader()), 3);
}

#[test]
fn a_folder_that_is_used_is_not_restored_into() {
    let stage = Stage::new();
    let backup = Backup::open(&stage.back_up("one")).unwrap();
    let used = stage.beside("used");
    fs::create_dir(&used).unwrap();
    fs::write(used.join("notes"), "mine").unwrap();
    let refused = Restoring::begin(&backup, &used, &Watch::nobody()).unwrap_err();
    assert!(matches!(&refused, StoreError::Conflict(why) if why.contains("notes")), "{refused}");
    let refused = Restoring::begin(&backup, stage.folder.path(), &Watch::nobody()).unwrap_err();
    assert!(matches!(&refused, StoreError::Conflict(why) if why.contains("not empty")), "{refused}");
    assert_eq!(entries(&stage.folder.reader()), 2);
}

#[test]
fn a_restore_that_is_broken_off_leaves_nothing_that_could_be_served() {
    let stage = Stage::new();
    let backup = Backup::open(&stage.back_up("one")).unwrap();
    let dir = stage.beside("again");
    // Not finished: as if it had never begun.
    drop(Restoring::begin(&backup, &dir, &Watch::nobody()).unwrap());
    assert!(!dir.exists());
    fs::create_dir(&dir).unwrap();
    drop(Restoring::begin(&backup, &dir, &Watch::nobody()).unwrap());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);

    // Dead: nobody begins anew there by mistake.
    std::mem::forget(Restoring::begin(&backup, &dir, &Watch::nobody()).unwrap());
    fs::remove_file(dir.join("lock")).unwrap();
    let served = Folder::open(&dir, Kind::Sandbox).unwrap_err();
    assert!(matches!(&served, StoreError::Corrupt(why) if why.contains("broken off")), "{served}");
    let again = Restoring::begin(&backup, &dir, &Watch::nobody()).unwrap_err();
    assert!(matches!(&again, StoreError::Conflict(why) if why.contains("broken off")), "{again}");
}

/// V5.
#[test]
fn v5_a_fresh_backup_has_nothing_of_who_was_erased() {
    let mut stage = Stage::new();
    let person = Person {
        team: "acme".into(),
        member: 1,
        id: "quixote".into(),
        email: "quixote@acme.example".into(),
        name: "Quixote".into(),
        salt: [7; 16],
    };
    let traces = |file: &Path| {
        let bytes = fs::read(file).unwrap().to_ascii_lowercase();
        bytes.windows(7).filter(|part| part == b"quixote").count()
    };
    stage.commit(&[Beside::Person(person)]);
    assert!(traces(&stage.back_up("before")) >= 3);
    stage.commit(&[Beside::PersonErased { team: "acme".into(), member: 1 }]);
    assert_eq!(traces(&stage.back_up("after")), 0);
}
