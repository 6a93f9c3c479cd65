//! One suite over both stores: what the ports promise, whatever stands behind them.
//!
//! Each function gets an empty store and runs once on SQLite and once in memory.

mod history;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ed25519_dalek::SigningKey;
use history::History;
use jeton_store::verify::{Unverified, Verified, chain_check, expect};
use jeton_store::{
    Batch, Beside, Checkpoint, Device, EnrolmentRow, Folder, IdRow, KeyRow, Kind, Lease, Memory, Person, Presence,
    Reader, Sealed, StoreError, Views, Watch, Writer, memory,
};
use tempfile::TempDir;

enum Store {
    Sqlite {
        dir: TempDir,
        /// None only while it is opened again.
        folder: Option<Folder>,
    },
    Memory(Memory),
}

impl Store {
    fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let folder = Folder::open(dir.path(), Kind::Real).expect("a new folder opens");
        Self::Sqlite { dir, folder: Some(folder) }
    }

    fn memory() -> Self {
        Self::Memory(memory())
    }

    fn ports(&self) -> (Writer, Reader) {
        match self {
            Self::Sqlite { dir: _, folder } => {
                let folder = folder.as_ref().expect("it is open");
                let writer = folder.writer().expect("the folder has a writer");
                (writer, folder.reader())
            }
            Self::Memory(memory) => (memory.writer(), memory.reader()),
        }
    }

    fn views(&self) -> Views {
        let views = match self {
            Self::Sqlite { dir: _, folder } => folder.as_ref().expect("it is open").views(),
            Self::Memory(memory) => memory.views(),
        };
        views.expect("the store has views")
    }

    /// As after a start, once everything that was made from the store is gone.
    fn reopen(&mut self) {
        match self {
            Self::Sqlite { dir, folder } => {
                drop(folder.take());
                let again = Folder::open(dir.path(), Kind::Real);
                *folder = Some(again.expect("the folder opens again"));
            }
            Self::Memory(_) => {}
        }
    }
}

macro_rules! over_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&mut super::Store::sqlite()); })*
        }
        mod in_memory {
            $(#[test] fn $name() { super::$name(&mut super::Store::memory()); })*
        }
        $(use cases::$name;)*
    };
}

over_both! {
    appended_entries_are_read_in_order
    what_was_appended_is_found_after_reopening
    a_commit_that_does_not_follow_leaves_nothing
    rows_beside_are_in_the_commit_of_their_entries
    a_panic_in_the_middle_of_an_append_leaves_nothing
    a_commit_without_its_hash_is_not_taken
    a_stream_is_scanned_from_where_it_is_asked
    people_and_devices_take_the_place_of_their_like
    v5_the_erased_leave_nothing_and_everybody_else_stays
    keys_are_made_once_and_revoked_once
    an_enrolment_is_used_once_or_withdrawn
    presence_comes_and_goes
    signs_of_life_and_meta_keep_the_last_and_repeats_add_up
    checkpoints_are_kept_in_order
    readers_on_other_threads_see_whole_commits
    a_log_that_was_appended_verifies
    a_checkpoint_finds_a_cut_tail_and_another_history
    a_probe_leaves_nothing_that_is_read
    views_show_what_was_committed
}

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// The checkpoint after a commit.
fn signed(batch: &Batch) -> Checkpoint {
    let last = batch.entries.last().expect("the batch has entries");
    let commit = last.commit.expect("it is the commit's last");
    Checkpoint::sign(&signer(), last.at, last.position, commit, &last.stream, last.seq)
}

fn beside(writer: &mut Writer, rows: impl IntoIterator<Item = Beside>) {
    let batch = Batch { entries: vec![], beside: rows.into_iter().collect() };
    writer.append(&batch).expect("rows alone are a commit too");
}

fn person(team: &str, member: u32, name: &str) -> Person {
    Person {
        team: team.to_owned(),
        member,
        id: format!("member-{member}"),
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        salt: [7; 16],
    }
}

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.to_owned(),
        hash: [5; 32],
        scope: "team:acme".to_owned(),
        label: "for the build machine".to_owned(),
        created_at: 1,
        ends_at: Some(2),
        revoked_at: None,
    }
}

fn enrolment(id: &str) -> EnrolmentRow {
    EnrolmentRow {
        id: id.to_owned(),
        hash: [6; 32],
        team: "acme".to_owned(),
        member: 2,
        created_at: 1,
        ends_at: 9,
        used_at: None,
        withdrawn_at: None,
        key: None,
    }
}

/// A row of every table, in the order of [`everything_beside`].
fn one_of_each(n: u32) -> Vec<Beside> {
    vec![
        Beside::Key(key(&format!("key_of_{n}"))),
        Beside::Enrolment(enrolment(&format!("enr_of_{n}"))),
        Beside::Person(person("acme", n, "ann")),
        Beside::Device(Device { team: "acme".to_owned(), member: n, device: 4, name: "laptop".to_owned() }),
        Beside::Presence(Presence {
            team: "acme".to_owned(),
            session: n.into(),
            proven_from: 1,
            last_proof: 2,
            last_activity: 3,
            lease: None,
        }),
        Beside::Life(n.into()),
        Beside::Repeats { team: "acme".to_owned(), seq: n.into(), count: 2 },
        Beside::Checkpoint(Checkpoint::sign(&signer(), 1, n.into(), [1; 32], "vendor", 1)),
        Beside::Meta { key: "clock".to_owned(), value: n.to_string() },
    ]
}

/// All that a reader finds beside the log, of the team `acme` where it must be named.
fn everything_beside(reader: &Reader) -> Vec<Beside> {
    let repeats = |(seq, count)| Beside::Repeats { team: "acme".to_owned(), seq, count };
    let clock = |value| Beside::Meta { key: "clock".to_owned(), value };
    let readable = "the rows can be read";
    let mut found = Vec::new();
    found.extend(reader.keys().expect(readable).into_iter().map(Beside::Key));
    found.extend(reader.enrolments().expect(readable).into_iter().map(Beside::Enrolment));
    found.extend(reader.people().expect(readable).into_iter().map(Beside::Person));
    found.extend(reader.devices("acme").expect(readable).into_iter().map(Beside::Device));
    found.extend(reader.presence().expect(readable).into_iter().map(Beside::Presence));
    found.extend(reader.life().expect(readable).map(Beside::Life));
    found.extend(reader.repeats("acme").expect(readable).into_iter().map(repeats));
    found.extend(reader.checkpoints(0, 10).expect(readable).into_iter().map(Beside::Checkpoint));
    found.extend(reader.meta("clock").expect(readable).map(clock));
    found
}

#[cfg(test)]
mod cases {
    use super::*;

    pub(crate) fn appended_entries_are_read_in_order(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        assert_eq!(reader.last_position(), Ok(0));
        assert_eq!(reader.read(0, 10), Ok(vec![]));

        let mut history = History::new();
        let first = history.commit(&[("vendor", "a"), ("team:acme", "b")]);
        let second = history.commit(&[("team:acme", "c")]);
        writer.append(&first).unwrap();
        writer.append(&second).unwrap();

        let all: Vec<Sealed> = [first.entries, second.entries].concat();
        assert_eq!(reader.last_position(), Ok(3));
        assert_eq!(reader.read(0, 10), Ok(all.clone()));
        assert_eq!(reader.read(0, 2), Ok(all[..2].to_vec()));
        assert_eq!(reader.read(2, 10), Ok(all[2..].to_vec()));
        assert_eq!(reader.read(3, 10), Ok(vec![]));
        assert_eq!(reader.read(u64::MAX, 10), Ok(vec![]));
        assert_eq!(reader.entry(0), Ok(None));
        assert_eq!(reader.entry(2), Ok(Some(all[1].clone())));
        assert_eq!(reader.entry(4), Ok(None));
        assert_eq!(reader.entries(&[3, 1]), Ok(vec![all[2].clone(), all[0].clone()]));
        assert!(matches!(reader.entries(&[1, 9]), Err(StoreError::Corrupt(_))));
    }

    /// V4.
    pub(crate) fn what_was_appended_is_found_after_reopening(store: &mut Store) {
        let mut history = History::new();
        let mut batch = history.commit(&[("vendor", "a"), ("team:acme", "b")]);
        batch.beside = one_of_each(1);
        {
            let (mut writer, _) = store.ports();
            writer.append(&batch).unwrap();
        }
        store.reopen();
        let (mut writer, reader) = store.ports();
        assert_eq!(reader.read(0, 10), Ok(batch.entries));
        assert_eq!(everything_beside(&reader), one_of_each(1));
        writer.append(&history.commit(&[("vendor", "c")])).unwrap();
        assert_eq!(reader.last_position(), Ok(3));
    }

    pub(crate) fn a_commit_that_does_not_follow_leaves_nothing(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        let first = history.commit(&[("vendor", "a")]);
        let second = history.commit(&[("vendor", "b")]);
        let mut gap = history.commit(&[("vendor", "c"), ("vendor", "d")]);
        gap.entries[1].position += 1;

        writer.append(&first).unwrap();
        writer.append(&second).unwrap();
        for mut wrong in [first, second, gap] {
            wrong.beside = vec![Beside::Life(5)];
            let answer = writer.append(&wrong);
            assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
        }
        assert_eq!(reader.last_position(), Ok(2));
        assert_eq!(reader.life(), Ok(None));
    }

    pub(crate) fn rows_beside_are_in_the_commit_of_their_entries(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        let mut first = history.commit(&[("vendor", "a")]);
        first.beside = vec![Beside::Key(key("key_1"))];
        writer.append(&first).unwrap();

        for last in [Beside::Key(key("key_1")), Beside::KeyRevoked { id: "key_2".to_owned(), at: 9 }] {
            let mut refused = history.clone().commit(&[("vendor", "b"), ("team:acme", "c")]);
            refused.beside = one_of_each(2);
            refused.beside.push(last);
            let answer = writer.append(&refused);
            assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
        }
        assert_eq!(reader.last_position(), Ok(1));
        assert_eq!(everything_beside(&reader), first.beside);

        let mut taken = history.commit(&[("vendor", "b")]);
        taken.beside = one_of_each(2);
        writer.append(&taken).unwrap();
        assert_eq!(reader.last_position(), Ok(2));
        assert_eq!(reader.life(), Ok(Some(2)));
    }

    /// V4. The number of the last entry is one that no store can keep.
    pub(crate) fn a_panic_in_the_middle_of_an_append_leaves_nothing(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        let first = history.commit(&[("vendor", "a")]);
        writer.append(&first).unwrap();

        let mut panicking = history.clone().commit(&[("team:acme", "b"), ("team:acme", "c")]);
        panicking.entries[1].seq = u64::MAX;
        panicking.beside = one_of_each(1);
        let mut late = Batch { entries: vec![], beside: one_of_each(1) };
        late.beside.push(Beside::Repeats { team: "acme".to_owned(), seq: 1, count: u64::MAX });
        for batch in [panicking, late] {
            let caught = catch_unwind(AssertUnwindSafe(|| writer.append(&batch)));
            assert!(caught.is_err());
            assert_eq!(reader.read(0, 10), Ok(first.entries.clone()));
            assert_eq!(everything_beside(&reader), vec![]);
        }

        writer.append(&history.commit(&[("team:acme", "b")])).unwrap();
        assert_eq!(reader.last_position(), Ok(2));
    }

    pub(crate) fn a_commit_without_its_hash_is_not_taken(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut without = History::new().commit(&[("vendor", "a"), ("vendor", "b")]);
        without.entries[1].commit = None;
        let mut twice = History::new().commit(&[("vendor", "a"), ("vendor", "b")]);
        twice.entries[0].commit = Some([1; 32]);
        for batch in [without, twice] {
            let caught = catch_unwind(AssertUnwindSafe(|| writer.append(&batch)));
            assert!(caught.is_err());
        }
        assert_eq!(reader.last_position(), Ok(0));
    }

    pub(crate) fn a_stream_is_scanned_from_where_it_is_asked(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        // More than is read at a time.
        for _ in 0..3 {
            let commit: Vec<_> =
                (0..1_000).map(|n| (if n % 2 == 0 { "team:acme" } else { "team:apex" }, "x")).collect();
            writer.append(&history.commit(&commit)).unwrap();
        }
        let scan = |stream: &str, after_seq, most: usize| {
            let mut seqs = Vec::new();
            let mut each = |entry: Sealed| {
                assert_eq!(&*entry.stream, stream);
                seqs.push(entry.seq);
                if seqs.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            reader.scan_stream(stream, after_seq, &mut each).unwrap();
            seqs
        };
        let all: Vec<u64> = (1..=1_500).collect();
        assert_eq!(scan("team:acme", 0, usize::MAX), all);
        assert_eq!(scan("team:apex", 1_490, usize::MAX), all[1_490..]);
        assert_eq!(scan("team:apex", 10, 3), all[10..13]);
        assert_eq!(scan("team:none", 0, usize::MAX), Vec::<u64>::new());
    }

    /// V5.
    pub(crate) fn people_and_devices_take_the_place_of_their_like(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let ann = person("acme", 1, "ann");
        let bob = person("acme", 2, "bob");
        let cid = person("apex", 1, "cid");
        let renamed = person("acme", 2, "robert");
        beside(&mut writer, [&cid, &bob, &ann].map(|person| Beside::Person(person.clone())));
        beside(&mut writer, [Beside::Person(renamed.clone())]);
        assert_eq!(reader.people(), Ok(vec![ann, renamed, cid]));

        // A device's number has all 64 bits.
        let device =
            |team: &str, device, name: &str| Device { team: team.to_owned(), member: 1, device, name: name.to_owned() };
        let laptop = device("acme", u64::MAX, "laptop");
        let desktop = device("acme", 3, "desktop");
        let other = device("apex", 3, "other");
        beside(
            &mut writer,
            [device("acme", 3, "old name"), laptop.clone(), other, desktop.clone()].map(Beside::Device),
        );
        assert_eq!(reader.devices("acme"), Ok(vec![desktop, laptop]));
        assert_eq!(reader.device_name("acme", 1, u64::MAX), Ok(Some("laptop".to_owned())));
        assert_eq!(reader.device_name("acme", 2, 3), Ok(None));
    }

    pub(crate) fn v5_the_erased_leave_nothing_and_everybody_else_stays(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let (ann, bob, namesake) = (person("acme", 1, "ann"), person("acme", 2, "bob"), person("apex", 2, "bob"));
        let device = |team: &str, member, device| {
            let name = format!("{team}-{member}-{device}");
            Device { team: team.to_owned(), member, device, name }
        };
        let labelled = KeyRow { label: "Bob's laptop".to_owned(), ..key("key_b") };
        beside(&mut writer, [&ann, &bob, &namesake].map(|person| Beside::Person(person.clone())));
        let devices = [device("acme", 2, 7), device("acme", 2, u64::MAX), device("acme", 1, 7), device("apex", 2, 7)];
        beside(&mut writer, devices.map(Beside::Device));
        beside(&mut writer, [Beside::Key(key("key_a")), Beside::Key(labelled)]);

        let erased = || Beside::PersonErased { team: "acme".to_owned(), member: 2 };
        let without_key = |at| Beside::KeyErased { id: "key_b".to_owned(), at };
        beside(&mut writer, [erased(), without_key(7)]);
        assert_eq!(reader.people(), Ok(vec![ann.clone(), namesake.clone()]));
        assert_eq!(reader.devices("acme"), Ok(vec![device("acme", 1, 7)]));
        assert_eq!(reader.devices("apex"), Ok(vec![device("apex", 2, 7)]));
        let ended = KeyRow { label: String::new(), revoked_at: Some(7), ..key("key_b") };
        assert_eq!(reader.keys(), Ok(vec![key("key_a"), ended.clone()]));

        // Again, and with a key that is not there: then nothing of the batch is done.
        beside(&mut writer, [erased(), without_key(8)]);
        let gone = Beside::PersonErased { team: "acme".to_owned(), member: 1 };
        let nobody = Beside::KeyErased { id: "key_c".to_owned(), at: 9 };
        let failed = writer.append(&Batch { entries: vec![], beside: vec![gone, nobody] });
        assert!(matches!(failed, Err(StoreError::Conflict(_))), "{failed:?}");
        drop((writer, reader));
        store.reopen();
        let (_, reader) = store.ports();
        assert_eq!(reader.people(), Ok(vec![ann, namesake]));
        assert_eq!(reader.keys(), Ok(vec![key("key_a"), ended]));
    }

    pub(crate) fn keys_are_made_once_and_revoked_once(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let revoke = |at| Beside::KeyRevoked { id: "key_b".to_owned(), at };
        beside(&mut writer, [Beside::Key(key("key_b")), Beside::Key(key("key_a"))]);
        assert_eq!(reader.keys(), Ok(vec![key("key_a"), key("key_b")]));

        beside(&mut writer, [revoke(7)]);
        beside(&mut writer, [revoke(8)]);
        let mut revoked = key("key_b");
        revoked.revoked_at = Some(7);
        assert_eq!(reader.keys(), Ok(vec![key("key_a"), revoked]));

        let twice = Batch { entries: vec![], beside: vec![Beside::Key(key("key_c")), Beside::Key(key("key_c"))] };
        assert!(matches!(writer.append(&twice), Err(StoreError::Conflict(_))));
        assert_eq!(reader.keys().unwrap().len(), 2);
    }

    pub(crate) fn an_enrolment_is_used_once_or_withdrawn(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let made = |id| Beside::Enrolment(enrolment(id));
        let used = |id: &str, at| Beside::EnrolmentUsed { id: id.to_owned(), key: format!("key_{at}"), at };
        let withdrawn = |id: &str, at| Beside::EnrolmentWithdrawn { id: id.to_owned(), at };
        beside(&mut writer, [made("enr_b"), made("enr_a")]);
        beside(&mut writer, [used("enr_a", 3), withdrawn("enr_b", 4), withdrawn("enr_a", 5), withdrawn("enr_b", 6)]);
        let is_used = EnrolmentRow { used_at: Some(3), key: Some("key_3".to_owned()), ..enrolment("enr_a") };
        let is_withdrawn = EnrolmentRow { withdrawn_at: Some(4), ..enrolment("enr_b") };
        assert_eq!(reader.enrolments(), Ok(vec![is_used.clone(), is_withdrawn.clone()]));

        for conflict in [
            vec![used("enr_a", 7)],
            vec![used("enr_b", 7)],
            vec![used("enr_c", 7)],
            vec![withdrawn("enr_c", 7)],
            vec![made("enr_a")],
            vec![made("enr_c"), made("enr_c")],
            vec![made("enr_c"), used("enr_c", 7), used("enr_c", 8)],
            vec![made("enr_c"), withdrawn("enr_c", 7), used("enr_c", 8)],
        ] {
            let answer = writer.append(&Batch { entries: vec![], beside: conflict.clone() });
            assert!(matches!(answer, Err(StoreError::Conflict(_))), "{conflict:?}: {answer:?}");
        }
        drop((writer, reader));
        store.reopen();
        assert_eq!(store.ports().1.enrolments(), Ok(vec![is_used, is_withdrawn]));
    }

    /// W8.
    pub(crate) fn presence_comes_and_goes(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let row = |session, last_proof| Presence {
            team: "acme".to_owned(),
            session,
            proven_from: 1,
            last_proof,
            last_activity: 2,
            lease: (session == 2).then(|| Lease { issued_at: 3, until: last_proof, cover: "tokens".to_owned() }),
        };
        beside(&mut writer, [row(2, 5), row(1, 5), row(2, 6)].map(Beside::Presence));
        assert_eq!(reader.presence(), Ok(vec![row(1, 5), row(2, 6)]));
        let gone = |session| Beside::PresenceGone { team: "acme".to_owned(), session };
        beside(&mut writer, [gone(1), gone(9)]);
        assert_eq!(reader.presence(), Ok(vec![row(2, 6)]));
    }

    /// W8, V1.
    pub(crate) fn signs_of_life_and_meta_keep_the_last_and_repeats_add_up(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        assert_eq!(reader.life(), Ok(None));
        beside(&mut writer, [Beside::Life(5), Beside::Life(-6)]);
        assert_eq!(reader.life(), Ok(Some(-6)));

        let repeats = |team: &str, seq, count| Beside::Repeats { team: team.to_owned(), seq, count };
        beside(
            &mut writer,
            [repeats("acme", 9, 1), repeats("acme", 4, 2), repeats("acme", 9, 3), repeats("apex", 1, 1)],
        );
        assert_eq!(reader.repeats("acme"), Ok(vec![(4, 2), (9, 4)]));

        let meta = |value: &str| Beside::Meta { key: "clock".to_owned(), value: value.to_owned() };
        assert_eq!(reader.meta("clock"), Ok(None));
        beside(&mut writer, [meta("1"), meta("2")]);
        assert_eq!(reader.meta("clock"), Ok(Some("2".to_owned())));
    }

    /// V2.
    pub(crate) fn checkpoints_are_kept_in_order(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        assert_eq!(reader.newest_checkpoint(), Ok(None));
        let at = |position, at| Checkpoint::sign(&signer(), at, position, [1; 32], "vendor", 1);
        beside(&mut writer, [at(9, 1), at(3, 1), at(9, 2)].map(Beside::Checkpoint));
        assert_eq!(reader.newest_checkpoint(), Ok(Some(at(9, 2))));
        assert_eq!(reader.checkpoints(0, 10), Ok(vec![at(3, 1), at(9, 2)]));
        assert_eq!(reader.checkpoints(0, 1), Ok(vec![at(3, 1)]));
        assert_eq!(reader.checkpoints(3, 10), Ok(vec![at(9, 2)]));
    }

    pub(crate) fn readers_on_other_threads_see_whole_commits(store: &mut Store) {
        const COMMITS: u64 = 50;
        let (mut writer, reader) = store.ports();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let reader = reader.clone();
                scope.spawn(move || {
                    let mut seen = 0;
                    while seen < COMMITS * 4 {
                        let found = reader.read(seen, 1_000).unwrap();
                        if let Some(last) = found.last() {
                            assert!(last.commit.is_some());
                            seen = last.position;
                            assert!(reader.life().unwrap() >= i64::try_from(seen).ok());
                        }
                    }
                });
            }
            let mut history = History::new();
            for commit in 1..=COMMITS {
                let mut batch = history.commit(&[("vendor", "a"); 4]);
                batch.beside = vec![Beside::Life(i64::try_from(commit * 4).unwrap())];
                writer.append(&batch).unwrap();
            }
        });
    }

    /// V2.
    pub(crate) fn a_log_that_was_appended_verifies(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let empty = chain_check(&reader, None, &Watch::nobody(), |_| Ok(())).unwrap();
        assert_eq!((empty.entries, empty.streams, empty.checkpoints), (0, 0, 0));

        let mut history = History::new();
        for n in 0..600 {
            let mut batch = history.commit(&[("vendor", "a"), ("team:acme", "b"), ("vendor", "c")]);
            if n % 2 == 0 {
                batch.beside = vec![Beside::Checkpoint(signed(&batch))];
            }
            writer.append(&batch).unwrap();
        }
        let mut walked = 0;
        let verified = chain_check(&reader, None, &Watch::nobody(), |entry| {
            walked += 1;
            assert_eq!(entry.position, walked);
            Ok(())
        });
        let commit = reader.entry(1_800).unwrap().unwrap().commit.unwrap();
        assert_eq!(verified, Ok(Verified { entries: 1_800, streams: 2, checkpoints: 300, commit }));
        assert_eq!(walked, 1_800);
        let newest = reader.newest_checkpoint().unwrap().unwrap();
        assert_eq!(expect(&reader, &newest), Ok(()));
    }

    /// V2: what `verify --expect` is for.
    pub(crate) fn a_checkpoint_finds_a_cut_tail_and_another_history(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        let first = history.commit(&[("vendor", "a"), ("team:acme", "b")]);
        let second = history.commit(&[("team:acme", "c")]);
        let kept_outside = signed(&second);
        writer.append(&first).unwrap();

        assert_eq!(chain_check(&reader, None, &Watch::nobody(), |_| Ok(())).unwrap().entries, 2);
        assert_eq!(
            expect(&reader, &kept_outside).unwrap_err().to_string(),
            "team:acme, entry 2 (position 3): the log ends at position 2, before the checkpoint at 3"
        );

        let mut other = History::new();
        other.commit(&[("vendor", "a"), ("team:acme", "b")]);
        writer.append(&other.commit(&[("team:acme", "rewritten")])).unwrap();
        assert_eq!(chain_check(&reader, None, &Watch::nobody(), |_| Ok(())).unwrap().entries, 3);
        assert_eq!(
            expect(&reader, &kept_outside).unwrap_err().to_string(),
            "team:acme, entry 2 (position 3): the log has another history here than the checkpoint signed"
        );

        // Within a commit no checkpoint can have been signed.
        let hash = first.entries[0].hash;
        let within = Checkpoint::sign(&signer(), 1, 1, hash, "vendor", 1);
        assert!(expect(&reader, &within).is_err());
        let mut forged = signed(&first);
        forged.at += 1;
        assert!(matches!(
            expect(&reader, &forged),
            Err(Unverified::Difference(difference)) if difference.stream == "team:acme"
        ));
    }

    pub(crate) fn a_probe_leaves_nothing_that_is_read(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        writer.probe().unwrap();
        writer.probe().unwrap();
        assert_eq!(reader.last_position(), Ok(0));
        assert_eq!(everything_beside(&reader), vec![]);
        writer.append(&History::new().commit(&[("vendor", "a")])).unwrap();
    }

    pub(crate) fn views_show_what_was_committed(store: &mut Store) {
        let (mut writer, reader) = store.ports();
        let mut history = History::new();
        let batch = history.commit(&[("vendor", "a"), ("team:acme", "b"), ("team:acme", "c")]);
        writer.append(&batch).unwrap();
        let mut views = store.views();
        let shown = views.reader();
        assert_eq!((views.position(), shown.position()), (0, Ok(0)));

        let mut filling = views.begin().unwrap();
        for entry in reader.read(0, 10).unwrap() {
            filling.follow(&entry).unwrap();
        }
        filling.id_opened("session", "s1", "team:acme", 2).unwrap();
        assert_eq!(filling.position(), 3);
        drop(filling);
        assert_eq!((views.position(), shown.position()), (0, Ok(0)));
        assert_eq!(shown.id("session", "s1"), Ok((None, 0)));

        let mut filling = views.begin().unwrap();
        for entry in reader.read(0, 2).unwrap() {
            filling.follow(&entry).unwrap();
        }
        filling.id_opened("session", "s1", "team:acme", 2).unwrap();
        filling.commit().unwrap();
        assert_eq!((views.position(), shown.position()), (2, Ok(2)));
        let session = IdRow { stream: "team:acme".to_owned(), opened: 2 };
        assert_eq!(shown.id("session", "s1"), Ok((Some(session.clone()), 2)));

        let mut filling = views.begin().unwrap();
        let again = filling.follow(&batch.entries[1]);
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
        filling.follow(&batch.entries[2]).unwrap();
        filling.commit().unwrap();
        assert_eq!(shown.id("session", "s1"), Ok((Some(session), 3)));
        assert_eq!(shown.id("order", "s1"), Ok((None, 3)));
        assert_eq!(shown.entry_at(3), Ok(Some(("team:acme".to_owned(), 2))));
        assert_eq!(shown.entry_at(4), Ok(None));
        assert_eq!(shown.positions("team:acme", 0, 10), Ok(vec![2, 3]));
        assert_eq!(shown.positions("team:acme", 1, 10), Ok(vec![3]));
        assert_eq!(shown.positions("team:acme", 0, 1), Ok(vec![2]));
        let entries = reader.entries(&shown.positions("vendor", 0, 10).unwrap());
        assert_eq!(entries, Ok(batch.entries[..1].to_vec()));
    }
}
