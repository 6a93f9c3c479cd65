//! Access with tokens: assignments, default access, blocked products (A1).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Assignment, BlockedProducts, DefaultAccess};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::members::MemberPath;
use crate::path::Path;
use crate::teams::TeamPath;

/// Read an assignment
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/assignment", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 200, description = "What the member is assigned to.", body = Assignment),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_assignment`"),
    )
)]
pub(crate) async fn get_assignment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
) -> Answer {
    Ok(answer::read(app.assignment(&caller, &path.team, &path.member).await?))
}

/// Assign a member
///
/// To all products, those to come included, or to a named set. Access is the union with the team's default (A1).
#[utoipa::path(
    put, path = "/v1/teams/{team}/members/{member}/assignment", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 200, description = "The assignment as it is now.", body = Assignment),
        (status = 201, description = "The assignment, which is new.", body = Assignment),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_assignment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<Assignment>,
) -> Answer {
    Ok(answer::put(app.put_assignment(&caller, &path.team, &path.member, body, if_match).await?))
}

/// Unassign a member
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{member}/assignment", tag = "Teams",
    params(MemberPath),
    responses(
        (status = 204, description = "The member has no assignment of their own."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_assignment`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_assignment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_assignment(&caller, &path.team, &path.member, if_match).await?;
    Ok(answer::gone())
}

/// Read the default access
#[utoipa::path(
    get, path = "/v1/teams/{team}/default-access", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "What every member is assigned to; `null` in a new team.", body = DefaultAccess),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_default_access(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::read(app.default_access(&caller, &path.team).await?))
}

/// Write the default access
///
/// What every member of the team is assigned to without an assignment of their own (A1).
#[utoipa::path(
    put, path = "/v1/teams/{team}/default-access", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The default access as it is now.", body = DefaultAccess),
        (status = 404, description = "`unknown_team`, `unknown_product`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_default_access(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<DefaultAccess>,
) -> Answer {
    Ok(answer::put(app.put_default_access(&caller, &path.team, body, if_match).await?))
}

/// Read the blocked products
#[utoipa::path(
    get, path = "/v1/teams/{team}/blocked-products", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The products that nobody has with tokens.", body = BlockedProducts),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_blocked_products(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::read(app.blocked_products(&caller, &path.team).await?))
}

/// Block products
///
/// Nobody in the team has them with tokens; a seat still opens them (A1).
#[utoipa::path(
    put, path = "/v1/teams/{team}/blocked-products", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The blocked products as they are now.", body = BlockedProducts),
        (status = 404, description = "`unknown_team`, `unknown_product`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_blocked_products(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<BlockedProducts>,
) -> Answer {
    Ok(answer::put(app.put_blocked_products(&caller, &path.team, body, if_match).await?))
}
