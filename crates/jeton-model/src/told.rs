//! What is told of a history: an answer to each step, and how it stands in the end.

use crate::{At, Date, Id, Tokens, Use};

#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub answers: Vec<Answer>,
    pub charges: Vec<Charge>,
    pub launches: Vec<Launch>,
    /// In the order in which they are drawn from, those that have ended too; then each member's grants of credits.
    pub lots: Vec<Lot>,
    /// The sessions that have not ended.
    pub live: Vec<(Id, Answer)>,
}

/// A refusal without a state changed nothing; with one it says why the session is unfunded. `tokens` are those of a
/// quote, of the hold that a session's opening set, or of a job; `ends` is when the undo interval, the unfunded minutes
/// or a job's hold end. `charged` and `warnings` are of this step alone; the balance is that after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub refusal: Option<Refusal>,
    pub state: Option<State>,
    pub cover: Option<Cover>,
    pub tokens: Option<Tokens>,
    pub ends: Option<At>,
    pub window: Option<(At, At)>,
    pub charged: Vec<Charge>,
    pub warnings: Vec<Passed>,
    pub available: Tokens,
    pub held: Tokens,
    pub overdue: bool,
}

/// Of a session, or of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Idle,
    Unfunded,
    Ended,
    Held,
    Committed,
    Released,
    Lapsed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    Tokens,
    Window,
    Seat,
}

/// A charge, or what is to become one: for what use, on which usage day, and what it draws from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charge {
    pub of: Use,
    pub window: Option<(At, At)>,
    pub tokens: Tokens,
    pub date: Date,
    pub draws: Vec<(Purse, Tokens)>,
    /// The soft caps that it passed when it was decided.
    pub warnings: Vec<Passed>,
}

/// What tokens are drawn from: the lot of an order, or a grant of cloud credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purse {
    Lot(Id),
    Grant(Id),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    pub purse: Purse,
    /// Whose the credits are.
    pub member: Option<Id>,
    pub credited: At,
    pub ends: At,
    pub granted: Tokens,
    pub available: Tokens,
    pub held: Tokens,
    pub spent: Tokens,
    pub expired: Tokens,
}

/// An opening that was not refused, and the day on which it counts (W10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    pub session: Id,
    pub at: At,
    pub day: i32,
}

/// A cap that was passed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    pub cap: Id,
    pub used: Tokens,
    pub required: Tokens,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    UnknownMember,
    UnknownProduct,
    // … session, job, order, seat or rate.
    Unknown,
    IdReused,
    MemberInactive,
    TooManyDevices { sessions: Vec<Id> },
    TagRequired { missing: Vec<String> },
    NotAssigned,
    ProductBlocked,
    ProductRestricted,
    PaymentOverdue,
    NotOnRateSheet,
    CapReached(Passed),
    InsufficientTokens { required: Tokens, available: Tokens },
    SessionEnded,
    JobEnded,
    QuantityRaised { result: Id, held: Tokens, asked: Tokens },
    RateInForce,
}
