//! The ledger's types in the words of the public contract, and back.
//!
//! What comes from outside is parsed here, once, and what cannot be read names its field.

use std::fmt::Display;
use std::str::FromStr;

use jeton_core::catalogue::Names;
use jeton_core::entry::{Funds, Span};
use jeton_core::limits;
use jeton_core::lot::Draw;
use jeton_core::time::{Day, Instant};
use jeton_core::tokens::Tokens;

use crate::contract;
use crate::failure::{Failure, Over};

/// Parses what came from outside; what cannot be read names its field.
pub(crate) fn parse<T>(field: &str, text: &str) -> Result<T, Failure>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| Failure::bad_request(field, error.to_string()))
}

/// A name for people: 1 to 200 characters, none of them a control character.
pub(crate) fn name(field: &str, text: &str) -> Result<String, Failure> {
    if text.chars().count() > limits::NAME_CHARS {
        let value = u64::try_from(limits::NAME_CHARS).unwrap_or(u64::MAX);
        return Err(Failure::Limit { name: "name", value, over: Over::Request });
    }
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Failure::bad_request(field, "a name has 1 to 200 characters and no control characters"));
    }
    Ok(text.to_owned())
}

/// Names in both languages.
pub(crate) fn names(field: &str, names: &contract::Names) -> Result<Names, Failure> {
    if let Some(other) = names.iter().map(|(language, _)| language).find(|language| !["en", "fr"].contains(language)) {
        return Err(Failure::bad_request(format!("{field}.{other}"), "names are in en and fr"));
    }
    let of = |language: &str| {
        let field = format!("{field}.{language}");
        let text =
            names.get(language).ok_or_else(|| Failure::bad_request(&field, "a name in this language is missing"))?;
        name(&field, text)
    };
    Ok(Names { en: of("en")?, fr: of("fr")? })
}

pub(crate) fn named(names: &Names) -> contract::Names {
    [("en", &names.en), ("fr", &names.fr)]
        .into_iter()
        .map(|(language, name)| (language.to_owned(), name.clone()))
        .collect()
}

pub(crate) fn instant(at: Instant) -> contract::Instant {
    contract::Instant::new(at.to_string())
}

pub(crate) fn micros(at: i64) -> contract::Instant {
    instant(Instant::from_micros(at).unwrap_or(Instant::FIRST))
}

pub(crate) fn date(day: Day) -> contract::Date {
    contract::Date::new(day.to_string())
}

pub(crate) fn tokens(tokens: Tokens) -> contract::Decimal {
    contract::Decimal::new(tokens.to_string())
}

/// From a start to an end after it.
pub(crate) fn span(starts_at: &contract::Instant, ends_at: &contract::Instant) -> Result<Span, Failure> {
    let span = Span { start: parse("starts_at", starts_at.as_str())?, end: parse("ends_at", ends_at.as_str())? };
    if span.start < span.end { Ok(span) } else { Err(Failure::bad_request("ends_at", "it ends after it starts")) }
}

pub(crate) fn window(span: Span) -> contract::Window {
    contract::Window { start: instant(span.start), end: instant(span.end) }
}

pub(crate) fn draw(draw: &Draw) -> contract::Draw {
    contract::Draw {
        lot: format!("l{}", draw.lot),
        tokens: tokens(draw.tokens),
        unit_price: contract::Decimal::new(draw.unit_price.in_currency(draw.currency)),
        currency: draw.currency.code().to_owned(),
    }
}

/// The cloud credits that paid a job; none where tokens did.
pub(crate) fn credit_draws(funds: &Funds) -> Option<Vec<contract::CreditDraw>> {
    match funds {
        Funds::Tokens(_) => None,
        Funds::Credits(draws) => {
            let told = draws
                .iter()
                .map(|draw| contract::CreditDraw { grant: draw.grant.to_string(), credits: tokens(draw.credits) });
            Some(told.collect())
        }
    }
}

/// The number of a charge, from its id.
pub(crate) fn charge_number(id: &str) -> Option<u64> {
    let number: u64 = id.strip_prefix('c')?.parse().ok()?;
    // One charge, one id: `c+12` and `c012` are none.
    (id == format!("c{number}")).then_some(number)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
