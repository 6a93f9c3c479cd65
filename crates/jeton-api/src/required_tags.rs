//! The tags that a team requires (L2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::RequiredTags;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::teams::TeamPath;

/// Read the required tags
#[utoipa::path(
    get, path = "/v1/teams/{team}/required-tags", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The tags that openings and jobs have to carry.", body = RequiredTags),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_required_tags(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::read(app.required_tags(&caller, &path.team).await?))
}

/// Require tags
///
/// An opening or a job without one of them, or with an empty value, is refused with `tag_required` (L2). Renewals of what is
/// open are not.
#[utoipa::path(
    put, path = "/v1/teams/{team}/required-tags", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The required tags as they are now.", body = RequiredTags),
        (status = 404, description = "`unknown_team`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_required_tags(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<RequiredTags>,
) -> Answer {
    Ok(answer::put(app.put_required_tags(&caller, &path.team, body, if_match).await?))
}
