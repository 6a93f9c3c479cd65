//! Whether the server lives, whether it can answer, and its figures. Without a key.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use jeton_app::App;

use crate::answer::Answer;

/// Whether the server lives
///
/// A process that answers this need not be started again.
#[utoipa::path(
    get, path = "/livez", tag = "Operating",
    responses((status = 200, description = "It lives.", body = String, content_type = "text/plain", example = json!("live\n")))
)]
pub(crate) async fn get_liveness() -> &'static str {
    "live\n"
}

/// Whether the server can answer
///
/// 503 says why not: it recovers, it stops, its clock has jumped (W9), or its disk is full or nearly so.
#[utoipa::path(
    get, path = "/readyz", tag = "Operating",
    responses((status = 200, description = "It can.", body = String, content_type = "text/plain", example = json!("ready\n")))
)]
pub(crate) async fn get_readiness(State(app): State<App>) -> Answer {
    app.ready().await?;
    Ok("ready\n".into_response())
}

/// Figures for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "Operating",
    responses((
        status = 200, description = "The figures, in text format 0.0.4.", body = String, content_type = "text/plain",
        example = json!("# TYPE jeton_http_requests_total counter\njeton_http_requests_total{method=\"GET\",path=\"/livez\",status=\"200\"} 1\n")
    ))
)]
pub(crate) async fn get_metrics(State(app): State<App>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics()).into_response()
}
