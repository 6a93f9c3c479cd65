//! Charges: tokens spent, where they came from, and why (V6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Date, Decimal, Instant, JobPart, Rounding};

/// The 24 hours that a charge pays for: [`start`, `end`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"}))
)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "charge": "c12",
        "at": "2026-03-02T08:06:00Z",
        "member": "alice",
        "product": "autocad",
        "window": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"},
        "tokens": "7",
        "draws": [{"lot": "l1", "tokens": "7", "unit_price": "3.25", "currency": "EUR"}],
        "tags": {},
        "session": "0195c1a0-7c2e-7000-8000-000000000001"
    }))
)]
pub struct Charge {
    pub charge: String,
    /// When it was made: at the proof of use that decided it, while its window begins earlier (W2, W4).
    pub at: Instant,
    /// `~` and a number stand for a member who was erased (V5).
    pub member: String,
    pub product: String,
    /// The results that a job delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub results: Option<Vec<JobPart>>,
    /// The 24 hours that it pays for; `null` of a job.
    pub window: Option<Window>,
    pub tokens: Decimal,
    pub draws: Vec<Draw>,
    /// The cloud credits that paid a job; no tokens were spent then (P10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub credits: Option<Vec<CreditDraw>>,
    /// The tags of what caused it (L2).
    pub tags: BTreeMap<String, String>,
    /// The session that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub session: Option<String>,
    /// The job that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub job: Option<String>,
}

/// What a job took from one grant of cloud credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"grant": "2026-spring", "credits": "22"}))
)]
pub struct CreditDraw {
    pub grant: String,
    pub credits: Decimal,
}

/// What a charge took from one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"lot": "l1", "tokens": "7", "unit_price": "3.25", "currency": "EUR"}))
)]
pub struct Draw {
    pub lot: String,
    pub tokens: Decimal,
    pub unit_price: Decimal,
    pub currency: String,
}

/// Which charges of a team are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ChargesQuery {
    /// Only this member's; a member key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "alice"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Only this product's.
    #[cfg_attr(feature = "openapi", param(example = "autocad"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// Everything that a charge rests on (V6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "charge": "c12",
        "rule": "W2",
        "text": "AutoCAD was open from 08:00:00 to 08:06:00 without a break, which is the undo interval of 300 s or more.",
        "at": "2026-03-02T08:06:00Z",
        "member": "alice",
        "product": "autocad",
        "tokens": "7",
        "window": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"},
        "usage_day": "2026-03-02",
        "undo_interval_s": 300,
        "rate": {
            "per_day": "7",
            "effective_at": "2026-01-01T00:00:00Z",
            "in_force_at": "2026-03-02T08:00:00Z",
            "agreement": null
        },
        "sessions": [{
            "session": "0195c1a0-7c2e-7000-8000-000000000001",
            "device": "laptop-7",
            "version": "2026",
            "opened_at": "2026-03-02T08:00:00Z",
            "proven_from": "2026-03-02T08:00:00Z",
            "proven_until": "2026-03-02T08:06:00Z"
        }],
        "proof": {
            "session": "0195c1a0-7c2e-7000-8000-000000000001",
            "kind": "heartbeat",
            "at": "2026-03-02T08:06:00Z"
        },
        "draws": [{
            "lot": "l1",
            "order": "2026-0001",
            "tokens": "7",
            "unit_price": "3.25",
            "currency": "EUR",
            "ends_at": "2027-03-02T23:00:00Z"
        }],
        "amounts": {"EUR": "22.75"},
        "seq": 12,
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    }))
)]
pub struct Explanation {
    pub charge: String,
    /// The rule that made it: W2 (an opening that was kept), W4 (a renewal), W6 (use after idling) or R1 (a job).
    pub rule: String,
    /// The reason in a sentence, for people.
    pub text: String,
    pub at: Instant,
    /// `~` and a number stand for a member who was erased (V5).
    pub member: String,
    pub product: String,
    pub tokens: Decimal,
    pub window: Option<Window>,
    /// The day that it counts on, in the team's zone (W10).
    pub usage_day: Date,
    /// The undo interval that had to be proven, in seconds; `null` where none had to (a renewal, or charged at once).
    pub undo_interval_s: Option<u32>,
    /// The rate of a day; `null` of a job, whose results have rates of their own.
    pub rate: Option<ExplainedRate>,
    /// The results that a job delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub results: Option<Vec<ExplainedResult>>,
    /// The job that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub job: Option<ExplainedJob>,
    /// The sessions of the run that it rests on, with what had been proven of each.
    pub sessions: Vec<ExplainedSession>,
    /// The proof of use that decided it: no window is charged without one. `null` of a job.
    pub proof: Option<ProofOfUse>,
    pub draws: Vec<ExplainedDraw>,
    /// The cloud credits that paid a job; no tokens were spent then (P10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub credits: Option<Vec<CreditDraw>>,
    /// The worth of the tokens drawn, per currency.
    pub amounts: BTreeMap<String, Decimal>,
    /// The entry of the team's ledger that says so.
    pub seq: u64,
    /// The hash of that entry, in hexadecimal (V2).
    pub hash: String,
}

/// The rate of a charge: the one in force when its hold was set, or at its window's start (C2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "per_day": "7",
        "effective_at": "2026-01-01T00:00:00Z",
        "in_force_at": "2026-03-02T08:00:00Z",
        "agreement": null
    }))
)]
pub struct ExplainedRate {
    pub per_day: Decimal,
    /// Its start.
    pub effective_at: Instant,
    /// The instant at which it was looked up.
    pub in_force_at: Instant,
    /// The enterprise agreement that it is of; `null` where it is of the rate sheet (P9).
    pub agreement: Option<String>,
}

/// One result that a job delivered, and its rate: the one in force when its hold was set, or when a commit after the
/// lapse was decided anew (C2, R1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "result": "study",
        "quantity": "2",
        "unit": "each",
        "rounding": "none",
        "rate": "11",
        "effective_at": "2026-01-01T00:00:00Z",
        "in_force_at": "2026-03-02T08:00:00Z",
        "agreement": null,
        "tokens": "22"
    }))
)]
pub struct ExplainedResult {
    pub result: String,
    pub quantity: Decimal,
    #[cfg_attr(feature = "openapi", schema(example = "each"))]
    pub unit: String,
    /// How the quantity was rounded to whole units before it was priced.
    pub rounding: Rounding,
    /// Tokens per unit.
    pub rate: Decimal,
    /// The start of the rate.
    pub effective_at: Instant,
    /// The instant at which it was looked up.
    pub in_force_at: Instant,
    /// The enterprise agreement that it is of; `null` where it is of the rate sheet (P9).
    pub agreement: Option<String>,
    /// What it costs, rounded half up to a thousandth (R1).
    pub tokens: Decimal,
}

/// The job that a charge is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "job": "0195c1a0-7c2e-7000-8000-000000000002",
        "held_at": "2026-03-02T08:00:00Z",
        "committed_at": "2026-03-02T08:40:00Z",
        "anew": false
    }))
)]
pub struct ExplainedJob {
    pub job: String,
    pub held_at: Instant,
    pub committed_at: Instant,
    /// Whether its hold had lapsed, so that the commit was decided anew.
    pub anew: bool,
}

/// What had been proven of a session when the charge was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "session": "0195c1a0-7c2e-7000-8000-000000000001",
        "device": "laptop-7",
        "version": "2026",
        "opened_at": "2026-03-02T08:00:00Z",
        "proven_from": "2026-03-02T08:00:00Z",
        "proven_until": "2026-03-02T08:06:00Z"
    }))
)]
pub struct ExplainedSession {
    pub session: String,
    /// `null` after the member was erased (V5).
    pub device: Option<String>,
    pub version: Option<String>,
    pub opened_at: Instant,
    /// Its opening, last revival, or the activity with which it came back after idling (W6).
    pub proven_from: Instant,
    pub proven_until: Instant,
}

/// A message of the client itself about its open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "session": "0195c1a0-7c2e-7000-8000-000000000001",
        "kind": "heartbeat",
        "at": "2026-03-02T08:06:00Z"
    }))
)]
pub struct ProofOfUse {
    pub session: String,
    pub kind: ProofKind,
    pub at: Instant,
}

/// Which message a proof of use is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "heartbeat"))]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    Open,
    Heartbeat,
    Close,
}

/// What a charge took from one lot, with the lot's order and end, which decided that it was this lot (P5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "lot": "l1",
        "order": "2026-0001",
        "tokens": "7",
        "unit_price": "3.25",
        "currency": "EUR",
        "ends_at": "2027-03-02T23:00:00Z"
    }))
)]
pub struct ExplainedDraw {
    pub lot: String,
    pub order: String,
    pub tokens: Decimal,
    pub unit_price: Decimal,
    pub currency: String,
    pub ends_at: Instant,
}
