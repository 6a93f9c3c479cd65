//! Whether the installation can answer now, and its figures for those who watch it.

use jeton_engine::NotNow as Engine;

use crate::App;
use crate::failure::{Failure, NotNow};

impl App {
    /// Whether requests can be decided and answered now; [`Failure::NotNow`] with the reason when not.
    pub async fn ready(&self) -> Result<(), Failure> {
        let seen = self.inner.engine.read(None, |sight| (sight.jumped, sight.little_room)).await?;
        let (jumped, little_room) = seen.value;
        if let Some(jump) = jumped {
            return Err(Engine::ClockJumped(jump).into());
        }
        if little_room {
            return Err(Engine::LittleRoom.into());
        }
        if self.views_are_ready() {
            return Ok(());
        }
        let detail = "The lists are being rebuilt from the log.".to_owned();
        Err(Failure::NotNow { reason: NotNow::Rebuilding, detail })
    }

    /// The installation's figures, as Prometheus reads them (text format 0.0.4).
    pub fn metrics(&self) -> String {
        self.inner.metrics.render()
    }

    /// What is queued is decided, and nothing more; then the engine has stopped.
    pub async fn stop(&self) {
        self.inner.engine.stop().await;
    }
}
