//! What a case is made of, once read. Instants are microseconds since 1970 in UTC; tokens are decimal strings as
//! in the public contract. Nothing here parses or compares.

use std::collections::BTreeMap;

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
    /// What is in force from the beginning; `None`: not on the rate sheet.
    pub offer: Option<Offer>,
    pub undo_interval_s: u32,
    /// After how many seconds it is idle; `None`: it is not idle-aware (C5).
    pub idle_after_s: Option<u32>,
    /// The balance that it asks for (C3).
    pub min_balance: String,
}

/// What a rate offers (C1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Tokens per day.
    PerDay(String),
    Results(Vec<ResultRate>),
}

/// What a result costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRate {
    pub result: String,
    pub tokens: String,
    pub unit: String,
    pub rounding: Rounding,
}

/// How a quantity is rounded before it is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Up,
    Nearest,
    None,
}

impl Rounding {
    /// As the public contract writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Nearest => "nearest",
            Self::None => "none",
        }
    }
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
        tags: Tags,
    },
    /// So many further members, with access to everything by the team's default, open `product` at once.
    OpenByMany {
        product: String,
        members: u32,
    },
    /// `active_at_micros`: the last activity that it reports, if it reports one (W6).
    Beat {
        session: String,
        active_at_micros: Option<i64>,
    },
    Close {
        session: String,
        active_at_micros: Option<i64>,
    },
    /// Asks what an opening would do now.
    Quote {
        product: String,
    },
    /// Asks what a job would cost now.
    QuoteJob {
        product: String,
        parts: Vec<Part>,
    },
    HoldJob {
        job: String,
        product: String,
        parts: Vec<Part>,
        tags: Tags,
    },
    /// `parts`: what was delivered, where it is not what was held.
    CommitJob {
        job: String,
        parts: Option<Vec<Part>>,
    },
    ExtendJob {
        job: String,
    },
    ReleaseJob {
        job: String,
    },
    /// Asks how a job stands.
    LookAtJob {
        job: String,
    },
    /// `plan`: what the subscription carries (P11).
    Seat {
        product: String,
        member: String,
        starts_at_micros: i64,
        ends_at_micros: i64,
        plan: Option<String>,
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
    /// What everybody in the team is assigned to.
    DefaultAccess {
        access: Access,
    },
    /// A group of members, and what it assigns them to.
    Group {
        group: String,
        members: Vec<String>,
        access: Access,
    },
    RemoveGroup {
        group: String,
    },
    Cap {
        cap: String,
        of: CapOf,
        tokens: String,
        per: Per,
        hard: bool,
    },
    RemoveCap {
        cap: String,
    },
    /// The tags that the team requires are these from now on.
    RequireTags {
        tags: Vec<String>,
    },
    Agreement {
        agreement: String,
        starts_at_micros: i64,
        ends_at_micros: i64,
        rates: Vec<(String, Offer)>,
        price_list: Option<String>,
    },
    RemoveAgreement {
        agreement: String,
    },
    /// A price list in EUR of one tier, for teams of one country.
    PriceList {
        list: String,
        unit_price: String,
        country: String,
    },
    Credits {
        grant: String,
        member: String,
        credits: String,
        ends_at_micros: i64,
    },
    /// What the team's subscriptions carry (P11).
    Plan {
        plan: String,
        starts_at_micros: i64,
        ends_at_micros: i64,
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
        offer: Offer,
        effective_at_micros: i64,
    },
    /// The server stops in an orderly way; until [`Action::Up`] only time passes.
    Down,
    Up,
}

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// So much of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub result: String,
    pub quantity: String,
}

/// Whose use a cap limits (L1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapOf {
    Member(String),
    Group(String),
    Product(String),
    Team,
}

/// The calendar time that a cap counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Day,
    Month,
}

/// What has become of a job (R1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    Held,
    Committed,
    Released,
    Lapsed,
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
    /// The session is past its cover, and nobody has been active since (W6).
    Idle,
    /// The answer warns of these, in this order, and of nothing else.
    Warned(Vec<Warned>),
    /// The job is in this state.
    Job(JobState),
    /// What the job holds or has spent, in tokens or in credits.
    Tokens(String),
    Credits(String),
    /// When the job's hold lapses.
    Lapses(i64),
    /// What a quoted job would cost, and what would be left.
    Required(String),
    Remaining(String),
    /// The unit price of the order.
    UnitPrice(String),
    /// The plan that is in force in the team (P11).
    Plan(String),
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

/// A warning: its code, and among others these figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warned {
    pub code: String,
    pub figures: Vec<(String, String)>,
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
    pub of: ChargeOf,
    /// Order and tokens, if the case says which lots.
    pub draws: Option<Vec<(String, String)>>,
    /// If the case says which.
    pub tags: Option<Tags>,
}

/// What a charge pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeOf {
    /// A window, by its start.
    Window(i64),
    Job(String),
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
