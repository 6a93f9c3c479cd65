//! The newest signed checkpoint (V2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::Checkpoint;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;

/// Read the checkpoint
///
/// The newest signed hash over all that is stored. Kept outside, it lets `jeton verify --expect` find a cut tail, a
/// team taken out, or a history rewritten (V2).
#[utoipa::path(
    get, path = "/v1/checkpoint", tag = "Operating",
    responses(
        (status = 200, description = "The checkpoint.", body = Checkpoint),
        (status = 404, description = "`unknown_checkpoint`: nothing has been signed yet."),
    )
)]
pub(crate) async fn get_checkpoint(State(app): State<App>, Authenticated(caller): Authenticated) -> Answer {
    Ok(answer::told(app.checkpoint(&caller).await?))
}
