//! Seats: subscriptions of one product assigned to one member (A2).

use serde::{Deserialize, Serialize};

use crate::Instant;

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
        "ends_at": "2027-01-01T00:00:00Z"
    }))
)]
pub struct Seat {
    pub member: String,
    pub product: String,
    pub starts_at: Instant,
    pub ends_at: Instant,
}

/// From which member to which a seat moves, with its start and end kept.
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
