//! The answering side of the control socket.
//!
//! What always holds: it is bound only by the process that holds the folder's lock, so a socket found there was left
//! by a process that is dead, and is replaced. It decides nothing; each call is one of `Running`'s.

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jeton_client::ApiKeyPost;
use serde::Serialize;
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use super::{
    Address, BackupWanted, ClockAcceptance, ClockAccepted, Declined, KeyCreated, Line, Readiness, Verification,
};
use crate::composition::{Running, Watch};
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
        .route("/backup", post(back_up))
        .route("/readiness", post(readiness))
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

async fn readiness(State(running): State<Arc<Running>>) -> Result<Json<Readiness>, Failure> {
    running.readiness().await.map(Json)
}

async fn verify(State(running): State<Arc<Running>>, Json(verification): Json<Verification>) -> Response {
    told(|watch| async move { running.verify(&verification, watch).await })
}

async fn back_up(State(running): State<Arc<Running>>, Json(wanted): Json<BackupWanted>) -> Response {
    told(|watch| async move { running.back_up(&wanted, watch).await })
}

/// Answers what takes long by lines, of which the last is the answer. Who hangs up breaks it off.
fn told<Answer, Work>(work: impl FnOnce(Watch) -> Work) -> Response
where
    Answer: Serialize + Send + 'static,
    Work: Future<Output = Result<Answer, Failure>> + Send + 'static,
{
    let (lines, told) = mpsc::unbounded_channel();
    let (progress, last) = (lines.clone(), Mutex::new(None));
    let watch = Watch::new(move |progressed| {
        // A line for each thousandth, however often it is told.
        let of_step = (progressed.step, progressed.done.saturating_mul(1_000).checked_div(progressed.of));
        let new = last.lock().unwrap_or_else(PoisonError::into_inner).replace(of_step) != Some(of_step);
        let gone = if new {
            progress.send(line(&Line::<Answer>::Progress(progressed))).is_err()
        } else {
            progress.is_closed()
        };
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let work = work(watch);
    tokio::spawn(async move {
        let ended = match work.await {
            Ok(answer) => Line::Answer(answer),
            Err(failure) => Line::Declined { status: status(&failure).as_u16(), detail: failure.to_string() },
        };
        // Who has hung up does not want to know.
        let _ = lines.send(line(&ended));
    });
    let lines = futures_util::stream::unfold(told, async |mut told| {
        let line = told.recv().await?;
        Some((Ok::<_, Infallible>(line), told))
    });
    Body::from_stream(lines).into_response()
}

fn line<Answer: Serialize>(line: &Line<Answer>) -> Bytes {
    let mut text = serde_json::to_vec(line).expect("what is told has no map with other keys than texts");
    text.push(b'\n');
    text.into()
}

fn status(failure: &Failure) -> StatusCode {
    match failure {
        Failure::Refused(_) => StatusCode::CONFLICT,
        Failure::Usage(_) => StatusCode::BAD_REQUEST,
        Failure::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (status(&self), Json(Declined { detail: self.to_string() })).into_response()
    }
}
