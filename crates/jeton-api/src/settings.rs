//! Settings of the installation.

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Settings, SettingsPut};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;

/// Read the settings
#[utoipa::path(
    get, path = "/v1/settings", tag = "Operating",
    responses((status = 200, description = "The settings in force.", body = Settings))
)]
pub(crate) async fn get_settings(State(app): State<App>, Authenticated(caller): Authenticated) -> Answer {
    Ok(answer::read(app.settings(&caller).await?))
}

/// Write the settings
///
/// The body is all of them; what it leaves out has its default. They hold for what is decided from now on.
#[utoipa::path(
    put, path = "/v1/settings", tag = "Operating",
    responses(
        (status = 200, description = "The settings in force.", body = Settings),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_settings(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Conditional(if_match): Conditional,
    Json(body): Json<SettingsPut>,
) -> Answer {
    Ok(answer::put(app.put_settings(&caller, body, if_match).await?))
}
