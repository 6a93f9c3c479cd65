//! Quotes of orders: what a quantity of tokens would cost (P2).

use serde::{Deserialize, Serialize};

use crate::{Date, Decimal};

/// What is to be quoted: a quantity, and either a currency or the team that would buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"quantity": 4880, "currency": "EUR"}))
)]
#[serde(deny_unknown_fields)]
pub struct QuotePost {
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000_000))]
    pub quantity: u64,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// What the quantity costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "quantity": 4880,
        "price_list": "eur-2026",
        "currency": "EUR",
        "tier": 1,
        "unit_price": "3.33",
        "net": "16250.40",
        "tax": null,
        "total": null,
        "expires_on": "2027-03-02",
        "better": {"quantity": 5000, "net": "16250.00"}
    }))
)]
pub struct Quote {
    pub quantity: u64,
    pub price_list: String,
    pub currency: String,
    /// The `from` of the tier that prices the whole quantity.
    pub tier: u64,
    pub unit_price: Decimal,
    pub net: Decimal,
    /// `null` without a team: who does not say who buys cannot be told the tax.
    pub tax: Option<Decimal>,
    pub total: Option<Decimal>,
    /// The last day of the lot if it were credited now; in the team's zone, without a team in UTC.
    pub expires_on: Date,
    /// A larger quantity that costs less or the same.
    pub better: Option<BetterBuy>,
}

/// A larger quantity, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"quantity": 5000, "net": "16250.00"}))
)]
pub struct BetterBuy {
    pub quantity: u64,
    pub net: Decimal,
}
