//! Who is alive now: one row for each open session, written in batches and never hashed.

/// The proofs of use of an open session. Instants are microseconds UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    pub team: String,
    /// The ledger's number of the session within the team.
    pub session: u64,
    /// The opening, or the last revival (rule W2).
    pub proven_from: i64,
    pub last_proof: i64,
    pub last_activity: i64,
    /// The lease that its client was given last, when that is known (rule W11).
    pub lease: Option<Lease>,
}

/// A lease that a client holds: when it was issued, when it ends, and what it says it is covered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub issued_at: i64,
    pub until: i64,
    pub cover: String,
}
