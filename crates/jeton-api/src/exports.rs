//! Everything of a team, as lines of JSON.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use futures_util::stream;
use jeton_app::App;

use crate::answer::Answer;
use crate::authentication::Authenticated;
use crate::path::Path;
use crate::query::{Query, Unfiltered};
use crate::teams::TeamPath;

/// Export a team
///
/// Everything of it, a JSON object a line, each with its `kind`: `export` (the `format`, the `position` of the log and the
/// number of the last entry), `team`, `default_access`, `blocked_products`, `required_tags`, `group`; each `member`, with
/// what follows them (`assignment`, `seat`); each `entry` of its ledger, whose own kind stands in `entry`; and `end`, with
/// the `counts` of all lines but the first and the last. All of it is of one position. What was cut off has no `end`.
/// It is made as it is taken; who reads slowly holds up nobody.
#[utoipa::path(
    get, path = "/v1/teams/{team}/export", tag = "Teams",
    params(TeamPath),
    responses(
        (
            status = 200, description = "The lines.", body = String, content_type = "application/x-ndjson",
            example = json!("{\"kind\":\"export\",\"format\":1,\"team\":\"acme\",\"position\":4711,…}\n…\n{\"kind\":\"end\",\"counts\":{…},…}\n")
        ),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn export_team(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Query(Unfiltered {}): Query<Unfiltered>,
) -> Answer {
    let export = app.export_team(&caller, &path.team).await?;
    let parts = stream::unfold(export, |mut export| async move {
        let part = export.next().await?;
        if let Err(failure) = &part {
            tracing::error!(%failure, "an export was broken off");
        }
        Some((part.map(Bytes::from), export))
    });
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"))];
    Ok((kind, Body::from_stream(parts)).into_response())
}
