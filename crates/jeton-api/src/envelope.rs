//! What surrounds every request: an id, a span, figures, a time limit, a net for panics, and safe headers.
//!
//! What always holds: every answer has an `x-request-id`, the one that the client sent if it is a plain one, and the
//! `Date` of the clock that decides; the span and the figures know method, matched path and status, and never a body,
//! a name, a key or a query.

use std::any::Any;
use std::future::ready;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, DATE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use jeton_app::{App, Failure, NotNow};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;
use uuid::Uuid;

use crate::imports;
use crate::problem::Rejection;

/// How long a request may take until its answer begins.
const REQUEST: Duration = Duration::from_secs(10);
/// Characters of a client's request id, at most.
const REQUEST_ID_CHARS: usize = 64;
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request was, for the figures: its method, and the path of its operation.
#[derive(Clone)]
struct Called {
    method: &'static str,
    path: Option<MatchedPath>,
}

/// Puts the surroundings around a router.
pub(crate) fn around(router: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(answered)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(());
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(identified))
            .layer(trace)
            .layer(from_fn(guarded))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(timed)),
    )
}

/// Says when it was answered, by the clock that decides (W9): of a sandbox that is the one its user moves. A client
/// goes by it, whose own clock may be wrong.
pub(crate) fn dated(router: Router, app: App) -> Router {
    router.layer(map_response(move |mut response: Response| {
        let now = Timestamp::from_second(app.lately_s()).ok();
        let date = now.and_then(|now| DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok());
        if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(DATE, date);
        }
        ready(response)
    }))
}

/// Gives a request its id, and the answer the same.
async fn identified(mut request: Request, next: Next) -> Response {
    let id = plain_id(request.headers()).cloned().unwrap_or_else(new_id);
    request.headers_mut().insert(X_REQUEST_ID, id.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// The client's id, if it can stand in a log as it is.
fn plain_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(X_REQUEST_ID).filter(|id| {
        let bytes = id.as_bytes();
        (1..=REQUEST_ID_CHARS).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
    })
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().to_string()).expect("a UUID is a header value")
}

fn span(request: &Request) -> Span {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = method_name(request), path, request_id = id, status = tracing::field::Empty)
}

fn answered(response: &Response, latency: Duration, span: &Span) {
    let status = response.status().as_u16();
    span.record("status", status);
    if let Some(called) = response.extensions().get::<Called>() {
        let path = called.path.as_ref().map_or("", MatchedPath::as_str).to_owned();
        let labels = [("method", called.method.to_owned()), ("path", path), ("status", status.to_string())];
        metrics::counter!("jeton_http_requests_total", &labels).increment(1);
        metrics::histogram!("jeton_http_request_duration_seconds", &labels).record(latency);
    }
    let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    if response.status().is_server_error() {
        tracing::warn!(parent: span, latency_us, "answered");
    } else {
        tracing::info!(parent: span, latency_us, "answered");
    }
}

/// Answers are for the one who asked, as what they say that they are, and no pages, but for those that say so.
async fn guarded(request: Request, next: Next) -> Response {
    let called = Called { method: method_name(&request), path: request.extensions().get().cloned() };
    let mut response = next.run(request).await;
    response.extensions_mut().insert(called);
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let of_no_page = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(of_no_page);
    response
}

/// A method as a label: those that operations have, so that nobody can make new figures by asking.
fn method_name(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

async fn timed(request: Request, next: Next) -> Response {
    let is_import = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == imports::IMPORT_PATH);
    let limit = if is_import { imports::IMPORT } else { REQUEST };
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "It took too long. Ask again in the same words: what was decided is told, and not decided twice.";
        Rejection::from(Failure::NotNow { reason: NotNow::TimedOut, detail: detail.to_owned() }).into_response()
    })
}

// What a panic carries may hold anything: it goes to the panic hook alone.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Rejection::from(Failure::Internal).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn answer_to(request: Request) -> Response {
        let router = Router::new()
            .route("/well", get(|| async { "well" }))
            .route("/panic", get(|| async { assert!(false_by_then(), "of a member called Alice") }))
            .route("/never", get(|| async { std::future::pending::<()>().await }))
            .fallback(|| async { Rejection::UnknownPath });
        around(router).oneshot(request).await.unwrap()
    }

    fn false_by_then() -> bool {
        std::hint::black_box(false)
    }

    async fn problem(response: Response) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap()
    }

    fn asked(path: &str) -> Request {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn every_answer_has_an_id_and_safe_headers() {
        for path in ["/well", "/nowhere"] {
            let response = answer_to(asked(path)).await;
            assert!(Uuid::try_parse_ascii(response.headers()[X_REQUEST_ID].as_bytes()).is_ok());
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[tokio::test]
    async fn a_clients_id_is_kept_if_it_is_plain() {
        let with = |id: &'static str| {
            let mut request = asked("/well");
            request.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_static(id));
            request
        };
        assert_eq!(answer_to(with("tour-1")).await.headers()[X_REQUEST_ID], "tour-1");
        for odd in ["", "a b", "{\"a\":1}"] {
            assert_ne!(answer_to(with(odd)).await.headers()[X_REQUEST_ID], odd);
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_shows_nothing() {
        let response = answer_to(asked("/panic")).await;
        assert_eq!(response.status(), 500);
        assert!(response.headers().contains_key(X_REQUEST_ID));
        let problem = problem(response).await;
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("Alice"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_than_10_s_is_not_now() {
        let response = answer_to(asked("/never")).await;
        assert_eq!(response.status(), 503);
        assert_eq!(problem(response).await["code"], "timed_out");
    }
}
