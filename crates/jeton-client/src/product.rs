//! Products: what a member opens or asks results of (C1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant, Rate};

/// A name per language, keyed by the language (`en`, `fr`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"en": "Architecture", "fr": "Architecture"}))
)]
#[serde(transparent)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// The name in a language, if there is one.
    pub fn get(&self, language: &str) -> Option<&str> {
        self.0.get(language).map(String::as_str)
    }

    /// Languages and names, by language.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(language, name)| (language.as_str(), name.as_str()))
    }
}

impl FromIterator<(String, String)> for Names {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// A product as the vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "names": {"en": "AutoCAD", "fr": "AutoCAD"},
        "uses": ["architecture", "construction"],
        "versions": ["2025", "2026"],
        "undo_interval_s": 300
    }))
)]
#[serde(deny_unknown_fields)]
pub struct ProductPut {
    pub names: Names,
    /// Codes of the uses that it is listed under; none by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
    /// Versions in the order in which they are to be shown; attributes only, one window serves them all (W3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Seconds in which an opening can be undone by closing it (C5, W2); 0 charges at the opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 300, maximum = 86_400))]
    pub undo_interval_s: Option<u32>,
    /// Whether idleness defers a renewal (C5, W6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = false))]
    pub idle_aware: Option<bool>,
    /// Seconds without activity after which an idle-aware product is idle (C5, W6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 900, minimum = 1, maximum = 86_400))]
    pub idle_after_s: Option<u32>,
    /// Tokens that must be available for an opening, also when its rate is 0 (C3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = "0"))]
    pub min_balance: Option<Decimal>,
    /// What its clients do when they cannot reach the server and have no lease that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = "start"))]
    pub when_unreachable: Option<WhenUnreachable>,
}

/// What a client does when it cannot reach the server and has no lease that holds for this member, product and device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "start"))]
#[serde(rename_all = "snake_case")]
pub enum WhenUnreachable {
    /// The product starts, for at most 4 hours and 3 times in 24 hours; the server is told afterwards.
    #[default]
    Start,
    /// It does not start.
    Refuse,
}

/// A product, with the rate in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "product": "autocad",
        "names": {"en": "AutoCAD", "fr": "AutoCAD"},
        "uses": ["architecture", "construction"],
        "versions": ["2025", "2026"],
        "undo_interval_s": 300,
        "idle_aware": false,
        "idle_after_s": 900,
        "min_balance": "0",
        "when_unreachable": "start",
        "rate": {"effective_at": "2026-01-01T00:00:00Z", "entered_at": "2025-11-20T09:30:00Z", "per_day": "7"}
    }))
)]
pub struct Product {
    pub product: String,
    pub names: Names,
    pub uses: Vec<String>,
    pub versions: Vec<String>,
    pub undo_interval_s: u32,
    pub idle_aware: bool,
    pub idle_after_s: u32,
    pub min_balance: Decimal,
    /// What its clients do when they cannot reach the server and have no lease that holds.
    #[serde(default)]
    pub when_unreachable: WhenUnreachable,
    /// The rate in force now, or at the instant asked for; `null` when there is none (C4).
    pub rate: Option<Rate>,
}

/// At which instant a product's rate is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AtQuery {
    /// The instant at which the rate is to be in force; now by default.
    #[cfg_attr(feature = "openapi", param(value_type = Option<String>, format = DateTime, example = "2026-03-02T08:00:00Z"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
}
