//! Entries: a team's ledger as it stands (V1, V2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Instant;

/// A stored fact. What else it carries depends on its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "seq": 12,
        "at": "2026-03-02T08:06:00Z",
        "kind": "charged",
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "by": "key_7Hq2",
        "tokens": "7"
    }))
)]
pub struct Entry {
    /// Its number in the team's ledger, from 1 without gaps; the order of entries of the same instant.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    pub at: Instant,
    pub kind: String,
    /// Of this entry and all before it, SHA-256 in hexadecimal.
    pub hash: String,
    /// The facts that its kind has.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}
