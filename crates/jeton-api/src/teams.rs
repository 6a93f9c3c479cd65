//! Teams.

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Page, PageQuery, Team, TeamPut};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TeamPath {
    /// The team's id.
    #[param(example = "acme")]
    pub(crate) team: String,
}

/// List teams
#[utoipa::path(
    get, path = "/v1/teams", tag = "Teams",
    params(PageQuery),
    responses((status = 200, description = "A page of teams.", body = Page<Team>))
)]
pub(crate) async fn list_teams(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_teams(&caller, query.page).await?))
}

/// Read a team
#[utoipa::path(
    get, path = "/v1/teams/{team}", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The team.", body = Team),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_team(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::read(app.team(&caller, &path.team).await?))
}

/// Write a team
#[utoipa::path(
    put, path = "/v1/teams/{team}", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The team as it is now.", body = Team),
        (status = 201, description = "The team, which is new.", body = Team),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_team(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<TeamPut>,
) -> Answer {
    Ok(answer::put(app.put_team(&caller, &path.team, body, if_match).await?))
}
