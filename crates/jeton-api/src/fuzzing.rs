//! The readers and writers of requests and answers as functions of bytes, for jeton-fuzz.
//!
//! What always holds: these are the functions that the handlers use, and nothing is added to them. Only built with
//! the feature `fuzzing`, so not into what is shipped.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jeton_app::{Failure, IfMatch, PageRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{authentication, body, header, query, usage};

/// A body as `T`, and the fields that were passed over.
pub fn body<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<(T, Vec<String>), Failure> {
    let mut ignored = Vec::new();
    Ok((body::decode(bytes, |path| ignored.push(path))?, ignored))
}

/// The query of a list: which page, and of what.
pub fn query<T: DeserializeOwned>(text: &str) -> Result<(PageRequest, T), Failure> {
    let query::Paged { page, filter } = query::paged(text)?;
    Ok((page, filter))
}

/// The cursor for what a use case said of where the next page begins.
pub fn cursor(next: &str) -> String {
    query::cursor_of(next)
}

/// What the headers that change what a request means say. `None` when a value can be in no header.
#[derive(Debug)]
pub struct Headers {
    pub if_match: Result<Option<IfMatch>, Failure>,
    pub idempotency_key: Result<String, Failure>,
    pub bearer: Option<String>,
}

/// Reads one value as each of those headers.
pub fn headers(value: &[u8]) -> Option<Headers> {
    let value = HeaderValue::from_bytes(value).ok()?;
    let of = |name: HeaderName| HeaderMap::from_iter([(name, value.clone())]);
    Some(Headers {
        if_match: header::if_match(&of(axum::http::header::IF_MATCH)),
        idempotency_key: header::idempotency_key(&of(HeaderName::from_static("idempotency-key"))).map(str::to_owned),
        bearer: authentication::bearer(&of(axum::http::header::AUTHORIZATION)).map(str::to_owned),
    })
}

/// Texts of somebody's as a record of CSV.
pub fn csv(texts: &[String]) -> Bytes {
    usage::written(&[texts.iter().cloned().map(usage::cell).collect()])
}
