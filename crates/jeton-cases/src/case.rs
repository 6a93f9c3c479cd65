//! What a case is made of, once read. Instants are microseconds since 1970 in UTC; tokens are decimal strings as
//! in the public contract. Nothing here parses or compares.

use crate::calendar::Calendar;

/// One worked example.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file's name without its ending: `e03-an-hour-later`.
    pub name: String,
    /// The file as a reader would open it: `cases/e03-an-hour-later.case`.
    pub file: String,
    /// The first line: what happens, in words.
    pub title: String,
    /// The numbers of the rules that the case proves.
    pub rules: Vec<String>,
    pub setup: Setup,
    /// In the order of their instants; at one instant, the table's own lines before automatic beats.
    pub steps: Vec<Step>,
    pub closing: Closing,
    /// Shows instants the way the case writes them.
    pub calendar: Calendar,
}

/// What is there before the first step. All of it is set up at `begins_at_micros`: products with their rates and
/// undo intervals, the reference price list in EUR, the team `acme` in `zone` with its members and their access,
/// and, when `tokens` is not 0, a paid order `start` of that quantity.
#[derive(Debug, Clone)]
pub struct Setup {
    pub begins_at_micros: i64,
    /// The team's time zone, an IANA name.
    pub zone: String,
    pub products: Vec<Product>,
    pub members: Vec<Member>,
    /// The quantity of the order `start`; 0 for none.
    pub tokens: u32,
}

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub code: String,
    /// Tokens per day, in force from the beginning; `None`: not on the rate sheet.
    pub per_day: Option<String>,
    pub undo_interval_s: u32,
}

/// A member of the team, and what it is assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub access: Access,
}

/// An assignment to tokens (A1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// All products, future ones included.
    Everything,
    Products(Vec<String>),
    Unassigned,
}

/// One line of the table, or one beat that a client makes by itself.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line in the file; for an automatic beat, the line that opened its session.
    pub line: usize,
    pub at_micros: i64,
    /// A member's name, `admin` (of the team), `vendor` or `server`.
    pub who: Option<String>,
    pub action: Action,
    pub expect: Vec<Expectation>,
    /// A beat that the reader put in (W8), not a line of the table.
    pub automatic: bool,
}

/// What is done at a step. Openings, beats and closes are messages of the client of the member named by `who`,
/// except a close by `admin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing is done; time moves on to the step's instant, and the expectations are looked at.
    Look,
    /// The opening of `product` as `session`; `team` when it is another than the case's own.
    Open {
        product: String,
        session: String,
        device: String,
        version: Option<String>,
        team: Option<String>,
    },
    /// So many further members, with access to everything by the team's default, open `product` at once.
    OpenByMany {
        product: String,
        members: u32,
    },
    Beat {
        session: String,
    },
    Close {
        session: String,
    },
    /// Asks what an opening would do now.
    Quote {
        product: String,
    },
    Seat {
        product: String,
        member: String,
        starts_at_micros: i64,
        ends_at_micros: i64,
    },
    WithdrawSeat {
        product: String,
        member: String,
    },
    /// Replaces the member's assignment; [`Access::Unassigned`] takes it away.
    Assign {
        member: String,
        access: Access,
    },
    Deactivate {
        member: String,
    },
    /// The member is forgotten; their clients are heard of no more.
    Erase {
        member: String,
    },
    /// The team's blocked products are these from now on.
    Block {
        products: Vec<String>,
    },
    /// On invoice.
    Order {
        order: String,
        quantity: u32,
    },
    /// The order's invoice is settled.
    Pay {
        order: String,
    },
    Rate {
        product: String,
        per_day: String,
        effective_at_micros: i64,
    },
    /// The server stops in an orderly way; until [`Action::Up`] only time passes.
    Down,
    Up,
}

/// What opens a session's door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    Tokens,
    Window,
    Seat,
}

/// One thing that has to be so, right after a step was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The message was granted and the session is open.
    Open,
    /// `None`: no cover.
    Cover(Option<Cover>),
    /// The hold that the answer names; `None`: none.
    Hold(Option<String>),
    UndoUntil(i64),
    Window {
        start_micros: Option<i64>,
        end_micros: i64,
    },
    /// The answer names these charges, tokens and window start, and no other.
    Charged(Vec<(String, i64)>),
    NextCharge(i64),
    /// The message was refused with this code and, among others, these figures.
    Refused {
        code: String,
        figures: Vec<(String, String)>,
        sessions: Vec<String>,
    },
    /// The session is open without cover for this reason (W7).
    Unfunded {
        code: String,
        figures: Vec<(String, String)>,
        until_micros: i64,
    },
    /// The session is over: the answer says `ended`, or refuses with `session_ended`.
    Ended,
    Available(String),
    Held(String),
    Granted(String),
    Overdue(bool),
    /// The team's live sessions are these, in any order.
    Live(Vec<String>),
    /// Of the many who opened at once.
    Many {
        covered: u32,
        refused: u32,
        code: String,
    },
}

/// How everything stands after the last step.
#[derive(Debug, Clone)]
pub struct Closing {
    /// All charges of the team, in any order.
    pub charges: Vec<Charge>,
    /// The days with use, if the case says so.
    pub usage: Option<Vec<UsageDay>>,
    pub available: Option<(usize, String)>,
    /// The line of `charges:`.
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub line: usize,
    /// `None`: any member.
    pub member: Option<String>,
    pub product: String,
    pub tokens: String,
    pub window_start_micros: i64,
    /// Order and tokens, if the case says which lots.
    pub draws: Option<Vec<(String, String)>>,
}

/// The team's use on one usage day (W10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageDay {
    pub line: usize,
    /// `2026-03-02`, in the team's zone.
    pub day: String,
    pub tokens: String,
    pub launches: u64,
    pub days: u64,
}
