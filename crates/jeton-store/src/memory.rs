//! The ports in memory: for tests and simulations, and gone with the process.
//!
//! What always holds: a batch is checked in full before anything of it is done, so that readers
//! never see half of one and a panic leaves nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::batch::{Batch, Beside};
use crate::checkpoint::Checkpoint;
use crate::enrolments::EnrolmentRow;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::keys::KeyRow;
use crate::people::{Device, Person};
use crate::ports::{Reader, Writer};
use crate::presence::Presence;
use crate::sqlite::{enrolment_over, enrolment_taken, enrolment_unknown, key_taken, key_unknown, missing, whole};
use crate::views::Views;

/// An empty store in memory.
pub fn memory() -> Memory {
    Memory::default()
}

/// A store in memory, for as long as it or one of its ports lives. What a process would find again
/// after its death is found again by a second [`Memory::writer`].
#[derive(Debug, Clone, Default)]
pub struct Memory(Shared);

impl Memory {
    pub fn writer(&self) -> Writer {
        Writer::Memory(MemoryWriter { shared: self.0.clone(), fate: None })
    }

    /// A writer whose every batch meets a fate.
    pub fn writer_under(&self, fate: Box<dyn Fate>) -> Writer {
        Writer::Memory(MemoryWriter { shared: self.0.clone(), fate: Some(fate) })
    }

    pub fn reader(&self) -> Reader {
        Reader::Memory(MemoryReader(self.0.clone()))
    }

    /// Empty views, to be filled from the log.
    pub fn views(&self) -> Result<Views, StoreError> {
        Views::in_memory()
    }
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<RwLock<State>>);

impl Shared {
    /// No panic can have left the state half changed, so a poisoned lock means nothing.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Sealed>,
    people: BTreeMap<(String, u32), Person>,
    devices: BTreeMap<(String, u32, u64), Device>,
    keys: BTreeMap<String, KeyRow>,
    enrolments: BTreeMap<String, EnrolmentRow>,
    presence: BTreeMap<(String, u64), Presence>,
    life: Option<i64>,
    repeats: BTreeMap<(String, u64), u64>,
    checkpoints: BTreeMap<Position, Checkpoint>,
    meta: BTreeMap<String, String>,
}

/// What befalls a writer, for simulations: no room, a broken machine, a death in the middle. It stands before the
/// store and behind it, and changes nothing of what is stored: a batch is there in full, or not at all.
pub trait Fate: Send + fmt::Debug {
    /// A batch comes to be stored. After an error it is not.
    fn before(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// The batch is stored. An error is then all that is heard of it.
    fn after(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Whether there is room again.
    fn probe(&mut self) -> Result<(), StoreError>;
}

/// Appends to a [`Memory`].
#[derive(Debug)]
pub struct MemoryWriter {
    shared: Shared,
    fate: Option<Box<dyn Fate>>,
}

impl MemoryWriter {
    pub(crate) fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(fate) = &mut self.fate {
            fate.before(batch)?;
        }
        {
            let mut state = self.shared.0.write().unwrap_or_else(PoisonError::into_inner);
            state.check(batch)?;
            state.take(batch);
        }
        self.fate.as_mut().map_or(Ok(()), |fate| fate.after(batch))
    }

    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        self.fate.as_mut().map_or(Ok(()), |fate| fate.probe())
    }
}

impl State {
    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check(self.last_position())?;
        for entry in &batch.entries {
            whole(entry.position);
            whole(entry.seq);
        }
        let mut new_keys = HashSet::new();
        let mut enrolments = BTreeMap::new();
        for row in &batch.beside {
            match row {
                Beside::Key(key) => {
                    if self.keys.contains_key(&key.id) || !new_keys.insert(key.id.as_str()) {
                        return Err(key_taken(&key.id));
                    }
                }
                Beside::KeyRevoked { id, at: _ } | Beside::KeyErased { id, at: _ } => {
                    if !self.keys.contains_key(id) && !new_keys.contains(id.as_str()) {
                        return Err(key_unknown(id));
                    }
                }
                Beside::Enrolment(row) => {
                    if self.enrolments.contains_key(&row.id) || enrolments.contains_key(row.id.as_str()) {
                        return Err(enrolment_taken(&row.id));
                    }
                    enrolments.insert(row.id.as_str(), row.is_open());
                }
                Beside::EnrolmentUsed { id, .. } => {
                    let stored = || self.enrolments.get(id).is_some_and(EnrolmentRow::is_open);
                    if !enrolments.get(id.as_str()).copied().unwrap_or_else(stored) {
                        return Err(enrolment_over(id));
                    }
                    enrolments.insert(id.as_str(), false);
                }
                Beside::EnrolmentWithdrawn { id, at: _ } => {
                    if !self.enrolments.contains_key(id) && !enrolments.contains_key(id.as_str()) {
                        return Err(enrolment_unknown(id));
                    }
                    enrolments.insert(id.as_str(), false);
                }
                Beside::Presence(presence) => {
                    whole(presence.session);
                }
                Beside::PresenceGone { team: _, session } => {
                    whole(*session);
                }
                Beside::Repeats { team: _, seq, count } => {
                    whole(*seq);
                    whole(*count);
                }
                Beside::Checkpoint(checkpoint) => {
                    whole(checkpoint.position);
                    whole(checkpoint.seq);
                }
                Beside::Person(_)
                | Beside::PersonErased { .. }
                | Beside::Device(_)
                | Beside::Life(_)
                | Beside::Meta { .. } => {}
            }
        }
        Ok(())
    }

    /// Of a batch that was checked; cannot fail.
    fn take(&mut self, batch: &Batch) {
        self.log.extend_from_slice(&batch.entries);
        for row in batch.beside.iter().cloned() {
            match row {
                Beside::Person(person) => {
                    self.people.insert((person.team.clone(), person.member), person);
                }
                Beside::PersonErased { team, member } => {
                    self.devices.retain(|(of, owner, _), _| (of.as_str(), *owner) != (team.as_str(), member));
                    self.people.remove(&(team, member));
                }
                Beside::Device(device) => {
                    let key = (device.team.clone(), device.member, device.device);
                    self.devices.insert(key, device);
                }
                Beside::Key(key) => {
                    self.keys.insert(key.id.clone(), key);
                }
                Beside::KeyRevoked { id, at } => {
                    if let Some(key) = self.keys.get_mut(&id) {
                        key.revoked_at.get_or_insert(at);
                    }
                }
                Beside::KeyErased { id, at } => {
                    if let Some(key) = self.keys.get_mut(&id) {
                        key.revoked_at.get_or_insert(at);
                        key.label.clear();
                    }
                }
                Beside::Enrolment(row) => {
                    self.enrolments.insert(row.id.clone(), row);
                }
                Beside::EnrolmentUsed { id, key, at } => {
                    if let Some(row) = self.enrolments.get_mut(&id) {
                        (row.used_at, row.key) = (Some(at), Some(key));
                    }
                }
                Beside::EnrolmentWithdrawn { id, at } => {
                    if let Some(row) = self.enrolments.get_mut(&id).filter(|row| row.is_open()) {
                        row.withdrawn_at = Some(at);
                    }
                }
                Beside::Presence(presence) => {
                    self.presence.insert((presence.team.clone(), presence.session), presence);
                }
                Beside::PresenceGone { team, session } => {
                    self.presence.remove(&(team, session));
                }
                Beside::Life(at) => self.life = Some(at),
                Beside::Repeats { team, seq, count } => {
                    *self.repeats.entry((team, seq)).or_insert(0) += count;
                }
                Beside::Checkpoint(checkpoint) => {
                    self.checkpoints.insert(checkpoint.position, checkpoint);
                }
                Beside::Meta { key, value } => {
                    self.meta.insert(key, value);
                }
            }
        }
    }

    fn last_position(&self) -> Position {
        self.log.last().map_or(0, |entry| entry.position)
    }

    /// The log after a position. Entry `n` stands at index `n - 1`.
    fn after(&self, position: Position) -> &[Sealed] {
        usize::try_from(position).ok().and_then(|skip| self.log.get(skip..)).unwrap_or_default()
    }
}

/// Reads a [`Memory`].
#[derive(Debug, Clone)]
pub struct MemoryReader(Shared);

impl MemoryReader {
    pub(crate) fn last_position(&self) -> Position {
        self.0.read().last_position()
    }

    pub(crate) fn read(&self, after: Position, limit: usize) -> Vec<Sealed> {
        let state = self.0.read();
        state.after(after).iter().take(limit).cloned().collect()
    }

    pub(crate) fn entry(&self, position: Position) -> Option<Sealed> {
        let before = position.checked_sub(1)?;
        self.0.read().after(before).first().cloned()
    }

    pub(crate) fn entries(&self, positions: &[Position]) -> Result<Vec<Sealed>, StoreError> {
        positions.iter().map(|position| self.entry(*position).ok_or_else(|| missing(*position))).collect()
    }

    pub(crate) fn scan_stream(&self, stream: &str, after_seq: u64, each: &mut dyn FnMut(Sealed) -> ControlFlow<()>) {
        let found: Vec<_> = (self.0.read().log.iter())
            .filter(|entry| *entry.stream == *stream && entry.seq > after_seq)
            .cloned()
            .collect();
        // Called without the lock, so that the caller may read meanwhile.
        for entry in found {
            if each(entry).is_break() {
                return;
            }
        }
    }

    pub(crate) fn people(&self) -> Vec<Person> {
        self.0.read().people.values().cloned().collect()
    }

    pub(crate) fn devices(&self, team: &str) -> Vec<Device> {
        let state = self.0.read();
        let devices = state.devices.values();
        devices.filter(|device| device.team == team).cloned().collect()
    }

    pub(crate) fn device_name(&self, team: &str, member: u32, device: u64) -> Option<String> {
        let state = self.0.read();
        let device = state.devices.get(&(team.to_owned(), member, device))?;
        Some(device.name.clone())
    }

    pub(crate) fn keys(&self) -> Vec<KeyRow> {
        self.0.read().keys.values().cloned().collect()
    }

    pub(crate) fn enrolments(&self) -> Vec<EnrolmentRow> {
        self.0.read().enrolments.values().cloned().collect()
    }

    pub(crate) fn presence(&self) -> Vec<Presence> {
        self.0.read().presence.values().cloned().collect()
    }

    pub(crate) fn life(&self) -> Option<i64> {
        self.0.read().life
    }

    pub(crate) fn repeats(&self, team: &str) -> Vec<(u64, u64)> {
        let state = self.0.read();
        let repeats = state.repeats.iter();
        repeats.filter(|((of, _), _)| of == team).map(|((_, seq), count)| (*seq, *count)).collect()
    }

    pub(crate) fn meta(&self, key: &str) -> Option<String> {
        self.0.read().meta.get(key).cloned()
    }

    pub(crate) fn checkpoints(&self, after: Position, limit: usize) -> Vec<Checkpoint> {
        let state = self.0.read();
        let later = state.checkpoints.values();
        later.filter(|checkpoint| checkpoint.position > after).take(limit).cloned().collect()
    }

    pub(crate) fn newest_checkpoint(&self) -> Option<Checkpoint> {
        self.0.read().checkpoints.values().next_back().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Cause;

    /// Lets so many batches and answers through, and nothing after.
    #[derive(Debug)]
    struct Passing(u32);

    impl Passing {
        fn pass(&mut self) -> Result<(), StoreError> {
            self.0 = self.0.checked_sub(1).ok_or(StoreError::Unavailable(Cause::Io, "a bad day".to_owned()))?;
            Ok(())
        }
    }

    impl Fate for Passing {
        fn before(&mut self, _: &Batch) -> Result<(), StoreError> {
            self.pass()
        }

        fn after(&mut self, _: &Batch) -> Result<(), StoreError> {
            self.pass()
        }

        fn probe(&mut self) -> Result<(), StoreError> {
            self.pass()
        }
    }

    #[test]
    fn a_batch_is_stored_before_its_answer_is_lost_and_not_stored_when_it_is_refused() {
        let memory = memory();
        let row = |at| Batch { entries: Vec::new(), beside: vec![Beside::Life(at)] };
        let mut writer = memory.writer_under(Box::new(Passing(3)));
        writer.append(&row(1)).unwrap();
        assert!(matches!(writer.append(&row(2)), Err(StoreError::Unavailable(..))));
        assert_eq!(memory.reader().life(), Ok(Some(2)), "its answer was lost");
        assert!(matches!(writer.append(&row(3)), Err(StoreError::Unavailable(..))));
        assert_eq!(memory.reader().life(), Ok(Some(2)), "it was refused");
        assert!(writer.probe().is_err());
    }
}
