//! The notes of starts without the server: how often a product may start so, and what the server is told afterwards.
//!
//! What always holds: a start by a product's leave (not by a lease) has its note before the program starts, at most
//! [`STARTS`] within [`WITHIN`]; each note is sealed, and one that was altered allows no further start until the
//! server has been reached. A program holds a lock on its note as long as it runs, so that nobody else tells what it
//! will tell itself.
//!
//! What it protects against, and against what not: a note that was edited, cut or copied from elsewhere is seen. Who
//! may write the folder can also read the key of the seal, or delete the folder with all notes; against the owner of
//! the machine only the server's own record helps. A vendor for whom that is too little sets the product to `refuse`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::error::MayNotStart;
use super::folders;
use super::machine::Machine;
use super::server_time::{minus, plus};
use crate::SessionOpen;

/// How often a product may start by its own leave …
pub(crate) const STARTS: usize = 3;
/// … within this time, …
pub(crate) const WITHIN: Duration = Duration::from_hours(24);
/// … and how long it may run each time.
pub(crate) const RUNS_FOR: Duration = Duration::from_hours(4);

/// How many starts by leases are written down; more start as well, and are told only while they run.
const MOST: usize = 100;

const SEAL_KEY: &str = "seal.key";

/// By what a program was started without the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// A lease that holds.
    Lease,
    /// What the product says of such times.
    Product,
}

/// A start without the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) session: String,
    pub(crate) opening: SessionOpen,
    leave: Leave,
    started_at: Timestamp,
    /// Whether the server knows it.
    told: bool,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    note: String,
    seal: String,
}

/// A note that nobody else is telling.
#[derive(Debug)]
pub(crate) struct HeldNote {
    pub(crate) note: Note,
    folder: PathBuf,
    /// Locked as long as this lives.
    _lock: File,
}

/// The notes of one server.
#[derive(Debug)]
pub(crate) struct Notes {
    folder: PathBuf,
}

/// A note as it was found; `None` when it is not as it was sealed.
type Found = (PathBuf, Option<Note>);

impl Notes {
    /// Those in the state folder of a server.
    pub(crate) fn of(state: &Path) -> Self {
        Self { folder: state.join("notes") }
    }

    /// Writes a start down, before it happens.
    pub(crate) fn begin(
        &self,
        machine: &dyn Machine,
        session: &str,
        opening: &SessionOpen,
        leave: Leave,
        now: Timestamp,
    ) -> Result<HeldNote, MayNotStart> {
        folders::make(&self.folder).map_err(|_| MayNotStart::NoNotes)?;
        let key = self.key(machine).map_err(|_| MayNotStart::NoNotes)?;
        let before = self.all(&key);
        // A clock that was set back gives no start back: time goes on from the newest note.
        let newest = before.iter().filter_map(|(_, note)| note.as_ref()).map(|note| note.started_at).max();
        let note = Note {
            session: session.to_owned(),
            opening: opening.clone(),
            leave,
            started_at: newest.map_or(now, |newest| newest.max(now)),
            told: false,
        };
        if leave == Leave::Lease && before.len() >= MOST {
            return Err(MayNotStart::NoNotes);
        }
        let held = self.write(&key, note).map_err(|_| MayNotStart::NoNotes)?;
        if leave == Leave::Product
            && let Err(refusal) = self.allows(&key, &held.note)
        {
            held.forget();
            return Err(refusal);
        }
        Ok(held)
    }

    /// The starts that nobody will tell, because their programs have ended. Called when the server has been reached:
    /// notes that were altered, and those that nobody asks for any more, are removed.
    pub(crate) fn left_over(&self, machine: &dyn Machine, now: Timestamp) -> Vec<HeldNote> {
        if !self.folder.exists() {
            return Vec::new();
        }
        let Ok(key) = self.key(machine) else { return Vec::new() };
        let mut left = Vec::new();
        for (path, note) in self.all(&key) {
            let Some(note) = note else {
                // Nothing can be told from it; whoever altered it has lost the starts that it stood for.
                let _ = fs::remove_file(path);
                continue;
            };
            if note.told {
                if note.started_at < minus(now, WITHIN) {
                    let _ = fs::remove_file(path);
                }
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                left.push(HeldNote { note, folder: self.folder.clone(), _lock: file });
            }
        }
        left
    }

    /// Whether this start is one of the first within the time. Of two at once both are written down already, and both
    /// count alike whose turn it is.
    fn allows(&self, key: &[u8], own: &Note) -> Result<(), MayNotStart> {
        let since = minus(own.started_at, WITHIN);
        let mut before = Vec::new();
        for (_, note) in self.all(key) {
            let note = note.ok_or(MayNotStart::NotesAltered)?;
            let earlier = (note.started_at, &note.session) < (own.started_at, &own.session);
            if note.leave == Leave::Product && note.started_at > since && earlier {
                before.push(note.started_at);
            }
        }
        before.sort_unstable();
        match before.len().checked_sub(STARTS).and_then(|over| before.get(over)) {
            Some(first) => Err(MayNotStart::UsedUp { again_at: plus(*first, WITHIN) }),
            None => Ok(()),
        }
    }

    fn write(&self, key: &[u8], note: Note) -> io::Result<HeldNote> {
        let name = file_name(&note.session);
        // Locked before it has its name, so that nobody finds it unlocked.
        let beside = self.folder.join(format!(".{name}"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all(&sealed(key, &note)?)?;
        file.sync_all()?;
        fs::rename(&beside, self.folder.join(name))?;
        Ok(HeldNote { note, folder: self.folder.clone(), _lock: file })
    }

    fn all(&self, key: &[u8]) -> Vec<Found> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let notes = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        notes
            .filter(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')))
            .filter_map(|path| {
                let text = fs::read(&path).ok()?;
                let note = opened(key, &text).filter(|note| path.ends_with(file_name(&note.session)));
                Some((path, note))
            })
            .collect()
    }

    /// The key of the seals, made when there is none. Of two who make one at once, both read the one that stays.
    fn key(&self, machine: &dyn Machine) -> io::Result<Vec<u8>> {
        let path = self.folder.join(SEAL_KEY);
        if !path.exists() {
            let beside = self.folder.join(format!(".{SEAL_KEY}.{}", std::process::id()));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&machine.random())?;
            file.sync_all()?;
            let linked = fs::hard_link(&beside, &path);
            fs::remove_file(&beside)?;
            linked.or_else(|error| if path.exists() { Ok(()) } else { Err(error) })?;
        }
        let mut key = Vec::new();
        File::open(&path)?.read_to_end(&mut key)?;
        if key.len() == 32 { Ok(key) } else { Err(io::Error::other("the key of the seals is cut")) }
    }
}

impl HeldNote {
    /// Until when the program may run without the server, when it was started by the product's leave.
    pub(crate) fn runs_until(&self) -> Timestamp {
        plus(self.note.started_at, RUNS_FOR)
    }

    /// The server knows the start now; the note goes on to count.
    pub(crate) fn told(mut self) {
        self.note.told = true;
        let Ok(key) = fs::read(self.folder.join(SEAL_KEY)) else { return };
        let Ok(text) = sealed(&key, &self.note) else { return };
        // One that cannot be written is told again, which changes nothing.
        let _ = folders::write(&self.folder, &file_name(&self.note.session), &text);
    }

    /// The start does not happen.
    fn forget(self) {
        let _ = fs::remove_file(self.folder.join(file_name(&self.note.session)));
    }
}

fn file_name(session: &str) -> String {
    format!("{session}.json")
}

fn sealed(key: &[u8], note: &Note) -> io::Result<Vec<u8>> {
    let note = serde_json::to_string(note)?;
    let seal = hex::encode(mac(key, &note).finalize().into_bytes());
    Ok(serde_json::to_vec(&Sealed { note, seal })?)
}

fn opened(key: &[u8], text: &[u8]) -> Option<Note> {
    let Sealed { note, seal } = serde_json::from_slice(text).ok()?;
    mac(key, &note).verify_slice(&hex::decode(seal).ok()?).ok()?;
    serde_json::from_str(&note).ok()
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sdk::machine::ThisMachine;

    fn opening() -> SessionOpen {
        SessionOpen {
            team: "acme".to_owned(),
            member: "ana".to_owned(),
            product: "autocad".to_owned(),
            version: None,
            device: "laptop".to_owned(),
            tags: BTreeMap::new(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn begin(notes: &Notes, session: &str, now: &str) -> Result<HeldNote, MayNotStart> {
        notes.begin(&ThisMachine, session, &opening(), Leave::Product, at(now))
    }

    #[test]
    fn a_product_starts_three_times_within_a_day_and_again_when_the_first_is_a_day_old() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::of(folder.path());
        for (session, now) in [("a", "2026-03-02T08:00:00Z"), ("b", "2026-03-02T09:00:00Z")] {
            begin(&notes, session, now).unwrap().told();
        }
        let third = begin(&notes, "c", "2026-03-02T10:00:00Z").unwrap();
        assert_eq!(third.runs_until(), at("2026-03-02T14:00:00Z"));
        let refused = MayNotStart::UsedUp { again_at: at("2026-03-03T08:00:00Z") };
        assert_eq!(begin(&notes, "d", "2026-03-03T07:59:59Z").unwrap_err(), refused);
        begin(&notes, "e", "2026-03-03T08:00:00Z").unwrap();
        let refused = MayNotStart::UsedUp { again_at: at("2026-03-03T09:00:00Z") };
        assert_eq!(begin(&notes, "f", "2026-03-03T08:30:00Z").unwrap_err(), refused);
        // A start by a lease counts for nothing here.
        notes.begin(&ThisMachine, "g", &opening(), Leave::Lease, at("2026-03-03T08:30:00Z")).unwrap();
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_start_back() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::of(folder.path());
        for session in ["a", "b", "c"] {
            begin(&notes, session, "2026-03-02T08:00:00Z").unwrap();
        }
        assert!(matches!(begin(&notes, "d", "2026-02-01T08:00:00Z"), Err(MayNotStart::UsedUp { .. })));
    }

    #[test]
    fn a_note_that_was_altered_allows_no_start_until_the_server_was_reached() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::of(folder.path());
        drop(begin(&notes, "a", "2026-03-02T08:00:00Z").unwrap());
        let path = notes.folder.join("a.json");
        let text = fs::read_to_string(&path).unwrap().replace("2026-03-02", "2026-03-01");
        fs::write(&path, text).unwrap();
        assert_eq!(begin(&notes, "b", "2026-03-02T08:00:00Z").unwrap_err(), MayNotStart::NotesAltered);
        assert!(notes.left_over(&ThisMachine, at("2026-03-02T09:00:00Z")).is_empty());
        begin(&notes, "b", "2026-03-02T09:00:00Z").unwrap();
    }

    #[test]
    fn what_runs_tells_itself_and_what_has_ended_is_left_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::of(folder.path());
        let running = begin(&notes, "a", "2026-03-02T08:00:00Z").unwrap();
        drop(begin(&notes, "b", "2026-03-02T08:00:00Z").unwrap());
        let now = at("2026-03-02T09:00:00Z");
        let left = notes.left_over(&ThisMachine, now);
        assert_eq!(left.iter().map(|held| held.note.session.as_str()).collect::<Vec<_>>(), ["b"]);
        for held in left {
            held.told();
        }
        assert!(notes.left_over(&ThisMachine, now).is_empty());
        drop(running);
        assert_eq!(notes.left_over(&ThisMachine, now).len(), 1);
        // Told and a day old, it is no longer asked for.
        assert_eq!(notes.left_over(&ThisMachine, at("2026-03-03T09:00:00Z")).len(), 1);
        assert!(!notes.folder.join("b.json").exists());
    }
}
