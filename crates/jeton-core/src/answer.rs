//! What a session's client is told: of what was decided, and of the moment (V4), and the lease that goes with it
//! (W11).

use alloc::vec::Vec;

use crate::catalogue::Catalogue;
use crate::decision::Decision;
use crate::entry::{OpeningCover, Span};
use crate::id::{Seq, SessionId, SessionNo};
use crate::opening::Terms;
use crate::presence::{LeaseGiven, Presence};
use crate::refusal::{Refusal, Warning};
use crate::run;
use crate::team::{Cover, Session, Team};
use crate::time::{Elapsed, Instant};
use crate::tokens::Tokens;

/// How much longer than the undo interval the lease of a held opening lasts (W11).
const LEASE_PAST_UNDO: Elapsed = Elapsed::seconds(600);
/// The longest life of a lease (W11).
const LEASE_LIFE: Elapsed = Elapsed::WINDOW;

/// What state a session is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Open,
    /// Past its cover, and nobody has been active since (W6).
    Idle,
    Unfunded,
    Ended,
}

impl SessionState {
    /// Its name in the public contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Idle => "idle",
            Self::Unfunded => "unfunded",
            Self::Ended => "ended",
        }
    }
}

/// A charge as an answer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    pub charge: Seq,
    pub tokens: Tokens,
    pub window: Span,
}

/// What will be charged next if the product stays open, as things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextCharge {
    pub at: Instant,
    pub tokens: Tokens,
}

/// The answer to an opening, a beat or a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionAnswer {
    pub session: SessionId,
    pub state: SessionState,
    /// `tokens` when this session's opening or renewal made the hold or the charge, `window` when one was there
    /// already, `seat`, or nothing.
    pub cover: Option<&'static str>,
    pub hold: Option<Tokens>,
    pub undo_ends_at: Option<Instant>,
    pub window: Option<Span>,
    pub charged: Vec<Charged>,
    pub next_charge: Option<NextCharge>,
    pub available: Tokens,
    pub heartbeat_s: u32,
    pub lease: Option<LeaseGiven>,
    pub warnings: Vec<Warning>,
    /// Of a renewal (W7).
    pub refusal: Option<Refusal>,
    pub ends_at: Option<Instant>,
}

impl SessionAnswer {
    /// The same for a session that has ended.
    #[must_use]
    pub(crate) fn ended(self) -> Self {
        let (cover, hold, undo_ends_at, window, next_charge, ends_at) = (None, None, None, None, None, None);
        Self { state: SessionState::Ended, cover, hold, undo_ends_at, window, next_charge, ends_at, ..self }
    }
}

/// What opening a product now would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteAnswer {
    pub cover: Option<&'static str>,
    /// What it would cost.
    pub tokens: Tokens,
    pub available: Tokens,
    pub warnings: Vec<Warning>,
    pub refusal: Option<Refusal>,
    /// The team wants the member to be asked, since it costs something (N2).
    pub ask: bool,
}

impl QuoteAnswer {
    pub(crate) fn new(terms: Result<Terms, Refusal>, available: Tokens, team_asks: bool) -> Self {
        match terms {
            Err(refusal) => {
                let (tokens, warnings, refusal) = (Tokens::ZERO, Vec::new(), Some(refusal));
                Self { cover: None, tokens, available, warnings, refusal, ask: false }
            }
            Ok(terms) => {
                let (cover, tokens) = match &terms {
                    Terms::Seat { .. } => ("seat", Tokens::ZERO),
                    Terms::Window { .. } | Terms::Join { .. } => ("window", Tokens::ZERO),
                    Terms::Hold { rate, .. } | Terms::Charge { rate, .. } => ("tokens", rate.tokens),
                };
                let warnings = crate::opening::warnings_of(&terms);
                let ask = team_asks && tokens > Tokens::ZERO;
                Self { cover: Some(cover), tokens, available, warnings, refusal: None, ask }
            }
        }
    }
}

/// What is to be said of a live session at `now`.
pub fn session_answer(
    team: &Team,
    presence: &Presence,
    catalogue: &Catalogue,
    number: SessionNo,
    now: Instant,
) -> Option<SessionAnswer> {
    let session = team.session(number)?;
    let used = team.use_of(session.member, session.product);
    let hold = used.and_then(|of| of.hold.as_ref());
    let running = used.and_then(|of| of.window).map(|window| window.span);
    let mut answer = SessionAnswer {
        session: session.id.clone(),
        state: SessionState::Open,
        cover: None,
        hold: None,
        undo_ends_at: None,
        window: None,
        charged: Vec::new(),
        next_charge: None,
        available: team.lots.available(),
        heartbeat_s: catalogue.settings.heartbeat_s,
        lease: None,
        warnings: Vec::new(),
        refusal: None,
        ends_at: None,
    };
    match session.cover {
        Cover::Held { made } => {
            answer.cover = Some(if made { "tokens" } else { "window" });
            answer.hold = hold.map(|hold| hold.rate.tokens);
            answer.undo_ends_at = hold.and_then(|hold| run::undo_ends_at(hold, presence, number));
            answer.next_charge = answer.undo_ends_at.zip(answer.hold).map(|(at, tokens)| NextCharge { at, tokens });
        }
        Cover::Window { until, made } if until > now => {
            answer.cover = Some(if made { "tokens" } else { "window" });
            answer.window = running.filter(|window| window.end == until);
            answer.next_charge = next_charge(team, catalogue, session, until);
        }
        Cover::Seat { until } if until > now => {
            answer.cover = Some("seat");
            answer.next_charge = next_charge(team, catalogue, session, until);
        }
        Cover::Window { .. } | Cover::Seat { .. } => {}
        Cover::Idle { .. } => answer.state = SessionState::Idle,
        Cover::Unfunded { ends_at, .. } => {
            answer.state = SessionState::Unfunded;
            answer.ends_at = Some(ends_at);
        }
        Cover::Lost { .. } => answer.state = SessionState::Ended,
    }
    Some(answer)
}

/// Seats first: what a seat covers after the cover's end is not charged.
fn next_charge(team: &Team, catalogue: &Catalogue, session: &Session, until: Instant) -> Option<NextCharge> {
    let mut at = until;
    while let Some(later) = team.seat_until(session.member, session.product, at) {
        at = later;
    }
    let rate = team.rate_in_force(catalogue.product(session.product)?, at)?.daily()?;
    Some(NextCharge { at, tokens: rate.tokens })
}

impl Decision<'_> {
    /// What is to be said of a live session, with the charges of this decision.
    pub(crate) fn answer(&self, number: SessionNo) -> SessionAnswer {
        let answer = session_answer(self.team, self.presence, self.catalogue, number, self.now);
        let answer = answer.expect("what is answered is in the state");
        SessionAnswer { charged: self.charged.clone(), ..answer }
    }

    /// The lease of an opening: it ends with the cover, and at most 24 hours from now (W11).
    pub(crate) fn lease_for(&self, cover: &OpeningCover) -> LeaseGiven {
        let (cover, ends) = match cover {
            OpeningCover::Seat { until } => ("seat", *until),
            OpeningCover::Window { window, .. } => ("window", window.end),
            OpeningCover::Joined { undo_ends_at, .. } => ("window", undo_ends_at.plus(LEASE_PAST_UNDO)),
            OpeningCover::Hold(set) => ("tokens", self.now.plus(Elapsed::seconds(set.undo_s)).plus(LEASE_PAST_UNDO)),
            OpeningCover::Charge => ("tokens", self.now.plus(Elapsed::WINDOW)),
        };
        LeaseGiven { issued_at: self.now, until: ends.min(self.now.plus(LEASE_LIFE)), cover }
    }

    /// A new lease for a beat, when the last has less than half its life left and the new one would end later,
    /// when what it says has changed, or when it was asked for; otherwise the old one holds (W11).
    pub(crate) fn lease_on_beat(&mut self, number: SessionNo, asked: bool) -> Option<LeaseGiven> {
        let session = self.team.session(number)?;
        let (cover, ends) = match session.cover {
            Cover::Window { until, made } if until > self.now => (if made { "tokens" } else { "window" }, until),
            Cover::Seat { until } if until > self.now => ("seat", until),
            Cover::Held { made } => {
                let hold = self.team.use_of(session.member, session.product)?.hold.as_ref()?;
                let undo_ends_at = run::undo_ends_at(hold, self.presence, number)?;
                (if made { "tokens" } else { "window" }, undo_ends_at.plus(LEASE_PAST_UNDO))
            }
            Cover::Window { .. }
            | Cover::Seat { .. }
            | Cover::Idle { .. }
            | Cover::Unfunded { .. }
            | Cover::Lost { .. } => return None,
        };
        let fresh = LeaseGiven { issued_at: self.now, until: ends.min(self.now.plus(LEASE_LIFE)), cover };
        let given = self.presence.of(number).and_then(|alive| alive.lease);
        let due = given.is_none_or(|last| {
            let half_gone = last.until.since(self.now) < last.until.since(last.issued_at).half();
            last.cover != fresh.cover || (half_gone && fresh.until > last.until)
        });
        if !due && !asked {
            return None;
        }
        self.presence.leased(number, fresh);
        Some(fresh)
    }
}
