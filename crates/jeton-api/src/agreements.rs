//! Enterprise agreements (P9).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Agreement, AgreementPut, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

/// An enterprise agreement of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AgreementPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The agreement's id.
    #[param(example = "acme-2026")]
    agreement: String,
}

/// List agreements
#[utoipa::path(
    get, path = "/v1/teams/{team}/agreements", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of agreements: those to come, in force, and over.", body = Page<Agreement>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_agreements(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_agreements(&caller, &path.team, query.page).await?))
}

/// Read an agreement
#[utoipa::path(
    get, path = "/v1/teams/{team}/agreements/{agreement}", tag = "Teams",
    params(AgreementPath),
    responses(
        (status = 200, description = "The agreement.", body = Agreement),
        (status = 404, description = "`unknown_team`, `unknown_agreement`"),
    )
)]
pub(crate) async fn get_agreement(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<AgreementPath>,
) -> Answer {
    Ok(answer::read(app.agreement(&caller, &path.team, &path.agreement).await?))
}

/// Write an agreement
///
/// While it is in force it prices the products that it names, for openings, renewals and jobs, and its price list prices
/// the team's quotes and orders. Of several, the one with the latest start does, then the one entered last (P9).
#[utoipa::path(
    put, path = "/v1/teams/{team}/agreements/{agreement}", tag = "Teams",
    params(AgreementPath),
    responses(
        (status = 200, description = "The agreement as it is now.", body = Agreement),
        (status = 201, description = "The agreement, which is new.", body = Agreement),
        (status = 404, description = "`unknown_team`, `unknown_product`, `unknown_price_list`"),
        (status = 409, description = "`rate_in_force`: it has begun, and only its end can change, and not into the past; `limit`: the team has as many agreements as it may have."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_agreement(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<AgreementPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<AgreementPut>,
) -> Answer {
    Ok(answer::put(app.put_agreement(&caller, &path.team, &path.agreement, body, if_match).await?))
}

/// Remove an agreement to come
#[utoipa::path(
    delete, path = "/v1/teams/{team}/agreements/{agreement}", tag = "Teams",
    params(AgreementPath),
    responses(
        (status = 204, description = "There is no such agreement."),
        (status = 404, description = "`unknown_team`, `unknown_agreement`"),
        (status = 409, description = "`rate_in_force`: it has begun; its end can be brought forward."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_agreement(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<AgreementPath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_agreement(&caller, &path.team, &path.agreement, if_match).await?;
    Ok(answer::gone())
}
