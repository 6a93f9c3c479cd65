//! Seats of members (A2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Page, PageQuery, Seat, SeatPut, SeatReassign};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::members::MemberPath;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A member's seat of a product.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SeatPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The member's id.
    #[param(example = "alice")]
    member: String,
    /// The product's code.
    #[param(example = "autocad")]
    product: String,
}

/// The seats of a product in a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TeamProductPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The product's code.
    #[param(example = "autocad")]
    product: String,
}

/// List a member's seats
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/seats", tag = "Teams",
    params(MemberPath, PageQuery),
    responses(
        (status = 200, description = "A page of seats.", body = Page<Seat>),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn list_seats(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_seats(&caller, &path.team, &path.member, query.page).await?))
}

/// Read a seat
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/seats/{product}", tag = "Teams",
    params(SeatPath),
    responses(
        (status = 200, description = "The seat.", body = Seat),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`, `unknown_seat`"),
    )
)]
pub(crate) async fn get_seat(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SeatPath>,
) -> Answer {
    Ok(answer::read(app.seat(&caller, &path.team, &path.member, &path.product).await?))
}

/// Grant a seat
///
/// While it is in force, the member's openings of the product cost no tokens. One that begins while a hold is pending
/// releases it (A2).
#[utoipa::path(
    put, path = "/v1/teams/{team}/members/{member}/seats/{product}", tag = "Teams",
    params(SeatPath),
    responses(
        (status = 200, description = "The seat as it is now.", body = Seat),
        (status = 201, description = "The seat, which is new.", body = Seat),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (status = 409, description = "`limit`: the team has as many seats as it may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_seat(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SeatPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<SeatPut>,
) -> Answer {
    Ok(answer::put(app.put_seat(&caller, &path.team, &path.member, &path.product, body, if_match).await?))
}

/// Withdraw a seat
///
/// From an open session it ends as cover at this instant (A2, W4).
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{member}/seats/{product}", tag = "Teams",
    params(SeatPath),
    responses(
        (status = 204, description = "The member has no seat of the product."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`, `unknown_seat`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_seat(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SeatPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_seat(&caller, &path.team, &path.member, &path.product, if_match).await?;
    Ok(answer::gone())
}

/// Move a seat
///
/// From one member to another, with its start, end and plan kept.
#[utoipa::path(
    post, path = "/v1/teams/{team}/seats/{product}/reassign", tag = "Teams",
    params(TeamProductPath),
    responses(
        (status = 200, description = "The seat of the other member.", body = Seat),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`, `unknown_seat`"),
        (status = 409, description = "`seat_taken`: the other member has one already."),
    )
)]
pub(crate) async fn reassign_seat(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamProductPath>,
    Json(body): Json<SeatReassign>,
) -> Answer {
    Ok(answer::told(app.reassign_seat(&caller, &path.team, &path.product, body).await?))
}
