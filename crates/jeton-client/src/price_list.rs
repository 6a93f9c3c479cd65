//! Price lists: what a token costs, by the quantity of the whole order (P1).

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant};

/// A price list as the vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "currency": "EUR",
        "tiers": [{"from": 1, "unit_price": "3.33"}, {"from": 5000, "unit_price": "3.25"}],
        "countries": ["FR", "BE"],
        "starts_at": "2026-01-01T00:00:00Z"
    }))
)]
#[serde(deny_unknown_fields)]
pub struct PriceListPut {
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(example = "EUR"))]
    pub currency: String,
    /// In rising order of `from`.
    pub tiers: Vec<Tier>,
    /// ISO 3166-1 alpha-2; without any, the list serves every country that no other list names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// From when on it sells; at once by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Instant>,
    /// The only partner that orders by it; teams do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The smallest quantity that is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 1, minimum = 1))]
    pub min_quantity: Option<u64>,
    /// Quantities are multiples of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 1, minimum = 1))]
    pub step: Option<u64>,
    /// Whether it serves only the teams whose agreement names it (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = false))]
    pub by_agreement: Option<bool>,
}

/// A unit price and the quantity from which it holds, for every token of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"from": 5000, "unit_price": "3.25"}))
)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub from: u64,
    pub unit_price: Decimal,
}

/// A price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "price_list": "eur-2026",
        "currency": "EUR",
        "tiers": [{"from": 1, "unit_price": "3.33"}, {"from": 5000, "unit_price": "3.25"}],
        "countries": ["FR", "BE"],
        "starts_at": "2026-01-01T00:00:00Z",
        "partner": null,
        "min_quantity": 1,
        "step": 1,
        "by_agreement": false
    }))
)]
pub struct PriceList {
    pub price_list: String,
    pub currency: String,
    pub tiers: Vec<Tier>,
    pub countries: Vec<String>,
    /// `null`: from its entry on.
    pub starts_at: Option<Instant>,
    pub partner: Option<String>,
    pub min_quantity: u64,
    pub step: u64,
    /// Whether it serves only the teams whose agreement names it (P9).
    pub by_agreement: bool,
}
