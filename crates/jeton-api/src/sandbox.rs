//! The clock of a sandbox.

use axum::extract::State;
use jeton_app::App;
use jeton_client::SandboxClock;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;

/// Read the sandbox's clock
#[utoipa::path(
    get, path = "/v1/sandbox/clock", tag = "Sandbox",
    responses(
        (status = 200, description = "Where the clock stands.", body = SandboxClock),
        (status = 404, description = "`unknown_clock`: this is not a sandbox."),
    )
)]
pub(crate) async fn get_sandbox_clock(State(app): State<App>, Authenticated(caller): Authenticated) -> Answer {
    Ok(answer::told(app.sandbox_clock(&caller).await?))
}

/// Move the sandbox's clock
///
/// Forward. It is answered when everything due by then, that instant included, has been done.
#[utoipa::path(
    put, path = "/v1/sandbox/clock", tag = "Sandbox",
    responses(
        (status = 200, description = "Where the clock stands now.", body = SandboxClock),
        (status = 404, description = "`unknown_clock`: this is not a sandbox."),
        (status = 409, description = "`clock_goes_back` (W9)"),
    )
)]
pub(crate) async fn put_sandbox_clock(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Json(body): Json<SandboxClock>,
) -> Answer {
    Ok(answer::told(app.put_sandbox_clock(&caller, &body.at).await?))
}
