//! Lists: one page of a walk, and how to ask for the next.
//!
//! A walk from the first page to `next: null` sees each row that existed at its start exactly once.

use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to send as `cursor` for the following page; `null` when this is the last.
    pub next: Option<String>,
}

/// The part of a list's query that every list has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows on a page.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100, default = 100, example = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// The `next` of the page before, as it was.
    #[cfg_attr(feature = "openapi", param(example = "YXV0b2NhZA"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
