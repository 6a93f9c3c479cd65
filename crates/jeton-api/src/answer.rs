//! Answers of use cases as HTTP: 201 for what is new, `ETag` for what has revisions, pages with cursors.

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jeton_app::{Once, Page, Put, Read};
use serde::Serialize;

use crate::problem::Rejection;
use crate::query::cursor_of;

/// What handlers return.
pub(crate) type Answer = Result<Response, Rejection>;

/// 200 with the body.
pub(crate) fn told<T: Serialize>(body: T) -> Response {
    Json(body).into_response()
}

/// 200 with the body and, where it has one, its revision.
pub(crate) fn read<T: Serialize>(read: Read<T>) -> Response {
    let mut response = told(read.body);
    if let Some(revision) = read.revision {
        response.headers_mut().insert(ETAG, entity_tag(revision));
    }
    response
}

/// 201 when it is new, else 200; with its revision.
pub(crate) fn put<T: Serialize>(put: Put<T>) -> Response {
    let mut response = (created_or_ok(put.created), Json(put.body)).into_response();
    response.headers_mut().insert(ETAG, entity_tag(put.revision));
    response
}

/// 201 when it was done now, 200 when it is told again.
pub(crate) fn once<T: Serialize>(once: Once<T>) -> Response {
    (created_or_ok(once.created), Json(once.body)).into_response()
}

/// 200 with a page, and where the next one begins.
pub(crate) fn page<T: Serialize>(page: Page<T>) -> Response {
    told(jeton_client::Page { items: page.items, next: page.next.as_deref().map(cursor_of) })
}

/// 204.
pub(crate) fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn created_or_ok(created: bool) -> StatusCode {
    if created { StatusCode::CREATED } else { StatusCode::OK }
}

fn entity_tag(revision: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits in quotes are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_201_and_has_its_revision() {
        let response = put(Put { created: true, revision: 12, body: "new" });
        assert_eq!(
            (response.status(), &response.headers()[ETAG]),
            (StatusCode::CREATED, &HeaderValue::from_static("\"12\""))
        );
        assert_eq!(put(Put { created: false, revision: 12, body: "known" }).status(), StatusCode::OK);
        assert_eq!(once(Once { created: true, body: "done" }).status(), StatusCode::CREATED);
        assert_eq!(once(Once { created: false, body: "done" }).status(), StatusCode::OK);
    }

    #[test]
    fn what_has_no_revision_has_no_etag() {
        assert!(!read(Read { revision: None, body: "text" }).headers().contains_key(ETAG));
    }
}
