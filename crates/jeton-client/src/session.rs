//! Sessions: opening a product, proving its use, closing it (A3, W1–W11).
//!
//! What is sent here comes from programs in the field, newer or older than the server: an unknown field is passed
//! over, and named in the answer's `ignored`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Decimal, Instant, Problem, Window};

/// An opening. The same again is answered with what was decided (V4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "team": "acme",
        "member": "alice",
        "product": "autocad",
        "version": "2026",
        "device": "laptop-7"
    }))
)]
pub struct SessionOpen {
    pub team: String,
    pub member: String,
    pub product: String,
    /// Of the product; an attribute for reports, one window serves every version (W3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub version: Option<String>,
    /// What the client calls its machine, the same at every opening (W3).
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub device: String,
    /// What the session is for, such as `project` or `cost-centre`; its charges carry them (L2). Never people (V5).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A proof of use. An empty body is one too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"last_activity_at": "2026-03-02T08:05:41Z"}))
)]
pub struct SessionHeartbeat {
    /// When the member last did something, by the client's clock; clamped to [opening, now] (W6, W9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Instant>,
    /// Asks for a new lease although the old one still holds (W11).
    #[serde(default)]
    pub lease: bool,
}

/// The end of a session, told by the client: a proof of use, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"last_activity_at": "2026-03-02T16:59:30Z"}))
)]
pub struct SessionClose {
    /// When the member last did something, by the client's clock; clamped to [opening, now] (W6, W9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Instant>,
}

/// What opening or beating was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "session": "0195c1a0-7c2e-7000-8000-000000000001",
        "state": "open",
        "cover": "tokens",
        "hold": "7",
        "undo_ends_at": "2026-03-02T08:05:00Z",
        "window": null,
        "charged": [],
        "next_charge": {"at": "2026-03-02T08:05:00Z", "tokens": "7"},
        "available": "4993",
        "heartbeat_s": 120,
        "lease": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiMSJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl",
        "warnings": []
    }))
)]
pub struct SessionAnswer {
    pub session: String,
    pub state: SessionState,
    /// What pays for the session; `null` when it is idle past its cover, unfunded or ended.
    pub cover: Option<Cover>,
    /// Tokens set aside until the undo interval has been proven (W1, W2).
    pub hold: Option<Decimal>,
    /// When the hold becomes a charge if use is proven until then.
    pub undo_ends_at: Option<Instant>,
    pub window: Option<Window>,
    /// The charges that this message made.
    pub charged: Vec<MadeCharge>,
    /// What will be charged next if the product stays in use.
    pub next_charge: Option<NextCharge>,
    /// Tokens that the team has left and not held, as of now.
    pub available: Decimal,
    /// Seconds until the next heartbeat is expected (W8).
    pub heartbeat_s: u32,
    /// The signed proof of the right to run (JWS compact); `null`: the one that the client has still holds (W11).
    pub lease: Option<String>,
    pub warnings: Vec<Warning>,
    /// Why the renewal was refused, when the session is unfunded (W7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub refusal: Option<Problem>,
    /// When an unfunded session ends: until then there is time to save (W7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub ends_at: Option<Instant>,
    /// Fields of the request that this server does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// What closing was answered; of a session that had ended before, what had been decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "session": "0195c1a0-7c2e-7000-8000-000000000001",
        "state": "ended",
        "charged": []
    }))
)]
pub struct SessionClosed {
    pub session: String,
    /// Always `ended`.
    pub state: SessionState,
    /// The charges that the close made.
    pub charged: Vec<MadeCharge>,
    /// Fields of the request that this server does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "open"))]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Covered, or about to be.
    Open,
    /// Past its cover without activity; nothing runs, nothing is charged (W6).
    Idle,
    /// Its renewal was refused; it ends soon (W7).
    Unfunded,
    Ended,
}

/// What pays for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "tokens"))]
#[serde(rename_all = "snake_case")]
pub enum Cover {
    /// This session's opening or renewal made the hold or the charge.
    Tokens,
    /// A window or a pending hold was there already.
    Window,
    Seat,
}

/// A charge that a message made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "charge": "c12",
        "tokens": "7",
        "window": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"}
    }))
)]
pub struct MadeCharge {
    pub charge: String,
    pub tokens: Decimal,
    pub window: Window,
}

/// A charge to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"at": "2026-03-03T08:00:00Z", "tokens": "7"}))
)]
pub struct NextCharge {
    pub at: Instant,
    pub tokens: Decimal,
}

/// Something that the asker should know, although nothing is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "code": "charged_at_once",
        "detail": "AutoCAD was undone 3 times within 24 hours, so this opening was charged at once.",
        "rule": "W2",
        "undone": 3
    }))
)]
pub struct Warning {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub detail: String,
    pub rule: String,
    /// The figures that explain it.
    #[serde(flatten)]
    pub figures: Map<String, Value>,
}

/// Whose opening of what is to be quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"team": "acme", "member": "alice", "product": "autocad", "device": "laptop-7"}))
)]
pub struct SessionQuotePost {
    pub team: String,
    pub member: String,
    pub product: String,
    /// On which machine; without it, open devices are not counted (W3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub device: Option<String>,
    /// The tags that it would carry; without any, required tags are not asked for (L2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// What an opening now would do. Nothing is decided by asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "cover": "tokens",
        "tokens": "7",
        "available": "5000",
        "ask": false,
        "window": null,
        "refusal": null,
        "warnings": []
    }))
)]
pub struct SessionQuote {
    /// What would pay for it; `null` when it would be refused.
    pub cover: Option<Cover>,
    /// What it would hold or charge; "0" when something covers it already, `null` when it would be refused.
    pub tokens: Option<Decimal>,
    /// Tokens that the team has left and not held.
    pub available: Decimal,
    /// Whether the team wants the member to be asked first, since it costs something (N2).
    #[serde(default)]
    pub ask: bool,
    /// The window that would cover it, where one is running.
    pub window: Option<Window>,
    /// Why it would be refused.
    pub refusal: Option<Problem>,
    pub warnings: Vec<Warning>,
    /// Fields of the request that this server does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// A session as one who looks at it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "session": "0195c1a0-7c2e-7000-8000-000000000001",
        "team": "acme",
        "member": "alice",
        "product": "autocad",
        "version": "2026",
        "device": "laptop-7",
        "state": "open",
        "cover": "tokens",
        "opened_at": "2026-03-02T08:00:00Z",
        "last_proof_at": "2026-03-02T08:06:00Z",
        "window": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"},
        "ends_at": null
    }))
)]
pub struct LiveSession {
    pub session: String,
    pub team: String,
    /// `~` and a number stand for a member who was erased (V5).
    pub member: String,
    pub product: String,
    pub version: Option<String>,
    /// `null` after the member was erased (V5).
    pub device: Option<String>,
    pub state: SessionState,
    pub cover: Option<Cover>,
    pub opened_at: Instant,
    pub last_proof_at: Instant,
    pub window: Option<Window>,
    /// When it ends if it is unfunded (W7), or when it ended.
    pub ends_at: Option<Instant>,
}

/// Which live sessions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct SessionsQuery {
    /// The team; a key of a team or member can leave it out.
    #[cfg_attr(feature = "openapi", param(example = "acme"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Only this member's; a member key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "alice"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Only this product's; a product key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "autocad"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}
