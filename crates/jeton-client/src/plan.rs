//! Plans: what the current subscriptions of a team carry for its members (P11).

use serde::{Deserialize, Serialize};

use crate::Instant;

/// The name of a plan. Of several the highest is in force, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "premium"))]
#[serde(rename_all = "snake_case")]
pub enum PlanName {
    Education,
    Standard,
    Premium,
    Enterprise,
}

/// A plan as the vendor writes it; it lasts in [`starts_at`, `ends_at`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "plan": "premium", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"
    }))
)]
#[serde(deny_unknown_fields)]
pub struct PlanPut {
    pub plan: PlanName,
    pub starts_at: Instant,
    pub ends_at: Instant,
}

/// The plan of a team: the record as the vendor wrote it last, and what is in force now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "plan": "premium",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
        "in_force": "premium"
    }))
)]
pub struct Plan {
    /// `null`, like its start and end, while nothing was written.
    pub plan: Option<PlanName>,
    pub starts_at: Option<Instant>,
    pub ends_at: Option<Instant>,
    /// The highest among this record, if it has begun and not ended, and the plans of the seats in force; without any,
    /// `standard`.
    pub in_force: PlanName,
}
