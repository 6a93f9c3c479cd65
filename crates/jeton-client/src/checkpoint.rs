//! Checkpoints: the signed newest hash over all that is stored, to be kept outside (V2).

use serde::{Deserialize, Serialize};

use crate::Instant;

/// A signed checkpoint. A file that holds this JSON is what `jeton verify --expect` takes. Hashes, key and signature
/// are lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "position": 4711,
        "at": "2026-03-02T08:06:00Z",
        "commit": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "stream": "team:acme",
        "seq": 12,
        "public_key": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "signature": "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    }))
)]
pub struct Checkpoint {
    /// The position in the log up to which it speaks.
    pub position: u64,
    /// When the newest entry then was made.
    pub at: Instant,
    /// The commit hash there (SHA-256).
    pub commit: String,
    /// The stream of the entry there.
    pub stream: String,
    /// The number of that entry in its stream.
    pub seq: u64,
    /// The public half of the key that signed it.
    pub public_key: String,
    /// Ed25519, over everything above.
    pub signature: String,
}
