//! Enrolments: how a member's machine gets its key.
//!
//! An admin makes an enrolment and hands its code to the member; whoever shows the code, once and in time, is given a
//! key of that member for the device that they name.

use serde::{Deserialize, Serialize};

use crate::Instant;

/// An enrolment to be made: there is nothing to say about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = json!({})))]
#[serde(deny_unknown_fields)]
pub struct EnrolmentPost {}

/// An enrolment that was made, with its code, this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "enrolment": "enr_4fQ81cXw",
        "code": "7K3M9-QD2XA-0H5TE-W8VBN-C4R6Y",
        "ends_at": "2026-03-09T08:00:00Z"
    }))
)]
pub struct EnrolmentCreated {
    /// Its public id.
    pub enrolment: String,
    /// What the member types in: 25 letters and digits in groups, of which the last one finds typing errors. Upper and
    /// lower case, hyphens and spaces make no difference. `null` when the same `Idempotency-Key` made it before: the
    /// code is stored nowhere.
    pub code: Option<String>,
    /// From when on the code is no longer good.
    pub ends_at: Instant,
}

/// An enrolment, without its code, which is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "enrolment": "enr_4fQ81cXw",
        "created_at": "2026-03-02T08:00:00Z",
        "ends_at": "2026-03-09T08:00:00Z",
        "used_at": "2026-03-02T08:12:30Z",
        "withdrawn_at": null,
        "key": "key_7Hq2"
    }))
)]
pub struct Enrolment {
    /// Its public id.
    pub enrolment: String,
    pub created_at: Instant,
    pub ends_at: Instant,
    /// When its code was traded for a key; a code is good once.
    pub used_at: Option<Instant>,
    /// When it was withdrawn, or its member was deactivated.
    pub withdrawn_at: Option<Instant>,
    /// The public id of the key that it was traded for.
    pub key: Option<String>,
}

/// The trade of a code for a key, sent without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"code": "7K3M9-QD2XA-0H5TE-W8VBN-C4R6Y", "device": "laptop-7"}))
)]
#[serde(deny_unknown_fields)]
pub struct EnrolPost {
    /// As it was told, in upper or lower case, with or without its hyphens.
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub code: String,
    /// What the machine calls itself at every opening (W3); the key is good for no other.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub device: String,
}

/// The key that a code was traded for, with its secret, this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "key": "key_7Hq2",
        "secret": "jtn_example",
        "team": "acme",
        "member": "alice",
        "device": "laptop-7"
    }))
)]
pub struct Enrolled {
    /// The key's public id.
    pub key: String,
    /// What to send as `Authorization: Bearer …`.
    pub secret: String,
    pub team: String,
    pub member: String,
    /// The only device that the key opens and quotes for.
    pub device: String,
}
