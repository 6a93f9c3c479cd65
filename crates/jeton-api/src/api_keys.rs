//! API keys of the installation.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use jeton_app::App;
use jeton_client::{ApiKey, ApiKeyCreated, ApiKeyPost, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::IdempotencyKey;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// An API key.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ApiKeyPath {
    /// The key's public id.
    #[param(example = "key_7Hq2")]
    key: String,
}

/// List API keys
///
/// Without their secrets, which are stored nowhere.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "Operating",
    params(PageQuery),
    responses((status = 200, description = "A page of API keys.", body = Page<ApiKey>))
)]
pub(crate) async fn list_api_keys(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_api_keys(&caller, &query.page)?))
}

/// Make an API key
///
/// Its secret is in this answer and nowhere else. Told again, the same `Idempotency-Key` makes no other key, and has
/// no secret to tell.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "Operating",
    params((
        "Idempotency-Key" = String, Header,
        description = "Any text of the client that is new for each key to be made; kept at least 24 hours.",
        example = "sync-2026-03-02"
    )),
    responses(
        (status = 200, description = "The key, made before.", body = ApiKeyCreated),
        (status = 201, description = "The key, with its secret.", body = ApiKeyCreated, headers(("Location" = String, description = "The key's path."))),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (status = 409, description = "`id_reused`: the `Idempotency-Key` made another key."),
    )
)]
pub(crate) async fn create_api_key(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Json(body): Json<ApiKeyPost>,
) -> Answer {
    let made = app.create_api_key(&caller, &idempotency_key, body).await?;
    let location = made.created.then(|| HeaderValue::from_str(&format!("/v1/api-keys/{}", made.body.key.key)).ok());
    let mut response = answer::once(made);
    if let Some(location) = location.flatten() {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Read an API key
#[utoipa::path(
    get, path = "/v1/api-keys/{key}", tag = "Operating",
    params(ApiKeyPath),
    responses(
        (status = 200, description = "The key, without its secret.", body = ApiKey),
        (status = 404, description = "`unknown_key`"),
    )
)]
pub(crate) async fn get_api_key(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ApiKeyPath>,
) -> Answer {
    Ok(answer::told(app.api_key(&caller, &path.key)?))
}

/// Revoke an API key
///
/// From now on it is not honoured.
#[utoipa::path(
    delete, path = "/v1/api-keys/{key}", tag = "Operating",
    params(ApiKeyPath),
    responses(
        (status = 204, description = "The key is revoked."),
        (status = 404, description = "`unknown_key`"),
    )
)]
pub(crate) async fn revoke_api_key(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ApiKeyPath>,
) -> Answer {
    app.revoke_api_key(&caller, &path.key).await?;
    Ok(answer::gone())
}
