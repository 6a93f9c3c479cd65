//! The refusals of the rules, and why something is not had now, in words for people.
//!
//! Each says what is so and what to do about it; the codes and figures are for programs.

use jeton_core::cap::{CapOf, Per};
use jeton_core::id::{DeviceKey, MemberKey, TeamId};
use jeton_core::refusal::{CapFigures, JobState, Refusal as Rule, Warning};
use jeton_engine::NotNow as Engine;
use jeton_store::Cause;
use serde_json::{Map, Value, json};

use crate::Inner;
use crate::contract;
use crate::failure::{Failure, NotNow, Over, Refusal};

/// By what names a refusal tells its figures: the ledger knows members, devices and products by number (V5).
#[derive(Clone, Copy)]
pub(crate) struct Naming<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) team: &'a TeamId,
    /// Whose devices are named.
    pub(crate) member: Option<MemberKey>,
}

impl Naming<'_> {
    fn device(&self, device: DeviceKey) -> Option<String> {
        self.inner.people.device_name(self.team, self.member?, device)
    }

    /// Whose use a cap is on, as the contract writes it.
    pub(crate) fn cap_of(&self, of: &CapOf) -> contract::CapOf {
        match of {
            CapOf::Member(member) => contract::CapOf::Member(self.inner.people.name_of(self.team, *member)),
            CapOf::Group(group) => contract::CapOf::Group(group.to_string()),
            CapOf::Product(product) => {
                let code = self.inner.product_code(*product);
                contract::CapOf::Product(code.map_or_else(|_| product.to_string(), |code| code.to_string()))
            }
            CapOf::Team => contract::CapOf::Team,
        }
    }

    fn cap(&self, passed: &CapFigures) -> Value {
        json!({
            "cap": passed.cap.as_str(),
            "of": self.cap_of(&passed.of),
            "per": per(passed.per),
            "tokens": passed.tokens.to_string(),
            "used": passed.used.to_string(),
            "required": passed.required.to_string(),
        })
    }
}

/// The name of a cap's calendar time.
pub(crate) fn per(per: Per) -> &'static str {
    match per {
        Per::Day => "day",
        Per::Month => "month",
    }
}

/// The name of what has become of a job.
pub(crate) fn job_state(state: JobState) -> &'static str {
    match state {
        JobState::Held => "held",
        JobState::Committed => "committed",
        JobState::Released => "released",
        JobState::Lapsed => "lapsed",
    }
}

/// A refusal of the rules as the public contract tells it.
pub(crate) fn failure(refusal: &Rule, naming: Option<Naming<'_>>) -> Failure {
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
        | Rule::TagRequired { .. }
        | Rule::CapReached(_)
        | Rule::JobEnded { .. }
        | Rule::QuantityRaised { .. }
        | Rule::CreditsUsed { .. }
        | Rule::IdReused => Failure::Refused(told(refusal, naming)),
    }
}

/// As [`failure`], of what names nobody.
pub(crate) fn plain(refusal: &Rule) -> Failure {
    failure(refusal, None)
}

/// A refusal inside an answer: of a renewal, or of a quote.
pub(crate) fn problem(refusal: &Rule, naming: Naming<'_>) -> contract::Problem {
    failure(refusal, Some(naming)).problem()
}

fn told(refusal: &Rule, naming: Option<Naming<'_>>) -> Refusal {
    let (title, detail) = words(refusal);
    let status = if matches!(refusal, Rule::InsufficientTokens { .. }) { 402 } else { 409 };
    Refusal { code: refusal.code(), rule: refusal.rule(), status, title, detail, figures: figures(refusal, naming) }
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
            "No rate in force offers this. The vendor can enter one.".to_owned(),
        ),
        Rule::InsufficientTokens { required, available, shortfall } => (
            "Not enough tokens",
            format!("{required} tokens are required and {available} are available: {shortfall} short. Buy tokens, or release what is held."),
        ),
        Rule::TagRequired { tags } => {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            let detail = format!("The team requires these tags, and they are missing or empty: {}.", tags.join(", "));
            ("A tag is required", detail)
        }
        Rule::CapReached(CapFigures { cap, per, tokens, used, required, .. }) => (
            "A cap is reached",
            format!(
                "The cap {cap} is {tokens} tokens a {}: {used} are used, and {required} more would pass it. An admin of the team can raise it.",
                self::per(*per)
            ),
        ),
        Rule::JobEnded { state } => (
            "The job is over",
            format!("The job is {}. What is needed again is a new job.", job_state(*state)),
        ),
        Rule::QuantityRaised { result, held, asked } => (
            "More than was held",
            format!("{asked} of {result} would be committed, and {held} were held. A commit lowers quantities only; ask for the rest by a job of its own."),
        ),
        Rule::CreditsUsed { used } => (
            "The credits are used",
            format!("{used} of these credits are spent or held already. Grant at least as many."),
        ),
        Rule::SessionEnded => {
            ("The session has ended", "It was closed, or silent for too long. Open the product anew.".to_owned())
        }
        Rule::RateInForce { starts_at } => (
            "The rate has begun",
            format!("What starts at {starts_at} has begun and is never changed or removed. Enter a rate with a later start; of an agreement that lasts, the end alone can change, and not into the past."),
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

fn figures(refusal: &Rule, naming: Option<Naming<'_>>) -> Map<String, Value> {
    let figures = match refusal {
        Rule::TooManyDevices { limit, sessions } => {
            let sessions: Vec<Value> = sessions
                .iter()
                .map(|open| {
                    let device = naming.and_then(|naming| naming.device(open.device));
                    json!({ "session": open.session.as_str(), "device": device })
                })
                .collect();
            json!({ "limit": limit, "sessions": sessions })
        }
        Rule::InsufficientTokens { required, available, shortfall } => json!({
            "required": required.to_string(),
            "available": available.to_string(),
            "shortfall": shortfall.to_string(),
        }),
        Rule::TagRequired { tags } => json!({ "tags": tags }),
        Rule::CapReached(passed) => naming.map_or_else(|| json!({}), |naming| naming.cap(passed)),
        Rule::JobEnded { state } => json!({ "state": job_state(*state) }),
        Rule::QuantityRaised { result, held, asked } => {
            json!({ "result": result.as_str(), "held": held.to_string(), "asked": asked.to_string() })
        }
        Rule::CreditsUsed { used } => json!({ "used": used.to_string() }),
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
pub(crate) fn warning(warning: &Warning, naming: Naming<'_>) -> contract::Warning {
    let (rule, detail, figures) = match warning {
        Warning::ChargedAtOnce { undone } => {
            let detail =
                format!("The product was undone {undone} times within 24 hours, so this opening is charged at once.");
            ("W2", detail, json!({ "undone": undone }))
        }
        Warning::CapPassed(passed) => {
            let CapFigures { cap, per, tokens, used, required, .. } = passed;
            let detail = format!(
                "The cap {cap} is {tokens} tokens a {}: {used} were used, and {required} more pass it.",
                self::per(*per)
            );
            ("L1", detail, naming.cap(passed))
        }
    };
    let figures = figures.as_object().cloned().unwrap_or_default();
    contract::Warning { code: warning.code().to_owned(), detail, rule: rule.to_owned(), figures }
}

impl From<Engine> for Failure {
    fn from(not_now: Engine) -> Self {
        let reason = match &not_now {
            Engine::QueueFull => NotNow::QueueFull,
            Engine::Stopping => NotNow::ShuttingDown,
            Engine::ClockJumped(_) => NotNow::ClockJumped,
            Engine::LittleRoom => NotNow::StorageLow,
            Engine::Store(Cause::Full) => NotNow::StorageFull,
            Engine::Store(Cause::ReadOnly | Cause::Busy | Cause::Io | Cause::Newer) | Engine::Corrupt => {
                NotNow::StorageUnavailable
            }
            Engine::Rebuilding => NotNow::Behind,
        };
        Self::NotNow { reason, detail: not_now.to_string() }
    }
}
