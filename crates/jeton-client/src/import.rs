//! Imports: members and their assignments from a file.

use serde::{Deserialize, Serialize};

/// Whether an import is only to be tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Says what the file would do, and does nothing.
    #[cfg_attr(feature = "openapi", param(example = true))]
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import has done, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"rows": 1200, "created": 40, "changed": 3, "unchanged": 1157, "dry_run": false}))
)]
pub struct MembersImported {
    /// Rows of the file, the first line not counted.
    pub rows: u64,
    /// Members who were not there.
    pub created: u64,
    /// Members who were there otherwise, or were assigned otherwise.
    pub changed: u64,
    /// Members who stood so already.
    pub unchanged: u64,
    /// Nothing was done.
    pub dry_run: bool,
}

/// What is wrong with a row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"line": 12, "field": "products", "detail": "there is no product \"autocat\""}))
)]
pub struct BadRow {
    /// The line of the file on which the row begins; the first is 1.
    pub line: u64,
    /// The column, or `row`.
    pub field: String,
    /// For people.
    pub detail: String,
}
