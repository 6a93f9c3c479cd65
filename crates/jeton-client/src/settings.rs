//! Settings of the installation: the defaults that the rules name, for the vendor to change.

use serde::{Deserialize, Serialize};

/// The settings as the vendor writes them; a field left out has the rules' default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"devices": 3, "heartbeat_s": 120, "invoice_due_days": 30}))
)]
#[serde(deny_unknown_fields)]
pub struct SettingsPut {
    /// On how many devices a product is open for a member at a time (W3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 3, minimum = 1, maximum = 32))]
    pub devices: Option<u32>,
    /// After how many undone launches of a product by a member within 24 hours the next is charged at once (W2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 3, minimum = 1, maximum = 1_000))]
    pub undone_limit: Option<u32>,
    /// Seconds between two heartbeats of a client (W8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 120, minimum = 1, maximum = 86_400))]
    pub heartbeat_s: Option<u32>,
    /// Seconds since the last proof of use at which a session is lost (W8); more than `heartbeat_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 600, minimum = 1, maximum = 86_400))]
    pub lost_after_s: Option<u32>,
    /// Seconds since its last proof of use within which a beat revives a lost session (W8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 14400, maximum = 86_400))]
    pub revive_within_s: Option<u32>,
    /// Seconds that an unfunded session has for saving work (W7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 900, maximum = 86_400))]
    pub unfunded_s: Option<u32>,
    /// Days after which an invoice is due (P3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 30, maximum = 365))]
    pub invoice_due_days: Option<u32>,
    /// Seconds after which the hold of a job lapses, unless it is extended (R1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(default = 86_400, minimum = 1, maximum = 2_592_000))]
    pub job_hold_s: Option<u32>,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "devices": 3,
        "undone_limit": 3,
        "heartbeat_s": 120,
        "lost_after_s": 600,
        "revive_within_s": 14400,
        "unfunded_s": 900,
        "invoice_due_days": 30,
        "job_hold_s": 86400
    }))
)]
pub struct Settings {
    pub devices: u32,
    pub undone_limit: u32,
    pub heartbeat_s: u32,
    pub lost_after_s: u32,
    pub revive_within_s: u32,
    pub unfunded_s: u32,
    pub invoice_due_days: u32,
    pub job_hold_s: u32,
}
