//! Groups: members who share an access, and whose use can be capped together (A1, L1).

use serde::{Deserialize, Serialize};

use crate::Products;

/// A group as the team writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "name": "Structural engineering",
        "members": ["alice", "bob"],
        "products": ["autocad", "revit"]
    }))
)]
#[serde(deny_unknown_fields)]
pub struct GroupPut {
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Ids of members of the team. Who is named twice is in it once.
    pub members: Vec<String>,
    /// What everybody in the group is assigned to, beside what they have otherwise (A1). Without it the group assigns
    /// nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<Products>,
}

/// A group of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "group": "structures",
        "name": "Structural engineering",
        "members": ["alice", "bob"],
        "products": ["autocad", "revit"]
    }))
)]
pub struct Group {
    pub group: String,
    pub name: String,
    /// By id.
    pub members: Vec<String>,
    /// `null`: the group assigns nobody.
    pub products: Option<Products>,
}
