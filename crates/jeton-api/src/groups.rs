//! Groups of members (A1).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Group, GroupPut, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

/// A group of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct GroupPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The group's id.
    #[param(example = "structures")]
    group: String,
}

/// List groups
#[utoipa::path(
    get, path = "/v1/teams/{team}/groups", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of groups.", body = Page<Group>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_groups(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_groups(&caller, &path.team, query.page).await?))
}

/// Read a group
#[utoipa::path(
    get, path = "/v1/teams/{team}/groups/{group}", tag = "Teams",
    params(GroupPath),
    responses(
        (status = 200, description = "The group.", body = Group),
        (status = 404, description = "`unknown_team`, `unknown_group`"),
    )
)]
pub(crate) async fn get_group(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<GroupPath>,
) -> Answer {
    Ok(answer::read(app.group(&caller, &path.team, &path.group).await?))
}

/// Write a group
///
/// What its members are assigned to is added to what they have otherwise (A1). Who joins brings what they used today and
/// this month along into the group's caps, who leaves takes it away (L1).
#[utoipa::path(
    put, path = "/v1/teams/{team}/groups/{group}", tag = "Teams",
    params(GroupPath),
    responses(
        (status = 200, description = "The group as it is now.", body = Group),
        (status = 201, description = "The group, which is new.", body = Group),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (status = 409, description = "`limit`: the team has as many groups as it may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_group(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<GroupPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<GroupPut>,
) -> Answer {
    Ok(answer::put(app.put_group(&caller, &path.team, &path.group, body, if_match).await?))
}

/// Remove a group
///
/// Its members stay. Caps that name it count nothing until there is a group of its id again.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/groups/{group}", tag = "Teams",
    params(GroupPath),
    responses(
        (status = 204, description = "There is no such group."),
        (status = 404, description = "`unknown_team`, `unknown_group`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_group(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<GroupPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_group(&caller, &path.team, &path.group, if_match).await?;
    Ok(answer::gone())
}
