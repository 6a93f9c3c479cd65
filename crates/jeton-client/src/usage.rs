//! Usage: what was spent and launched, in rows by what one wants to know it by (W10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Date, Decimal};

/// Which use is asked for, and how it is grouped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// The first usage day, in the team's zone; from the beginning by default.
    #[cfg_attr(feature = "openapi", param(value_type = Option<String>, format = Date, example = "2026-03-01"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last usage day, included; until now by default.
    #[cfg_attr(feature = "openapi", param(value_type = Option<String>, format = Date, example = "2026-03-31"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// `product` (default), `member`, `day`, `month` or `tag:NAME`; several with a comma between: `product,day`.
    #[cfg_attr(
        feature = "openapi",
        param(
            pattern = "^(product|member|day|month|tag:[^,]+)(,(product|member|day|month|tag:[^,]+))*$",
            example = "product"
        )
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
    /// Only this member's; a member key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "alice"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Only this product's.
    #[cfg_attr(feature = "openapi", param(example = "autocad"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// A page of the usage report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "from": "2026-03-01",
        "to": "2026-03-31",
        "time_zone": "Europe/Paris",
        "currencies": ["EUR"],
        "items": [{
            "product": "autocad",
            "tokens": "14",
            "amount": {"EUR": "45.50"},
            "launches": 5,
            "days": 2,
            "members": 1
        }],
        "next": null
    }))
)]
pub struct Usage {
    /// The first day reported; `null`: from the beginning.
    pub from: Option<Date>,
    /// The last day reported; `null`: until now.
    pub to: Option<Date>,
    /// The zone whose days these are.
    pub time_zone: String,
    /// Every currency that occurs in an `amount` of the whole report.
    pub currencies: Vec<String>,
    pub items: Vec<UsageRow>,
    /// What to send as `cursor` for the following page; `null` when this is the last.
    pub next: Option<String>,
}

/// One row of the usage report. Of `product`, `member`, `day` and `month` it has those that it is grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "product": "autocad",
        "tokens": "14",
        "amount": {"EUR": "45.50"},
        "launches": 5,
        "days": 2,
        "members": 1
    }))
)]
pub struct UsageRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub product: Option<String>,
    /// `~` and a number stand for a member who was erased (V5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub member: Option<String>,
    /// `2026-03-02`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub day: Option<String>,
    /// `2026-03`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub month: Option<String>,
    /// The values of the tags that it is grouped by; `null` where use does not carry one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Option<String>>,
    pub tokens: Decimal,
    /// The worth of the tokens, per currency, at the prices of the lots that they were drawn from.
    pub amount: BTreeMap<String, Decimal>,
    /// Openings that were not refused.
    pub launches: u64,
    /// Distinct pairs of member and usage day.
    pub days: u64,
    /// Distinct members.
    pub members: u64,
}
