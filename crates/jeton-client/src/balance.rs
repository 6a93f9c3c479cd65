//! A team's balance, lot by lot (P5, V3).

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant};

/// What a team has. All amounts but prices are tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "granted": "5000",
        "available": "4986",
        "held": "7",
        "overdue": false,
        "lots": [{
            "lot": "l1",
            "order": "2026-0001",
            "team_of_order": "acme",
            "currency": "EUR",
            "unit_price": "3.25",
            "quantity": 5000,
            "granted": "5000",
            "available": "4986",
            "held": "7",
            "spent": "7",
            "expired": "0",
            "returned": "0",
            "moved_out": "0",
            "ends_at": "2027-03-02T23:00:00Z"
        }]
    }))
)]
pub struct Balance {
    /// What the lots that have not ended were granted.
    pub granted: Decimal,
    pub available: Decimal,
    pub held: Decimal,
    /// Whether an unpaid invoice bars the team from spending and ordering (P8).
    pub overdue: bool,
    pub lots: Vec<LotBalance>,
}

/// What a lot has: granted = available + held + spent + expired + returned + moved out (V3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "lot": "l1",
        "order": "2026-0001",
        "team_of_order": "acme",
        "currency": "EUR",
        "unit_price": "3.25",
        "quantity": 5000,
        "granted": "5000",
        "available": "4986",
        "held": "7",
        "spent": "7",
        "expired": "0",
        "returned": "0",
        "moved_out": "0",
        "ends_at": "2027-03-02T23:00:00Z"
    }))
)]
pub struct LotBalance {
    pub lot: String,
    pub order: String,
    /// The team that placed the order; another one's after a transfer.
    pub team_of_order: String,
    pub currency: String,
    pub unit_price: Decimal,
    /// The quantity of the order, also after a transfer.
    pub quantity: u64,
    pub granted: Decimal,
    pub available: Decimal,
    pub held: Decimal,
    pub spent: Decimal,
    pub expired: Decimal,
    pub returned: Decimal,
    pub moved_out: Decimal,
    pub ends_at: Instant,
}
