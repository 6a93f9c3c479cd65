//! Members: the people of a team.

use serde::{Deserialize, Serialize};

use crate::Products;

/// A member as the team writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"email": "alice@acme.example", "name": "Alice Martin", "role": "member"}))
)]
#[serde(deny_unknown_fields)]
pub struct MemberPut {
    #[cfg_attr(feature = "openapi", schema(format = "email", min_length = 3, max_length = 254))]
    pub email: String,
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    pub role: Role,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "member": "alice",
        "email": "alice@acme.example",
        "name": "Alice Martin",
        "role": "member",
        "active": true,
        "groups": ["structures"],
        "access": ["autocad", "revit"]
    }))
)]
pub struct Member {
    pub member: String,
    pub email: String,
    pub name: String,
    pub role: Role,
    /// `false` after a `DELETE`; a `PUT` makes it active again.
    pub active: bool,
    /// The groups that they are in, by id.
    pub groups: Vec<String>,
    /// What they may have with tokens: their own assignment, that of their groups and the team's default together, of
    /// which blocked products are not taken out (A1). `null`: they are not assigned to tokens.
    pub access: Option<Products>,
}

/// What stands for a member who was erased (V5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({"member": "~12"})))]
pub struct ErasedMember {
    /// The name under which everything that they used is told from now on: `~` and a number. It is no id, so nothing
    /// can be asked by it, and nobody else can have it.
    pub member: String,
}

/// What a member is in the team. Naming another primary admin makes the former a secondary admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "member"))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    PrimaryAdmin,
    SecondaryAdmin,
    Billing,
    Member,
}
