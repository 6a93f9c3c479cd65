//! Points in time and days on the wire.
//!
//! Both are JSON strings; their meaning is checked by the server, which also bounds the years (2000 to 2200).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant in UTC, RFC 3339, with up to six decimals of a second: `2026-03-02T08:00:00Z`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = DateTime, example = "2026-03-02T08:00:00Z")
)]
#[serde(transparent)]
pub struct Instant(String);

/// A calendar day in the team's time zone, RFC 3339: `2026-03-02`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = Date, example = "2026-03-02")
)]
#[serde(transparent)]
pub struct Date(String);

impl Instant {
    /// The text as it is, unchecked.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Date {
    /// The text as it is, unchecked.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
