//! A walk: an engine whose clock goes where the walker says, to live through a past in a moment.
//!
//! What always holds: every message of a walk is decided by the same rules as anybody's, at the instant that was
//! walked to before it, with what fell due until then done first. Walking is no entry: the log is that of a server
//! which was there at the time. The messages are not waited for one by one, so that many are written in one commit;
//! they are decided in the order in which they were sent.

use jeton_core::time::Instant;
use tokio::sync::oneshot;

use crate::message::{
    Decided, JobAsk, JobDecided, Message, NotNow, Reply, SessionAsk, SessionDecided, TeamAnswer, TeamAsk,
};
use crate::start::{Running, Start, StartError};

/// An engine that is walked through time. Its calls wait for room in the queue: not for threads that must not wait.
#[derive(Debug)]
pub struct Walk {
    running: Running,
}

/// What a message of a walk will be answered.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Receiver<Result<Decided<T>, NotNow>>);

impl<T> Answer<T> {
    /// Waits until it is durable.
    pub fn wait(self) -> Result<Decided<T>, NotNow> {
        self.0.blocking_recv().unwrap_or(Err(NotNow::Stopping))
    }
}

impl Walk {
    /// Starts the engine with its clock at `from`.
    pub fn start(start: Start, from: Instant) -> Result<Self, StartError> {
        Ok(Self { running: start.run_from(from)? })
    }

    /// The engine.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Walks on; an earlier instant is nothing.
    pub fn to(&self, at: Instant) -> Result<(), NotNow> {
        self.send(Message::WalkTo(at))
    }

    /// Has a team's command decided. There is no past to search its id in that the engine did not live through.
    pub fn team(&self, ask: TeamAsk) -> Result<Answer<TeamAnswer>, NotNow> {
        self.ask(|reply| Message::Team(ask, reply))
    }

    /// Has a beat or a close decided.
    pub fn session(&self, ask: SessionAsk) -> Result<Answer<Option<SessionDecided>>, NotNow> {
        self.ask(|reply| Message::Session(ask, reply))
    }

    /// Has a commit, an extension or a release of a job decided.
    pub fn job(&self, ask: JobAsk) -> Result<Answer<Option<JobDecided>>, NotNow> {
        self.ask(|reply| Message::Job(ask, reply))
    }

    /// Ends the walk, with everything durable and the files closed.
    pub async fn end(self) {
        self.running.engine.stop().await;
        let _ = tokio::task::spawn_blocking(|| self.running.join()).await;
    }

    fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<Answer<T>, NotNow> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        Ok(Answer(answer))
    }

    fn send(&self, message: Message) -> Result<(), NotNow> {
        self.running.engine.queue.send(message).map_err(|_| NotNow::Stopping)
    }
}
