//! A stored fact, as the log keeps it.
//!
//! The log knows the body as bytes only; what they say belongs to the rules.

use std::sync::Arc;

use crate::chain::Hash;

/// The place of an entry in the log of the whole installation, counted from 1 without a gap.
/// 0 stands before the first.
pub type Position = u64;

/// An entry with its place in the log, its number in its stream, and its link of the hash chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub position: Position,
    /// The stream's name, such as `vendor`, `team:acme` or `invoices:2026`.
    pub stream: Arc<str>,
    /// The entry's number in its stream, counted from 1 without a gap.
    pub seq: u64,
    /// Microseconds UTC since 1970.
    pub at: i64,
    /// JSON, hashed as it is stored.
    pub body: Arc<[u8]>,
    /// [`chain::link`](crate::chain::link) over the stream's entry before this one, and this one.
    pub hash: Hash,
    /// [`chain::commit`](crate::chain::commit), on the last entry of its commit alone.
    pub commit: Option<Hash>,
}
