//! Bad days of a store: what befalls the appends of one process, and when the process is dead.
//!
//! A process that has died writes nothing any more, whatever its threads go on doing; what they say from then on is
//! heard by nobody.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};

use jeton_store::{Batch, Beside, Cause, Fate, Position, StoreError};
use tokio::sync::oneshot;

/// What befalls one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing is stored, and said so.
    Refused,
    /// All is stored, and said not to be.
    AnswerLost,
    DiesBefore,
    /// All is stored; nobody is told.
    DiesAfter,
    /// Stays full until there is room again.
    Full,
}

/// A process that has died, while it appended or after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    /// Up to where the log stood before the append.
    pub(crate) before: Position,
    /// Whether the append was stored.
    pub(crate) stored: bool,
}

/// The other end of a slow append.
#[derive(Debug)]
pub(crate) struct Slow {
    /// Said when it is being waited for.
    pub(crate) arrived: oneshot::Receiver<()>,
    pub(crate) go: Sender<()>,
}

#[derive(Debug)]
struct Armed {
    /// How many appends pass before.
    passing: u64,
    fault: Option<Fault>,
    slow: Option<(oneshot::Sender<()>, Receiver<()>)>,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Armed>,
    /// Of the append that is being stored.
    after: Option<Fault>,
    full: bool,
    death: Option<Death>,
    last: Position,
    happened: BTreeMap<&'static str, u64>,
}

/// Clones are the same days.
#[derive(Debug, Clone, Default)]
pub(crate) struct BadDays(Arc<Mutex<State>>);

impl BadDays {
    /// The append after so many that pass is to meet this, and to be slow.
    pub(crate) fn arm(&self, passing: u64, fault: Option<Fault>, slow: bool) -> Option<Slow> {
        let (said, arrived) = oneshot::channel();
        let (go, may_go) = channel();
        let armed = Armed { passing, fault, slow: slow.then_some((said, may_go)) };
        self.state().armed = Some(armed);
        slow.then_some(Slow { arrived, go })
    }

    pub(crate) fn disarm(&self) {
        self.state().armed = None;
    }

    pub(crate) fn fill(&self, full: bool) {
        self.state().full = full;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.state().full
    }

    pub(crate) fn death(&self) -> Option<Death> {
        self.state().death
    }

    /// Another process begins.
    pub(crate) fn begin_anew(&self) {
        let mut state = self.state();
        state.death = None;
        state.armed = None;
        state.after = None;
    }

    /// What happened, and how often.
    pub(crate) fn happened(&self) -> BTreeMap<&'static str, u64> {
        self.state().happened.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(Cause::Io, "a bad day".to_owned())
}

fn full() -> StoreError {
    StoreError::Unavailable(Cause::Full, "a full disk".to_owned())
}

impl Fate for BadDays {
    fn before(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.death.is_some() {
            return Err(unavailable());
        }
        if state.full {
            state.note("full");
            return Err(full());
        }
        match &mut state.armed {
            None => return Ok(()),
            Some(armed) if armed.passing > 0 => {
                armed.passing -= 1;
                return Ok(());
            }
            Some(_) => {}
        }
        let Some(Armed { fault, slow, .. }) = state.armed.take() else { return Ok(()) };
        if let Some((said, may_go)) = slow {
            state.note("slow");
            drop(state);
            let _nobody_waits = said.send(());
            let _nobody_lets_go = may_go.recv();
            state = self.state();
        }
        let with_presence = batch.beside.iter().any(|row| matches!(row, Beside::Presence(_)));
        if fault.is_some() && with_presence {
            state.note("while presence is written");
        }
        match fault {
            Some(Fault::Refused) => {
                state.note("refused");
                Err(unavailable())
            }
            Some(Fault::Full) => {
                state.note("full");
                state.full = true;
                Err(full())
            }
            Some(Fault::DiesBefore) => {
                state.note("dies before");
                state.death = Some(Death { before: state.last, stored: false });
                Err(unavailable())
            }
            Some(Fault::AnswerLost | Fault::DiesAfter) => {
                state.after = fault;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn after(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        let before = state.last;
        state.last = batch.entries.last().map_or(before, |entry| entry.position);
        match state.after.take() {
            Some(Fault::AnswerLost) => {
                state.note("answer lost");
                Err(unavailable())
            }
            Some(Fault::DiesAfter) => {
                state.note("dies after");
                state.death = Some(Death { before, stored: true });
                Ok(())
            }
            Some(Fault::Refused | Fault::DiesBefore | Fault::Full) | None => Ok(()),
        }
    }

    fn probe(&mut self) -> Result<(), StoreError> {
        let state = self.state();
        if state.full || state.death.is_some() { Err(full()) } else { Ok(()) }
    }
}
