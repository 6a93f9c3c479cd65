//! What is asked of the engine, and what it answers.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use jeton_core::answer::SessionAnswer;
use jeton_core::catalogue::{Catalogue, IfMatch, VendorCommand};
use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::{Author, ClosedBy};
use jeton_core::id::{
    DeviceKey, EnrolmentId, JobId, JobNo, KeyId, MemberKey, ProductCode, SessionId, SessionNo, TeamId,
};
use jeton_core::job::{JobAnswer, PartAsked};
use jeton_core::presence::Presence;
use jeton_core::refusal::Refusal;
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_store::{Beside, Cause, Checkpoint, Position};
use tokio::sync::{oneshot, watch};

use crate::clock::Jump;

/// Why nothing can be decided now. Nothing has changed; asked again later, it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("too much is being asked at once; try again")]
    QueueFull,
    #[error("the server is stopping; try again")]
    Stopping,
    /// W9.
    #[error(
        "the clock jumped: {0}; nothing is decided until that is resolved. If the wall clock is right, run `jeton clock accept`"
    )]
    ClockJumped(Jump),
    /// The store could not write; it is tried again by itself.
    #[error("the server cannot store anything at the moment; it goes on by itself when the cause has gone")]
    Store(Cause),
    /// There is so little room that nothing new is begun.
    #[error(
        "the disk of the server has too little room to begin anything new; what is open goes on. It is the operator's to make room"
    )]
    LittleRoom,
    /// What is stored cannot be understood.
    #[error("the data folder is damaged; its operator must run `jeton verify`")]
    Corrupt,
    /// The views have not caught up in time.
    #[error("the lists are being rebuilt; try again")]
    Rebuilding,
}

/// An outcome, when it was decided, and the position up to which the log then stood: a reader of the views that
/// waits for it sees everything that the outcome rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<T> {
    pub outcome: Result<T, Refusal>,
    pub at: Instant,
    pub position: Position,
}

/// A command for a team.
#[derive(Debug)]
pub struct TeamAsk {
    pub team: TeamId,
    pub command: TeamCommand,
    pub by: Author,
    /// Written in the same commit, if the command is granted.
    pub beside: Vec<Beside>,
    /// Up to which position the ids of the past were searched for the command's own id, without finding it.
    pub searched: Position,
}

/// What a granted team command comes back as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamAnswer {
    Granted(Box<Granted>),
    /// The ids of the past have gone on since they were searched: search again.
    SearchAgain,
}

/// The erasure of a member: who it was, and their keys, go with the entry that says so (V5).
#[derive(Debug)]
pub struct EraseAsk {
    pub team: TeamId,
    /// `None`: nobody is known by the name that was given.
    pub member: Option<MemberKey>,
    /// All API keys of the member: those that can still be used are revoked, and none keeps its label.
    pub keys: Vec<MemberApiKey>,
    /// Those of the member's enrolments whose codes are still good.
    pub enrolments: Vec<EnrolmentId>,
    pub by: Author,
}

/// The deactivation of a member: what they could still ask with ends in the same commit.
#[derive(Debug)]
pub struct DeactivateAsk {
    pub team: TeamId,
    /// `None`: nobody is known by the name that was given.
    pub member: Option<MemberKey>,
    pub if_match: Option<IfMatch>,
    /// Those of the member's API keys that were not revoked.
    pub keys: Vec<KeyId>,
    /// Those of the member's enrolments whose codes are still good.
    pub enrolments: Vec<EnrolmentId>,
    pub by: Author,
}

/// An API key of a member who is erased.
#[derive(Debug)]
pub struct MemberApiKey {
    pub key: KeyId,
    /// It was revoked before.
    pub revoked: bool,
}

/// A beat or a close of a session, wherever it is.
#[derive(Debug)]
pub struct SessionAsk {
    pub session: SessionId,
    pub message: SessionMessage,
    pub guard: Guard,
    pub by: Author,
}

/// What a session's client, or an admin, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionMessage {
    Beat { activity: Option<Instant>, lease: bool },
    Close { activity: Option<Instant>, by: ClosedBy },
}

/// What becomes of a job that is held, wherever it is.
#[derive(Debug)]
pub struct JobAsk {
    pub job: JobId,
    pub message: JobMessage,
    pub guard: Guard,
    pub by: Author,
}

/// What is said of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobMessage {
    /// With what was delivered, if that is less than was held.
    Commit(Option<Vec<PartAsked>>),
    Extend,
    Release,
}

/// What that comes back as: whose job it is, and how it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDecided {
    pub team: TeamId,
    pub answer: JobAnswer,
}

/// Whose sessions and jobs the asker may touch; what is outside is as good as unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    Any,
    Team(TeamId),
    Product(ProductCode),
    Member(TeamId, MemberKey),
}

impl Guard {
    /// Whether what this member of this team has of this product is within.
    pub fn admits(&self, team: &TeamId, member: MemberKey, product: &ProductCode) -> bool {
        match self {
            Self::Any => true,
            Self::Team(own) => team == own,
            Self::Product(own) => product == own,
            Self::Member(of, own) => team == of && member == *own,
        }
    }
}

/// What a beat or close comes back as: whose session it is, and what is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDecided {
    pub whose: Whose,
    pub answer: SessionAnswer,
}

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    pub team: TeamId,
    pub member: MemberKey,
    pub product: ProductCode,
    pub device: DeviceKey,
}

/// What has become of a configuration of the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorAnswer {
    pub created: bool,
    pub revision: u64,
}

/// The house as a reader sees it: of one moment, everything due by then decided.
pub struct Sight<'a> {
    pub catalogue: &'a Catalogue,
    pub now: Instant,
    /// The clock has jumped: what is seen is of the last decision (W9).
    pub jumped: Option<Jump>,
    /// There is so little room on the disk that nothing new is begun.
    pub little_room: bool,
    pub(crate) house: &'a crate::house::House,
}

impl Sight<'_> {
    /// A team that has been entered, with its presence.
    pub fn team(&self, team: &TeamId) -> Option<(&Team, &Presence)> {
        let occupied = self.house.team(team)?;
        occupied.team.profile.as_ref()?;
        Some((&occupied.team, &occupied.presence))
    }

    /// All teams that have been entered, by id.
    pub fn teams(&self) -> impl Iterator<Item = &Team> {
        self.house.teams().filter(|team| team.profile.is_some())
    }

    /// Where a live session is.
    pub fn session(&self, session: &SessionId) -> Option<(&Team, &Presence, SessionNo)> {
        let (team, presence) = self.team(self.house.team_of(session)?)?;
        Some((team, presence, team.session_number(session)?))
    }

    /// Where a job is held.
    pub fn job(&self, job: &JobId) -> Option<(&Team, JobNo)> {
        let (team, _) = self.team(self.house.team_of_job(job)?)?;
        Some((team, team.job_number(job)?))
    }
}

/// Looks, and says how to answer once everything is durable. Without a sight, nothing was seen, and the outcome
/// will be an error.
pub(crate) type Look = Box<dyn FnOnce(Option<&Sight<'_>>) -> ReadOutcome + Send>;

pub(crate) type ReadOutcome = Box<dyn FnOnce(Result<(Instant, Position), NotNow>) + Send>;

/// A question that changes nothing.
pub(crate) struct ReadAsk {
    /// Whose due things come first.
    pub(crate) team: Option<TeamId>,
    /// Whether counts of repeated refusals are to be stored before the answer.
    pub(crate) with_repeats: bool,
    pub(crate) look: Look,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<Decided<T>, NotNow>>;

/// Everything that goes through the queue.
pub(crate) enum Message {
    Team(TeamAsk, Reply<TeamAnswer>),
    Erase(EraseAsk, Reply<Granted>),
    Deactivate(DeactivateAsk, Reply<Granted>),
    Session(SessionAsk, Reply<Option<SessionDecided>>),
    Job(JobAsk, Reply<Option<JobDecided>>),
    Vendor {
        command: VendorCommand,
        if_match: Option<IfMatch>,
        by: Author,
        beside: Vec<Beside>,
        reply: Reply<VendorAnswer>,
    },
    Read(ReadAsk),
    MoveClock {
        to: Instant,
        by: Author,
        reply: Reply<Instant>,
    },
    AcceptClock {
        by: Author,
        reply: Reply<Instant>,
    },
    /// The next instant of a walk; on another clock it is nothing.
    WalkTo(Instant),
    Checkpoint(Reply<Option<Checkpoint>>),
    Stop(oneshot::Sender<()>),
}

/// A handle to the engine; clones ask the same one.
#[derive(Clone)]
pub struct Engine {
    pub(crate) queue: SyncSender<Message>,
    pub(crate) followed: watch::Receiver<Position>,
    pub(crate) told: Arc<AtomicI64>,
    pub(crate) offered: watch::Receiver<Arc<Catalogue>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Has a team's command decided.
    pub async fn team(&self, ask: TeamAsk) -> Result<Decided<TeamAnswer>, NotNow> {
        self.ask(|reply| Message::Team(ask, reply)).await
    }

    /// Has a member erased (V5).
    pub async fn erase(&self, ask: EraseAsk) -> Result<Decided<Granted>, NotNow> {
        self.ask(|reply| Message::Erase(ask, reply)).await
    }

    /// Has a member deactivated, with their keys and enrolments.
    pub async fn deactivate(&self, ask: DeactivateAsk) -> Result<Decided<Granted>, NotNow> {
        self.ask(|reply| Message::Deactivate(ask, reply)).await
    }

    /// Has a beat or a close decided. `None`: no such session lives, or it is outside the guard.
    pub async fn session(&self, ask: SessionAsk) -> Result<Decided<Option<SessionDecided>>, NotNow> {
        self.ask(|reply| Message::Session(ask, reply)).await
    }

    /// Has a commit, an extension or a release of a job decided. `None`: no such job is held, or it is outside the
    /// guard.
    pub async fn job(&self, ask: JobAsk) -> Result<Decided<Option<JobDecided>>, NotNow> {
        self.ask(|reply| Message::Job(ask, reply)).await
    }

    /// Has a command of the vendor decided.
    pub async fn vendor(
        &self,
        command: VendorCommand,
        if_match: Option<IfMatch>,
        by: Author,
        beside: Vec<Beside>,
    ) -> Result<Decided<VendorAnswer>, NotNow> {
        self.ask(|reply| Message::Vendor { command, if_match, by, beside, reply }).await
    }

    /// Looks at the house, once what is due in `team` has been decided.
    pub async fn read<T: Send + 'static>(
        &self,
        team: Option<TeamId>,
        look: impl FnOnce(&Sight<'_>) -> T + Send + 'static,
    ) -> Result<Seen<T>, NotNow> {
        self.look(team, false, look).await
    }

    /// As [`Engine::read`], with the counts of repeated refusals stored.
    pub async fn read_with_repeats<T: Send + 'static>(
        &self,
        team: TeamId,
        look: impl FnOnce(&Sight<'_>) -> T + Send + 'static,
    ) -> Result<Seen<T>, NotNow> {
        self.look(Some(team), true, look).await
    }

    /// Moves the sandbox clock, and answers when everything due by then has been done.
    pub async fn move_clock(&self, to: Instant, by: Author) -> Result<Decided<Instant>, NotNow> {
        self.ask(|reply| Message::MoveClock { to, by, reply }).await
    }

    /// Takes the wall clock as it is after a jump (W9).
    pub async fn accept_clock(&self, by: Author) -> Result<Decided<Instant>, NotNow> {
        self.ask(|reply| Message::AcceptClock { by, reply }).await
    }

    /// The newest signed checkpoint, which is made if there were entries since the last; none of an empty log.
    pub async fn checkpoint(&self) -> Result<Decided<Option<Checkpoint>>, NotNow> {
        self.ask(Message::Checkpoint).await
    }

    /// Waits until the views show the log up to a position; not for ever.
    pub async fn followed(&self, position: Position) -> Result<(), NotNow> {
        let mut followed = self.followed.clone();
        let reached = followed.wait_for(|reached| *reached >= position);
        match tokio::time::timeout(crate::FOLLOW_PATIENCE, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(NotNow::Stopping),
            Err(_) => Err(NotNow::Rebuilding),
        }
    }

    /// The newest instant, at most half a second old: for the ends of keys, which nothing is charged by.
    pub fn lately(&self) -> Instant {
        Instant::from_micros(self.told.load(Ordering::Relaxed)).unwrap_or(Instant::FIRST)
    }

    /// The newest catalogue that is durable.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.offered.borrow().clone()
    }

    /// How far the views have followed, for who wants to know when they have followed further.
    pub fn follow(&self) -> watch::Receiver<Position> {
        self.followed.clone()
    }

    /// How far the views have followed.
    pub fn followed_to(&self) -> Position {
        *self.followed.borrow()
    }

    /// Decides what is queued, writes a checkpoint and everything that is alive, and stops.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        let queue = self.queue.clone();
        // The queue may be full: wait for room on a thread that may wait.
        let sent = tokio::task::spawn_blocking(move || queue.send(Message::Stop(done)).is_ok()).await;
        if matches!(sent, Ok(true)) {
            let _ = stopped.await;
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<Decided<T>, NotNow> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.await.unwrap_or(Err(NotNow::Stopping))
    }

    async fn look<T: Send + 'static>(
        &self,
        team: Option<TeamId>,
        with_repeats: bool,
        look: impl FnOnce(&Sight<'_>) -> T + Send + 'static,
    ) -> Result<Seen<T>, NotNow> {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |sight: Option<&Sight<'_>>| {
            // A look changes nothing, so what goes wrong in it is the asker's own affair.
            let value = sight.map(|sight| catch_unwind(AssertUnwindSafe(|| look(sight))));
            let outcome: ReadOutcome = Box::new(move |outcome: Result<(Instant, Position), NotNow>| {
                let seen = outcome
                    .and_then(|(at, position)| value.map(|value| Seen { value, at, position }).ok_or(NotNow::Stopping));
                let _ = reply.send(seen);
            });
            outcome
        });
        self.send(Message::Read(ReadAsk { team, with_repeats, look }))?;
        let Seen { value, at, position } = answer.await.unwrap_or(Err(NotNow::Stopping))?;
        match value {
            Ok(value) => Ok(Seen { value, at, position }),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn send(&self, message: Message) -> Result<(), NotNow> {
        self.queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => NotNow::QueueFull,
            TrySendError::Disconnected(_) => NotNow::Stopping,
        })
    }
}

/// What a reader saw, when, and up to which position the log stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    pub value: T,
    pub at: Instant,
    pub position: Position,
}
