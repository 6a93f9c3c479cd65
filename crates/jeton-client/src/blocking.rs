//! The SDK for programs without a runtime: the same names, and every call waits for its end.
//!
//! What always holds: the sessions beat on a thread of their own, whatever the program is busy with. Not to be called
//! from within a tokio runtime, which has [`sdk`](crate::sdk).

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::sdk;
use crate::sdk::{Change, Error, Login, Opening, Standing};
use crate::{SessionClosed, SessionQuote};

/// Longer than a close that is not answered takes.
const CLOSE: Duration = Duration::from_secs(5);

/// As [`sdk::Client`].
#[derive(Debug, Clone)]
pub struct Client {
    client: sdk::Client,
    runtime: Arc<Runtime>,
}

/// As [`sdk::Session`]; dropped, it is closed first.
#[derive(Debug)]
pub struct Session {
    /// `None` once it is being closed.
    session: Option<sdk::Session>,
    runtime: Arc<Runtime>,
}

/// As [`sdk::Changes`]: an iterator that waits for each, and ends with the session.
#[derive(Debug)]
pub struct Changes {
    changes: sdk::Changes,
    runtime: Arc<Runtime>,
}

impl Client {
    /// Whoever is logged in, with the state folder of this machine.
    pub fn new(login: Login) -> Result<Self, Error> {
        Self::of(sdk::Client::new(login)?)
    }

    /// Of a client that was made with settings of its own.
    pub fn of(client: sdk::Client) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("jeton-session")
            .enable_all()
            .build()
            .map_err(|error| Error::Misuse(format!("no thread can be started: {error}")))?;
        Ok(Self { client, runtime: Arc::new(runtime) })
    }

    /// As [`sdk::Client::quote`].
    pub fn quote(&self, opening: &Opening) -> Result<SessionQuote, Error> {
        self.runtime.block_on(self.client.quote(opening))
    }

    /// As [`sdk::Client::open`].
    pub fn open(&self, opening: Opening) -> Result<Session, Error> {
        let session = self.runtime.block_on(self.client.open(opening))?;
        Ok(Session { session: Some(session), runtime: Arc::clone(&self.runtime) })
    }
}

impl Session {
    /// As [`sdk::Session::standing`].
    pub fn standing(&self) -> Standing {
        self.session().standing()
    }

    /// As [`sdk::Session::changes`].
    pub fn changes(&self) -> Changes {
        Changes { changes: self.session().changes(), runtime: Arc::clone(&self.runtime) }
    }

    /// As [`sdk::Session::active`].
    pub fn active(&self) {
        self.session().active();
    }

    /// As [`sdk::Session::beat`].
    pub fn beat(&self) -> Result<Standing, Error> {
        self.runtime.block_on(self.session().beat())
    }

    /// As [`sdk::Session::close`].
    pub fn close(mut self) -> Result<SessionClosed, Error> {
        let session = self.session.take().expect("only a close or a drop takes it, and this is the one close");
        self.runtime.block_on(session.close())
    }

    fn session(&self) -> &sdk::Session {
        self.session.as_ref().expect("only a close or a drop takes it, and neither leaves a session behind")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        // By a channel and not by the runtime, so that a drop within another runtime does no harm.
        let (tell, told) = sync_channel(1);
        self.runtime.spawn(async move {
            let _ = session.close().await;
            let _ = tell.send(());
        });
        let _ = told.recv_timeout(CLOSE);
    }
}

impl Changes {
    /// The next change within this time; `None` when there is none, or no more will come.
    pub fn next_within(&mut self, duration: Duration) -> Option<Change> {
        self.runtime.block_on(async { timeout(duration, self.changes.next()).await }).unwrap_or_default()
    }
}

impl Iterator for Changes {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        self.runtime.block_on(self.changes.next())
    }
}
