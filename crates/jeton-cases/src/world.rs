//! What a case is executed against, and what is seen there. A world translates actions and observations; it decides
//! nothing and compares nothing.

use std::collections::BTreeMap;

use crate::case::{Action, Cover, JobState, Tags};

/// The rules in memory, or a server. It was made from the case's [`Setup`](crate::Setup), and everything in that
/// was done at the setup's instant. An `Err` is a failure of the world itself, never a refusal.
pub trait World {
    /// Moves time to `at_micros`, so that everything due by then, that instant included, has been done, and then
    /// acts. Instants never decrease. `who` is a member, `admin`, `vendor` or `server`; an action that is not a
    /// message of a client is the vendor's.
    fn perform(&mut self, at_micros: i64, who: Option<&str>, action: &Action) -> Result<Observed, String>;

    /// The team's balance now.
    fn balance(&mut self) -> Result<Balance, String>;

    /// The plan in force in the team now; `None` when this world does not tell.
    fn plan(&mut self) -> Result<Option<String>, String>;

    /// The ids of the team's live sessions now.
    fn live_sessions(&mut self) -> Result<Vec<String>, String>;

    /// All charges of the team, in any order.
    fn charges(&mut self) -> Result<Vec<ChargeSeen>, String>;

    /// The team's use of each usage day from the first to the last, both `2026-03-02`; days without use may be
    /// left out. `None` when this world keeps no reports.
    fn usage(&mut self, first_day: &str, last_day: &str) -> Result<Option<Vec<UsageSeen>>, String>;
}

/// The answer to an action; what it does not say is left at its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Of the session, after an opening, a beat or a close.
    pub state: Option<State>,
    pub cover: Option<Cover>,
    pub hold: Option<String>,
    pub undo_ends_at_micros: Option<i64>,
    /// Start and end.
    pub window_micros: Option<(i64, i64)>,
    /// The charges that this message made.
    pub charged: Vec<Charged>,
    pub next_charge_at_micros: Option<i64>,
    /// The action was refused; or, when `state` is unfunded, the renewal was.
    pub refused: Option<Refused>,
    /// When an unfunded session ends.
    pub ends_at_micros: Option<i64>,
    pub warnings: Vec<WarningSeen>,
    pub job: Option<JobSeen>,
    /// What a quoted job would cost, and what would be left; in credits where these pay it.
    pub required: Option<String>,
    pub remaining: Option<String>,
    /// Of an order that was placed.
    pub unit_price: Option<String>,
    /// The answer to [`Action::OpenByMany`].
    pub many: Option<Many>,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSeen {
    pub job: String,
    pub state: JobState,
    /// What is held or spent; 0 where credits pay it.
    pub tokens: String,
    /// 0 where tokens pay it.
    pub credits: String,
    pub lapses_at_micros: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningSeen {
    pub code: String,
    /// As [`Refused::figures`].
    pub figures: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Idle,
    Unfunded,
    Ended,
}

/// A charge, as the message that made it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// Its id: the same wherever the charge is told again.
    pub charge: String,
    pub tokens: String,
    pub window_micros: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    pub code: String,
    /// `required`, `available`, `shortfall` and the like, as decimal strings; `cap`, `per`, `result`, `state` as they
    /// are; the missing `tags` by key, parted by spaces.
    pub figures: BTreeMap<String, String>,
    /// Of `too_many_devices`.
    pub sessions: Vec<String>,
}

/// How many of those who opened at once were covered, and how many refused with which code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Many {
    pub covered: u32,
    pub refused: BTreeMap<String, u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    pub granted: String,
    pub available: String,
    pub held: String,
    pub overdue: bool,
}

/// A charge of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeSeen {
    pub charge: String,
    pub member: String,
    pub product: String,
    pub tokens: String,
    pub window_micros: Option<(i64, i64)>,
    /// The job that it pays, where that is no window.
    pub job: Option<String>,
    /// Order and tokens of each lot that it was drawn from.
    pub draws: Vec<(String, String)>,
    pub tags: Tags,
}

/// The team's use on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSeen {
    pub day: String,
    pub tokens: String,
    pub launches: u64,
    pub days: u64,
}
