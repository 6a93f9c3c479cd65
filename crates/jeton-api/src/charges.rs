//! Charges of a team, and why each was made (V6).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Charge, ChargesQuery, Explanation, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::path::Path;
use crate::query::Paged;
use crate::teams::TeamPath;

/// A charge of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ChargePath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The charge's id.
    #[param(example = "c12")]
    charge: String,
}

/// List charges
///
/// Newest first. A member key sees its own.
#[utoipa::path(
    get, path = "/v1/teams/{team}/charges", tag = "Teams",
    params(TeamPath, PageQuery, ChargesQuery),
    responses(
        (status = 200, description = "A page of charges.", body = Page<Charge>),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn list_charges(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<ChargesQuery>,
) -> Answer {
    Ok(answer::page(app.list_charges(&caller, &path.team, query.filter, query.page).await?))
}

/// Read a charge
#[utoipa::path(
    get, path = "/v1/teams/{team}/charges/{charge}", tag = "Teams",
    params(ChargePath),
    responses(
        (status = 200, description = "The charge.", body = Charge),
        (status = 404, description = "`unknown_team`, `unknown_charge`"),
    )
)]
pub(crate) async fn get_charge(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ChargePath>,
) -> Answer {
    Ok(answer::told(app.charge(&caller, &path.team, &path.charge).await?))
}

/// Explain a charge
///
/// The rule, the window, the sessions and the proof of use that it rests on, the rate and its date, the lots and
/// their prices (V6).
#[utoipa::path(
    get, path = "/v1/teams/{team}/charges/{charge}/explain", tag = "Teams",
    params(ChargePath),
    responses(
        (status = 200, description = "The explanation.", body = Explanation),
        (status = 404, description = "`unknown_team`, `unknown_charge`"),
    )
)]
pub(crate) async fn explain_charge(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ChargePath>,
) -> Answer {
    Ok(answer::told(app.explain_charge(&caller, &path.team, &path.charge).await?))
}
