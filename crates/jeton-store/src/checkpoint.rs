//! A signed statement that the log had a certain commit at a certain position (rule V2).
//!
//! It stands in the file, and copies of it are kept outside: who rewrites the log, or cuts its
//! tail, cannot make it fit a checkpoint without the key.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::chain::{Hash, length};
use crate::entry::Position;

const CHECKPOINT: &[u8] = b"jeton/checkpoint/1";

/// A checkpoint. In JSON, hashes, key and signature are lower-case hex, and instants are
/// microseconds; an unknown field is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Of the last entry of the commit.
    pub position: Position,
    /// When it was signed, microseconds UTC.
    pub at: i64,
    #[serde(with = "hex")]
    pub commit: Hash,
    /// Stream and number of the entry at `position`, so that a cut tail can be named.
    pub stream: String,
    pub seq: u64,
    #[serde(with = "hex")]
    pub public_key: [u8; 32],
    /// Ed25519 over everything above.
    #[serde(with = "hex")]
    pub signature: [u8; 64],
}

/// A checkpoint whose signature was not made by its key over its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint's signature does not fit its content and key")]
pub struct ForgedCheckpoint;

impl Checkpoint {
    /// Signs that the commit `commit` ended with entry `seq` of `stream` at `position`.
    pub fn sign(key: &SigningKey, at: i64, position: Position, commit: Hash, stream: &str, seq: u64) -> Self {
        let mut checkpoint = Self {
            position,
            at,
            commit,
            stream: stream.to_owned(),
            seq,
            public_key: key.verifying_key().to_bytes(),
            signature: [0; 64],
        };
        checkpoint.signature = key.sign(&checkpoint.message()).to_bytes();
        checkpoint
    }

    /// Whether the signature was made with the private half of `public_key`. Whose key that is,
    /// is for the caller to know.
    pub fn verify(&self) -> Result<(), ForgedCheckpoint> {
        VerifyingKey::from_bytes(&self.public_key)
            .and_then(|key| key.verify_strict(&self.message(), &Signature::from_bytes(&self.signature)))
            .map_err(|_| ForgedCheckpoint)
    }

    /// What is signed: integers as 8 bytes, big-endian; domain and stream after their length.
    fn message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(160);
        message.extend_from_slice(&length(CHECKPOINT.len()));
        message.extend_from_slice(CHECKPOINT);
        message.extend_from_slice(&self.position.to_be_bytes());
        message.extend_from_slice(&self.at.to_be_bytes());
        message.extend_from_slice(&self.commit);
        message.extend_from_slice(&length(self.stream.len()));
        message.extend_from_slice(self.stream.as_bytes());
        message.extend_from_slice(&self.seq.to_be_bytes());
        message.extend_from_slice(&self.public_key);
        message
    }
}
