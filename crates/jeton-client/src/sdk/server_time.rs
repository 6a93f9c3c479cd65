//! What time it is for the server, whose clock alone counts (W9).
//!
//! What always holds: once the server has answered, its time goes on by the time since the machine started, so that
//! neither a step of the wall clock nor a sleep moves it. After another start of the machine the wall clock is asked,
//! and never believed below what the server once said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::machine::Machine;

/// What the server's clock said, and when that was here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    server: Timestamp,
    start: String,
    since_start: Duration,
}

/// The server's time as it is known here.
#[derive(Debug)]
pub(crate) struct ServerTime {
    machine: Arc<dyn Machine>,
    said: Mutex<Option<Said>>,
}

impl ServerTime {
    /// From what was kept of an earlier answer.
    pub(crate) fn new(machine: Arc<dyn Machine>, kept: Option<Said>) -> Self {
        Self { machine, said: Mutex::new(kept) }
    }

    /// What the server says that it is now, from the header `Date` of its answer.
    pub(crate) fn learn(&self, date: &str) {
        let Ok(server) = jiff::fmt::rfc2822::parse(date) else { return };
        let (start, since_start) = (self.machine.start(), self.machine.since_start());
        *self.lock() = Some(Said { server: server.timestamp(), start, since_start });
    }

    /// What is worth keeping for the next program.
    pub(crate) fn said(&self) -> Option<Said> {
        self.lock().clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &*self.lock() {
            Some(said) if said.start == self.machine.start() => {
                plus(said.server, self.machine.since_start().saturating_sub(said.since_start))
            }
            Some(said) => said.server.max(self.machine.wall()),
            None => self.machine.wall(),
        }
    }

    /// When an instant of the server comes, in time since the machine's start; now when it has passed.
    pub(crate) fn when(&self, at: Timestamp) -> Duration {
        let to_come = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        self.machine.since_start().saturating_add(to_come)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instant so much later; the last one there is, at the end of all time.
pub(crate) fn plus(at: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// An instant so much earlier.
pub(crate) fn minus(at: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    at.checked_sub(duration).unwrap_or(Timestamp::MIN)
}
