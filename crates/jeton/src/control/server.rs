//! The answering side of the control socket.
//!
//! What always holds: it is bound only by the process that holds the folder's lock, so a socket found there was left
//! by a process that is dead, and is replaced. It decides nothing; each call is one of `Running`'s.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jeton_client::ApiKeyPost;
use tokio::net::UnixListener;

use super::{Address, ClockAcceptance, ClockAccepted, Declined, KeyCreated, Verification, Verified};
use crate::composition::Running;
use crate::failure::{Failure, unavailable};

/// Where the bound socket lies.
pub(crate) struct Socket {
    path: PathBuf,
}

impl Socket {
    /// Binds `control.sock`. The caller holds the folder's lock.
    pub(crate) fn bind(folder: &Path) -> Result<(Self, UnixListener), Failure> {
        let path = folder.join("control.sock");
        let bound = remove_stale(&path).and_then(|()| {
            let address = Address::of(folder)?;
            let listener = UnixListener::bind(&address.path)?;
            // Between the two calls the folder's own 0700 keeps others out.
            std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            Ok(listener)
        });
        let listener = bound.with_context(|| format!("cannot listen on {}", path.display())).map_err(unavailable)?;
        Ok((Self { path }, listener))
    }

    /// Takes the socket away, so that commands that come now open the folder or are told that it is taken.
    pub(crate) fn remove(&self) {
        if let Err(error) = remove_stale(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the control socket stays behind");
        }
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The calls of the socket.
pub(crate) fn router(running: Arc<Running>) -> Router {
    Router::new()
        .route("/keys", post(create_key))
        .route("/clock/accept", post(accept_clock))
        .route("/verify", post(verify))
        .with_state(running)
}

async fn create_key(
    State(running): State<Arc<Running>>,
    Json(wanted): Json<ApiKeyPost>,
) -> Result<Json<KeyCreated>, Failure> {
    running.create_key(&wanted).await.map(Json)
}

async fn accept_clock(
    State(running): State<Arc<Running>>,
    Json(ClockAcceptance {}): Json<ClockAcceptance>,
) -> Result<Json<ClockAccepted>, Failure> {
    running.accept_clock().await.map(Json)
}

async fn verify(
    State(running): State<Arc<Running>>,
    Json(verification): Json<Verification>,
) -> Result<Json<Verified>, Failure> {
    running.verify(&verification).await.map(Json)
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Usage(_) => StatusCode::BAD_REQUEST,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(Declined { detail: self.to_string() })).into_response()
    }
}
