//! Why something was not done: decided against, not to be had with this key, out of reach, or asked wrongly.
//!
//! What always holds: a refusal is the server's own word, with its code, rule and figures. What can be cured by asking
//! again later is `Unreachable`: no connection, no answer in time, 5xx, an answer that is not the server's. A 4xx never
//! is.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::Problem;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A rule says no; what the member can do about it stands in the detail.
    #[error("{0}")]
    Refused(Refusal),
    /// The key opens nothing, or not this: ended, revoked, of somebody else, of another device (401, 403).
    #[error("{0}")]
    Denied(Refusal),
    /// The server could not be asked, or could not answer now.
    #[error("{0}")]
    Unreachable(Unreachable),
    /// It was asked in a way that no server would answer; a mistake of the program, or of its settings.
    #[error("{0}")]
    Misuse(String),
}

/// The word of the server, with everything that explains it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", .0.detail)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    pub(crate) fn new(problem: Problem) -> Self {
        Self(Box::new(problem))
    }

    /// Stable, for programs: `insufficient_tokens`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The rule that says so, where one does: `A3`.
    pub fn rule(&self) -> Option<&str> {
        self.0.rule.as_deref()
    }

    /// What kind of refusal it is, for people.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// What is so this time and what to do about it, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The figures that explain it: `required`, `available`, `shortfall`, …
    pub fn figures(&self) -> &Map<String, Value> {
        &self.0.figures
    }
}

/// The server could not be asked, or could not answer now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unreachable {
    /// What was tried and what came of it, for people.
    pub detail: String,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// Why the program may not start without the server, where an opening asked for it.
    pub may_not_start: Option<MayNotStart>,
}

/// Why a program may not start without the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MayNotStart {
    /// The vendor has set the product so.
    #[error("the product is not to be started without the server")]
    Refused,
    /// It was started so three times within 24 hours; again from then on.
    #[error("it was started without the server 3 times within 24 hours; again from {again_at} on")]
    UsedUp { again_at: Timestamp },
    /// What was written down about earlier starts is not as it was written.
    #[error("the notes of earlier starts without the server were altered")]
    NotesAltered,
    /// There is no folder in which the start could be written down.
    #[error("the start cannot be written down: the state folder cannot be written")]
    NoNotes,
}

impl Error {
    /// The refusal, of whichever kind.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Denied(refusal) => Some(refusal),
            Self::Unreachable(_) | Self::Misuse(_) => None,
        }
    }

    pub(crate) fn unreachable(detail: impl Into<String>) -> Self {
        Self::Unreachable(Unreachable { detail: detail.into(), retry_after: None, may_not_start: None })
    }

    /// Whether asking again, with nothing changed, may be answered otherwise soon.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(refusal) => refusal.status() == 429,
            Self::Denied(_) | Self::Misuse(_) => false,
        }
    }

    /// When the server wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable(unreachable) => unreachable.retry_after,
            Self::Refused(refusal) => {
                let seconds = refusal.figures().get("retry_after_s").and_then(Value::as_u64);
                seconds.map(Duration::from_secs)
            }
            Self::Denied(_) | Self::Misuse(_) => None,
        }
    }
}
