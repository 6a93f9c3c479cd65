//! The data folder on a real disk: who may have it, what is refused and in which words, and what
//! a death or a full disk leaves behind (rule V4).

mod history;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use history::History;
use jeton_store::{Beginning, Beside, Cause, Folder, Kind, StoreError};
use rusqlite::Connection;

const SIGABRT: i32 = 6;

/// Names the folder to a test that runs itself again as another process.
const CHILD: &str = "JETON_STORE_TEST_CHILD";

#[expect(clippy::disallowed_methods, reason = "how a test tells its child what to do")]
fn child_folder() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// This test binary, to run one test of it as a child that is told a folder.
fn child(binary: &Path, test: &str, dir: &Path) -> Command {
    let mut command = Command::new(binary);
    command.args(["--exact", test]).env(CHILD, dir);
    command
}

fn unavailable(cause: Cause, text: &str) -> StoreError {
    StoreError::Unavailable(cause, text.to_owned())
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("the file is there");
    metadata.permissions().mode() & 0o777
}

#[test]
fn a_new_folder_is_for_its_owner_alone() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("a").join("b");
    let folder = Folder::open(&dir, Kind::Real).unwrap();
    let mut writer = folder.writer().unwrap();
    let _views = folder.views().unwrap();
    writer.append(&History::new().commit(&[("vendor", "a")])).unwrap();
    assert_eq!(mode(&dir), 0o700);
    for file in ["lock", "jeton.db", "jeton.db-wal", "jeton.db-shm", "views.db", "views.db-wal"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().canonicalize().unwrap();
    let text = format!(
        "{} is in use by another jeton process (pid {}); stop that one, or choose another folder",
        shown.display(),
        std::process::id()
    );
    let busy = unavailable(Cause::Busy, &text);

    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    assert_eq!(Folder::open(dir.path(), Kind::Real).unwrap_err(), busy);
    assert_eq!(Folder::open_read_only(dir.path()).unwrap_err(), busy);

    // Whoever lives of what the folder gave keeps it.
    let reader = folder.reader();
    drop(folder);
    assert_eq!(Folder::open(dir.path(), Kind::Real).unwrap_err(), busy);
    drop(reader);
    Folder::open(dir.path(), Kind::Real).unwrap();
}

#[test]
fn a_folder_that_is_being_read_alone_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    drop(Folder::open(dir.path(), Kind::Real).unwrap());
    let reading = Folder::open_read_only(dir.path()).unwrap();
    let also_reading = Folder::open_read_only(dir.path()).unwrap();
    assert!(matches!(Folder::open(dir.path(), Kind::Real), Err(StoreError::Unavailable(Cause::Busy, _))));
    drop((reading, also_reading));
    Folder::open(dir.path(), Kind::Real).unwrap();
}

#[test]
fn a_folder_keeps_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().canonicalize().unwrap();
    drop(Folder::open(dir.path(), Kind::Sandbox).unwrap());
    assert_eq!(
        Folder::open(dir.path(), Kind::Real).unwrap_err(),
        StoreError::Conflict(format!(
            "{} was made by a sandbox; start it with `--sandbox`, or choose another folder",
            shown.display()
        ))
    );
    Folder::open(dir.path(), Kind::Sandbox).unwrap();
    let read = Folder::open_read_only(dir.path()).unwrap();
    assert_eq!(read.kind, Kind::Sandbox);

    let of_real = tempfile::tempdir().unwrap();
    drop(Folder::open(of_real.path(), Kind::Real).unwrap());
    assert!(matches!(
        Folder::open(of_real.path(), Kind::Sandbox),
        Err(StoreError::Conflict(text)) if text.contains("without `--sandbox`")
    ));
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Folder::open(dir.path(), Kind::Real).unwrap());
    let file = dir.path().canonicalize().unwrap().join("jeton.db");
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&file).unwrap();
    let says = format!("{} was written by a newer jeton (form 99, this one knows ", file.display());
    for refused in [Folder::open(dir.path(), Kind::Real).map(|_| ()), Folder::open_read_only(dir.path()).map(|_| ())] {
        let refused = refused.unwrap_err();
        assert!(matches!(&refused, StoreError::Unavailable(Cause::Newer, why) if why.starts_with(&says)), "{refused}");
    }
    assert!(fs::read(&file).unwrap() == before, "it was changed");
}

#[test]
fn what_is_not_a_file_of_ours_is_refused_and_left_alone() {
    let other_program = {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("other.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(connection);
        fs::read(&file).unwrap()
    };
    let cut = {
        let dir = tempfile::tempdir().unwrap();
        drop(Folder::open(dir.path(), Kind::Real).unwrap());
        let mut bytes = fs::read(dir.path().join("jeton.db")).unwrap();
        bytes.truncate(8_192);
        bytes
    };
    for content in [vec![], b"not a database".repeat(1_000), other_program, cut] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("jeton.db");
        fs::write(&file, &content).unwrap();
        for refused in
            [Folder::open(dir.path(), Kind::Real).map(|_| ()), Folder::open_read_only(dir.path()).map(|_| ())]
        {
            assert!(matches!(&refused, Err(StoreError::Corrupt(text)) if text.contains("jeton.db")), "{refused:?}");
        }
        assert!(fs::read(&file).unwrap() == content, "it was changed");
    }
}

#[test]
fn a_write_ahead_log_without_its_file_is_damage_and_no_first_start() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("jeton.db-wal"), "anything").unwrap();
    assert!(matches!(
        Folder::open(dir.path(), Kind::Real),
        Err(StoreError::Corrupt(text)) if text.contains("jeton.db-wal")
    ));
}

#[test]
fn a_first_start_that_died_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("jeton.db.new"), "half of it").unwrap();
    Folder::open(dir.path(), Kind::Real).unwrap();
    assert!(!dir.path().join("jeton.db.new").exists());
}

#[test]
fn a_folder_that_is_a_file_or_is_missing_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for refused in [
        Folder::open(&file, Kind::Real).map(|_| ()),
        Folder::open_read_only(&file).map(|_| ()),
        Folder::open_read_only(&dir.path().join("nothing")).map(|_| ()),
        Folder::open_read_only(dir.path()).map(|_| ()),
    ] {
        assert!(matches!(&refused, Err(StoreError::Unavailable(Cause::Io, _))), "{refused:?}");
    }
    assert!(!dir.path().join("nothing").exists());
}

/// As a user that may not write there; who has all rights becomes another for it.
#[test]
fn a_read_only_folder_is_refused_and_can_be_read() {
    const NOBODY: u32 = 65_534;
    if let Some(dir) = child_folder() {
        let refused = Folder::open(&dir, Kind::Real).unwrap_err();
        let text = format!(
            "{} is read-only here; make the folder and the files in it writable for the user that runs jeton",
            dir.display()
        );
        assert_eq!(refused, unavailable(Cause::ReadOnly, &text));
        let read = Folder::open_read_only(&dir).unwrap();
        assert_eq!((read.reader.last_position(), read.kind), (Ok(1), Kind::Real));
        return;
    }

    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().canonicalize().unwrap().join("data");
    {
        let folder = Folder::open(&dir, Kind::Real).unwrap();
        let batch = History::new().commit(&[("vendor", "a")]);
        folder.writer().unwrap().append(&batch).unwrap();
    }
    let binary = outer.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(outer.path(), 0o755);
    allow(&binary, 0o755);
    allow(&dir, 0o500);
    let mut command = child(&binary, "a_read_only_folder_is_refused_and_can_be_read", &dir);
    if rustix::process::geteuid().is_root() {
        chown(&dir, Some(NOBODY), Some(NOBODY)).unwrap();
        for file in fs::read_dir(&dir).unwrap() {
            chown(file.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    allow(&dir, 0o700);
}

/// V4. The child dies when the writer comes to the commit's last entry; by then most of the
/// commit is in the write-ahead log.
#[test]
fn a_process_that_dies_in_the_middle_of_an_append_leaves_nothing() {
    let mut history = History::new();
    let first = history.commit(&[("vendor", "a"), ("team:acme", "b")]);
    if let Some(dir) = child_folder() {
        let folder = Folder::open(&dir, Kind::Real).unwrap();
        let mut writer = folder.writer().unwrap();
        writer.append(&first).unwrap();
        let body = "x".repeat(16_000);
        let mut last = history.commit(&vec![("team:acme", body.as_str()); 1_000]);
        last.entries.last_mut().unwrap().seq = u64::MAX;
        last.beside = vec![Beside::Life(1)];
        std::panic::set_hook(Box::new(|_| std::process::abort()));
        let _ = writer.append(&last);
        unreachable!("the writer cannot store such a number");
    }

    let dir = tempfile::tempdir().unwrap();
    let binary = std::env::current_exe().unwrap();
    let test = "a_process_that_dies_in_the_middle_of_an_append_leaves_nothing";
    let output = child(&binary, test, dir.path()).output().unwrap();
    assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
    let written = fs::metadata(dir.path().join("jeton.db-wal")).unwrap().len();
    assert!(written > 10_000_000, "{written} bytes were written");

    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    let reader = folder.reader();
    assert_eq!(reader.read(0, 10), Ok(first.entries));
    assert_eq!(reader.life(), Ok(None));
    let mut writer = folder.writer().unwrap();
    writer.append(&history.commit(&[("team:acme", "c")])).unwrap();
    assert_eq!(reader.last_position(), Ok(3));
}

/// V4. What was answered stays, what was refused leaves nothing, and the same commit is taken
/// when there is room again.
#[test]
fn a_full_disk_is_said_to_be_full_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    let reader = folder.reader();
    let mut writer = folder.writer().unwrap();
    let mut history = History::new();
    let first = history.commit(&[("vendor", "a")]);
    writer.append(&first).unwrap();

    writer.limit_pages(1).unwrap();
    let body = "x".repeat(100_000);
    let mut large = history.commit(&[("team:acme", body.as_str()), ("team:acme", "c")]);
    large.beside = vec![Beside::Life(1)];
    let file = dir.path().canonicalize().unwrap().join("jeton.db");
    let full = unavailable(
        Cause::Full,
        &format!("{}: the disk is full; free some space on it, and writing goes on", file.display()),
    );
    for _ in 0..3 {
        assert_eq!(writer.append(&large), Err(full.clone()));
        assert_eq!(writer.probe(), Err(full.clone()));
    }
    assert_eq!(reader.read(0, 10), Ok(first.entries));
    assert_eq!(reader.life(), Ok(None));

    writer.limit_pages(1 << 20).unwrap();
    writer.probe().unwrap();
    writer.append(&large).unwrap();
    assert_eq!(reader.last_position(), Ok(3));
    assert_eq!(reader.life(), Ok(Some(1)));
}

/// V5: what is erased is not in the file any more.
#[test]
fn a_person_that_was_overwritten_is_not_in_the_closed_files() {
    let dir = tempfile::tempdir().unwrap();
    let person = |name: &str| {
        Beside::Person(jeton_store::Person {
            team: "acme".to_owned(),
            member: 1,
            id: "m1".to_owned(),
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            salt: [7; 16],
        })
    };
    {
        let folder = Folder::open(dir.path(), Kind::Real).unwrap();
        let mut writer = folder.writer().unwrap();
        for name in ["Wilhelmina", ""] {
            let batch = jeton_store::Batch { entries: vec![], beside: vec![person(name)] };
            writer.append(&batch).unwrap();
        }
    }
    for file in fs::read_dir(dir.path()).unwrap() {
        let content = fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(10).any(|part| part == b"Wilhelmina"));
    }
}

/// Pages are split and filled again while members come and are renamed, which leaves copies of rows where no row is.
#[test]
fn v5_of_the_erased_no_byte_is_in_the_files() {
    const MEMBERS: u32 = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    let mut writer = folder.writer().unwrap();
    let reader = folder.reader();
    // Multiplying by a number prime to theirs goes through all members, in no order.
    let scattered = |by: u32| (0..MEMBERS).map(move |number| number * by % MEMBERS);
    let named = |member: u32, times: usize| {
        let of_length = |length: u32| "x".repeat(usize::try_from(length % 61).unwrap());
        let person = Beside::Person(jeton_store::Person {
            team: "acme".to_owned(),
            member,
            id: format!("ID{member:05}{}", of_length(member * 7)),
            email: format!("MAIL{member:05}@example.com"),
            name: format!("NAME{member:05}{}", of_length(member * 13).repeat(times)),
            salt: [7; 16],
        });
        let device = |device: u64| {
            let name = format!("DEVICE{member:05}-{device}");
            Beside::Device(jeton_store::Device { team: "acme".to_owned(), member, device, name })
        };
        [person, device(u64::from(member) * 17 % 5), device(u64::from(member) * 31 % 7)]
    };
    let key = |member: u32| {
        Beside::Key(jeton_store::KeyRow {
            id: format!("key_{member}"),
            hash: [7; 32],
            scope: format!("member:acme/{member}"),
            label: format!("LABEL{member:05}"),
            created_at: 1,
            ends_at: None,
            revoked_at: None,
        })
    };
    let mut rows: Vec<Beside> = scattered(1_237).flat_map(|member| named(member, 1)).collect();
    rows.extend(scattered(1_741).filter(|member| member % 5 == 0).flat_map(|member| named(member, 2)));
    rows.extend(scattered(1_741).map(key));
    for rows in rows.chunks(20) {
        writer.append(&jeton_store::Batch { entries: vec![], beside: rows.to_vec() }).unwrap();
    }

    let erased: Vec<u32> = scattered(7).take(300).collect();
    let team = "acme".to_owned();
    let rows = erased.iter().flat_map(|member| {
        let key = Beside::KeyErased { id: format!("key_{member}"), at: 2 };
        [Beside::PersonErased { team: team.clone(), member: *member }, key]
    });
    writer.append(&jeton_store::Batch { entries: vec![], beside: rows.collect() }).unwrap();
    assert_eq!(reader.people().unwrap().len(), usize::try_from(MEMBERS).unwrap() - erased.len());
    assert_eq!(reader.keys().unwrap().len(), usize::try_from(MEMBERS).unwrap(), "keys stay, without their labels");
    // While the files are open, too.
    assert_none_of(dir.path(), &erased);
    drop((writer, reader, folder));
    assert_none_of(dir.path(), &erased);
}

/// No file of the folder has a word that begins with one of these and goes on with a member's number.
fn assert_none_of(dir: &Path, members: &[u32]) {
    for file in fs::read_dir(dir).expect("the folder is there") {
        let path = file.expect("it can be listed").path();
        let content = fs::read(&path).expect("it can be read");
        for word in ["ID", "MAIL", "NAME", "DEVICE", "LABEL"] {
            for (at, _) in content.windows(word.len()).enumerate().filter(|(_, part)| *part == word.as_bytes()) {
                let number =
                    content.get(at + word.len()..at + word.len() + 5).and_then(|part| str::from_utf8(part).ok());
                let found = number
                    .and_then(|number| number.parse::<u32>().ok())
                    .is_some_and(|member| members.contains(&member));
                assert!(!found, "{} still has {word}{number:?}", path.display());
            }
        }
    }
}

/// V5. A reader of an older state keeps the write-ahead log; it is emptied with the next commit after that.
#[test]
fn v5_a_log_that_is_being_read_is_emptied_later() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    let mut writer = folder.writer().unwrap();
    let mut append = |row: Beside| writer.append(&jeton_store::Batch { entries: vec![], beside: vec![row] }).unwrap();
    append(Beside::Device(jeton_store::Device {
        team: "acme".to_owned(),
        member: 1,
        device: 1,
        name: "DEVICE00001".to_owned(),
    }));
    let reading = Connection::open(dir.path().join("jeton.db")).unwrap();
    reading.execute_batch("BEGIN; SELECT count(*) FROM devices;").unwrap();
    append(Beside::PersonErased { team: "acme".to_owned(), member: 1 });
    reading.execute_batch("COMMIT").unwrap();
    append(Beside::Life(1));
    assert_none_of(dir.path(), &[1]);
}

/// The stored form is a promise: a step of it that was released never changes.
#[test]
fn the_stored_form_is_that_of_the_golden_file() {
    let dir = tempfile::tempdir().unwrap();
    drop(Folder::open(dir.path(), Kind::Real).unwrap());
    assert_eq!(form(&dir.path().join("jeton.db")).unwrap(), include_str!("golden/form_2.sql"));
}

#[test]
fn a_file_of_the_first_form_is_brought_to_this_ones_with_all_that_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jeton.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("golden/form_1.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO meta VALUES ('store.kind', 'real');
         INSERT INTO keys VALUES ('key_1', zeroblob(32), 'vendor', '', 1, NULL, NULL);
         PRAGMA application_id = 0x4a65746e;
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let folder = Folder::open(dir.path(), Kind::Real).unwrap();
    assert_eq!(folder.reader().keys().unwrap().len(), 1);
    assert_eq!(folder.reader().enrolments(), Ok(Vec::new()));
    drop(folder);
    assert_eq!(form(&path).unwrap(), include_str!("golden/form_2.sql"));
}

/// The tables of a file, and which form it says that they are.
fn form(path: &Path) -> rusqlite::Result<String> {
    let connection = Connection::open(path)?;
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(format!("-- form {version}\n{};\n", tables.join(";\n")))
}

#[test]
fn a_log_that_is_made_aside_appears_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let begin = || Beginning::of(dir.path()).unwrap();
    let make = |beginning: &Beginning| {
        let aside = Folder::open(&beginning.aside(), Kind::Sandbox).unwrap();
        let (mut writer, _views) = (aside.writer().unwrap(), aside.views().unwrap());
        writer.append(&History::new().commit(&[("vendor", "a")])).unwrap();
        // A reader that is closed last leaves a log beside the file.
        aside.reader().last_position().unwrap();
    };
    let beginning = begin().unwrap();
    let other = Beginning::of(dir.path()).unwrap_err();
    assert!(matches!(other, StoreError::Unavailable(Cause::Busy, _)), "{other}");
    make(&beginning);
    drop(beginning);
    assert!(!dir.path().join("jeton.db").exists(), "who dies in the middle leaves no log");

    let beginning = begin().unwrap();
    assert!(!beginning.aside().exists(), "what was left is gone");
    make(&beginning);
    beginning.end().unwrap();
    assert!(begin().is_none(), "there is a log now");
    let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    files.retain(|name| !name.to_str().unwrap().ends_with("-shm"));
    assert_eq!(files, ["jeton.db", "lock", "views.db"]);
    let folder = Folder::open(dir.path(), Kind::Sandbox).unwrap();
    assert_eq!(folder.reader().last_position().unwrap(), 1);
}

#[test]
fn a_log_that_is_still_written_is_not_given_to_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let beginning = Beginning::of(dir.path()).unwrap().unwrap();
    let aside = Folder::open(&beginning.aside(), Kind::Real).unwrap();
    let (mut writer, _views) = (aside.writer().unwrap(), aside.views().unwrap());
    writer.append(&History::new().commit(&[("vendor", "a")])).unwrap();
    assert!(matches!(beginning.end(), Err(StoreError::Unavailable(Cause::Busy, _))));
    assert!(!dir.path().join("jeton.db").exists());
}
