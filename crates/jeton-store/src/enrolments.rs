//! Enrolments as they are stored: by the hash of their code alone, so that the file gives nobody a code.

/// An enrolment. A row is never removed; it says what has become of it, and nothing of the person but their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// The public id, `enr_…`.
    pub id: String,
    /// SHA-256 of the code.
    pub hash: [u8; 32],
    pub team: String,
    pub member: u32,
    /// Microseconds UTC, as the ones below.
    pub created_at: i64,
    pub ends_at: i64,
    pub used_at: Option<i64>,
    pub withdrawn_at: Option<i64>,
    /// The public id of the key that its code was traded for.
    pub key: Option<String>,
}

impl EnrolmentRow {
    /// Whether its code was neither used nor withdrawn.
    pub fn is_open(&self) -> bool {
        self.used_at.is_none() && self.withdrawn_at.is_none()
    }
}
