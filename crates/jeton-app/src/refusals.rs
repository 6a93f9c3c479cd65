//! The refusals of the rules, and why something is not had now, in words for people.
//!
//! Each says what is so and what to do about it; the codes and figures are for programs.

use jeton_core::refusal::{Refusal as Rule, Warning};
use jeton_engine::NotNow as Engine;
use jeton_store::Cause;
use serde_json::{Map, Value, json};

use crate::contract;
use crate::failure::{Failure, NotNow, Over, Refusal};

/// A refusal of the rules as the public contract tells it. `device` names a device of the member that asks.
pub(crate) fn failure(refusal: &Rule, device: impl Fn(u64) -> Option<String>) -> Failure {
    match refusal {
        Rule::Unknown(_) => Failure::NotFound { code: refusal.code() },
        Rule::PreconditionFailed => Failure::PreconditionFailed,
        Rule::Limit { limit, value } => Failure::Limit { name: limit.name(), value: *value, over: Over::Stock },
        Rule::MemberInactive
        | Rule::TooManyDevices { .. }
        | Rule::NotAssigned
        | Rule::ProductBlocked
        | Rule::ProductRestricted
        | Rule::PaymentOverdue
        | Rule::NotOnRateSheet
        | Rule::InsufficientTokens { .. }
        | Rule::SessionEnded
        | Rule::RateInForce { .. }
        | Rule::NoPriceList
        | Rule::QuantityNotSold { .. }
        | Rule::SeatTaken
        | Rule::ClockGoesBack { .. }
        | Rule::IdReused => Failure::Refused(told(refusal, device)),
    }
}

/// As [`failure`], where no device can be named.
pub(crate) fn plain(refusal: &Rule) -> Failure {
    failure(refusal, |_| None)
}

/// A refusal inside an answer: of a renewal, or of a quote.
pub(crate) fn problem(refusal: &Rule) -> contract::Problem {
    plain(refusal).problem()
}

fn told(refusal: &Rule, device: impl Fn(u64) -> Option<String>) -> Refusal {
    let (title, detail) = words(refusal);
    let status = if matches!(refusal, Rule::InsufficientTokens { .. }) { 402 } else { 409 };
    Refusal { code: refusal.code(), rule: refusal.rule(), status, title, detail, figures: figures(refusal, device) }
}

fn words(refusal: &Rule) -> (&'static str, String) {
    match refusal {
        Rule::MemberInactive => {
            ("The member is deactivated", "An admin of the team can make the member active again.".to_owned())
        }
        Rule::TooManyDevices { limit, .. } => (
            "Open on too many devices",
            format!(
                "The product is open for this member on {limit} device{} already. Close one of the sessions named here, then try again.",
                if *limit == 1 { "" } else { "s" }
            ),
        ),
        Rule::NotAssigned => (
            "Not assigned to tokens",
            "The member has no token assignment. An admin of the team can assign the member.".to_owned(),
        ),
        Rule::ProductBlocked => (
            "The product is blocked",
            "The team has blocked this product for tokens. An admin can unblock it; a seat still opens it.".to_owned(),
        ),
        Rule::ProductRestricted => (
            "The product is not among the member's",
            "The member is assigned to tokens, but not for this product. An admin of the team can add it.".to_owned(),
        ),
        Rule::PaymentOverdue => (
            "A payment is overdue",
            "An invoice of the team is unpaid past its due day. As soon as its payment is recorded, everything works again.".to_owned(),
        ),
        Rule::NotOnRateSheet => (
            "Not on the rate sheet",
            "No rate in force offers this product by the day. The vendor can enter one.".to_owned(),
        ),
        Rule::InsufficientTokens { required, available, shortfall } => (
            "Not enough tokens",
            format!("{required} tokens are required and {available} are available: {shortfall} short. Buy tokens, or release what is held."),
        ),
        Rule::SessionEnded => {
            ("The session has ended", "It was closed, or silent for too long. Open the product anew.".to_owned())
        }
        Rule::RateInForce { starts_at } => (
            "The rate has begun",
            format!("The rate that starts at {starts_at} has begun and is never changed or removed. Enter one with a later start."),
        ),
        Rule::NoPriceList => (
            "No price list",
            "No price list in force serves this country and currency. The vendor can enter one.".to_owned(),
        ),
        Rule::QuantityNotSold { min_quantity, step } => (
            "This quantity is not sold",
            format!("Quantities are multiples of {step}, and at least {min_quantity}."),
        ),
        Rule::SeatTaken => (
            "The member has a seat already",
            "A member has one seat of a product at most. Choose another member.".to_owned(),
        ),
        Rule::ClockGoesBack { now } => {
            ("The clock goes forward only", format!("The sandbox's clock stands at {now}."))
        }
        Rule::IdReused => (
            "The id was used for something else",
            "This id stands for other content. Choose a new one for what is new.".to_owned(),
        ),
        Rule::PreconditionFailed | Rule::Limit { .. } | Rule::Unknown(_) => ("Refused", String::new()),
    }
}

fn figures(refusal: &Rule, device: impl Fn(u64) -> Option<String>) -> Map<String, Value> {
    let figures = match refusal {
        Rule::TooManyDevices { limit, sessions } => {
            let sessions: Vec<Value> = sessions
                .iter()
                .map(|open| json!({ "session": open.session.as_str(), "device": device(open.device.0) }))
                .collect();
            json!({ "limit": limit, "sessions": sessions })
        }
        Rule::InsufficientTokens { required, available, shortfall } => json!({
            "required": required.to_string(),
            "available": available.to_string(),
            "shortfall": shortfall.to_string(),
        }),
        Rule::RateInForce { starts_at } => json!({ "starts_at": starts_at.to_string() }),
        Rule::QuantityNotSold { min_quantity, step } => json!({ "min_quantity": min_quantity, "step": step }),
        Rule::ClockGoesBack { now } => json!({ "now": now.to_string() }),
        Rule::MemberInactive
        | Rule::NotAssigned
        | Rule::ProductBlocked
        | Rule::ProductRestricted
        | Rule::PaymentOverdue
        | Rule::NotOnRateSheet
        | Rule::SessionEnded
        | Rule::NoPriceList
        | Rule::SeatTaken
        | Rule::Limit { .. }
        | Rule::PreconditionFailed
        | Rule::IdReused
        | Rule::Unknown(_) => json!({}),
    };
    figures.as_object().cloned().unwrap_or_default()
}

/// Something that the asker should know, although nothing is refused.
pub(crate) fn warning(warning: &Warning) -> contract::Warning {
    match warning {
        Warning::ChargedAtOnce { undone } => contract::Warning {
            code: warning.code().to_owned(),
            detail: format!(
                "The product was undone {undone} times within 24 hours, so this opening is charged at once."
            ),
            rule: "W2".to_owned(),
            figures: json!({ "undone": undone }).as_object().cloned().unwrap_or_default(),
        },
    }
}

impl From<Engine> for Failure {
    fn from(not_now: Engine) -> Self {
        let reason = match &not_now {
            Engine::QueueFull => NotNow::QueueFull,
            Engine::Stopping => NotNow::ShuttingDown,
            Engine::ClockJumped(_) => NotNow::ClockJumped,
            Engine::Store(Cause::Full) => NotNow::StorageFull,
            Engine::Store(Cause::ReadOnly | Cause::Busy | Cause::Io) | Engine::Corrupt => NotNow::StorageUnavailable,
            Engine::Rebuilding => NotNow::Behind,
        };
        Self::NotNow { reason, detail: not_now.to_string() }
    }
}
