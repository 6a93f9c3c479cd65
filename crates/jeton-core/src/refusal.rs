//! Refusals: the closed list of what a rule can answer instead of yes.
//!
//! A refusal is an answer, not a failure: it has a stable code, the rule that made it, and the figures that
//! explain it. It changes no token and no access, and binds no id (V4).

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceKey, SessionId};
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
    /// There are not enough tokens (A3.10).
    InsufficientTokens { required: Tokens, available: Tokens, shortfall: Tokens },
    /// The session ended, and too long ago to be revived (W8), or it was closed.
    SessionEnded,
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
    Order,
    Seat,
    Assignment,
    Rate,
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
            Self::Assignment => "unknown_assignment",
            Self::Rate => "unknown_rate",
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
            Self::InsufficientTokens { .. } => "insufficient_tokens",
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
            | Self::InsufficientTokens { .. }
            | Self::NoPriceList
            | Self::QuantityNotSold { .. } => true,
            Self::SessionEnded
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
}

impl Warning {
    /// The stable code of the public contract.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ChargedAtOnce { .. } => "charged_at_once",
        }
    }
}
