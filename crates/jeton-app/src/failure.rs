//! Every way in which a use case can say no.
//!
//! What always holds: the list is closed, each way has one status and a stable code, and what it tells is made for
//! the one who asked: no path, no query, no text of a library. What went wrong inside is logged where it happened.
//!
//! What it does not do: headers. Those are the face's.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::contract::{BadRow, Problem};

/// Why a use case did not do what it was asked to.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The request cannot be read. `field` is the field, parameter or header as the caller knows it.
    BadRequest { field: String, detail: String },
    /// There is no key, or it is altered, ended or revoked.
    Unauthorised,
    /// The key is good, and its scope too small.
    Forbidden,
    /// There is no such thing, or the key may not know of it. `code` is `unknown_…`.
    NotFound { code: &'static str },
    /// A rule refused it: an answer, never logged as an error.
    Refused(Refusal),
    /// It is not as the caller last saw it.
    PreconditionFailed,
    /// It may be had, but not now; nothing was decided.
    NotNow { reason: NotNow, detail: String },
    /// The key asks more often than it may.
    TooFast { retry_after_s: u32 },
    /// A limit of the contract would be passed.
    Limit { name: &'static str, value: u64, over: Over },
    /// Rows of a file cannot be read, so many, and nothing of it was done. `rows` are the first of them.
    BadRows { count: u64, rows: Vec<BadRow> },
    /// Something that should hold inside does not. It was logged where it was found.
    Internal,
}

/// A rule's refusal, in the words of the public contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The stable code.
    pub code: &'static str,
    /// The rule that made it.
    pub rule: &'static str,
    /// 402 for want of tokens, 409 otherwise.
    pub status: u16,
    /// What kind of refusal it is, the same each time.
    pub title: &'static str,
    /// What is so this time, and what to do about it.
    pub detail: String,
    /// The figures that explain it.
    pub figures: Map<String, Value>,
}

/// Why it may not be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// More is asked than can be decided; nothing of it was taken in.
    QueueFull,
    /// The disk is full.
    StorageFull,
    /// The disk has so little room that nothing new is begun.
    StorageLow,
    /// What was to be stored could not be, for another reason.
    StorageUnavailable,
    /// The wall clock and the steady clock have parted (W9).
    ClockJumped,
    /// The read tables are being made again.
    Rebuilding,
    /// The read tables have not caught up with a write within their time.
    Behind,
    /// The server is stopping.
    ShuttingDown,
    /// It took longer than a request may. Whether it was decided is told to whoever asks again.
    TimedOut,
}

/// What a limit is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The bytes of a body: 413.
    Body,
    /// Something else about the request, which is never accepted: 400.
    Request,
    /// What there is already: 409.
    Stock,
}

impl NotNow {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::StorageFull => "storage_full",
            Self::StorageLow => "storage_low",
            Self::StorageUnavailable => "storage_unavailable",
            Self::ClockJumped => "clock_jumped",
            Self::Rebuilding => "rebuilding",
            Self::Behind => "behind",
            Self::ShuttingDown => "shutting_down",
            Self::TimedOut => "timed_out",
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    /// A request whose `field` cannot be read, and what was expected of it.
    pub fn bad_request(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::BadRequest { field: field.into(), detail: detail.into() }
    }

    /// The HTTP status of the public contract.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } | Self::BadRows { .. } | Self::Limit { over: Over::Request, .. } => 400,
            Self::Unauthorised => 401,
            Self::Forbidden => 403,
            Self::NotFound { .. } => 404,
            Self::Refused(refusal) => refusal.status,
            Self::Limit { over: Over::Stock, .. } => 409,
            Self::PreconditionFailed => 412,
            Self::Limit { over: Over::Body, .. } => 413,
            Self::TooFast { .. } => 429,
            Self::Internal => 500,
            Self::NotNow { .. } => 503,
        }
    }

    /// The stable code of the public contract.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "bad_request",
            Self::BadRows { .. } => "bad_rows",
            Self::Unauthorised => "unauthorised",
            Self::Forbidden => "forbidden",
            Self::NotFound { code } => code,
            Self::Refused(refusal) => refusal.code,
            Self::PreconditionFailed => "precondition_failed",
            Self::NotNow { reason, .. } => reason.code(),
            Self::TooFast { .. } => "too_fast",
            Self::Limit { .. } => "limit",
            Self::Internal => "internal",
        }
    }

    /// What the caller is told.
    pub fn problem(&self) -> Problem {
        let mut figures = Map::new();
        match self {
            Self::Refused(refusal) => return refusal.problem(),
            Self::BadRequest { field, .. } => {
                figures.insert("field".to_owned(), Value::from(field.as_str()));
            }
            Self::BadRows { count, rows } => {
                figures.insert("count".to_owned(), Value::from(*count));
                figures.insert("rows".to_owned(), json!(rows));
            }
            Self::Limit { name, value, .. } => {
                figures.insert("name".to_owned(), Value::from(*name));
                figures.insert("value".to_owned(), Value::from(*value));
            }
            Self::TooFast { retry_after_s } => {
                figures.insert("retry_after_s".to_owned(), Value::from(*retry_after_s));
            }
            Self::Unauthorised
            | Self::Forbidden
            | Self::NotFound { .. }
            | Self::PreconditionFailed
            | Self::NotNow { .. }
            | Self::Internal => {}
        }
        problem(self.code(), self.status(), self.title(), self.to_string(), self.rule(), figures)
    }

    /// The rule that answers so, where one does beside the refusals: the first step of A3.
    fn rule(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { code: "unknown_team" | "unknown_member" | "unknown_product" } => Some("A3"),
            Self::Refused(refusal) => Some(refusal.rule),
            Self::BadRequest { .. }
            | Self::BadRows { .. }
            | Self::Unauthorised
            | Self::Forbidden
            | Self::NotFound { .. }
            | Self::PreconditionFailed
            | Self::NotNow { .. }
            | Self::TooFast { .. }
            | Self::Limit { .. }
            | Self::Internal => None,
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "The request cannot be read",
            Self::BadRows { .. } => "The file has bad rows",
            Self::Unauthorised => "No good key",
            Self::Forbidden => "The key may not do that",
            Self::NotFound { .. } => "There is no such thing",
            Self::Refused(refusal) => refusal.title,
            Self::PreconditionFailed => "It has changed since",
            Self::NotNow { .. } => "Not now",
            Self::TooFast { .. } => "Too fast",
            Self::Limit { .. } => "A limit would be passed",
            Self::Internal => "The server failed",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest { detail, .. } | Self::NotNow { detail, .. } => formatter.write_str(detail),
            Self::Unauthorised => formatter.write_str(
                "Send `Authorization: Bearer` with a key of this installation that has neither ended nor been revoked.",
            ),
            Self::Forbidden => formatter.write_str("The scope of this key does not reach so far. Ask for another key."),
            Self::NotFound { code: "unknown_enrolment" } => formatter.write_str(
                "There is no such enrolment, or its code is no longer good: it is good once, for 7 days. Look whether it \
                 is typed as it was told, or ask an admin of the team for a new one.",
            ),
            Self::NotFound { code } => {
                let what = code.strip_prefix("unknown_").unwrap_or(code).replace('_', " ");
                write!(formatter, "There is no such {what}, or this key may not know of it.")
            }
            Self::Refused(refusal) => formatter.write_str(&refusal.detail),
            Self::PreconditionFailed => {
                formatter.write_str("It is not as `If-Match` says. Read it again, and write it with its new `ETag`.")
            }
            Self::TooFast { retry_after_s } => {
                write!(formatter, "This key asks more often than it may. Ask again in {retry_after_s} s.")
            }
            Self::BadRows { count, .. } => write!(
                formatter,
                "Rows that cannot be taken: {count}. Nothing of the file was done. Correct them, and send the whole file."
            ),
            Self::Limit { name, value, .. } => {
                write!(formatter, "The limit of {} is {value}.", name.replace('_', " "))
            }
            Self::Internal => formatter.write_str(
                "Something failed inside the server. The vendor finds it in the log by this answer's `x-request-id`.",
            ),
        }
    }
}

impl std::error::Error for Failure {}

impl Refusal {
    /// What the caller is told.
    pub fn problem(&self) -> Problem {
        problem(self.code, self.status, self.title, self.detail.clone(), Some(self.rule), self.figures.clone())
    }
}

/// A problem of the public contract. Every problem of every face is made here.
pub fn problem(
    code: &str,
    status: u16,
    title: &str,
    detail: String,
    rule: Option<&str>,
    figures: Map<String, Value>,
) -> Problem {
    Problem {
        kind: format!("urn:jeton:problem:{code}"),
        title: title.to_owned(),
        status,
        detail,
        code: code.to_owned(),
        rule: rule.map(str::to_owned),
        figures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_with_its_rule_and_figures() {
        let figures = Map::from_iter([("shortfall".to_owned(), json!("1"))]);
        let refusal = Refusal {
            code: "insufficient_tokens",
            rule: "A3",
            status: 402,
            title: "Not enough tokens",
            detail: "Buy at least 1 more.".to_owned(),
            figures,
        };
        let told = serde_json::to_value(Failure::from(refusal).problem()).unwrap();
        let expected = json!({
            "type": "urn:jeton:problem:insufficient_tokens",
            "title": "Not enough tokens",
            "status": 402,
            "detail": "Buy at least 1 more.",
            "code": "insufficient_tokens",
            "rule": "A3",
            "shortfall": "1",
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn an_unreadable_request_names_the_field() {
        let problem = Failure::bad_request("tiers[0].from", "expected a number").problem();
        assert_eq!((problem.status, problem.figures.get("field")), (400, Some(&json!("tiers[0].from"))));
    }

    #[test]
    fn a_limit_is_told_with_its_name_and_value() {
        for (over, status) in [(Over::Body, 413), (Over::Request, 400), (Over::Stock, 409)] {
            let problem = Failure::Limit { name: "lots", value: 2_000, over }.problem();
            assert_eq!((problem.code.as_str(), problem.status), ("limit", status));
            assert_eq!(problem.figures.get("name"), Some(&json!("lots")));
            assert_eq!(problem.figures.get("value"), Some(&json!(2_000)));
        }
    }
}
