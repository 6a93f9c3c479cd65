//! Required tags: what openings and jobs of a team have to carry (L2).

use serde::{Deserialize, Serialize};

/// The tags that the team requires. It is both what is written and what is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"tags": ["cost-centre", "project"]}))
)]
#[serde(deny_unknown_fields)]
pub struct RequiredTags {
    /// Names of tags, at most 16 of at most 32 characters. What carries one of them not at all, or with an empty value,
    /// is refused with `tag_required`.
    pub tags: Vec<String>,
}
