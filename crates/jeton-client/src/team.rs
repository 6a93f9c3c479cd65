//! Teams: the customers.

use serde::{Deserialize, Serialize};

/// A team as the vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "name": "Acme Architects",
        "country": "FR",
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "locale": "fr"
    }))
)]
#[serde(deny_unknown_fields)]
pub struct TeamPut {
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// A zone of the IANA database; days, months and ends of lots are computed in it.
    pub time_zone: String,
    /// A language tag (BCP 47) for texts to the team.
    pub locale: String,
    /// Whether members are to be asked before an opening costs tokens; quotes then say `ask` (N2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = false))]
    pub ask_before_charge: Option<bool>,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "team": "acme",
        "name": "Acme Architects",
        "country": "FR",
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "locale": "fr",
        "ask_before_charge": false
    }))
)]
pub struct Team {
    pub team: String,
    pub name: String,
    pub country: String,
    pub currency: String,
    pub time_zone: String,
    pub locale: String,
    /// Whether members are to be asked before an opening costs tokens (N2).
    #[serde(default)]
    pub ask_before_charge: bool,
}
