//! Events: what has happened, as CloudEvents 1.0 in JSON, over a stream of server-sent events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Instant;

/// Something that has happened, in the envelope of CloudEvents 1.0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "specversion": "1.0",
        "id": "team:acme/12",
        "source": "urn:jeton:issuer:jeton",
        "type": "jeton.charge.made",
        "time": "2026-03-02T08:06:00Z",
        "subject": "/v1/teams/acme/charges/c12",
        "datacontenttype": "application/json",
        "data": {
            "team": "acme",
            "charge": "c12",
            "at": "2026-03-02T08:06:00Z",
            "member": "alice",
            "product": "autocad",
            "window": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"},
            "tokens": "7",
            "draws": [{"lot": "l1", "tokens": "7", "unit_price": "3.25", "currency": "EUR"}],
            "tags": {},
            "session": "0195c1a0-7c2e-7000-8000-000000000001"
        }
    }))
)]
pub struct Event {
    /// `1.0`.
    pub specversion: String,
    /// Unique in the installation, and the same however often it is told.
    pub id: String,
    /// The installation, by the issuer of its leases.
    pub source: String,
    /// What has happened: `jeton.…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was decided.
    pub time: Instant,
    /// The path in the API of what it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub subject: Option<String>,
    /// `application/json`.
    pub datacontenttype: String,
    /// The facts, under the names that the rest of the API has for them.
    pub data: Map<String, Value>,
}

/// Which events are told, and from where on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The `id` after which to begin; `0` for all that ever happened. A `Last-Event-ID` goes before it; without either,
    /// what happens from now on is told.
    #[cfg_attr(feature = "openapi", param(example = "0"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only events of these types, commas between.
    #[cfg_attr(feature = "openapi", param(example = "jeton.charge.made,jeton.session.refused"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
    /// Only this team's; a team key is told its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "acme"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}
