//! Members of a team.

use axum::extract::State;
use jeton_app::App;
use jeton_client::{ErasedMember, Member, MemberPut, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

pub(crate) const MEMBER_PATH: &str = "/v1/teams/{team}/members/{member}";

/// A member of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MemberPath {
    /// The team's id.
    #[param(example = "acme")]
    pub(crate) team: String,
    /// The member's id.
    #[param(example = "alice")]
    pub(crate) member: String,
}

/// List members
#[utoipa::path(
    get, path = "/v1/teams/{team}/members", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of members.", body = Page<Member>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_members(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_members(&caller, &path.team, query.page).await?))
}

/// Read a member
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 200, description = "The member.", body = Member),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn get_member(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
) -> Answer {
    Ok(answer::read(app.member(&caller, &path.team, &path.member).await?))
}

/// Write a member
///
/// One who was deactivated is active again. Naming another primary admin makes the former a secondary admin.
#[utoipa::path(
    put, path = "/v1/teams/{team}/members/{member}", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 200, description = "The member as they are now.", body = Member),
        (status = 201, description = "The member, who is new.", body = Member),
        (status = 404, description = "`unknown_team`"),
        (status = 409, description = "`limit`: the team has as many members as it may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_member(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<MemberPut>,
) -> Answer {
    Ok(answer::put(app.put_member(&caller, &path.team, &path.member, body, if_match).await?))
}

/// Deactivate a member
///
/// They open nothing from now on. What they used stays in every total.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{member}", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 204, description = "The member is inactive."),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn deactivate_member(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.deactivate_member(&caller, &path.team, &path.member, if_match).await?;
    Ok(answer::gone())
}

/// Erase a member
///
/// The person is forgotten (V5): id, name, address, devices and the labels of their keys go, and their keys are revoked.
/// What they have open ends as an admin's close does (W4), their seats are withdrawn: move those first. What they used
/// stays in every total, under the name that is answered. Their id is free, for somebody new. It cannot be undone.
/// Sent again to the same server it is answered alike; after a restart nobody knows the id, and it is `unknown_member`.
#[utoipa::path(
    post, path = "/v1/teams/{team}/members/{member}/erase", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 200, description = "What stands for the member from now on.", body = ErasedMember),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn erase_member(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
) -> Answer {
    Ok(answer::told(app.erase_member(&caller, &path.team, &path.member).await?))
}
