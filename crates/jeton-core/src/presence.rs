//! Presence: who is alive now.
//!
//! Presence is an argument of every decision, never folded and never hashed; an entry that relied on a fact of
//! it carries that fact. Lost with a crash it can end a session a little earlier, never charge more (W8).

use alloc::collections::{BTreeMap, BTreeSet};

use crate::id::{Seq, SessionNo};
use crate::time::Instant;

/// What is known of an open session's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alive {
    /// From where on its messages prove use: its opening, last revival, or return after idling.
    pub from: Instant,
    pub last_proof: Instant,
    pub last_activity: Instant,
    /// Since when it is silent: its last proof, or a later start of the server (W8).
    pub silent_since: Instant,
    /// The lease that it was given last, when that is known.
    pub lease: Option<LeaseGiven>,
}

/// A lease that a client holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseGiven {
    pub issued_at: Instant,
    pub until: Instant,
    pub cover: &'static str,
}

/// The presence of one team's open sessions, and what else is counted but not decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence {
    /// Left by [`Presence::gone`].
    alive: BTreeMap<SessionNo, Alive>,
    silence: BTreeSet<(Instant, SessionNo)>,
    /// How often a kept refusal was repeated within its hour, by its entry (V1). Left when it is stored.
    repeats: BTreeMap<Seq, u64>,
}

impl Presence {
    /// What is known of a session.
    pub fn of(&self, session: SessionNo) -> Option<&Alive> {
        self.alive.get(&session)
    }

    /// All that are alive.
    pub fn iter(&self) -> impl Iterator<Item = (SessionNo, &Alive)> {
        self.alive.iter().map(|(session, alive)| (*session, alive))
    }

    /// Sets what is known: an opening, a revival, a recovery.
    pub fn set(&mut self, session: SessionNo, alive: Alive) {
        if let Some(before) = self.alive.insert(session, alive) {
            self.silence.remove(&(before.silent_since, session));
        }
        self.silence.insert((alive.silent_since, session));
    }

    /// A proof of use at `now`, with an activity if the client reports one.
    pub fn proof(&mut self, session: SessionNo, now: Instant, activity: Option<Instant>) {
        let Some(mut alive) = self.alive.get(&session).copied() else { return };
        alive.last_proof = now;
        alive.silent_since = now;
        if let Some(activity) = activity {
            alive.last_activity = activity.max(alive.last_activity);
        }
        self.set(session, alive);
    }

    /// From here on the messages of a session prove use (W6).
    pub fn proven_from(&mut self, session: SessionNo, from: Instant) {
        if let Some(alive) = self.alive.get_mut(&session) {
            alive.from = from;
        }
    }

    /// A session has ended.
    pub fn gone(&mut self, session: SessionNo) {
        if let Some(alive) = self.alive.remove(&session) {
            self.silence.remove(&(alive.silent_since, session));
        }
    }

    /// The session that has been silent for longest, and since when.
    pub fn most_silent(&self) -> Option<(Instant, SessionNo)> {
        self.silence.first().copied()
    }

    /// The server was not there until `now`: that was not silence of theirs (W8).
    pub fn restarted(&mut self, now: Instant) {
        self.silence.clear();
        for (session, alive) in &mut self.alive {
            alive.silent_since = now;
            self.silence.insert((now, *session));
        }
    }

    /// One more repeat of a kept refusal.
    pub fn repeated(&mut self, refusal: Seq) {
        *self.repeats.entry(refusal).or_insert(0) += 1;
    }

    /// The repeats counted since they were last taken, to be stored.
    pub fn take_repeats(&mut self) -> BTreeMap<Seq, u64> {
        core::mem::take(&mut self.repeats)
    }

    /// Remembers the lease that a session's client was given.
    pub fn leased(&mut self, session: SessionNo, lease: LeaseGiven) {
        if let Some(alive) = self.alive.get_mut(&session) {
            alive.lease = Some(lease);
        }
    }
}
