//! Cloud credits: free, for one member, for jobs only (P10).

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant};

/// A grant of credits as the vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"credits": "100", "ends_at": "2027-01-01T00:00:00Z"}))
)]
#[serde(deny_unknown_fields)]
pub struct CreditsPut {
    /// As much as so many tokens would pay; never less than what is held and spent of them (`credits_used`).
    pub credits: Decimal,
    /// The first instant at which they can no longer be had.
    pub ends_at: Instant,
}

/// A grant of cloud credits that lasts, or of which something is held. `credits` is `available` + `held` + `spent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "member": "alice",
        "grant": "education-2026",
        "credits": "100",
        "available": "78",
        "held": "11",
        "spent": "11",
        "ends_at": "2027-01-01T00:00:00Z"
    }))
)]
pub struct Credits {
    pub member: String,
    pub grant: String,
    pub credits: Decimal,
    /// What is neither held nor spent; it can be had until `ends_at`.
    pub available: Decimal,
    pub held: Decimal,
    pub spent: Decimal,
    pub ends_at: Instant,
}
