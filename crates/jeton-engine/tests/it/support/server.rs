//! An engine that runs on a place, and what can be done to it: ask, hold, stop, die.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jeton_core::entry::{Entry, TeamFact, VendorFact};
use jeton_core::presence::{Alive, Presence};
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_engine::{DiskMarks, Engine, NotNow, Running, Seen, Settings, Start, StartError, verify};
use jeton_store::stored::{self, AnyEntry};
use jeton_store::verify::{Unverified, Verified};
use jeton_store::{Checkpoint, Folder, Kind, Position, Reader, Sealed, ViewsReader, Watch};
use tokio::runtime::Runtime;

use super::asks::{session_id, team_id};
use super::clocks::{Clocks, at};
use super::place::{Place, Ports};

/// How an engine is started.
#[derive(Clone)]
pub(crate) struct Begin {
    pub(crate) clocks: Clocks,
    pub(crate) sandbox: bool,
    pub(crate) sandbox_clock: Option<Instant>,
    pub(crate) queue: usize,
}

impl Begin {
    /// A sandbox whose clock stands where it stood, or in 2000.
    pub(crate) fn sandbox() -> Self {
        Self { clocks: Clocks::at("2026-01-01T00:00:00Z"), sandbox: true, sandbox_clock: None, queue: 4_096 }
    }

    /// A sandbox whose clock is to stand at this instant.
    pub(crate) fn sandbox_at(clock: &str) -> Self {
        Self { sandbox_clock: Some(at(clock)), ..Self::sandbox() }
    }

    /// By these clocks.
    pub(crate) fn wall(clocks: &Clocks) -> Self {
        Self { clocks: clocks.clone(), sandbox: false, ..Self::sandbox() }
    }
}

/// A process, as it were.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) log: Reader,
    pub(crate) views: ViewsReader,
    pub(crate) folder: Option<Folder>,
    running: Running,
    runtime: Runtime,
}

impl Place {
    pub(crate) fn start(&self, begin: &Begin) -> Server {
        self.try_start(begin).unwrap()
    }

    pub(crate) fn try_start(&self, begin: &Begin) -> Result<Server, StartError> {
        let kind = if begin.sandbox { Kind::Sandbox } else { Kind::Real };
        Server::start(self.ports(kind), begin)
    }
}

impl Server {
    /// Starts, and waits until the views have caught up.
    pub(crate) fn start(ports: Ports, begin: &Begin) -> Result<Self, StartError> {
        let server = Self::start_at_once(ports, begin)?;
        server.wait(server.engine.followed(server.running.position)).unwrap();
        Ok(server)
    }

    /// Starts; the views may be behind.
    pub(crate) fn start_at_once(ports: Ports, begin: &Begin) -> Result<Self, StartError> {
        let Ports { writer, reader, views, folder } = ports;
        let settings = Settings {
            sandbox: begin.sandbox,
            sandbox_clock: begin.sandbox_clock,
            clock_jump: Duration::from_mins(1),
            queue: begin.queue,
            disk: DiskMarks::default(),
        };
        let running = Start {
            writer,
            reader: reader.clone(),
            views,
            machine: Box::new(begin.clocks.clone()),
            checkpoint_key: key(),
            settings,
        }
        .run()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (engine, views) = (running.engine.clone(), running.views.clone());
        Ok(Self { engine, log: reader, views, folder, running, runtime })
    }

    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A clean stop.
    pub(crate) fn stop(self) {
        self.wait(self.engine.stop());
        self.end();
    }

    /// Nobody tells the engine to stop: nothing is written any more.
    pub(crate) fn die(self) {
        self.end();
    }

    fn end(self) {
        let Self { engine, log, views, folder, running, runtime } = self;
        drop(engine);
        running.join();
        drop((log, views, folder, runtime));
    }

    /// Holds the engine in the middle of a group: what is asked meanwhile is decided in the same group.
    pub(crate) fn hold(&self) -> Held {
        let (arrived, has_arrived) = channel();
        let (go, may_go) = channel::<()>();
        let engine = self.engine.clone();
        let reading = Sent::of(async move {
            let look = move |_: &jeton_engine::Sight<'_>| {
                arrived.send(()).unwrap();
                // Whoever holds has gone when nobody can let go any more.
                let _gone = may_go.recv();
            };
            engine.read(None, look).await
        });
        has_arrived.recv().unwrap();
        Held { go, reading }
    }

    /// What is done meanwhile, time that goes by included, comes to the engine at once, without any wake-up between.
    pub(crate) fn at_once<T>(&self, meanwhile: impl FnOnce() -> Sent<T>) -> T {
        let held = self.hold();
        let sent = meanwhile();
        held.let_go(self).unwrap();
        sent.answer(self)
    }

    /// Looks at a team that has been entered.
    pub(crate) fn see<T: Send + 'static>(
        &self,
        team: &str,
        look: impl FnOnce(&Team, &Presence) -> T + Send + 'static,
    ) -> T {
        self.try_see(team, look).unwrap().value
    }

    pub(crate) fn try_see<T: Send + 'static>(
        &self,
        team: &str,
        look: impl FnOnce(&Team, &Presence) -> T + Send + 'static,
    ) -> Result<Seen<T>, NotNow> {
        let team = team_id(team);
        self.wait(self.engine.read(Some(team.clone()), move |sight| {
            let (team, presence) = sight.team(&team).unwrap();
            look(team, presence)
        }))
    }

    /// Whole tokens of acme that are available, and held.
    pub(crate) fn balance(&self) -> (u64, u64) {
        let whole = |tokens: jeton_core::tokens::Tokens| tokens.in_thousandths() / 1_000;
        self.see("acme", move |team, _| (whole(team.lots.available()), whole(team.lots.held())))
    }

    /// What is known of an open session of acme.
    pub(crate) fn alive(&self, session: &str) -> Option<Alive> {
        let session = session_id(session);
        self.see("acme", move |team, presence| presence.of(team.session_number(&session)?).copied())
    }

    /// Whether a session of acme is open.
    pub(crate) fn is_open(&self, session: &str) -> bool {
        let session = session_id(session);
        self.see("acme", move |team, _| team.open_sessions().any(|(_, open)| open.id == session))
    }

    /// Everything that is stored.
    pub(crate) fn stored(&self) -> Vec<(Sealed, AnyEntry)> {
        let log = self.log.read(0, usize::MAX).unwrap();
        log.into_iter().map(|sealed| (sealed.clone(), stored::decode(&sealed).unwrap())).collect()
    }

    /// The entries of a team.
    pub(crate) fn ledger(&self, team: &str) -> Vec<Entry<TeamFact>> {
        let entries = self.stored().into_iter();
        entries
            .filter_map(|(_, entry)| match entry {
                AnyEntry::Team(of, entry) if of.as_str() == team => Some(entry),
                AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => None,
            })
            .collect()
    }

    /// The entries of the vendor.
    pub(crate) fn vendors(&self) -> Vec<Entry<VendorFact>> {
        let entries = self.stored().into_iter();
        entries
            .filter_map(|(_, entry)| match entry {
                AnyEntry::Vendor(entry) => Some(entry),
                AnyEntry::Team(..) | AnyEntry::Series(..) => None,
            })
            .collect()
    }

    pub(crate) fn last_position(&self) -> Position {
        self.log.last_position().unwrap()
    }

    /// Waits until the views show everything that is stored, and verifies all of it.
    pub(crate) fn verify(&self, expected: Option<&Checkpoint>) -> Result<Verified, Unverified> {
        self.wait(self.engine.followed(self.last_position())).unwrap();
        verify(&self.log, Some(&self.views), Some(key().verifying_key().to_bytes()), expected, &Watch::nobody())
    }
}

/// What signs the checkpoints.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A request that has been sent, and will be answered.
pub(crate) struct Sent<T>(Result<T, Pin<Box<dyn Future<Output = T>>>>);

impl<T> Sent<T> {
    /// Sends what is asked at the first look at it.
    pub(crate) fn of(asked: impl Future<Output = T> + 'static) -> Self {
        let mut asked: Pin<Box<dyn Future<Output = T>>> = Box::pin(asked);
        match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Self(Ok(answer)),
            Poll::Pending => Self(Err(asked)),
        }
    }

    pub(crate) fn answer(self, server: &Server) -> T {
        self.0.unwrap_or_else(|asked| server.wait(asked))
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.0.is_ok()
    }

    /// Waits for the answer, or for something else that may come first.
    pub(crate) fn or_first(self, server: &Server, other: impl Future) -> Self {
        let mut asked = match self.0 {
            Ok(answer) => return Self(Ok(answer)),
            Err(asked) => asked,
        };
        let mut other = pin!(other);
        let first = server.wait(poll_fn(|context| match asked.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => other.as_mut().poll(context).map(|_| None),
        }));
        Self(first.ok_or(asked))
    }
}

/// An engine that is held.
pub(crate) struct Held {
    go: Sender<()>,
    reading: Sent<Result<Seen<()>, NotNow>>,
}

impl Held {
    pub(crate) fn let_go(self, server: &Server) -> Result<Seen<()>, NotNow> {
        self.go().answer(server)
    }

    /// Lets go without waiting for the end of the group.
    pub(crate) fn go(self) -> Sent<Result<Seen<()>, NotNow>> {
        self.go.send(()).unwrap();
        self.reading
    }
}
