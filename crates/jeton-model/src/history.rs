//! What happened, in order: the steps that were taken in one team, and its calendar.

use crate::{At, Id, Tokens};

/// A day and a month, each by its own number in the team's calendar.
pub type Date = (i32, i32);

pub struct History<'a> {
    pub date_of: &'a dyn Fn(At) -> Date,
    pub steps: Vec<(At, What)>,
}

/// Who sets something sets the whole of it; `None` takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    // Nothing but that what is due is done; the server is away from `Down` to `Up`, and nothing comes between.
    Settle,
    Down,
    Up,
    // C: `idle` is the time after which an idle-aware product is idle.
    Product { product: Id, undo: At, idle: Option<At>, min_balance: Tokens },
    Rate { product: Id, starts: At, offer: Option<Offer> },
    Agreement { agreement: Id, starts: At, ends: At, offers: Vec<(Id, Offer)> },
    // P: an order is credited at once, one by card at its payment; `due` is when the invoice becomes overdue.
    Order { order: Id, tokens: Tokens, card: bool, lot_ends: At, due: At },
    Pay { order: Id, lot_ends: At },
    Credits { grant: Id, member: Id, tokens: Tokens, ends: At },
    // A: an active member is named for the first time, or again; a group without members is none.
    Member { member: Id, active: bool },
    Assign { member: Id, access: Option<Access> },
    Default { access: Option<Access> },
    Group { group: Id, members: Option<Vec<Id>>, access: Option<Access> },
    Block { products: Vec<Id> },
    Seat { member: Id, product: Id, starts: At, ends: At },
    NoSeat { member: Id, product: Id },
    MoveSeat { from: Id, to: Id, product: Id },
    // L: in tokens a month, or else a day.
    Cap { cap: Id, of: Of, monthly: bool, tokens: Option<Tokens>, hard: bool },
    Require { tags: Vec<String> },
    // W
    Quote(Use),
    Open(Use),
    Beat { session: Id, activity: Option<At> },
    Close { session: Id, activity: Option<At>, by_client: bool },
    // R: a commit without parts is of those held.
    QuoteJob(Use),
    Hold(Use),
    Commit { job: Id, parts: Option<Vec<(Id, Tokens)>> },
    Extend { job: Id },
    Release { job: Id },
}

/// A session that is opened on a device, or a job with parts: results, and the quantity of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Use {
    pub id: Id,
    pub member: Id,
    pub product: Id,
    pub device: Id,
    pub parts: Vec<(Id, Tokens)>,
    pub tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    Daily(Tokens),
    Results(Vec<(Id, Tokens, Rounding)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Up,
    Nearest,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    All,
    Named(Vec<Id>),
}

/// Whose tokens a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Member(Id),
    Group(Id),
    Product(Id),
    Team,
}
