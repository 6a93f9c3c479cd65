//! Rates: what a day of a product or a unit of a result costs, from when on (C1, C2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant};

/// A rate as the vendor enters it: either `per_day` or `results`, never both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"per_day": "7"}))
)]
#[serde(deny_unknown_fields)]
pub struct RatePut {
    /// Tokens per window of 24 hours; "0" records use and charges nothing (C3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<Decimal>,
    /// The results that can be asked of the product, by their code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<BTreeMap<String, ResultRate>>,
}

/// A rate of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "effective_at": "2026-01-01T00:00:00Z",
        "entered_at": "2025-11-20T09:30:00Z",
        "per_day": "7"
    }))
)]
pub struct Rate {
    /// From when on it is in force, if it is then the latest to have started.
    pub effective_at: Instant,
    /// When the vendor entered it; one entered after its start is in force from then on (C2).
    pub entered_at: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub per_day: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub results: Option<BTreeMap<String, ResultRate>>,
}

/// What a unit of a result costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"unit": "each", "tokens": "11", "rounding": "none"}))
)]
#[serde(deny_unknown_fields)]
pub struct ResultRate {
    /// What is counted: `each`, `hour`, `megapixel`, …
    #[cfg_attr(feature = "openapi", schema(example = "each"))]
    pub unit: String,
    /// Tokens per unit.
    pub tokens: Decimal,
    /// How the quantity is rounded to whole units before it is priced.
    #[serde(default)]
    pub rounding: Rounding,
}

/// How a quantity is rounded to whole units (C1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "none"))]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    Up,
    Nearest,
    #[default]
    None,
}
