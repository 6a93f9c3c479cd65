//! The balance of a team (P5, V3).

use axum::extract::State;
use jeton_app::App;
use jeton_client::Balance;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::path::Path;
use crate::teams::TeamPath;

/// Read the balance
///
/// What the team has, lot by lot.
#[utoipa::path(
    get, path = "/v1/teams/{team}/balance", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The balance.", body = Balance),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_balance(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::told(app.balance(&caller, &path.team).await?))
}
