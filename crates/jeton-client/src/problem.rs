//! Problems: what is answered instead of what was asked for (RFC 9457, `application/problem+json`).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why something was not done. `code` is stable and made for programs; `title` and `detail` are for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "type": "urn:jeton:problem:insufficient_tokens",
        "title": "Not enough tokens",
        "status": 402,
        "detail": "AutoCAD needs 7 tokens and 6 are available. Buy at least 1 more.",
        "code": "insufficient_tokens",
        "rule": "A3",
        "required": "7",
        "available": "6",
        "shortfall": "1"
    }))
)]
pub struct Problem {
    /// A URI that names the kind of problem: `urn:jeton:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is, the same for every occurrence.
    pub title: String,
    /// The HTTP status that belongs to it.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// What happened this time, and what to do about it.
    pub detail: String,
    /// The stable code: one of the rules' codes (`insufficient_tokens`), or one of the edge's (`bad_request`).
    pub code: String,
    /// The rule that refused, where a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub rule: Option<String>,
    /// The figures that explain it, beside the other fields: `field` of a `bad_request`; `name` and `value` of a
    /// `limit`; `required`, `available` and `shortfall` of `insufficient_tokens`; and so on.
    #[serde(flatten)]
    pub figures: Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {}
