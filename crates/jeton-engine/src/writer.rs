//! The one writer: takes what has gathered in the queue, decides it, writes it in one commit, answers.
//!
//! Nothing is answered before it is durable. What is due is decided before what is asked. A commit that fails
//! leaves nothing behind: everything is made again from the log before anything else is decided.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jeton_core::catalogue::{self, Catalogue, IfMatch, VendorCommand};
use jeton_core::decision::{self, Granted, Scene, TeamCommand};
use jeton_core::entry::{Author, ClockReason, Entry, TeamFact, VendorFact};
use jeton_core::id::{EnrolmentId, JobId, MemberKey, Seq, SessionNo, TeamId};
use jeton_core::presence::Alive;
use jeton_core::refusal::{Refusal, Unknown};
use jeton_core::time::{Instant, Zone};
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{
    Batch, Beside, Cause, Checkpoint, Lease as LeaseRow, Position, Presence as PresenceRow, Reader, Sealed, StoreError,
    Writer,
};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::clock::{Clock, Reading};
use crate::follower::Feed;
use crate::house::{House, Named};
use crate::message::{
    DeactivateAsk, Decided, EraseAsk, Guard, JobAsk, JobDecided, JobMessage, MemberApiKey, Message, NotNow, ReadAsk,
    Reply, SessionAsk, SessionDecided, SessionMessage, Sight, TeamAnswer, TeamAsk, VendorAnswer, Whose,
};
use crate::room::{DiskMarks, Room};
use crate::start::{LISTENING, recalled};

/// How many messages are decided in one commit at most.
const GROUP: usize = 512;
/// The same on a walk, where nobody waits for a single answer.
const GROUP_OF_A_WALK: usize = 8_192;
/// How often presence and the server's own sign of life are written.
const PRESENCE_EVERY: Duration = Duration::from_secs(10);
/// How often a checkpoint is signed while there are writes.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);
/// How often a store that could not write is tried again.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long the queue is waited on before the clock is looked at again.
const PATIENCE: Duration = Duration::from_millis(500);

/// What answers a request, once its commit is durable or has failed.
pub(crate) type Answer = Box<dyn FnOnce(Result<Position, NotNow>) + Send>;

/// The thread that decides.
pub(crate) struct OneWriter {
    pub(crate) queue: Receiver<Message>,
    pub(crate) store: Writer,
    pub(crate) reader: Reader,
    pub(crate) house: House,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    pub(crate) followed: watch::Receiver<Position>,
    pub(crate) checkpoint_key: SigningKey,
    /// The newest checkpoint; it is stored, or will be with the next commit.
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) pending: Pending,
    pub(crate) timers: Timers,
    /// The newest catalogue that is durable.
    pub(crate) offered: watch::Sender<Arc<Catalogue>>,
    /// The newest instant, for who asks in passing.
    pub(crate) told: Arc<AtomicI64>,
    /// Why nothing can be written at the moment.
    pub(crate) stalled: Option<Cause>,
    /// Whether the clock stood elsewhere when it was last read (W9).
    pub(crate) jumped: bool,
    pub(crate) marks: DiskMarks,
    /// How much room the disk had when it was last asked.
    pub(crate) room: Room,
}

/// What the next commit will hold.
#[derive(Default)]
pub(crate) struct Pending {
    sealed: Vec<Sealed>,
    entries: Vec<AnyEntry>,
    beside: Vec<Beside>,
    /// Sessions whose presence has changed since it was written.
    heard: BTreeSet<(TeamId, SessionNo)>,
    gone: BTreeSet<(TeamId, SessionNo)>,
    repeated: BTreeSet<TeamId>,
}

impl Pending {
    /// At a start: what is stored of sessions that have ended meanwhile is to go.
    pub(crate) fn with_gone(gone: impl Iterator<Item = (TeamId, SessionNo)>) -> Self {
        Self { gone: gone.collect(), ..Self::default() }
    }
}

/// When things that recur were last done, by the steady clock.
#[derive(Default)]
pub(crate) struct Timers {
    presence: Duration,
    checkpoint: Duration,
    probe: Duration,
    /// None before the first look.
    pub(crate) room: Option<Duration>,
}

impl OneWriter {
    /// Runs until it is told to stop, or nobody can ask any more.
    pub(crate) fn run(mut self) {
        let mut stopped = None;
        let group = if matches!(self.clock, Clock::Walk { .. }) { GROUP_OF_A_WALK } else { GROUP };
        while stopped.is_none() {
            let mut next = match self.queue.recv_timeout(PATIENCE) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.stalled.is_some() {
                self.try_again();
            }
            self.look_at_room();
            self.wake();
            let mut answers: Vec<Answer> = Vec::new();
            for following in (0..group).rev() {
                let Some(message) = next.take() else { break };
                if let Message::Stop(done) = message {
                    stopped = Some(done);
                    break;
                }
                if let Message::Checkpoint(_) = message {
                    // What was decided before belongs to it, and is answered by its own commit.
                    self.commit(std::mem::take(&mut answers));
                }
                answers.push(self.handle(message));
                // What is taken is decided: no message is taken that the group has no room for.
                next = if following > 0 { self.queue.try_recv().ok() } else { None };
            }
            self.keep_alive(stopped.is_some());
            self.commit(answers);
            self.keep_checkpoint(stopped.is_some());
        }
        info!(position = self.house.position, "the engine has stopped");
        drop(self.feed);
        if let Some(done) = stopped {
            let _ = done.send(());
        }
    }

    /// The instant of what is decided next. It never goes back.
    pub(crate) fn now(&mut self) -> Result<Instant, NotNow> {
        if let Some(cause) = self.stalled {
            return Err(NotNow::Store(cause));
        }
        let last = self.last();
        let now = match &mut self.clock {
            Clock::Sandbox(_) | Clock::Walk { .. } => Ok(last),
            Clock::Wall(clock) => match clock.read() {
                Reading::At(wall) => {
                    let now = wall.max(last);
                    if self.jumped {
                        info!(%now, "the clocks go together again");
                        self.go_on(now);
                    }
                    Ok(now)
                }
                Reading::Stepped(wall) => {
                    warn!(%wall, %last, "the clock was stepped; the kernel says that it is synchronised");
                    self.accepted(wall, ClockReason::Synchronised, Author::Server);
                    Ok(wall.max(last))
                }
                Reading::Jumped(jump) => {
                    self.jumped = true;
                    Err(NotNow::ClockJumped(jump))
                }
            },
        };
        if let Ok(now) = now {
            self.told.store(now.micros(), Ordering::Relaxed);
        }
        now
    }

    /// The last instant that was told to anybody, whether there is an entry of it or not.
    fn last(&self) -> Instant {
        match &self.clock {
            Clock::Sandbox(_) => self.house.last_at,
            Clock::Walk { at, .. } => self.house.last_at.max(*at),
            Clock::Wall(_) => {
                let told = Instant::from_micros(self.told.load(Ordering::Relaxed));
                told.map_or(self.house.last_at, |told| told.max(self.house.last_at))
            }
        }
    }

    /// Notes that the wall clock is taken as it is (W9).
    fn accepted(&mut self, wall: Instant, why: ClockReason, by: Author) {
        let last = self.last();
        let now = wall.max(last);
        self.note(VendorFact::ClockAccepted { last, wall, why }, by, now);
        self.go_on(now);
    }

    /// Begins the silences anew: who was not heard because nothing could be decided was not silent (W8).
    pub(crate) fn go_on(&mut self, now: Instant) {
        self.jumped = false;
        self.house.restarted(now);
        // So that another start does not take for silence what was none.
        self.pending.beside.push(Beside::Meta { key: LISTENING.to_owned(), value: now.to_string() });
    }

    /// Decides what has become due in any team.
    fn wake(&mut self) {
        if let Ok(now) = self.now()
            && self.house.first_due().is_some_and(|(first, _)| *first <= now)
        {
            self.run_due(now);
        }
    }

    /// Everything due by `until`, over all teams, in the order of its own instants.
    pub(crate) fn run_due(&mut self, until: Instant) {
        while let Some((at, team)) = self.house.first_due().cloned()
            && at <= until
        {
            let at = at.max(self.house.last_at.min(until));
            let _settled = self.decide(&team, TeamCommand::Settle, Author::Server, at);
            self.house.schedule(&team);
        }
    }

    fn handle(&mut self, message: Message) -> Answer {
        let message = match self.if_there_is_room(message) {
            Ok(message) => message,
            Err(answer) => return answer,
        };
        match message {
            Message::Team(ask, reply) => self.answer(reply, |this, now| this.team(ask, now)),
            Message::Erase(ask, reply) => self.answer(reply, |this, now| this.erase(ask, now)),
            Message::Deactivate(ask, reply) => self.answer(reply, |this, now| this.deactivate(ask, now)),
            Message::Session(ask, reply) => self.answer(reply, |this, now| this.session(ask, now)),
            Message::Job(ask, reply) => self.answer(reply, |this, now| this.job(ask, now)),
            Message::Vendor { command, if_match, by, beside, reply } => {
                self.answer(reply, |this, now| this.vendor(command, if_match.as_ref(), by, beside, now))
            }
            Message::Read(ask) => self.read(ask),
            Message::MoveClock { to, by, reply } => self.answer(reply, |this, now| this.move_clock(to, by, now)),
            Message::AcceptClock { by, reply } => self.accept_clock(by, reply),
            Message::WalkTo(to) => {
                self.walk_to(to);
                Box::new(|_| {})
            }
            Message::Checkpoint(reply) => self.answer_checkpoint(reply),
            Message::Stop(_) => Box::new(|_| {}),
        }
    }

    /// Reads the clock once, decides, and keeps the outcome until it is durable.
    fn answer<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        decide: impl FnOnce(&mut Self, Instant) -> Result<T, Refusal>,
    ) -> Answer {
        let decided = self.now().map(|at| (decide(self, at), at));
        Box::new(move |written: Result<Position, NotNow>| {
            let answer = decided.and_then(|(outcome, at)| written.map(|position| Decided { outcome, at, position }));
            let _ = reply.send(answer);
        })
    }

    fn team(&mut self, ask: TeamAsk, now: Instant) -> Result<TeamAnswer, Refusal> {
        let TeamAsk { team, command, by, beside, searched } = ask;
        let entering = matches!(command, TeamCommand::SetTeam { .. });
        if !entering && self.house.team(&team).is_none() {
            return Err(Refusal::Unknown(Unknown::Team));
        }
        if let Some(named) = named(&team, &command) {
            match self.house.granted(&named) {
                Some((other, _)) if *other != team => return Err(Refusal::IdReused),
                Some((_, seq)) => return Ok(TeamAnswer::Granted(Box::new(Granted::Known { seq: Seq(*seq) }))),
                None if !self.house.remembers_since(searched) => return Ok(TeamAnswer::SearchAgain),
                None => {}
            }
        }
        let outcome = self.decide(&team, command, by, now);
        self.house.schedule(&team);
        self.house.leave_if_vacant(&team);
        let granted = outcome?;
        if !matches!(granted, Granted::Known { .. } | Granted::Past) {
            self.pending.beside.extend(beside);
        }
        Ok(TeamAnswer::Granted(Box::new(granted)))
    }

    /// A member who is deactivated asks nothing more: their keys and codes end in the same commit.
    fn deactivate(&mut self, ask: DeactivateAsk, now: Instant) -> Result<Granted, Refusal> {
        let DeactivateAsk { team, member, if_match, keys, enrolments, by } = ask;
        if self.house.team(&team).is_none() {
            return Err(Refusal::Unknown(Unknown::Team));
        }
        let outcome = self.decide(&team, TeamCommand::DeactivateMember { member, if_match }, by.clone(), now);
        self.house.schedule(&team);
        let granted = outcome?;
        for key in keys {
            self.pending.beside.push(Beside::KeyRevoked { id: key.to_string(), at: now.micros() });
            self.note(VendorFact::KeyRevoked { key }, by.clone(), now);
        }
        self.withdraw(enrolments, &by, now);
        Ok(granted)
    }

    /// Everything of an erasure is in one commit: the member's entries, the ends of their keys and codes, and what lies
    /// beside.
    fn erase(&mut self, ask: EraseAsk, now: Instant) -> Result<Granted, Refusal> {
        let EraseAsk { team, member, keys, enrolments, by } = ask;
        if self.house.team(&team).is_none() {
            return Err(Refusal::Unknown(Unknown::Team));
        }
        let outcome = self.decide(&team, TeamCommand::EraseMember { member }, by.clone(), now);
        self.house.schedule(&team);
        let granted = outcome?;
        for MemberApiKey { key, revoked } in keys {
            self.pending.beside.push(Beside::KeyErased { id: key.to_string(), at: now.micros() });
            if !revoked {
                self.note(VendorFact::KeyRevoked { key }, by.clone(), now);
            }
        }
        self.withdraw(enrolments, &by, now);
        if let Some(MemberKey(member)) = member {
            self.pending.beside.push(Beside::PersonErased { team: team.to_string(), member });
        }
        Ok(granted)
    }

    fn withdraw(&mut self, enrolments: Vec<EnrolmentId>, by: &Author, now: Instant) {
        for enrolment in enrolments {
            self.pending.beside.push(Beside::EnrolmentWithdrawn { id: enrolment.to_string(), at: now.micros() });
            self.note(VendorFact::EnrolmentWithdrawn { enrolment }, by.clone(), now);
        }
    }

    fn session(&mut self, ask: SessionAsk, now: Instant) -> Result<Option<SessionDecided>, Refusal> {
        let SessionAsk { session, message, guard, by } = ask;
        let Some(team) = self.house.team_of(&session).cloned() else { return Ok(None) };
        let Some((whose, number)) = self.whose(&team, &session) else { return Ok(None) };
        if !guard.admits(&whose.team, whose.member, &whose.product) {
            return Ok(None);
        }
        let command = match message {
            SessionMessage::Beat { activity, lease } => TeamCommand::Beat { session, activity, lease },
            SessionMessage::Close { activity, by } => TeamCommand::CloseSession { session, activity, by },
        };
        let outcome = self.decide(&team, command, by, now);
        self.pending.heard.insert((team.clone(), number));
        self.house.schedule(&team);
        Ok(match outcome? {
            Granted::Beaten(answer) | Granted::Closed(answer) => Some(SessionDecided { whose, answer }),
            Granted::Configured { .. }
            | Granted::Ordered { .. }
            | Granted::Paid
            | Granted::Quoted(_)
            | Granted::Opened { .. }
            | Granted::JobQuoted(_)
            | Granted::Job(_)
            | Granted::Known { .. }
            | Granted::Past
            | Granted::Settled => None,
        })
    }

    fn job(&mut self, ask: JobAsk, now: Instant) -> Result<Option<JobDecided>, Refusal> {
        let JobAsk { job, message, guard, by } = ask;
        let Some(team) = self.house.team_of_job(&job).cloned() else { return Ok(None) };
        if !self.admits(&guard, &team, &job) {
            return Ok(None);
        }
        let command = match message {
            JobMessage::Commit(parts) => TeamCommand::CommitJob { job, parts, lapsed: None },
            JobMessage::Extend => TeamCommand::ExtendJob { job },
            JobMessage::Release => TeamCommand::ReleaseJob { job },
        };
        let outcome = self.decide(&team, command, by, now);
        self.house.schedule(&team);
        if let Granted::Job(answer) = outcome? { Ok(Some(JobDecided { team, answer })) } else { Ok(None) }
    }

    fn admits(&self, guard: &Guard, team: &TeamId, job: &JobId) -> bool {
        let asked = || {
            let team = &self.house.team(team)?.team;
            let job = team.job(team.job_number(job)?)?;
            Some((job.member, &self.house.catalogue.product(job.product)?.code))
        };
        asked().is_some_and(|(member, product)| guard.admits(team, member, product))
    }

    fn whose(&self, team: &TeamId, session: &jeton_core::id::SessionId) -> Option<(Whose, SessionNo)> {
        let occupied = &self.house.team(team)?.team;
        let number = occupied.session_number(session)?;
        let live = occupied.session(number)?;
        let product = self.house.catalogue.product(live.product)?.code.clone();
        Some((Whose { team: team.clone(), member: live.member, product, device: live.device }, number))
    }

    /// Has one command of a team decided at `now`, and seals what it yields.
    fn decide(&mut self, id: &TeamId, command: TeamCommand, by: Author, now: Instant) -> Result<Granted, Refusal> {
        let year = Zone::UTC.day_of(now).year();
        let (occupied, catalogue, series) = self.house.scene(id, year);
        let (team, presence) = (&mut occupied.team, &mut occupied.presence);
        let first_seq = team.seq + 1;
        let scene = Scene { team, presence, catalogue, series };
        let (entries, outcome) = decision::decide(scene, command, by, now);
        for entry in entries.series {
            let sealed = self.house.seal(stored::series_stream(year).into(), entry.at, stored::encode(&entry));
            self.pending.add(sealed, AnyEntry::Series(year, entry));
        }
        self.house.index(id, &entries.team, (self.house.position + 1, first_seq));
        let stream = self.house.team_stream(id);
        for (seq, entry) in (first_seq..).zip(entries.team) {
            self.pending.note(id, seq, &entry);
            let sealed = self.house.seal(stream.clone(), entry.at, stored::encode(&entry));
            assert!(sealed.seq == seq, "the numbers of a team's state and of its stream go together");
            self.pending.add(sealed, AnyEntry::Team(id.clone(), entry));
        }
        self.pending.repeated.insert(id.clone());
        outcome
    }

    fn vendor(
        &mut self,
        command: VendorCommand,
        if_match: Option<&IfMatch>,
        by: Author,
        beside: Vec<Beside>,
        now: Instant,
    ) -> Result<VendorAnswer, Refusal> {
        let next = Seq(self.house.next_of_vendor());
        let decided = catalogue::decide(&self.house.catalogue, command, if_match, next, now)?;
        self.pending.beside.extend(beside);
        if let Some(fact) = decided.fact {
            let settings = matches!(fact, VendorFact::SettingsSet(_));
            self.note(fact, by, now);
            if settings {
                self.house.schedule_all();
            }
        }
        Ok(VendorAnswer { created: decided.created, revision: decided.revision })
    }

    /// An entry of the vendor's stream.
    pub(crate) fn note(&mut self, fact: VendorFact, by: Author, now: Instant) {
        let entry = Entry { at: now, by, fact };
        let sealed = self.house.seal(self.house.vendor_stream(), now, stored::encode(&entry));
        self.house.evolve_catalogue(&entry, sealed.seq);
        self.pending.add(sealed, AnyEntry::Vendor(entry));
    }

    fn read(&mut self, ask: ReadAsk) -> Answer {
        let ReadAsk { team, with_repeats, look } = ask;
        let mut jumped = None;
        let now = match self.now() {
            Ok(now) => now,
            // Reading decides nothing: what stands can be seen although the clock has jumped.
            Err(NotNow::ClockJumped(jump)) => {
                jumped = Some(jump);
                self.last()
            }
            Err(not_now) => {
                let outcome = look(None);
                return Box::new(move |_| outcome(Err(not_now)));
            }
        };
        if let Some(team) = team.filter(|team| self.house.team(team).is_some()) {
            let _settled = self.decide(&team, TeamCommand::Settle, Author::Server, now);
            self.house.schedule(&team);
            if with_repeats {
                self.write_repeats();
            }
        }
        let outcome = look(Some(&Sight {
            catalogue: &self.house.catalogue,
            now,
            jumped,
            little_room: self.room == Room::TooLittle,
            house: &self.house,
        }));
        Box::new(move |written: Result<Position, NotNow>| outcome(written.map(|position| (now, position))))
    }

    fn move_clock(&mut self, to: Instant, by: Author, now: Instant) -> Result<Instant, Refusal> {
        if to < now {
            return Err(Refusal::ClockGoesBack { now });
        }
        if to > now {
            self.run_due(to);
            self.note(VendorFact::ClockMoved { from: now }, by, to);
            self.told.store(to.micros(), Ordering::Relaxed);
        }
        Ok(to)
    }

    /// What is due by then is done at its own instants, so that the entries of all teams stand in the order of time.
    fn walk_to(&mut self, to: Instant) {
        if let Clock::Walk { at, .. } = &mut self.clock
            && to > *at
        {
            *at = to;
            self.run_due(to);
        }
    }

    fn accept_clock(&mut self, by: Author, reply: Reply<Instant>) -> Answer {
        if let Err(NotNow::ClockJumped(_)) = self.now()
            && let Clock::Wall(clock) = &mut self.clock
        {
            let wall = clock.accept();
            self.accepted(wall, ClockReason::Operator, by);
        }
        self.answer(reply, |_, now| Ok(now))
    }

    fn answer_checkpoint(&mut self, reply: Reply<Option<Checkpoint>>) -> Answer {
        self.sign_checkpoint();
        let checkpoint = self.checkpoint.clone();
        self.answer(reply, |_, _| Ok(checkpoint))
    }

    /// Writes who is alive, when it is time to: in a sandbox, whose time goes in leaps, at once.
    fn keep_alive(&mut self, stopping: bool) {
        if self.stalled.is_some() {
            return;
        }
        let steady = self.clock.steady();
        let sandbox = matches!(self.clock, Clock::Sandbox(_));
        let anything = !self.pending.heard.is_empty() || !self.pending.gone.is_empty() || !sandbox;
        let due = sandbox || steady.saturating_sub(self.timers.presence) >= PRESENCE_EVERY;
        if stopping || (anything && due) {
            self.timers.presence = steady;
            self.write_presence();
            self.write_repeats();
            if let Ok(now) = self.now() {
                self.pending.beside.push(Beside::Life(now.micros()));
            }
        }
    }

    /// Signs a checkpoint, when it is time to.
    fn keep_checkpoint(&mut self, stopping: bool) {
        let steady = self.clock.steady();
        if stopping || steady.saturating_sub(self.timers.checkpoint) >= CHECKPOINT_EVERY {
            self.timers.checkpoint = steady;
            self.sign_checkpoint();
            self.commit(Vec::new());
        }
    }

    fn write_presence(&mut self) {
        for (team, session) in std::mem::take(&mut self.pending.heard) {
            let alive = self.house.team(&team).and_then(|occupied| occupied.presence.of(session));
            if let Some(alive) = alive {
                self.pending.beside.push(Beside::Presence(PresenceRow {
                    team: team.to_string(),
                    session: session.0,
                    proven_from: alive.from.micros(),
                    last_proof: alive.last_proof.micros(),
                    last_activity: alive.last_activity.micros(),
                    lease: alive.lease.map(|lease| LeaseRow {
                        issued_at: lease.issued_at.micros(),
                        until: lease.until.micros(),
                        cover: lease.cover.to_owned(),
                    }),
                }));
            }
        }
        for (team, session) in std::mem::take(&mut self.pending.gone) {
            self.pending.beside.push(Beside::PresenceGone { team: team.to_string(), session: session.0 });
        }
    }

    fn write_repeats(&mut self) {
        for id in std::mem::take(&mut self.pending.repeated) {
            for (seq, count) in self.house.take_repeats(&id) {
                self.pending.beside.push(Beside::Repeats { team: id.to_string(), seq: seq.0, count });
            }
        }
    }

    /// Signs the newest commit, unless it is signed already.
    fn sign_checkpoint(&mut self) {
        if self.stalled.is_some() {
            return;
        }
        let Ok(Some(last)) = self.reader.entry(self.house.position) else { return };
        let signed = self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.position == last.position);
        if let (Some(commit), false) = (last.commit, signed) {
            let at = self.house.last_at.micros();
            let checkpoint = Checkpoint::sign(&self.checkpoint_key, at, last.position, commit, &last.stream, last.seq);
            info!(
                position = checkpoint.position,
                commit = %hex(&checkpoint.commit),
                signature = %hex(&checkpoint.signature),
                "checkpoint"
            );
            self.pending.beside.push(Beside::Checkpoint(checkpoint.clone()));
            self.checkpoint = Some(checkpoint);
        }
    }

    /// Writes everything that is pending, and only then answers.
    fn commit(&mut self, answers: Vec<Answer>) {
        let written = self.write();
        for answer in answers {
            answer(written.clone());
        }
    }

    pub(crate) fn write(&mut self) -> Result<Position, NotNow> {
        if let Some(cause) = self.stalled {
            return Err(NotNow::Store(cause));
        }
        let mut batch = Batch {
            entries: std::mem::take(&mut self.pending.sealed),
            beside: std::mem::take(&mut self.pending.beside),
        };
        let entries = std::mem::take(&mut self.pending.entries);
        if batch.entries.is_empty() && batch.beside.is_empty() {
            return Ok(self.house.position);
        }
        if !batch.entries.is_empty() {
            self.house.seal_commit(&mut batch.entries);
        }
        metrics::histogram!("jeton_commit_entries").record(f64::from(u32::try_from(entries.len()).unwrap_or(u32::MAX)));
        let begun = self.clock.steady();
        let stored = self.store.append(&batch);
        metrics::histogram!("jeton_commit_duration_seconds").record(self.clock.steady().saturating_sub(begun));
        match stored {
            Ok(()) => {
                self.house.forget_granted(*self.followed.borrow());
                self.offered.send_if_modified(|offered| {
                    let changed = !Arc::ptr_eq(offered, &self.house.catalogue);
                    *offered = self.house.catalogue.clone();
                    changed
                });
                if !entries.is_empty() {
                    let position = u32::try_from(self.house.position).unwrap_or(u32::MAX);
                    metrics::gauge!("jeton_log_position").set(position);
                    metrics::counter!("jeton_entries_total").increment(u64::try_from(entries.len()).unwrap_or(0));
                    self.feed.publish(batch.entries, entries);
                }
                Ok(self.house.position)
            }
            Err(failure) => {
                error!(%failure, "a commit failed; its requests are answered with 503");
                metrics::counter!("jeton_commits_failed_total").increment(1);
                let cause = match failure {
                    StoreError::Unavailable(cause, _) => cause,
                    StoreError::Conflict(_) | StoreError::Outdated(_) | StoreError::Corrupt(_) => Cause::Io,
                };
                self.stalled = Some(cause);
                // What was counted stays counted; everything else of the batch was decided on it, and is nothing.
                self.pending.beside = batch.beside;
                self.pending.beside.retain(|row| matches!(row, Beside::Repeats { .. }));
                Err(NotNow::Store(cause))
            }
        }
    }

    /// Goes on after a failed commit, once the store can write: everything is made again from the log.
    fn try_again(&mut self) {
        let steady = self.clock.steady();
        if steady.saturating_sub(self.timers.probe) < PROBE_EVERY {
            return;
        }
        self.timers.probe = steady;
        if self.store.probe().is_err() {
            return;
        }
        match self.load_again() {
            Ok(()) => {
                self.stalled = None;
                let now = self.now().unwrap_or(self.last());
                self.go_on(now);
                info!(position = self.house.position, "the store can write again");
            }
            Err(failure) => error!(%failure, "the log cannot be read"),
        }
    }

    /// Makes the house again from the log. Who is alive, and what was counted, is kept.
    fn load_again(&mut self) -> Result<(), StoreError> {
        let mut house = House::load(&self.reader)?;
        let stored = recalled(&self.reader)?;
        self.checkpoint = self.reader.newest_checkpoint()?;
        let rows: BTreeSet<(TeamId, SessionNo)> = stored.keys().cloned().collect();
        // Of a session whose end was not stored after all, what was written of it last is known.
        let mut known = stored;
        // A lease that was in an answer that was never given is no lease.
        let unleased = |(session, alive)| (session, Alive { lease: None, ..alive });
        // Nor is what is known since a return or a revival that was not stored: what was written before stands (W6, W8).
        let goes_on = |(of, alive): &((TeamId, SessionNo), Alive)| {
            let session = house.team(&of.0).and_then(|occupied| occupied.team.session(of.1));
            session.is_some_and(|session| session.from == alive.from)
        };
        known.extend(self.house.presence().filter(goes_on).map(unleased));
        let ended = house.recall(known, Instant::FIRST);
        self.write_repeats();
        let standing = |team: &str, seq: u64| {
            let team = team.parse().ok().and_then(|team| house.team(&team));
            team.is_some_and(|occupied| seq <= occupied.team.seq)
        };
        let mut beside = std::mem::take(&mut self.pending.beside);
        beside.retain(|row| matches!(row, Beside::Repeats { team, seq, .. } if standing(team, *seq)));
        let heard = house.presence().map(|(session, _)| session).collect();
        let gone = ended.filter(|session| rows.contains(session)).collect();
        self.pending = Pending { beside, heard, gone, ..Pending::default() };
        self.feed.found(house.position);
        self.house = house;
        Ok(())
    }
}

impl Pending {
    fn add(&mut self, sealed: Sealed, entry: AnyEntry) {
        self.sealed.push(sealed);
        self.entries.push(entry);
    }

    /// Notes whose presence an entry begins or ends.
    fn note(&mut self, team: &TeamId, seq: u64, entry: &Entry<TeamFact>) {
        if let TeamFact::SessionOpened(_) = &entry.fact {
            self.begins((team.clone(), SessionNo(seq)));
        } else if let TeamFact::SessionRevived { session, .. } = &entry.fact {
            self.begins((team.clone(), *session));
        } else if let TeamFact::SessionClosed { session, .. }
        | TeamFact::SessionLost { session, .. }
        | TeamFact::SessionEnded { session, .. } = &entry.fact
        {
            self.heard.remove(&(team.clone(), *session));
            self.gone.insert((team.clone(), *session));
        }
    }

    fn begins(&mut self, session: (TeamId, SessionNo)) {
        self.gone.remove(&session);
        self.heard.insert(session);
    }
}

/// What a command's own id names.
fn named(team: &TeamId, command: &TeamCommand) -> Option<Named> {
    if let TeamCommand::OpenSession(open) = command {
        Some(Named::Session(open.session.clone()))
    } else if let TeamCommand::PlaceOrder { order, .. } = command {
        Some(Named::Order(team.clone(), order.clone()))
    } else if let TeamCommand::HoldJob { job, .. } = command {
        Some(Named::Job(job.clone()))
    } else if let TeamCommand::CommitJob { job, lapsed: Some(_), .. } = command {
        Some(Named::LateCommit(job.clone()))
    } else {
        None
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
