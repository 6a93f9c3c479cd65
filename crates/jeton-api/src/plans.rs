//! Plans: what the current subscriptions of a team carry (P11).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Plan, PlanPut};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::teams::TeamPath;

/// Read the plan
#[utoipa::path(
    get, path = "/v1/teams/{team}/plan", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The plan as it was written, and the one in force.", body = Plan),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn get_plan(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
) -> Answer {
    Ok(answer::read(app.plan(&caller, &path.team).await?))
}

/// Write the plan
///
/// Seats can carry plans as well; of several in force the highest counts, and without one `standard` (P11).
#[utoipa::path(
    put, path = "/v1/teams/{team}/plan", tag = "Teams",
    params(TeamPath),
    responses(
        (status = 200, description = "The plan as it is now.", body = Plan),
        (status = 201, description = "The plan, which is new.", body = Plan),
        (status = 404, description = "`unknown_team`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_plan(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<PlanPut>,
) -> Answer {
    Ok(answer::put(app.put_plan(&caller, &path.team, body, if_match).await?))
}
