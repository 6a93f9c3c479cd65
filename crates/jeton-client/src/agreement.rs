//! Enterprise agreements: rates and prices of one team's own, for a while (P9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant, ResultRate};

/// An agreement as the vendor writes it; it is in force in [`starts_at`, `ends_at`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2029-01-01T00:00:00Z",
        "rates": {"autocad": {"per_day": "5"}},
        "price_list": "acme-2026"
    }))
)]
#[serde(deny_unknown_fields)]
pub struct AgreementPut {
    pub starts_at: Instant,
    pub ends_at: Instant,
    /// What products cost the team, by their code; what is not named goes by the rate sheet. At most 1,000.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, AgreedRate>,
    /// The price list of the team's quotes and orders, whatever countries it names; without it, the vendor's for the
    /// team's country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_list: Option<String>,
}

/// An enterprise agreement of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "agreement": "acme-2026",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2029-01-01T00:00:00Z",
        "rates": {"autocad": {"per_day": "5"}},
        "price_list": "acme-2026"
    }))
)]
pub struct Agreement {
    pub agreement: String,
    pub starts_at: Instant,
    pub ends_at: Instant,
    pub rates: BTreeMap<String, AgreedRate>,
    pub price_list: Option<String>,
}

/// What a product costs by an agreement: either `per_day` or `results`, never both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"per_day": "5"}))
)]
#[serde(deny_unknown_fields)]
pub struct AgreedRate {
    /// Tokens per window of 24 hours; "0" records use and charges nothing (C3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub per_day: Option<Decimal>,
    /// The results that can be asked of the product, by their code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub results: Option<BTreeMap<String, ResultRate>>,
}
