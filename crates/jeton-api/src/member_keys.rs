//! The keys of a member.

use axum::extract::State;
use jeton_app::App;
use jeton_client::{ApiKey, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::members::MemberPath;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A key of a member.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MemberKeyPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The member's id.
    #[param(example = "alice")]
    member: String,
    /// The key's public id.
    #[param(example = "key_7Hq2")]
    key: String,
}

/// List a member's keys
///
/// Without their secrets; those that ended or were revoked included. Those that an enrolment was traded for have a
/// `device`.
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/keys", tag = "Teams",
    params(MemberPath, PageQuery),
    responses(
        (status = 200, description = "A page of API keys.", body = Page<ApiKey>),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn list_member_keys(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_member_keys(&caller, &path.team, &path.member, query.page).await?))
}

/// Read a member's key
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/keys/{key}", tag = "Teams",
    params(MemberKeyPath),
    responses(
        (status = 200, description = "The key, without its secret.", body = ApiKey),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_key`"),
    )
)]
pub(crate) async fn get_member_key(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberKeyPath>,
) -> Answer {
    Ok(answer::told(app.key_of_member(&caller, &path.team, &path.member, &path.key).await?))
}

/// Revoke a member's key
///
/// From now on it is not honoured, as when a machine was lost or a member logs out.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{member}/keys/{key}", tag = "Teams",
    params(MemberKeyPath),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_key`"),
    )
)]
pub(crate) async fn revoke_member_key(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberKeyPath>,
) -> Answer {
    app.revoke_member_key(&caller, &path.team, &path.member, &path.key).await?;
    Ok(answer::gone())
}
