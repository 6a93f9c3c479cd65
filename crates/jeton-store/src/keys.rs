//! API keys as they are stored: by their hash alone, so that the file gives nobody a key.

/// An API key. A row is never removed; a key that was revoked says when, and one of the erased has no label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The public id, `key_…`.
    pub id: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// What the key may do, such as `vendor`, `team:acme`, `product:autocad`, `member:acme/7`.
    pub scope: String,
    pub label: String,
    /// Microseconds UTC, as the ones below.
    pub created_at: i64,
    pub ends_at: Option<i64>,
    pub revoked_at: Option<i64>,
}
