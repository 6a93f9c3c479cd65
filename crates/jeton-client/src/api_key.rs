//! API keys: who may ask, and for what.

use serde::{Deserialize, Serialize};

use crate::Instant;

/// What a key is for: `vendor` everything; `partner`, `team`, `product` and `member` their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "team"))]
#[serde(rename_all = "snake_case")]
pub enum ScopeName {
    Vendor,
    Partner,
    Team,
    Product,
    Member,
}

/// A key to be made. Which of `team`, `member`, `product` and `partner` it names follows from its scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"scope": "team", "team": "acme", "label": "Acme's directory sync"}))
)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyPost {
    pub scope: ScopeName,
    /// With scope `team` or `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// With scope `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// With scope `product`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// With scope `partner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// From when on it is no longer honoured; never by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// What people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub label: Option<String>,
}

impl ApiKeyPost {
    /// A key of this scope that names nobody yet, has no end and no label.
    pub fn of(scope: ScopeName) -> Self {
        Self { scope, team: None, member: None, product: None, partner: None, ends_at: None, label: None }
    }
}

/// A key, without its secret, which is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "key": "key_7Hq2",
        "scope": "team",
        "team": "acme",
        "member": null,
        "product": null,
        "partner": null,
        "device": null,
        "label": "Acme's directory sync",
        "created_at": "2026-03-02T08:00:00Z",
        "ends_at": null,
        "revoked_at": null
    }))
)]
pub struct ApiKey {
    /// Its public id.
    pub key: String,
    pub scope: ScopeName,
    pub team: Option<String>,
    /// `~` and a number stand for a member who was erased (V5).
    pub member: Option<String>,
    pub product: Option<String>,
    pub partner: Option<String>,
    /// The only device that it opens and quotes for; `null`: it is bound to none. Those of enrolments are.
    pub device: Option<String>,
    pub label: Option<String>,
    pub created_at: Instant,
    pub ends_at: Option<Instant>,
    pub revoked_at: Option<Instant>,
}

/// A key that was made, with its secret, this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "key": "key_7Hq2",
        "scope": "team",
        "team": "acme",
        "member": null,
        "product": null,
        "partner": null,
        "device": null,
        "label": "Acme's directory sync",
        "created_at": "2026-03-02T08:00:00Z",
        "ends_at": null,
        "revoked_at": null,
        "secret": "jtn_example"
    }))
)]
pub struct ApiKeyCreated {
    #[serde(flatten)]
    pub key: ApiKey,
    /// What to send as `Authorization: Bearer …`. `null` when the same `Idempotency-Key` made it before: whoever
    /// lost the secret revokes the key and makes another.
    pub secret: Option<String>,
}
