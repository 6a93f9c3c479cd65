//! Seats: subscriptions of one product assigned to one member (A2).

use serde::{Deserialize, Serialize};

use crate::{Instant, PlanName};

/// A seat as the vendor grants it; in force in [`starts_at`, `ends_at`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}))
)]
#[serde(deny_unknown_fields)]
pub struct SeatPut {
    pub starts_at: Instant,
    pub ends_at: Instant,
    /// The plan that the subscription carries for the whole team while the seat is in force (P11); none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanName>,
}

/// A seat of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "member": "alice",
        "product": "autocad",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
        "plan": "premium"
    }))
)]
pub struct Seat {
    pub member: String,
    pub product: String,
    pub starts_at: Instant,
    pub ends_at: Instant,
    /// The plan that the subscription carries (P11).
    pub plan: Option<PlanName>,
}

/// From which member to which a seat moves, with its start, end and plan kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"from": "alice", "to": "bob"}))
)]
#[serde(deny_unknown_fields)]
pub struct SeatReassign {
    pub from: String,
    pub to: String,
}
