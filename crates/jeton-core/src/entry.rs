//! Entries: everything that is stored, in the words of the rules.
//!
//! An entry is a fact that has been decided; folding the entries of a stream gives its state, and nothing else
//! changes it. Their serialised form is a promise: it is hashed as it was stored, kept for ever, and read by
//! every later version. A field may be added with a default; none is renamed or removed. Members, devices and
//! products appear by number, people never (V5).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::cap::CapSpec;
use crate::catalogue::{DailyRate, Offer, ProductSpec, ResultRate, Settings, UseSpec};
use crate::credit::CreditDraw;
use crate::id::{
    AgreementId, CapId, DeviceKey, EnrolmentId, GrantId, GroupId, JobId, JobNo, KeyId, LotNo, MemberKey, OrderId,
    PriceListId, ProductCode, ProductKey, ResultCode, Seq, SessionId, SessionNo, TeamId, UseCode,
};
use crate::lot::{Draw, Lot};
use crate::money::{Currency, Money, UnitPrice};
use crate::price::PriceListSpec;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::time::{Day, Instant, Zone};
use crate::tokens::Tokens;

/// A fact, when it was decided, and by whom. Its number is its place in its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<F> {
    pub at: Instant,
    pub by: Author,
    pub fact: F,
}

/// Who caused an entry (V1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The server itself: what was due.
    Server,
    /// The command line, beside or on the data folder.
    Operator,
    /// Who holds this API key.
    Key(KeyId),
}

/// Facts of the vendor's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorFact {
    ProductSet {
        product: ProductKey,
        code: ProductCode,
        spec: ProductSpec,
    },
    RateSet {
        product: ProductKey,
        starts_at: Instant,
        offer: Offer,
    },
    RateRemoved {
        product: ProductKey,
        starts_at: Instant,
    },
    UseSet {
        use_code: UseCode,
        spec: UseSpec,
    },
    PriceListSet {
        price_list: PriceListId,
        spec: PriceListSpec,
    },
    SettingsSet(Settings),
    /// An API key; its secret's hash lies beside the ledger.
    KeyCreated {
        key: KeyId,
        scope: String,
        ends_at: Option<Instant>,
        /// The enrolment whose code it was traded for; it is then written by whoever holds the key from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrolment: Option<EnrolmentId>,
    },
    KeyRevoked {
        key: KeyId,
    },
    /// A code for a member's machine; its hash lies beside the ledger.
    EnrolmentCreated {
        enrolment: EnrolmentId,
        /// As of a key of the member.
        scope: String,
        ends_at: Instant,
    },
    /// The code is no longer good; also when its member was deactivated or erased.
    EnrolmentWithdrawn {
        enrolment: EnrolmentId,
    },
    /// The sandbox clock was moved to this entry's instant.
    ClockMoved {
        from: Instant,
    },
    /// The wall clock was taken as it is after a jump (W9).
    ClockAccepted {
        last: Instant,
        wall: Instant,
        why: ClockReason,
    },
    /// The installation goes on from a copy (`jeton restore`). Another life may have gone on from the same place; what
    /// either signed after this does not fit the other. The entry bears the copy's last instant.
    EpochBegun {
        /// 2 for the first restore, and so on; an installation that never was restored is in its first.
        epoch: u32,
        /// By the wall clock of the machine that made the copy.
        copied_at: Instant,
        /// By the wall clock of the machine that took it.
        restored_at: Instant,
    },
}

/// Why a jump of the wall clock was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockReason {
    /// The kernel says that its clock is synchronised.
    Synchronised,
    /// An operator said so.
    Operator,
}

/// Facts of a series of invoice numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesFact {
    InvoiceNumbered { number: InvoiceNumber, team: TeamId, order: OrderId },
}

/// The number of an invoice: gapless in its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InvoiceNumber {
    pub year: i16,
    pub number: u32,
}

impl core::fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-{:06}", self.year, self.number)
    }
}

/// Facts of a team's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamFact {
    TeamSet(TeamProfile),
    MemberSet {
        member: MemberKey,
        role: Role,
    },
    MemberDeactivated {
        member: MemberKey,
    },
    /// The person behind the key is forgotten (V5): no longer active, admin or assigned, and what was lost is not
    /// revived. The key stays, and is never another's.
    MemberErased {
        member: MemberKey,
    },
    AssignmentSet {
        member: MemberKey,
        products: Access,
    },
    AssignmentRemoved {
        member: MemberKey,
    },
    /// `cover_ends`: where sessions that an earlier seat covers end as covered by it (A2).
    SeatSet {
        member: MemberKey,
        product: ProductKey,
        span: Span,
        cover_ends: Option<Instant>,
        /// The plan that the subscription carries (P11).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Plan>,
    },
    SeatRemoved {
        member: MemberKey,
        product: ProductKey,
    },
    /// A seat's start has come. Openings that were held are covered by it from here on (A2).
    SeatBegun {
        member: MemberKey,
        product: ProductKey,
        until: Instant,
        launches: Vec<Launch>,
    },
    DefaultAccessSet {
        products: Option<Access>,
    },
    BlockedProductsSet {
        products: BTreeSet<ProductKey>,
    },
    GroupSet {
        group: GroupId,
        spec: GroupSpec,
    },
    GroupRemoved {
        group: GroupId,
    },
    CapSet {
        cap: CapId,
        spec: CapSpec,
    },
    CapRemoved {
        cap: CapId,
    },
    /// The tags that openings and jobs have to carry (L2).
    RequiredTagsSet {
        tags: BTreeSet<String>,
    },
    /// The plan that the team's subscriptions carry, from when to when (P11).
    PlanSet {
        plan: Plan,
        span: Span,
    },
    AgreementSet {
        agreement: AgreementId,
        spec: Box<AgreementSpec>,
    },
    AgreementRemoved {
        agreement: AgreementId,
    },
    /// Cloud credits, as they stand from here on (P10).
    CreditsGranted {
        member: MemberKey,
        grant: GrantId,
        credits: Tokens,
        ends_at: Instant,
    },
    OrderPlaced(Box<OrderPlaced>),
    LotCredited(Box<Lot>),
    PaymentRecorded {
        order: OrderId,
        paid_on: Day,
        reference: Option<String>,
    },
    InvoiceOverdue {
        order: OrderId,
    },
    /// What was left of a lot when it ended, or was given back to it afterwards (P4).
    LotExpired {
        lot: LotNo,
        tokens: Tokens,
    },
    /// The last figures of a lot that has ended and of which nothing is held any more.
    LotClosed(Box<Lot>),
    SessionOpened(Box<SessionOpened>),
    /// A lost session was heard of again (W8).
    SessionRevived {
        session: SessionNo,
        cover: OpeningCover,
        day: Day,
        lease_until: Instant,
    },
    /// `charged`: the charges that the closing message made. Here and below, `active_at` is the last activity that
    /// was reported after its opening, if there was one (W6).
    SessionClosed {
        session: SessionNo,
        proof: Proof,
        closed_by: ClosedBy,
        charged: Vec<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active_at: Option<Instant>,
    },
    /// Silence ended it, at its last proof (W8).
    SessionLost {
        session: SessionNo,
        proof: Proof,
        revivable_until: Instant,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active_at: Option<Instant>,
    },
    /// Its unfunded time is over (W7).
    SessionEnded {
        session: SessionNo,
        proof: Proof,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active_at: Option<Instant>,
    },
    /// A run was closed or lost before the undo interval: these sessions cost nothing (W2).
    RunUndone {
        member: MemberKey,
        product: ProductKey,
        runs: Vec<UndoneRun>,
    },
    HoldReleased {
        member: MemberKey,
        product: ProductKey,
        draws: Vec<Draw>,
        why: ReleaseReason,
    },
    ChargeMade(Box<ChargeMade>),
    /// A cover that ended while the product was open is continued without a charge.
    CoverContinued {
        session: SessionNo,
        after: Instant,
        cover: Continued,
        proof: Proof,
    },
    /// `returning`: what was refused is the opening of who came back at `after`, after a renewal was deferred (W6).
    RenewalRefused {
        session: SessionNo,
        after: Instant,
        refusal: Refusal,
        ends_at: Instant,
        proof: Proof,
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        returning: bool,
    },
    /// The product was idle when its cover ended at `after`: nothing is charged until somebody is active again (W6).
    RenewalDeferred {
        session: SessionNo,
        after: Instant,
        /// The last activity of any of the member's sessions of the product.
        active_at: Instant,
        idle_after_s: u32,
        proof: Proof,
    },
    /// Activity after a deferred renewal: an opening at that activity (W6). The next entry is the charge of one that is
    /// charged at once.
    SessionReturned {
        session: SessionNo,
        after: Instant,
        active_at: Instant,
        cover: OpeningCover,
        /// The team's day of the activity.
        day: Day,
    },
    /// A job was granted: what it may cost at most is set aside (R1).
    JobHeld(Box<JobHeld>),
    JobExtended {
        job: JobNo,
        ends_at: Instant,
    },
    /// Results were delivered: a charge (R1).
    JobCommitted(Box<JobCommitted>),
    JobReleased {
        job: JobNo,
        funds: Funds,
        why: JobRelease,
    },
    /// A refusal by a rule, the first of its kind in an hour (V1).
    Refused {
        member: Option<MemberKey>,
        product: Option<ProductKey>,
        refusal: Refusal,
    },
}

/// Who a team is. A company, not a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamProfile {
    pub name: String,
    /// ISO 3166, two capital letters.
    pub country: String,
    pub currency: Currency,
    pub time_zone: Zone,
    pub locale: String,
    /// Whether members are to be asked before an opening costs tokens (N2). Nothing but quotes says so.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub ask_before_charge: bool,
}

/// What a member is in the team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    PrimaryAdmin,
    SecondaryAdmin,
    Billing,
    Member,
}

/// Which products may be had with tokens (A1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// All, future ones included.
    All,
    Named(BTreeSet<ProductKey>),
}

impl Access {
    /// Whether this product is among them.
    pub fn allows(&self, product: ProductKey) -> bool {
        match self {
            Self::All => true,
            Self::Named(products) => products.contains(&product),
        }
    }
}

/// Members who share an access, and whose use can be capped together (A1, L1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSpec {
    pub name: String,
    pub members: BTreeSet<MemberKey>,
    /// Without any, the group assigns nobody.
    pub products: Option<Access>,
}

/// What a subscription carries for its team; the later, the higher (P11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    Education,
    Standard,
    Premium,
    Enterprise,
}

/// An enterprise agreement (P9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementSpec {
    pub span: Span,
    /// What it has no rate of goes by the rate sheet.
    pub rates: BTreeMap<ProductKey, Offer>,
    pub price_list: Option<PriceListId>,
}

/// From a start on, up to an end that is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: Instant,
    pub end: Instant,
}

impl Span {
    /// Whether `at` lies in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }
}

/// How an order is paid (P3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    Invoice,
    Card,
}

/// An order, with the price that was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlaced {
    pub order: OrderId,
    pub quantity: u64,
    pub payment: Payment,
    pub price_list: PriceListId,
    pub tier: u64,
    pub currency: Currency,
    pub unit_price: UnitPrice,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    pub invoice: Option<Invoice>,
}

/// An invoice as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub number: InvoiceNumber,
    /// Its last day.
    pub due_on: Day,
    /// The end of that day in the team's zone of that moment (P8).
    pub overdue_at: Instant,
    pub zone: Zone,
}

/// Tags that a session carries, and every charge that it causes.
pub type Tags = BTreeMap<String, String>;

/// Openings that count on one usage day, under the tags that they carry (W10, L2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    pub day: Day,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    pub count: u32,
}

/// A product was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    pub session: SessionId,
    pub member: MemberKey,
    pub product: ProductKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub device: DeviceKey,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    pub cover: OpeningCover,
    /// The team's day of the opening.
    pub day: Day,
    /// The end of the lease that was given with the answer (W11).
    pub lease_until: Instant,
}

/// What an opening is covered by (A3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningCover {
    Seat {
        until: Instant,
    },
    /// A window that was running, and its usage day.
    Window {
        window: Span,
        day: Day,
    },
    /// A hold that was pending.
    Joined {
        tokens: Tokens,
        undo_ends_at: Instant,
    },
    /// A new hold.
    Hold(Box<HoldSet>),
    /// Charged at once: the next entry is the charge.
    Charge,
}

/// Tokens set aside for an opening (W1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldSet {
    pub rate: DailyRate,
    pub draws: Vec<Draw>,
    /// The product's undo interval of that moment, in seconds.
    pub undo_s: u32,
}

/// What a session's own messages have proven: open from here to there (W2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub session: SessionNo,
    pub from: Instant,
    pub to: Instant,
}

/// Who ended a session: its client, whose message is a proof of use, or somebody else, whose is not (W4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    Client,
    Admin,
}

/// A run that was closed or lost before the undo interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneRun {
    pub proofs: Vec<Proof>,
    pub launches: Vec<Launch>,
}

/// Why a hold was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// No run that shares it is left (W2).
    Undone,
    /// A seat has begun (A2).
    Seat,
    /// A renewal covers what it was made for (W4).
    Renewal,
}

/// One result of a job, at the rate of the moment of its hold (R1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPart {
    pub result: ResultCode,
    pub quantity: Quantity,
    pub rate: ResultRate,
    /// Since when the rate is in force.
    pub starts_at: Instant,
    /// The entry of the agreement that the rate is of, if it is of one (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Seq>,
    pub tokens: Tokens,
}

/// What pays a job: tokens or cloud credits, never both (P10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funds {
    Tokens(Vec<Draw>),
    Credits(Vec<CreditDraw>),
}

/// A job that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobHeld {
    pub job: JobId,
    pub member: MemberKey,
    pub product: ProductKey,
    pub parts: Vec<JobPart>,
    pub funds: Funds,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// The team's day of the hold, which is its usage day (L1).
    pub day: Day,
    pub ends_at: Instant,
}

/// A job whose results were delivered (V6: everything that explains it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCommitted {
    /// Its hold; of one that had lapsed, the hold that lapsed.
    pub number: JobNo,
    pub job: JobId,
    pub member: MemberKey,
    pub product: ProductKey,
    pub held_at: Instant,
    /// What was delivered, never more than was held.
    pub parts: Vec<JobPart>,
    /// What was spent.
    pub funds: Funds,
    /// What of the hold was not spent.
    pub returned: Funds,
    /// The usage day: that of the hold.
    pub day: Day,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// The hold had lapsed: it was decided anew, as hold and commit in one.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub anew: bool,
}

impl Funds {
    /// How much it is, in tokens or credits.
    pub fn total(&self) -> Tokens {
        match self {
            Self::Tokens(draws) => draws.iter().map(|draw| draw.tokens).sum(),
            Self::Credits(draws) => draws.iter().map(|draw| draw.credits).sum(),
        }
    }

    /// The same kind, and nothing of it.
    pub(crate) fn nothing_of_it(&self) -> Self {
        match self {
            Self::Tokens(_) => Self::Tokens(Vec::new()),
            Self::Credits(_) => Self::Credits(Vec::new()),
        }
    }

    /// How many tokens it is: none where it is credits.
    pub fn tokens(&self) -> Tokens {
        self.draws().iter().map(|draw| draw.tokens).sum()
    }

    /// The draws of tokens; none of credits.
    pub fn draws(&self) -> &[Draw] {
        match self {
            Self::Tokens(draws) => draws,
            Self::Credits(_) => &[],
        }
    }
}

/// Why a job's hold was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRelease {
    /// It failed, was cancelled, or delivered nothing.
    Released,
    /// Nobody committed it in time.
    Lapsed,
}

/// Tokens were spent (V6: everything that explains it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeMade {
    pub member: MemberKey,
    pub product: ProductKey,
    /// The session whose message made it.
    pub session: SessionId,
    pub cause: ChargeCause,
    pub window: Span,
    /// The team's day of the window's start (W10).
    pub day: Day,
    pub rate: DailyRate,
    pub draws: Vec<Draw>,
    /// Every fact of presence that the decision relied on.
    pub proofs: Vec<Proof>,
    /// The openings that this window covers and that no other entry counts.
    pub launches: Vec<Launch>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
}

impl ChargeMade {
    /// What was spent.
    pub fn tokens(&self) -> Tokens {
        self.draws.iter().map(|draw| draw.tokens).sum()
    }
}

/// Why a charge was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeCause {
    /// Open without a break for the undo interval (W2).
    UndoIntervalPassed { hold_set_at: Instant, undo_s: u32 },
    /// The product has no undo interval (W2).
    NoUndoInterval,
    /// The product was undone this often within 24 hours (W2).
    UndoneOften { undone: u32 },
    /// A cover ended while the product was open (W4).
    Renewal { after: Instant },
}

/// What continues a cover without a charge (W5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Continued {
    Seat { until: Instant },
    Window { until: Instant },
}
