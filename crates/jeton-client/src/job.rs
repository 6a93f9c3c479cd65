//! Jobs: results that are paid by the piece, all or nothing (R1, R2, P10).
//!
//! What is sent here comes from programs in the field, newer or older than the server: an unknown field is passed
//! over, and named in the answer's `ignored`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decimal, Instant, Problem, Rounding, Warning};

/// So much of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"result": "study", "quantity": "2"}))
)]
pub struct JobPartPut {
    /// A result that the product's rate offers.
    pub result: String,
    /// In the unit of the result, with at most three decimals.
    pub quantity: Decimal,
}

/// A job that is asked for, all or nothing. The same again is answered with what was decided (V4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "team": "acme",
        "member": "alice",
        "product": "generative-design",
        "parts": [{"result": "study", "quantity": "2"}],
        "tags": {"project": "tower"}
    }))
)]
pub struct JobPut {
    pub team: String,
    pub member: String,
    pub product: String,
    /// Each result once, more than none of it.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub parts: Vec<JobPartPut>,
    /// What the job is for, such as `project` or `cost-centre`; its charge carries them (L2). Never people (V5).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Whose job is to be quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "team": "acme",
        "member": "alice",
        "product": "generative-design",
        "parts": [{"result": "study", "quantity": "2"}]
    }))
)]
pub struct JobQuotePost {
    pub team: String,
    pub member: String,
    pub product: String,
    /// Each result once, more than none of it.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub parts: Vec<JobPartPut>,
    /// The tags that it would carry; without any, required tags are not asked for (L2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// What was delivered. An empty body: all that is held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"parts": [{"result": "study", "quantity": "1"}]}))
)]
pub struct JobCommitPost {
    /// Never more of a result than is held; none of a result that is not named. None at all is a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub parts: Option<Vec<JobPartPut>>,
}

/// Nothing more is to be said of a job that is extended or released.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({})))]
pub struct JobPost {}

/// What holding a job now would do. Nothing is decided by asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "required": "22",
        "available": "5000",
        "remaining": "4978",
        "by_credits": false,
        "refusal": null,
        "warnings": []
    }))
)]
pub struct JobQuote {
    /// What it would cost; `null` where no rate offers all of it.
    pub required: Option<Decimal>,
    /// What can be had: tokens of the team, or the member's cloud credits where these pay.
    pub available: Decimal,
    /// What would be left of that; `null` when it would be refused.
    pub remaining: Option<Decimal>,
    /// Whether the member's cloud credits pay it, in which case the figures are of credits (P10).
    pub by_credits: bool,
    /// Why it would be refused.
    pub refusal: Option<Problem>,
    pub warnings: Vec<Warning>,
    /// Fields of the request that this server does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// One result of a job, at the rate of the moment of its hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "result": "study",
        "quantity": "2",
        "unit": "each",
        "rate": "11",
        "rounding": "none",
        "tokens": "22"
    }))
)]
pub struct JobPart {
    pub result: String,
    pub quantity: Decimal,
    /// What is counted: `each`, `hour`, `megapixel`, …
    #[cfg_attr(feature = "openapi", schema(example = "each"))]
    pub unit: String,
    /// Tokens per unit.
    pub rate: Decimal,
    /// How the quantity is rounded to whole units before it is priced.
    pub rounding: Rounding,
    /// What it costs, rounded half up to a thousandth (R1).
    pub tokens: Decimal,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "job": "0195c1a0-7c2e-7000-8000-000000000002",
        "state": "held",
        "team": "acme",
        "member": "alice",
        "product": "generative-design",
        "tokens": "22",
        "credits": null,
        "parts": [{
            "result": "study",
            "quantity": "2",
            "unit": "each",
            "rate": "11",
            "rounding": "none",
            "tokens": "22"
        }],
        "tags": {"project": "tower"},
        "held_at": "2026-03-02T08:00:00Z",
        "ends_at": "2026-03-03T08:00:00Z",
        "charge": null
    }))
)]
pub struct Job {
    pub job: String,
    pub state: JobState,
    pub team: String,
    pub member: String,
    pub product: String,
    /// Tokens that are held, or were spent.
    pub tokens: Decimal,
    /// Cloud credits that are held, or were spent; `null` where tokens pay (P10).
    pub credits: Option<Decimal>,
    /// What is held, or was delivered; of one that was released or lapsed, what was held.
    pub parts: Vec<JobPart>,
    pub tags: BTreeMap<String, String>,
    pub held_at: Instant,
    /// When its hold lapses; of one that is not held any more, when it was committed or released, or lapsed.
    pub ends_at: Instant,
    /// The charge, once it is committed.
    pub charge: Option<String>,
}

/// What holding, committing, extending or releasing a job was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "job": "0195c1a0-7c2e-7000-8000-000000000002",
        "state": "held",
        "team": "acme",
        "member": "alice",
        "product": "generative-design",
        "tokens": "22",
        "credits": null,
        "parts": [{
            "result": "study",
            "quantity": "2",
            "unit": "each",
            "rate": "11",
            "rounding": "none",
            "tokens": "22"
        }],
        "tags": {"project": "tower"},
        "held_at": "2026-03-02T08:00:00Z",
        "ends_at": "2026-03-03T08:00:00Z",
        "charge": null,
        "available": "4978",
        "warnings": []
    }))
)]
pub struct JobAnswer {
    #[serde(flatten)]
    pub job: Job,
    /// Tokens that the team has left and not held, as of now.
    pub available: Decimal,
    pub warnings: Vec<Warning>,
    /// Fields of the request that this server does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "held"))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// What it may cost at most is set aside.
    Held,
    /// Its results were delivered, and are charged.
    Committed,
    /// It failed, was cancelled, or delivered nothing.
    Released,
    /// Nobody committed it in time; a commit is decided anew.
    Lapsed,
}

/// Which jobs that are held are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct JobsQuery {
    /// The team; a key of a team or member can leave it out.
    #[cfg_attr(feature = "openapi", param(example = "acme"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Only this member's; a member key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "alice"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Only this product's; a product key sees its own in any case.
    #[cfg_attr(feature = "openapi", param(example = "generative-design"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}
