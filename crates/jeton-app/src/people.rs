//! The people of all teams, by name and by the ledger's keys (V5).
//!
//! It is what the store's rows of people and devices say, kept at hand. A row is written in the commit of the entry
//! that needs it, and only then learned here.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::RwLock;

use jeton_core::id::{DeviceKey, MemberId, MemberKey, TeamId};
use jeton_store::{Device, Person, Reader, StoreError};

use crate::secret;

/// Names and keys of everybody.
#[derive(Debug)]
pub(crate) struct People {
    teams: RwLock<HashMap<TeamId, Folk>>,
    /// One writer of members at a time, so that no number is given twice.
    pub(crate) writing: tokio::sync::Mutex<()>,
    /// Made at the start, and never stored.
    salt: [u8; 16],
}

#[derive(Debug, Default)]
struct Folk {
    by_id: BTreeMap<MemberId, MemberKey>,
    persons: HashMap<MemberKey, Known>,
    devices: HashMap<(MemberKey, DeviceKey), String>,
    /// Who was erased lately, by a number that only this process can make of their id.
    erased: HashMap<u64, MemberKey>,
}

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: MemberId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) salt: [u8; 16],
}

impl People {
    /// Everybody whom the store knows.
    pub(crate) fn load(reader: &Reader) -> Result<Self, StoreError> {
        let mut teams: HashMap<TeamId, Folk> = HashMap::new();
        for person in reader.people()? {
            if let (Ok(team), Ok(id)) = (person.team.parse(), person.id.parse::<MemberId>()) {
                let (email, name, salt) = (person.email, person.name, person.salt);
                teams.entry(team).or_default().learn(MemberKey(person.member), Known { id, email, name, salt });
            }
        }
        for (team, folk) in &mut teams {
            for device in reader.devices(team.as_str())? {
                folk.devices.insert((MemberKey(device.member), DeviceKey(device.device)), device.name);
            }
        }
        Ok(Self { teams: RwLock::new(teams), writing: tokio::sync::Mutex::default(), salt: secret::random() })
    }

    /// The key of a member.
    pub(crate) fn key(&self, team: &TeamId, member: &MemberId) -> Option<MemberKey> {
        self.read(team, |folk| folk.by_id.get(member).copied()).flatten()
    }

    /// At most `limit` members after one, in the order of their ids.
    pub(crate) fn following(&self, team: &TeamId, after: Option<&MemberId>, limit: usize) -> Vec<MemberKey> {
        self.named_following(team, after, limit).into_iter().map(|(_, key)| key).collect()
    }

    /// The same, with their ids.
    pub(crate) fn named_following(
        &self,
        team: &TeamId,
        after: Option<&MemberId>,
        limit: usize,
    ) -> Vec<(MemberId, MemberKey)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = self.read(team, |folk| {
            let following = folk.by_id.range::<MemberId, _>((from, Bound::Unbounded)).take(limit);
            following.map(|(id, key)| (id.clone(), *key)).collect()
        });
        found.unwrap_or_default()
    }

    /// What is known of a member.
    pub(crate) fn person(&self, team: &TeamId, member: MemberKey) -> Option<Known> {
        self.read(team, |folk| folk.persons.get(&member).cloned()).flatten()
    }

    /// A person's row, to be written: who is known keeps the salt of their devices.
    pub(crate) fn row(&self, team: &TeamId, member: MemberKey, id: &MemberId, email: String, name: String) -> Person {
        let salt = self.person(team, member).map_or_else(secret::random, |known| known.salt);
        Person { team: team.to_string(), member: member.0, id: id.to_string(), email, name, salt }
    }

    /// The name that a member goes by; when they were erased, one that stands for them for ever and that is no id, so
    /// that nobody else can have it and nothing can be asked by it (V5).
    pub(crate) fn name_of(&self, team: &TeamId, member: MemberKey) -> String {
        let named = self.read(team, |folk| folk.persons.get(&member).map(|known| known.id.to_string())).flatten();
        named.unwrap_or_else(|| format!("~{member}"))
    }

    /// Who went by this id when they were erased. Known to the process that erased them alone, for who asks twice.
    pub(crate) fn erased(&self, team: &TeamId, member: &MemberId) -> Option<MemberKey> {
        let number = secret::keyed_hash(&self.salt, member.as_str());
        self.read(team, |folk| folk.erased.get(&number).copied()).flatten()
    }

    /// The key of a member's device, and the row that makes it known, where it is not yet.
    pub(crate) fn device(&self, team: &TeamId, member: MemberKey, name: &str) -> (DeviceKey, Option<Device>) {
        let found = self.read(team, |folk| {
            let salt = folk.persons.get(&member)?.salt;
            let device = DeviceKey(secret::device_key(&salt, name));
            Some((device, folk.devices.contains_key(&(member, device))))
        });
        match found.flatten() {
            Some((device, true)) => (device, None),
            Some((device, false)) => {
                let row = Device { team: team.to_string(), member: member.0, device: device.0, name: name.to_owned() };
                (device, Some(row))
            }
            None => (DeviceKey(0), None),
        }
    }

    /// The name of a member's device.
    pub(crate) fn device_name(&self, team: &TeamId, member: MemberKey, device: DeviceKey) -> Option<String> {
        self.read(team, |folk| folk.devices.get(&(member, device)).cloned()).flatten()
    }

    /// Learns a person whose row has been written.
    pub(crate) fn learn(&self, team: &TeamId, person: &Person) {
        if let Ok(id) = person.id.parse() {
            let known = Known { id, email: person.email.clone(), name: person.name.clone(), salt: person.salt };
            self.write(team, |folk| folk.learn(MemberKey(person.member), known));
        }
    }

    /// Learns a device whose row has been written.
    pub(crate) fn learn_device(&self, team: &TeamId, device: &Device) {
        let key = (MemberKey(device.member), DeviceKey(device.device));
        self.write(team, |folk| {
            // Who was erased since it was written has no devices any more.
            if folk.persons.contains_key(&key.0) {
                folk.devices.insert(key, device.name.clone());
            }
        });
    }

    /// Forgets a person whose row has been erased.
    pub(crate) fn forget(&self, team: &TeamId, member: MemberKey) {
        self.write(team, |folk| {
            folk.devices.retain(|(of, _), _| *of != member);
            if let Some(known) = folk.persons.remove(&member) {
                folk.by_id.remove(&known.id);
                folk.erased.insert(secret::keyed_hash(&self.salt, known.id.as_str()), member);
            }
        });
    }

    fn read<T>(&self, team: &TeamId, look: impl FnOnce(&Folk) -> T) -> Option<T> {
        self.teams.read().expect("nobody panics while writing names").get(team).map(look)
    }

    fn write(&self, team: &TeamId, change: impl FnOnce(&mut Folk)) {
        let mut teams = self.teams.write().expect("nobody panics while writing names");
        change(teams.entry(team.clone()).or_default());
    }
}

impl Folk {
    fn learn(&mut self, member: MemberKey, known: Known) {
        self.by_id.insert(known.id.clone(), member);
        self.persons.insert(member, known);
    }
}
