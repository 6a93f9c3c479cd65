//! Cloud credits of members (P10).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Credits, CreditsPut, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::members::MemberPath;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A grant of cloud credits to a member.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct CreditsPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The member's id.
    #[param(example = "alice")]
    member: String,
    /// The grant's id.
    #[param(example = "education-2026")]
    grant: String,
}

/// List a member's cloud credits
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/credits", tag = "Teams",
    params(MemberPath, PageQuery),
    responses(
        (status = 200, description = "A page of grants that have not ended, or of which something is held.", body = Page<Credits>),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn list_credits(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_credits(&caller, &path.team, &path.member, query.page).await?))
}

/// Read cloud credits
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/credits/{grant}", tag = "Teams",
    params(CreditsPath),
    responses(
        (status = 200, description = "The grant.", body = Credits),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_grant`"),
    )
)]
pub(crate) async fn get_credits(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<CreditsPath>,
) -> Answer {
    Ok(answer::read(app.credits(&caller, &path.team, &path.member, &path.grant).await?))
}

/// Grant cloud credits
///
/// For a member on an education plan, which is the vendor's to know. They are good for jobs only, are drawn before tokens,
/// and pay a job whole or not at all (P10). An end that has come withdraws what is left.
#[utoipa::path(
    put, path = "/v1/teams/{team}/members/{member}/credits/{grant}", tag = "Teams",
    params(CreditsPath),
    responses(
        (status = 200, description = "The grant as it is now.", body = Credits),
        (status = 201, description = "The grant, which is new.", body = Credits),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
        (status = 409, description = "`credits_used`: fewer than are held and spent already; `limit`: the member has as many grants as they may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_credits(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<CreditsPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<CreditsPut>,
) -> Answer {
    Ok(answer::put(app.put_credits(&caller, &path.team, &path.member, &path.grant, body, if_match).await?))
}
