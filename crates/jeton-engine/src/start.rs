//! The start: folds the log, recalls who was alive, decides what fell due meanwhile, and lets the threads run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jeton_core::entry::{Author, VendorFact};
use jeton_core::id::SessionNo;
use jeton_core::presence::{Alive, LeaseGiven};
use jeton_core::time::Instant;
use jeton_store::{Position, Reader, StoreError, Views, ViewsReader, Writer};
use tokio::sync::watch;
use tracing::{error, info};

use crate::clock::{Clock, Machine, WallClock};
use crate::epoch::begin_in;
use crate::follower::follower;
use crate::house::{House, Known};
use crate::message::{Engine, NotNow};
use crate::room::{DiskMarks, Room};
use crate::writer::{OneWriter, Pending, Timers};

/// Under which key it is stored since when clients can be heard without a break.
pub(crate) const LISTENING: &str = "engine.listening";

/// What the engine is started on.
pub struct Start {
    pub writer: Writer,
    pub reader: Reader,
    pub views: Views,
    /// The wall clock's machine; a sandbox asks it for nothing but the pace of its own chores.
    pub machine: Box<dyn Machine>,
    pub checkpoint_key: SigningKey,
    pub settings: Settings,
}

/// How the engine is to be.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub sandbox: bool,
    /// Where the sandbox's clock is to stand at least.
    pub sandbox_clock: Option<Instant>,
    /// How far the clocks may part (W9).
    pub clock_jump: Duration,
    /// How many requests may wait.
    pub queue: usize,
    /// How much room there is to be on the disk.
    pub disk: DiskMarks,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the sandbox's clock stands at {0} already, and goes forward only; start it without --clock, or at a later instant"
    )]
    ClockGoesBack(Instant),
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
    #[error("what fell due meanwhile could not be stored: {0}")]
    NotNow(NotNow),
}

/// An engine that runs.
#[derive(Debug)]
pub struct Running {
    pub engine: Engine,
    pub views: ViewsReader,
    /// The position up to which the log stood at the start.
    pub position: Position,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Waits for the threads, after [`Engine::stop`].
    pub fn join(self) {
        drop(self.engine);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

impl Start {
    /// Starts the engine.
    pub fn run(self) -> Result<Running, StartError> {
        self.run_on(|machine, settings, last_sign_of_life| {
            if settings.sandbox {
                Clock::Sandbox(machine)
            } else {
                Clock::Wall(WallClock::start(machine, settings.clock_jump, last_sign_of_life))
            }
        })
    }

    /// Starts the engine on a clock that stands at `from`, for a walk.
    pub(crate) fn run_from(self, from: Instant) -> Result<Running, StartError> {
        self.run_on(|machine, _, _| Clock::Walk { at: from, machine })
    }

    fn run_on(self, clock: impl FnOnce(Box<dyn Machine>, &Settings, Instant) -> Clock) -> Result<Running, StartError> {
        let Self { mut writer, reader, views, machine, checkpoint_key, settings } = self;
        let mut house = House::load(&reader)?;
        info!(position = house.position, "the log is folded");
        begin_in(&mut house, &reader, &mut writer)?;
        if settings.sandbox_clock.is_some_and(|clock| clock < house.last_at) {
            return Err(StartError::ClockGoesBack(house.last_at));
        }
        let ended = house.recall(recalled(&reader)?, listening(&reader)?);
        house.schedule_all();
        let last_sign_of_life =
            reader.life()?.and_then(Instant::from_micros).unwrap_or(house.last_at).max(house.last_at);

        let clock = clock(machine, &settings, last_sign_of_life);
        let (sender, queue) = std::sync::mpsc::sync_channel(settings.queue);
        let views_reader = views.reader();
        let (feed, filler, followed) = follower(views, reader.clone(), house.position);
        let checkpoint = reader.newest_checkpoint()?;
        let (offered, catalogue) = watch::channel(house.catalogue.clone());
        let told = Arc::new(AtomicI64::new(last_sign_of_life.micros()));
        let mut one_writer = OneWriter {
            queue,
            store: writer,
            reader,
            house,
            clock,
            feed,
            followed: followed.clone(),
            checkpoint_key,
            checkpoint,
            pending: Pending::with_gone(ended),
            timers: Timers::default(),
            offered,
            told: told.clone(),
            stalled: None,
            jumped: false,
            marks: settings.disk,
            room: Room::default(),
        };
        one_writer.recover(last_sign_of_life, settings.sandbox_clock).map_err(StartError::NotNow)?;

        let position = one_writer.house.position;
        let threads = vec![
            std::thread::Builder::new().name("engine".into()).spawn(move || or_end(|| one_writer.run()))?,
            std::thread::Builder::new().name("follower".into()).spawn(move || filler.run())?,
        ];
        Ok(Running {
            engine: Engine { queue: sender, followed, told, offered: catalogue },
            views: views_reader,
            position,
            threads,
        })
    }
}

/// A decision that breaks an invariant leaves states that nothing may be decided on. The process ends, so that whoever
/// watches over it starts it again from the log; it never lives on without deciding anything.
fn or_end(run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        error!("the engine has failed; the process ends, and its next start goes on from what is stored");
        std::process::abort();
    }
}

impl OneWriter {
    /// W8: what was lost before the server's last sign of life is lost; the time in which it was down is not
    /// silence. Then everything else that fell due meanwhile, each at its own instant.
    fn recover(&mut self, last_sign_of_life: Instant, sandbox_clock: Option<Instant>) -> Result<(), NotNow> {
        self.run_due(last_sign_of_life);
        match self.now() {
            Ok(now) => {
                let start = sandbox_clock.unwrap_or(now).max(last_sign_of_life);
                self.go_on(start);
                self.run_due(start);
                if let Some(to) = sandbox_clock.filter(|to| *to > now) {
                    self.note(VendorFact::ClockMoved { from: now }, Author::Operator, to);
                    self.told.store(to.micros(), Ordering::Relaxed);
                }
            }
            // Nothing is decided until it is known why; a clock that is accepted begins the silence anew.
            Err(NotNow::ClockJumped(jump)) => error!(%jump, "the clock jumped; nothing is decided"),
            Err(other) => return Err(other),
        }
        self.write().map(|_| ())
    }
}

/// Since when clients could be heard without a break, as it was last written (W8).
fn listening(reader: &Reader) -> Result<Instant, StoreError> {
    let stored = reader.meta(LISTENING)?;
    Ok(stored.and_then(|stored| stored.parse().ok()).unwrap_or(Instant::FIRST))
}

/// Who was alive, as it was last written.
pub(crate) fn recalled(reader: &Reader) -> Result<Known, StoreError> {
    let mut known = Known::new();
    for row in reader.presence()? {
        let at = |micros: i64| Instant::from_micros(micros).unwrap_or(Instant::FIRST);
        let last_proof = at(row.last_proof);
        let alive = Alive {
            from: at(row.proven_from),
            last_proof,
            last_activity: at(row.last_activity),
            silent_since: last_proof,
            lease: row.lease.and_then(|lease| {
                // The names of covers are few, and stand in the answers.
                let cover = ["tokens", "window", "seat"].into_iter().find(|cover| *cover == lease.cover)?;
                Some(LeaseGiven { issued_at: at(lease.issued_at), until: at(lease.until), cover })
            }),
        };
        if let Ok(team) = row.team.parse() {
            known.insert((team, SessionNo(row.session)), alive);
        }
    }
    Ok(known)
}
