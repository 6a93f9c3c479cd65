//! The two hash chains of rule V2: one through each stream, one through all commits.
//!
//! Pure. Every field is preceded by its length or has a fixed one, so that no two different
//! inputs are hashed as the same bytes; each hash begins with a name of its own, so that one kind
//! is never taken for another. These bytes are a promise: golden tests hold them.

use sha2::{Digest, Sha256};

use crate::entry::{Position, Sealed};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What stands before the first entry of a stream, and before the first commit.
pub const ORIGIN: Hash = [0; 32];

const LINK: &[u8] = b"jeton/entry/1";
const COMMIT: &[u8] = b"jeton/commit/1";

/// The hash of an entry: SHA-256 over the domain `jeton/entry/1`, the hash of the stream's entry
/// before it ([`ORIGIN`] for the first), and its fields. Integers are 8 bytes, big-endian; domain,
/// stream and body are each preceded by their length as such an integer.
pub fn link(previous: &Hash, stream: &str, seq: u64, at: i64, body: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    sized(&mut digest, LINK);
    digest.update(previous);
    sized(&mut digest, stream.as_bytes());
    digest.update(seq.to_be_bytes());
    digest.update(at.to_be_bytes());
    sized(&mut digest, body);
    digest.finalize().into()
}

/// The hash of a commit: SHA-256 over the domain `jeton/commit/1`, the hash of the commit before
/// it ([`ORIGIN`] for the first), the number of entries, and position and hash of each.
pub fn commit(previous: &Hash, entries: &[Sealed]) -> Hash {
    commit_of(previous, entries.iter().map(|entry| (entry.position, &entry.hash)))
}

/// As [`commit`], over positions and hashes alone.
pub(crate) fn commit_of<'h>(previous: &Hash, entries: impl ExactSizeIterator<Item = (Position, &'h Hash)>) -> Hash {
    let mut digest = Sha256::new();
    sized(&mut digest, COMMIT);
    digest.update(previous);
    digest.update(length(entries.len()));
    for (position, hash) in entries {
        digest.update(position.to_be_bytes());
        digest.update(hash);
    }
    digest.finalize().into()
}

/// Adds `bytes` after their length.
pub(crate) fn sized(digest: &mut impl Digest, bytes: &[u8]) {
    digest.update(length(bytes.len()));
    digest.update(bytes);
}

/// A length as it is hashed and signed.
pub(crate) fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).expect("a length in memory fits into 64 bits").to_be_bytes()
}
