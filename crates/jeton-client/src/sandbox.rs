//! The clock of a sandbox, which its user moves.

use serde::{Deserialize, Serialize};

use crate::Instant;

/// Where the sandbox's clock stands, or where it is to stand: it goes forward only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"at": "2026-03-03T08:00:00Z"}))
)]
#[serde(deny_unknown_fields)]
pub struct SandboxClock {
    pub at: Instant,
}
