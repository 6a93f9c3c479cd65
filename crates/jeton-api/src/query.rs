//! Reading queries, with problems that name the parameter; pages and their cursors.
//!
//! What always holds: an unknown parameter is refused by its name, and so is one that is there twice. A cursor is
//! opaque outside: what the use case said of where the next page begins, in base64url.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_app::{Failure, Over, PageRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::body::unreadable;
use crate::problem::Rejection;

/// Rows on a page, at most, and where nobody says how many.
const PAGE_ROWS: u16 = 100;

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

/// The parameters of a list's query: which page, and of what.
#[derive(Debug)]
pub(crate) struct Paged<T> {
    pub(crate) page: PageRequest,
    pub(crate) filter: T,
}

/// The filter of a list that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unfiltered {}

/// The cursor for what the use case said of where the next page begins.
pub(crate) fn cursor_of(next: &str) -> String {
    URL_SAFE_NO_PAD.encode(next)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self(decode(parts.uri.query().unwrap_or_default())?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Paged<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(paged(parts.uri.query().unwrap_or_default())?)
    }
}

/// The query of a list.
pub(crate) fn paged<T: DeserializeOwned>(query: &str) -> Result<Paged<T>, Failure> {
    let (mut limits, mut cursors) = (Vec::new(), Vec::new());
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "limit" => limits.push(value.into_owned()),
            "cursor" => cursors.push(value.into_owned()),
            _ => {
                rest.append_pair(&name, &value);
            }
        }
    }
    let limit = at_most_one("limit", limits)?.map_or(Ok(PAGE_ROWS), |text| rows(&text))?;
    let after = at_most_one("cursor", cursors)?.map(|text| next_of(&text)).transpose()?;
    Ok(Paged { page: PageRequest { limit, after }, filter: decode(&rest.finish())? })
}

fn decode<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| unreadable("query", &error.path().to_string(), error.inner()))
}

fn at_most_one(name: &str, mut values: Vec<String>) -> Result<Option<String>, Failure> {
    let value = values.pop();
    if values.is_empty() { Ok(value) } else { Err(Failure::bad_request(name, format!("`{name}` is there twice"))) }
}

fn rows(text: &str) -> Result<u16, Failure> {
    match text.parse::<u16>() {
        Ok(rows) if rows > PAGE_ROWS => {
            Err(Failure::Limit { name: "page", value: u64::from(PAGE_ROWS), over: Over::Request })
        }
        Ok(rows @ 1..) => Ok(rows),
        Ok(0) | Err(_) => {
            Err(Failure::bad_request("limit", format!("`limit` is a whole number from 1 to {PAGE_ROWS}")))
        }
    }
}

fn next_of(cursor: &str) -> Result<String, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Failure::bad_request("cursor", "`cursor` is not the `next` of a page"))
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use jeton_client::ChargesQuery;

    use super::*;

    async fn paged(query: &str) -> Result<Paged<ChargesQuery>, Failure> {
        let (mut parts, ()) = Request::get(format!("/charges?{query}")).body(()).unwrap().into_parts();
        match Paged::from_request_parts(&mut parts, &()).await {
            Ok(paged) => Ok(paged),
            Err(Rejection::Failure(failure)) => Err(failure),
            Err(rejection) => panic!("{rejection:?}"),
        }
    }

    async fn refused_field(query: &str) -> String {
        match paged(query).await {
            Err(Failure::BadRequest { field, .. }) => field,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_list_has_100_rows_unless_fewer_are_asked_for() {
        let all = paged("").await.unwrap();
        assert_eq!(all.page, PageRequest { limit: 100, after: None });
        assert_eq!(all.filter, ChargesQuery::default());
        let some = paged("limit=7&member=alice").await.unwrap();
        assert_eq!((some.page.limit, some.filter.member.as_deref()), (7, Some("alice")));
        let past = paged("limit=101").await.unwrap_err();
        assert_eq!(past, Failure::Limit { name: "page", value: 100, over: Over::Request });
        for bad in ["limit=0", "limit=-1", "limit=x", "limit=", "limit=99999999999", "limit=1&limit=2"] {
            assert_eq!(refused_field(bad).await, "limit", "{bad}");
        }
    }

    #[tokio::test]
    async fn a_cursor_is_url_safe_and_leads_back() {
        let next = "autocad/2026-01-01T00:00:00Z?~ÿ";
        let cursor = cursor_of(next);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        let page = paged(&format!("cursor={cursor}")).await.unwrap().page;
        assert_eq!(page.after.as_deref(), Some(next));
        for bad in ["cursor=%21", "cursor=_w", "cursor=a"] {
            assert_eq!(refused_field(bad).await, "cursor", "{bad}");
        }
    }

    #[tokio::test]
    async fn an_unknown_parameter_is_named() {
        assert_eq!(refused_field("membre=alice").await, "membre");
        assert_eq!(refused_field("member=alice&member=bob").await, "member");
    }
}
