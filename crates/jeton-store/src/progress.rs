//! How far something that takes long has come, for who waits for it, and their word whether it is to go on.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Cause, StoreError};

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub step: Step,
    /// Of `of`, in the step's unit. Both are estimates: neither ends a wait.
    pub done: u64,
    /// 0 where nobody knows.
    pub of: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A file is written; bytes.
    Copy,
    /// The log is recomputed; entries.
    Recompute,
    /// The structure of the file is looked at.
    Structure,
    /// The views are made again, to be compared; entries.
    Views,
}

/// Who is told how far it is, and says whether to go on. Clones tell the same one.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(Progress) -> ControlFlow<()> + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    pub fn new(told: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    /// Nobody is told, and it goes on to its end.
    pub fn nobody() -> Self {
        Self::new(|_| ControlFlow::Continue(()))
    }

    /// Tells how far it is. An error when it is not to go on.
    pub fn tell(&self, step: Step, done: u64, of: u64) -> Result<(), StoreError> {
        match (self.0)(Progress { step, done, of }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(broken_off()),
        }
    }
}

/// Whoever waited does not any more.
pub(crate) fn broken_off() -> StoreError {
    StoreError::Unavailable(Cause::Busy, "it was broken off before its end, and has changed nothing".to_owned())
}
