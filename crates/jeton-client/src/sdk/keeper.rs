//! What a session goes through while its program runs: beats, answers, silence, refusals, the close.
//!
//! What always holds: there is one task for each session, and it alone talks to the server about it. Beats go by the
//! time since the machine started, about every `heartbeat_s`; after a failure they go on, sooner at first, and as the
//! server asks where it answers. What is told as a [`Change`] is told once. A close interrupts whatever is under way.
//!
//! What it does not do: stop the program. It says when the program has to, and goes on for as long as it runs, so that
//! what is used is told as soon as the server is heard of again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::change::{Change, Reason, Standing};
use super::client::{Inner, Started, holder};
use super::error::{Error, Refusal};
use super::lease::{GRACE, LeaseRefusal};
use super::machine::{about, fresh_id};
use super::notes::{HeldNote, Leave};
use super::server_time::{minus, plus};
use crate::{Instant, SessionAnswer, SessionClose, SessionClosed, SessionHeartbeat, SessionOpen, SessionState};

/// Beats before the server has said how often it wants them (W8).
const BEAT: Duration = Duration::from_mins(2);
/// By how much a beat may come earlier or later, in per cent.
const BEAT_SPREAD: u32 = 10;
/// How soon after a failure the server is asked again; twice as long after each further one, up to a beat.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const RETRY_SPREAD: u32 = 50;
/// How long before a renewal, or before it has to stop, a program is told.
const AHEAD: Duration = Duration::from_mins(15);
/// How long a program whose opening was refused after it had started has for saving work, as in W7.
const TO_SAVE: Duration = Duration::from_mins(15);
/// How often the server is asked once the time for saving is over, until it says that the session has ended.
const LAST_ASKS: Duration = Duration::from_secs(5);

/// What was charged by the close, or why it was not told.
pub(crate) type Closing = oneshot::Sender<Result<SessionClosed, Error>>;

/// What the guard asks.
#[derive(Debug)]
pub(crate) enum Order {
    /// Beat now.
    Beat(oneshot::Sender<Result<Standing, Error>>),
    /// The member did something.
    Active,
}

/// The guard's ends of the lines to its keeper.
pub(crate) struct Lines {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) closing: oneshot::Sender<Closing>,
    pub(crate) standing: watch::Receiver<Standing>,
}

/// The keeper's ends.
struct Ends {
    orders: mpsc::Receiver<Order>,
    closing: oneshot::Receiver<Closing>,
}

pub(crate) struct Keeper {
    client: Arc<Inner>,
    opening: SessionOpen,
    ends: Option<Ends>,
    told: watch::Sender<Standing>,
    changes: broadcast::Sender<Change>,
    standing: Standing,
    phase: Phase,
    silence: Silence,
    beat: Duration,
    /// In time since the machine's start.
    next_contact: Duration,
    failures: u32,
    active_at: Option<Timestamp>,
    /// Of which renewal the program was told ahead.
    renewal_told: Option<Timestamp>,
    /// Whether the keys were asked for because a lease named another one.
    keys_asked: bool,
}

/// How far the server knows the session.
enum Phase {
    /// It does: beats go to it.
    Known,
    /// The program was started without it.
    Unreached { note: Option<HeldNote> },
    /// It was refused after the program had started, or when a lost session was to be opened anew.
    Refused { refusal: Refusal, ends_at: Timestamp },
}

/// What the program was told of the server's silence.
#[derive(Default, PartialEq, Eq)]
struct Silence {
    out_of_touch: bool,
    stop_soon: bool,
    stop: bool,
}

/// Whether the session goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    GoesOn,
    IsOver,
}

impl Keeper {
    /// Of a session that the server has just opened.
    pub(crate) fn opened(
        client: Arc<Inner>,
        opening: SessionOpen,
        answer: SessionAnswer,
        changes: broadcast::Sender<Change>,
    ) -> (Self, Lines) {
        let standing = Standing { started_by: None, ..blank(answer.session.clone(), plus(client.time.now(), GRACE)) };
        let (mut keeper, lines) = Self::new(client, opening, standing, Phase::Known, changes);
        keeper.provide();
        keeper.answered(answer);
        keeper.publish();
        (keeper, lines)
    }

    /// Of a session that the server does not know yet.
    pub(crate) fn unreached(
        client: Arc<Inner>,
        opening: SessionOpen,
        session: String,
        started: Started,
        why: Error,
        changes: broadcast::Sender<Change>,
    ) -> (Self, Lines) {
        let Started { leave, lease_ends_at, note } = started;
        let runs_until = match (lease_ends_at, &note) {
            (Some(ends_at), _) => plus(ends_at, GRACE),
            (None, Some(note)) => note.runs_until(),
            (None, None) => client.time.now(),
        };
        let standing = Standing { started_by: Some(leave), lease_ends_at, ..blank(session, runs_until) };
        let (mut keeper, lines) = Self::new(client, opening, standing, Phase::Unreached { note }, changes);
        keeper.failed(why);
        keeper.publish();
        (keeper, lines)
    }

    fn new(
        client: Arc<Inner>,
        opening: SessionOpen,
        standing: Standing,
        phase: Phase,
        changes: broadcast::Sender<Change>,
    ) -> (Self, Lines) {
        let (orders, for_orders) = mpsc::channel(8);
        let (closing, for_closing) = oneshot::channel();
        let (told, for_standing) = watch::channel(standing.clone());
        let lines = Lines { orders, closing, standing: for_standing };
        let keeper = Self {
            client,
            opening,
            ends: Some(Ends { orders: for_orders, closing: for_closing }),
            told,
            changes,
            standing,
            phase,
            silence: Silence::default(),
            beat: BEAT,
            next_contact: Duration::ZERO,
            failures: 0,
            active_at: None,
            renewal_told: None,
            keys_asked: false,
        };
        (keeper, lines)
    }

    /// Until the session is closed, dropped, or has ended by itself.
    pub(crate) async fn run(mut self) {
        let Some(Ends { mut orders, mut closing }) = self.ends.take() else { return };
        self.tell_what_is_due();
        let mut next = Next::GoesOn;
        while next == Next::GoesOn {
            let machine = Arc::clone(&self.client.machine);
            let wake = self.next_contact.min(self.next_notice());
            let mut reply = None;
            let contact = tokio::select! {
                biased;
                closed = &mut closing => return self.close(closed.ok()).await,
                order = orders.recv() => match order {
                    // The guard is gone; the close says so, too.
                    None => return self.close(None).await,
                    Some(Order::Active) => {
                        self.active_at = Some(self.client.time.now());
                        self.standing.state == SessionState::Idle
                    }
                    Some(Order::Beat(asker)) => {
                        reply = Some(asker);
                        true
                    }
                },
                () = machine.wait(wake) => self.next_contact <= machine.since_start(),
            };
            if contact {
                let (goes_on, outcome) = tokio::select! {
                    biased;
                    closed = &mut closing => return self.close(closed.ok()).await,
                    done = self.contact() => done,
                };
                next = goes_on;
                self.publish();
                if let Some(reply) = reply {
                    // Who does not wait for it any more does not miss it.
                    let _ = reply.send(outcome.map(|()| self.standing.clone()));
                }
            }
            if next == Next::GoesOn {
                self.tell_what_is_due();
                self.publish();
            }
        }
    }

    /// One exchange with the server: a beat where it knows the session, else an opening.
    async fn contact(&mut self) -> (Next, Result<(), Error>) {
        let asked = match &self.phase {
            Phase::Known => self.ask_by_beat().await,
            Phase::Unreached { .. } | Phase::Refused { .. } => self.ask_by_opening().await,
        };
        match asked {
            Ok(answer) => {
                self.answered(answer);
                (Next::GoesOn, Ok(()))
            }
            Err(Error::Refused(refusal)) if refusal.status() != 429 => {
                (self.refused(refusal.clone()), Err(Error::Refused(refusal)))
            }
            Err(error) => {
                self.failed(error.clone());
                (self.over_after_silence(), Err(error))
            }
        }
    }

    async fn ask_by_beat(&mut self) -> Result<SessionAnswer, Error> {
        let body = SessionHeartbeat { last_activity_at: self.activity(), lease: false };
        let path = format!("/v1/sessions/{}/heartbeat", self.standing.session);
        match self.client.transport.post(&path, &body).await {
            // It was lost too long ago, or the server has forgotten it; the program runs, so it is opened anew (W8).
            // What was unfunded has ended for good (W7).
            Err(Error::Refused(refusal))
                if ["session_ended", "unknown_session"].contains(&refusal.code())
                    && self.standing.state != SessionState::Unfunded =>
            {
                self.standing.session = fresh_id(self.client.machine.as_ref());
                self.ask_by_opening().await
            }
            asked => asked,
        }
    }

    async fn ask_by_opening(&mut self) -> Result<SessionAnswer, Error> {
        let asked = self.client.put(&self.standing.session, &self.opening).await;
        let spent = match &asked {
            // Granted before, and over: the answer to it was lost, and then the session.
            Ok(answer) => answer.state == SessionState::Ended,
            Err(error) => error.refusal().is_some_and(|refusal| refusal.code() == "id_reused"),
        };
        let answer = if spent {
            self.standing.session = fresh_id(self.client.machine.as_ref());
            self.client.put(&self.standing.session, &self.opening).await?
        } else {
            asked?
        };
        if let Phase::Unreached { note: Some(note) } = std::mem::replace(&mut self.phase, Phase::Known) {
            note.told();
        }
        self.standing.started_by = None;
        self.tell(Change::Opened { session: answer.session.clone() });
        self.provide();
        Ok(answer)
    }

    /// What an answer says, compared with how it stood.
    fn answered(&mut self, answer: SessionAnswer) {
        let before = self.standing.clone();
        let machine = Arc::clone(&self.client.machine);
        self.beat = Duration::from_secs(u64::from(answer.heartbeat_s)).max(FIRST_RETRY);
        self.failures = 0;
        self.next_contact = machine.since_start() + about(machine.as_ref(), self.beat, BEAT_SPREAD);
        self.active_at = None;
        if self.silence.out_of_touch {
            self.tell(Change::InTouch);
        }
        self.silence = Silence::default();

        let now = self.client.time.now();
        let standing = &mut self.standing;
        standing.state = answer.state;
        standing.cover = answer.cover;
        standing.hold = answer.hold;
        standing.undo_ends_at = answer.undo_ends_at.as_ref().and_then(instant);
        standing.window = answer.window;
        standing.next_charge = answer.next_charge;
        standing.available = Some(answer.available);
        standing.answered_at = Some(now);
        if let Some(lease) = answer.lease {
            self.keep(&lease);
        }
        let after_lease = self.standing.lease_ends_at.map(|ends_at| plus(ends_at, GRACE));
        self.standing.runs_until = after_lease.map_or(plus(now, GRACE), |until| until.max(plus(now, GRACE)));

        for charge in answer.charged {
            self.tell(Change::Charged(charge));
        }
        for warning in answer.warnings {
            self.tell(Change::Warned(warning));
        }
        let standing = self.standing.clone();
        if let Some(cover) = standing.cover
            && (before.cover, &before.window, &before.next_charge)
                != (standing.cover, &standing.window, &standing.next_charge)
        {
            let Standing { window, next_charge, .. } = standing;
            self.tell(Change::Covered { cover, window, next_charge });
        }
        if self.standing.state == SessionState::Idle && before.state != SessionState::Idle {
            self.tell(Change::Idle);
        }
        if self.standing.state == SessionState::Unfunded
            && let (Some(refusal), Some(ends_at)) = (answer.refusal, answer.ends_at.as_ref().and_then(instant))
        {
            self.standing.runs_until = ends_at;
            // Asked once more when the time is over, so that it is known at once.
            self.next_contact = self.next_contact.min(self.client.time.when(ends_at).max(self.soon()));
            if before.state != SessionState::Unfunded {
                self.tell(Change::Unfunded { refusal: Refusal::new(refusal), ends_at });
            }
        }
    }

    /// A refusal: of a beat when the session is over, else of an opening that comes after the start.
    fn refused(&mut self, refusal: Refusal) -> Next {
        let now = self.client.time.now();
        let ends_at = match &self.phase {
            Phase::Known if self.standing.state == SessionState::Unfunded => now,
            Phase::Refused { ends_at, .. } => *ends_at,
            Phase::Known | Phase::Unreached { .. } => {
                let ends_at = plus(now, TO_SAVE);
                self.tell(Change::Unfunded { refusal: refusal.clone(), ends_at });
                ends_at
            }
        };
        if let Phase::Unreached { note: Some(note) } =
            std::mem::replace(&mut self.phase, Phase::Refused { refusal: refusal.clone(), ends_at })
        {
            // The refusal is in the server's record.
            note.told();
        }
        self.standing.state = SessionState::Unfunded;
        self.standing.cover = None;
        self.standing.started_by = None;
        self.standing.runs_until = ends_at;
        if ends_at <= now {
            return self.end(Some(refusal));
        }
        let machine = Arc::clone(&self.client.machine);
        let beat = machine.since_start() + about(machine.as_ref(), self.beat, BEAT_SPREAD);
        self.next_contact = beat.min(self.client.time.when(ends_at).max(self.soon()));
        Next::GoesOn
    }

    /// No answer, or none that helps: asked again later, and the program is told once.
    fn failed(&mut self, why: Error) {
        let machine = Arc::clone(&self.client.machine);
        let doubled = FIRST_RETRY.saturating_mul(1 << self.failures.min(10)).min(self.beat);
        let wait = about(machine.as_ref(), doubled, RETRY_SPREAD).max(why.retry_after().unwrap_or_default());
        self.next_contact = machine.since_start() + wait;
        self.failures = self.failures.saturating_add(1);
        if !self.silence.out_of_touch {
            self.silence.out_of_touch = true;
            self.tell(Change::OutOfTouch { why: Reason(why), runs_until: self.standing.runs_until });
        }
    }

    /// A refused session whose time for saving is over ends, also when nobody answers any more.
    fn over_after_silence(&mut self) -> Next {
        let over = self.standing.state == SessionState::Unfunded && self.standing.runs_until <= self.client.time.now();
        if !over {
            return Next::GoesOn;
        }
        let refusal = match &self.phase {
            Phase::Refused { refusal, .. } => Some(refusal.clone()),
            Phase::Known | Phase::Unreached { .. } => None,
        };
        self.end(refusal)
    }

    /// The session is over for good, and the program is told.
    fn end(&mut self, refusal: Option<Refusal>) -> Next {
        self.standing.state = SessionState::Ended;
        self.standing.cover = None;
        self.publish();
        self.tell(Change::Stop { refusal });
        Next::IsOver
    }

    /// Tells the program what has come due by now.
    fn tell_what_is_due(&mut self) {
        let now = self.client.time.now();
        if let Some((at, tokens)) = self.renewal()
            && minus(at, AHEAD) <= now
        {
            self.renewal_told = Some(at);
            if now < at {
                self.tell(Change::RenewalSoon { at, tokens });
            }
        }
        let until = self.standing.runs_until;
        if self.counts_down() && !self.silence.stop_soon && minus(until, AHEAD) <= now {
            self.silence.stop_soon = true;
            if now < until {
                self.tell(Change::StopSoon { at: until });
            }
        }
        if self.counts_down() && !self.silence.stop && until <= now {
            self.silence.stop = true;
            self.tell(Change::Stop { refusal: None });
        }
    }

    /// When there is next something to tell, in time since the machine's start.
    fn next_notice(&self) -> Duration {
        let mut due = Vec::new();
        due.extend(self.renewal().map(|(at, _)| minus(at, AHEAD)));
        if self.counts_down() {
            let until = self.standing.runs_until;
            due.extend((!self.silence.stop_soon).then(|| minus(until, AHEAD)));
            due.extend((!self.silence.stop).then_some(until));
        }
        due.into_iter().map(|at| self.client.time.when(at)).min().unwrap_or(Duration::MAX)
    }

    /// Whether the time that the program has without the server is running out.
    fn counts_down(&self) -> bool {
        self.silence.out_of_touch && self.standing.state != SessionState::Unfunded
    }

    /// The renewal to come of which the program was not told yet. What a pending hold will charge is none.
    fn renewal(&self) -> Option<(Timestamp, crate::Decimal)> {
        let Standing { state, hold, undo_ends_at, next_charge, .. } = &self.standing;
        if *state != SessionState::Open || hold.is_some() || undo_ends_at.is_some() {
            return None;
        }
        let next = next_charge.as_ref()?;
        let at = instant(&next.at)?;
        (self.renewal_told != Some(at) && next.tokens.as_str() != "0").then(|| (at, next.tokens.clone()))
    }

    /// Verifies a lease and keeps it; by fresh keys, when it names one that is not known.
    fn keep(&mut self, lease: &str) {
        match self.client.state.keep_lease(holder(&self.opening), lease) {
            Ok(claims) => self.standing.lease_ends_at = Some(claims.ends_at()),
            Err(LeaseRefusal::UnknownKey) => {
                // Believed for how long the program may run, since the server itself has sent it; kept once its key is
                // known, for a start without the server.
                self.standing.lease_ends_at = ends_of_unverified(lease).or(self.standing.lease_ends_at);
                if !self.keys_asked {
                    self.keys_asked = true;
                    let (client, opening, lease) = (Arc::clone(&self.client), self.opening.clone(), lease.to_owned());
                    let changes = self.changes.clone();
                    tokio::spawn(async move {
                        client.fetch_keys().await;
                        if let Err(refusal) = client.state.keep_lease(holder(&opening), &lease)
                            && client.state.keys().is_some()
                        {
                            // Nobody may be listening.
                            let _ = changes.send(Change::BadLease(refusal));
                        }
                    });
                }
            }
            Err(refusal) => self.tell(Change::BadLease(refusal)),
        }
    }

    /// Fetches beside the session what is good to have when the server is away, and tells it what it was not told.
    fn provide(&self) {
        let (client, product) = (Arc::clone(&self.client), self.opening.product.clone());
        tokio::spawn(async move { client.provide(&product).await });
    }

    async fn close(mut self, reply: Option<Closing>) {
        let client = Arc::clone(&self.client);
        let body = SessionClose { last_activity_at: self.activity() };
        let session = self.standing.session.clone();
        let closed = match &self.phase {
            Phase::Known => client.within(client.patience, || client.close(&session, &body)).await,
            Phase::Refused { .. } => Ok(closed_before(session)),
            // Told now, if the server is there; else by the next program, from the note.
            Phase::Unreached { .. } => {
                let told = client.within(client.patience, || async {
                    client.put(&session, &self.opening).await?;
                    client.close(&session, &body).await
                });
                told.await
            }
        };
        if let (Phase::Unreached { note: Some(note) }, Ok(_) | Err(Error::Refused(_))) = (self.phase, &closed) {
            note.told();
        }
        self.standing.state = SessionState::Ended;
        self.standing.cover = None;
        // The guard may be gone.
        let _ = self.told.send(self.standing);
        if let Some(reply) = reply {
            let _ = reply.send(closed);
        }
    }

    fn activity(&self) -> Option<Instant> {
        self.active_at.map(|at| Instant::new(at.to_string()))
    }

    fn soon(&self) -> Duration {
        self.client.machine.since_start() + LAST_ASKS
    }

    fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.changes.send(change);
    }

    fn publish(&self) {
        self.told.send_replace(self.standing.clone());
    }
}

/// The answer to a close of what has ended.
pub(crate) fn closed_before(session: String) -> SessionClosed {
    SessionClosed { session, state: SessionState::Ended, charged: Vec::new(), ignored: Vec::new() }
}

/// Before anything is known.
fn blank(session: String, runs_until: Timestamp) -> Standing {
    Standing {
        session,
        state: SessionState::Open,
        cover: None,
        hold: None,
        undo_ends_at: None,
        window: None,
        next_charge: None,
        available: None,
        answered_at: None,
        started_by: Some(Leave::Product),
        lease_ends_at: None,
        runs_until,
    }
}

fn instant(at: &Instant) -> Option<Timestamp> {
    at.as_str().parse().ok()
}

/// When a lease says that it ends, believed for nothing but how long to wait.
fn ends_of_unverified(lease: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let claims = lease.split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: super::lease::LeaseClaims = serde_json::from_slice(&claims).ok()?;
    Some(claims.ends_at())
}
