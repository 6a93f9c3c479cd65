//! Reading headers that change what a request means, with problems that name the header.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use jeton_app::{Failure, IfMatch};

use crate::problem::Rejection;

/// Characters of an idempotency key, at most.
const IDEMPOTENCY_KEY_CHARS: usize = 255;

/// The condition of `If-Match`, where there is one.
#[derive(Debug)]
pub(crate) struct Conditional(pub(crate) Option<IfMatch>);

/// The `Idempotency-Key`, which must be there.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) String);

/// The `Idempotency-Key`, where there is one.
#[derive(Debug)]
pub(crate) struct OptionalIdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Conditional {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self(if_match(&parts.headers)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self(idempotency_key(&parts.headers)?.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OptionalIdempotencyKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let is_there = parts.headers.contains_key("idempotency-key");
        Ok(Self(is_there.then(|| idempotency_key(&parts.headers).map(str::to_owned)).transpose()?))
    }
}

/// RFC 9110, section 13.1.1. A tag that is not ours, or weak, matches nothing.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Failure> {
    let (mut revisions, mut names_a_tag) = (None, false);
    for value in headers.get_all(IF_MATCH) {
        let revisions = revisions.get_or_insert_with(Vec::new);
        let text = value.to_str().map_err(|_| unreadable_if_match())?.trim();
        if text == "*" {
            return Ok(Some(IfMatch::Any));
        }
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.ok_or_else(unreadable_if_match)?;
            names_a_tag = true;
            if quoted == tag
                && let Ok(revision) = inner.parse()
            {
                revisions.push(revision);
            }
        }
    }
    if revisions.as_ref().is_some_and(|_| !names_a_tag) {
        return Err(unreadable_if_match());
    }
    Ok(revisions.map(IfMatch::OneOf))
}

fn unreadable_if_match() -> Failure {
    Failure::bad_request("If-Match", "`If-Match` is `*`, or one or more `ETag`s with their quotes, commas between")
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<&str, Failure> {
    let expected = || {
        let detail =
            format!("`Idempotency-Key` is needed here, once: 1 to {IDEMPOTENCY_KEY_CHARS} visible ASCII characters");
        Failure::bad_request("Idempotency-Key", detail)
    };
    let mut values = headers.get_all("idempotency-key").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(expected());
    };
    let key = value.to_str().map_err(|_| expected())?;
    let is_good = (1..=IDEMPOTENCY_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_good { Ok(key) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn condition(values: &[&'static str]) -> Result<Option<IfMatch>, Failure> {
        let headers = values.iter().map(|value| (IF_MATCH, HeaderValue::from_static(value)));
        if_match(&headers.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        }))
    }

    #[test]
    fn if_match_is_any_or_revisions() {
        assert_eq!(condition(&[]), Ok(None));
        assert_eq!(condition(&["*"]), Ok(Some(IfMatch::Any)));
        assert_eq!(condition(&["\"7\", \"9\"", "\"11\""]), Ok(Some(IfMatch::OneOf(vec![7, 9, 11]))));
        assert_eq!(condition(&["W/\"7\""]), Ok(Some(IfMatch::OneOf(vec![]))));
        assert_eq!(condition(&["\"another's\""]), Ok(Some(IfMatch::OneOf(vec![]))));
        for bad in ["", ",", "7", "\"7", "W/7"] {
            let refused = condition(&[bad]).unwrap_err();
            assert!(matches!(&refused, Failure::BadRequest { field, .. } if field == "If-Match"), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn an_idempotency_key_is_needed_once() {
        let one = |key: &str| {
            HeaderMap::from_iter([("idempotency-key".parse().unwrap(), HeaderValue::from_str(key).unwrap())])
        };
        assert_eq!(idempotency_key(&one("a-1")), Ok("a-1"));
        for bad in ["", "a b", &"x".repeat(256)] {
            assert!(idempotency_key(&one(bad)).is_err(), "{bad}");
        }
        assert!(idempotency_key(&HeaderMap::new()).is_err());
        let mut two = one("a-1");
        two.append("idempotency-key", HeaderValue::from_static("a-2"));
        assert!(idempotency_key(&two).is_err());
    }
}
