//! Refusals: the closed list of what a rule can answer instead of yes.
//!
//! A refusal is an answer, not a failure: it has a stable code, the rule that made it, and the figures that
//! explain it. It changes no token and no access, and binds no id (V4).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::cap::{CapOf, Per};
use crate::id::{CapId, DeviceKey, ResultCode, SessionId};
use crate::quantity::Quantity;
use crate::time::Instant;
use crate::tokens::Tokens;

/// Why something may not be had or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The member has been deactivated (A3.2).
    MemberInactive,
    /// The product is open on as many devices as it may be (W3); these are the sessions that hold them.
    TooManyDevices { limit: u32, sessions: Vec<OpenElsewhere> },
    /// The team requires tags that are missing or empty (A3.2, L2).
    TagRequired { tags: BTreeSet<String> },
    /// The member has no token assignment of any kind (A3.4).
    NotAssigned,
    /// The product is blocked for the team (A3.5).
    ProductBlocked,
    /// The member is assigned to tokens, but not for this product (A3.5).
    ProductRestricted,
    /// An invoice of the team is overdue (P8).
    PaymentOverdue,
    /// No rate in force offers this (C4).
    NotOnRateSheet,
    /// A hard cap of the team would be passed (A3.9).
    CapReached(CapFigures),
    /// There are not enough tokens (A3.10).
    InsufficientTokens { required: Tokens, available: Tokens, shortfall: Tokens },
    /// The session ended, and too long ago to be revived (W8), or it was closed.
    SessionEnded,
    /// The job was released, or is over in another way, and cannot be committed or extended (R1).
    JobEnded { state: JobState },
    /// More of a result is to be committed than was held (R1).
    QuantityRaised { result: ResultCode, held: Quantity, asked: Quantity },
    /// So much of the grant is spent or held already (P10).
    CreditsUsed { used: Tokens },
    /// A rate that has begun is never changed or removed (C2).
    RateInForce { starts_at: Instant },
    /// No price list of the vendor serves the team or the currency (P1).
    NoPriceList,
    /// The price list does not sell this quantity (P1).
    QuantityNotSold { min_quantity: u64, step: u64 },
    /// The member that a seat would move to has one already.
    SeatTaken,
    /// A named limit would be passed.
    Limit { limit: Limit, value: u64 },
    /// The sandbox clock goes forward only.
    ClockGoesBack { now: Instant },
    /// The resource is not as the caller last saw it.
    PreconditionFailed,
    /// The id was used for something else (V4).
    IdReused,
    /// There is no such thing.
    Unknown(Unknown),
}

/// A cap, and by what it is passed: `used` + `required` is more than `tokens` (L1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapFigures {
    pub cap: CapId,
    pub of: CapOf,
    pub per: Per,
    /// The cap.
    pub tokens: Tokens,
    /// What is charged and held in the day or month.
    pub used: Tokens,
    pub required: Tokens,
}

/// What has become of a job (R1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Held,
    Committed,
    Released,
    Lapsed,
}

/// A session that holds one of the devices of W3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenElsewhere {
    pub session: SessionId,
    pub device: DeviceKey,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Members,
    Lots,
    Seats,
    Groups,
    Caps,
    Agreements,
    Grants,
    HeldJobs,
    OpenSessions,
    TeamTokens,
    OrderQuantity,
    Catalogue,
    Rates,
}

impl Limit {
    /// Its name in the public contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Lots => "lots",
            Self::Seats => "seats",
            Self::Groups => "groups",
            Self::Caps => "caps",
            Self::Agreements => "agreements",
            Self::Grants => "grants",
            Self::HeldJobs => "held_jobs",
            Self::OpenSessions => "open_sessions",
            Self::TeamTokens => "team_tokens",
            Self::OrderQuantity => "order_quantity",
            Self::Catalogue => "catalogue",
            Self::Rates => "rates",
        }
    }
}

/// What there is none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    Team,
    Member,
    Product,
    Session,
    Job,
    Order,
    Seat,
    Group,
    Cap,
    Agreement,
    Assignment,
    Rate,
    PriceList,
    Key,
}

impl Unknown {
    const fn code(self) -> &'static str {
        match self {
            Self::Team => "unknown_team",
            Self::Member => "unknown_member",
            Self::Product => "unknown_product",
            Self::Session => "unknown_session",
            Self::Order => "unknown_order",
            Self::Seat => "unknown_seat",
            Self::Job => "unknown_job",
            Self::Group => "unknown_group",
            Self::Cap => "unknown_cap",
            Self::Agreement => "unknown_agreement",
            Self::Assignment => "unknown_assignment",
            Self::Rate => "unknown_rate",
            Self::PriceList => "unknown_price_list",
            Self::Key => "unknown_key",
        }
    }
}

impl Refusal {
    /// The stable code of the public contract.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MemberInactive => "member_inactive",
            Self::TooManyDevices { .. } => "too_many_devices",
            Self::NotAssigned => "not_assigned",
            Self::ProductBlocked => "product_blocked",
            Self::ProductRestricted => "product_restricted",
            Self::PaymentOverdue => "payment_overdue",
            Self::NotOnRateSheet => "not_on_rate_sheet",
            Self::TagRequired { .. } => "tag_required",
            Self::CapReached(_) => "cap_reached",
            Self::InsufficientTokens { .. } => "insufficient_tokens",
            Self::JobEnded { .. } => "job_ended",
            Self::QuantityRaised { .. } => "quantity_raised",
            Self::CreditsUsed { .. } => "credits_used",
            Self::SessionEnded => "session_ended",
            Self::RateInForce { .. } => "rate_in_force",
            Self::NoPriceList => "no_price_list",
            Self::QuantityNotSold { .. } => "quantity_not_sold",
            Self::SeatTaken => "seat_taken",
            Self::Limit { .. } => "limit",
            Self::ClockGoesBack { .. } => "clock_goes_back",
            Self::PreconditionFailed => "precondition_failed",
            Self::IdReused => "id_reused",
            Self::Unknown(what) => what.code(),
        }
    }

    /// The rule that makes it.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::MemberInactive
            | Self::NotAssigned
            | Self::ProductBlocked
            | Self::ProductRestricted
            | Self::InsufficientTokens { .. }
            | Self::Unknown(_) => "A3",
            Self::TooManyDevices { .. } => "W3",
            Self::TagRequired { .. } => "L2",
            Self::CapReached(_) => "L1",
            Self::JobEnded { .. } | Self::QuantityRaised { .. } => "R1",
            Self::CreditsUsed { .. } => "P10",
            Self::PaymentOverdue => "P8",
            Self::NotOnRateSheet => "C4",
            Self::SessionEnded => "W8",
            Self::RateInForce { .. } => "C2",
            Self::NoPriceList | Self::QuantityNotSold { .. } => "P1",
            Self::SeatTaken => "A2",
            Self::Limit { .. } => "limits",
            Self::ClockGoesBack { .. } => "W9",
            Self::PreconditionFailed | Self::IdReused => "V4",
        }
    }

    /// Whether the ledger keeps it: the refusals that a rule makes about use and buying (V1).
    pub const fn is_kept(&self) -> bool {
        match self {
            Self::MemberInactive
            | Self::TooManyDevices { .. }
            | Self::NotAssigned
            | Self::ProductBlocked
            | Self::ProductRestricted
            | Self::PaymentOverdue
            | Self::NotOnRateSheet
            | Self::TagRequired { .. }
            | Self::CapReached(_)
            | Self::InsufficientTokens { .. }
            | Self::NoPriceList
            | Self::QuantityNotSold { .. } => true,
            Self::SessionEnded
            | Self::JobEnded { .. }
            | Self::QuantityRaised { .. }
            | Self::CreditsUsed { .. }
            | Self::RateInForce { .. }
            | Self::SeatTaken
            | Self::Limit { .. }
            | Self::ClockGoesBack { .. }
            | Self::PreconditionFailed
            | Self::IdReused
            | Self::Unknown(_) => false,
        }
    }
}

/// Something that the asker should know, although nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The opening was charged at once: the product was undone this often within 24 hours (W2).
    ChargedAtOnce { undone: u32 },
    /// A soft cap of the team is passed (L1).
    CapPassed(CapFigures),
}

impl Warning {
    /// The stable code of the public contract.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ChargedAtOnce { .. } => "charged_at_once",
            Self::CapPassed(_) => "cap_passed",
        }
    }
}
