//! What is told to whoever supervises the process (`sd_notify`): systemd, and what speaks as it does.
//!
//! What always holds: without a supervisor nothing is told, and one that cannot be told stops nothing. The watchdog is
//! told that the server lives only as long as the engine answers; where it cannot store anything it answers all the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use crate::composition::Running;

/// Requests are taken.
pub(crate) fn ready(address: SocketAddr) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving on http://{address}"))]);
}

/// The server stops.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: what is under way is answered")]);
}

/// Tells the watchdog, if there is one, that the engine answers, until the server is told to stop.
pub(crate) async fn watched(running: Arc<Running>, mut stop: watch::Receiver<bool>) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut due = interval((patience / 2).max(Duration::from_millis(1)));
    loop {
        tokio::select! {
            _ = due.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if timeout(patience, running.readiness()).await.is_ok() {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the engine does not answer; the watchdog is not told that it lives");
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the supervisor cannot be told how the server is");
    }
}
