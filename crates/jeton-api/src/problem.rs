//! Problems as HTTP answers (RFC 9457): every way in which a request is not done.
//!
//! What always holds: each has the media type `application/problem+json` and the headers that its status asks for.
//! How a failure of the application maps is decided by [`Failure`] itself; here are only headers, and the few
//! problems that arise before the application is asked.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jeton_app::Failure;
use jeton_app::failure::problem;
use serde_json::Map;

/// Seconds after which it is worth asking again when something may be had, but not now.
const RETRY_NOT_NOW_AFTER_S: u32 = 1;

/// Why a request is not done.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// The application said so, or would have.
    Failure(Failure),
    /// No operation has this path.
    UnknownPath,
    /// The path has operations, and none with this method. The `Allow` header says which it has.
    MethodNotAllowed,
    /// The body is not said to be JSON.
    UnsupportedMediaType,
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let problem = match &self {
            Self::Failure(failure) => failure.problem(),
            Self::UnknownPath => {
                edge("unknown_path", 404, "There is no such path", "See `/openapi.json` for those there are.")
            }
            Self::MethodNotAllowed => {
                edge("method_not_allowed", 405, "The path has no such method", "The header `Allow` says which it has.")
            }
            Self::UnsupportedMediaType => edge(
                "unsupported_media_type",
                415,
                "The body is not JSON",
                "Send it with `Content-Type: application/json`.",
            ),
        };
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Self::Failure(failure) = &self {
            match failure {
                Failure::Unauthorised => {
                    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                Failure::TooFast { retry_after_s } => {
                    headers.insert(RETRY_AFTER, HeaderValue::from(*retry_after_s));
                }
                Failure::NotNow { .. } => {
                    headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_NOT_NOW_AFTER_S));
                }
                Failure::BadRequest { .. }
                | Failure::BadRows { .. }
                | Failure::Forbidden
                | Failure::NotFound { .. }
                | Failure::Refused(_)
                | Failure::PreconditionFailed
                | Failure::Limit { .. }
                | Failure::Internal => {}
            }
        }
        response
    }
}

fn edge(code: &str, status: u16, title: &str, detail: &str) -> jeton_client::Problem {
    problem(code, status, title, detail.to_owned(), None, Map::new())
}

#[cfg(test)]
mod tests {
    use jeton_app::NotNow;

    use super::*;

    #[test]
    fn a_status_brings_the_headers_that_it_asks_for() {
        let unauthorised = Rejection::from(Failure::Unauthorised).into_response();
        assert_eq!(unauthorised.status(), 401);
        assert_eq!(unauthorised.headers()[WWW_AUTHENTICATE], "Bearer");

        let too_fast = Rejection::from(Failure::TooFast { retry_after_s: 7 }).into_response();
        assert_eq!(too_fast.status(), 429);
        assert_eq!(too_fast.headers()[RETRY_AFTER], "7");

        let full = Failure::NotNow { reason: NotNow::QueueFull, detail: "Too much at once.".to_owned() };
        let not_now = Rejection::from(full).into_response();
        assert_eq!(not_now.status(), 503);
        assert_eq!(not_now.headers()[RETRY_AFTER], "1");
        assert_eq!(not_now.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
