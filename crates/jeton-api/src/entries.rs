//! The ledger of a team (V1, V2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Entry, Page, PageQuery};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

/// List entries
///
/// The team's ledger, in order, each entry with the hash of itself and all before it (V2).
#[utoipa::path(
    get, path = "/v1/teams/{team}/entries", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of entries.", body = Page<Entry>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_entries(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_entries(&caller, &path.team, query.page).await?))
}
