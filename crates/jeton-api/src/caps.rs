//! Caps: limits in tokens that a team sets for itself (L1).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Cap, CapPut, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

/// A cap of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct CapPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The cap's id.
    #[param(example = "alice-a-day")]
    cap: String,
}

/// List caps
#[utoipa::path(
    get, path = "/v1/teams/{team}/caps", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of caps.", body = Page<Cap>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_caps(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_caps(&caller, &path.team, query.page).await?))
}

/// Read a cap
#[utoipa::path(
    get, path = "/v1/teams/{team}/caps/{cap}", tag = "Teams",
    params(CapPath),
    responses(
        (status = 200, description = "The cap, and what is used of it today or this month.", body = Cap),
        (status = 404, description = "`unknown_team`, `unknown_cap`"),
    )
)]
pub(crate) async fn get_cap(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<CapPath>,
) -> Answer {
    Ok(answer::read(app.cap(&caller, &path.team, &path.cap).await?))
}

/// Write a cap
///
/// It counts tokens that are charged and held by their usage day, also those of before it was set. What would pass a hard
/// cap is refused with `cap_reached`, what passes a soft one is granted with the warning `cap_passed` (L1).
#[utoipa::path(
    put, path = "/v1/teams/{team}/caps/{cap}", tag = "Teams",
    params(CapPath),
    responses(
        (status = 200, description = "The cap as it is now.", body = Cap),
        (status = 201, description = "The cap, which is new.", body = Cap),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_group`, `unknown_product`"),
        (status = 409, description = "`limit`: the team has as many caps as it may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_cap(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<CapPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<CapPut>,
) -> Answer {
    Ok(answer::put(app.put_cap(&caller, &path.team, &path.cap, body, if_match).await?))
}

/// Remove a cap
#[utoipa::path(
    delete, path = "/v1/teams/{team}/caps/{cap}", tag = "Teams",
    params(CapPath),
    responses(
        (status = 204, description = "There is no such cap."),
        (status = 404, description = "`unknown_team`, `unknown_cap`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_cap(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<CapPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_cap(&caller, &path.team, &path.cap, if_match).await?;
    Ok(answer::gone())
}
