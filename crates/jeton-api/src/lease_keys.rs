//! The public keys that leases are verified with (W11). Without a key.

use axum::extract::State;
use axum::response::Response;
use jeton_app::App;
use jeton_client::Jwks;

use crate::answer;

/// The keys of leases
///
/// A JWK set (RFC 7517). A lease is a JWS whose header's `kid` names one of them; its claims are `iss`, `iat`, `exp`,
/// `jti`, `team`, `member`, `product`, `device`, `session` and `cover`.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Metering",
    responses((status = 200, description = "The keys.", body = Jwks))
)]
pub(crate) async fn get_lease_keys(State(app): State<App>) -> Response {
    answer::told(app.lease_keys())
}
