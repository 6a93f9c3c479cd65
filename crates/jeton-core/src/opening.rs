//! Openings: who may open what, and what it costs (A1–A3, W1–W3).

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::{Charged, QuoteAnswer, SessionAnswer};
use crate::cap::{self, Counted};
use crate::catalogue::{DailyRate, Product};
use crate::decision::{Decision, Granted, OpenSession, room};
use crate::entry::{
    ChargeCause, ChargeMade, HoldSet, Launch, OpeningCover, Proof, SessionOpened, Span, Tags, TeamFact,
};
use crate::id::{DeviceKey, MemberKey, ProductKey, Seq, SessionNo};
use crate::limits;
use crate::lot::Draw;
use crate::presence::Alive;
use crate::refusal::{Limit, OpenElsewhere, Refusal, Warning};
use crate::run::undo_ends_at_of_joining;
use crate::team::Hold;
use crate::time::{Day, Elapsed, Instant};
use crate::tokens::Tokens;

/// What an opening would be, all checks passed.
pub(crate) enum Terms {
    Seat {
        until: Instant,
    },
    Window {
        window: Span,
        day: Day,
    },
    /// A hold that is pending.
    Join {
        tokens: Tokens,
        undo_ends_at: Instant,
    },
    Hold {
        rate: DailyRate,
        draws: Vec<Draw>,
        undo_s: u32,
        /// The soft caps that it passes.
        passed: Vec<Warning>,
    },
    Charge {
        rate: DailyRate,
        draws: Vec<Draw>,
        cause: ChargeCause,
        passed: Vec<Warning>,
    },
}

/// An opening that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'t> {
    pub(crate) member: MemberKey,
    pub(crate) product: ProductKey,
    /// When it begins: seat, rate and usage day are those of this instant, all else is as of now.
    pub(crate) at: Instant,
    /// `None` where it is open on one already, or nobody said.
    pub(crate) device: Option<DeviceKey>,
    /// `None` where nobody said.
    pub(crate) tags: Option<&'t Tags>,
}

impl Terms {
    /// The cover of an opening on these terms, as the entry keeps it.
    pub(crate) fn cover(&self) -> OpeningCover {
        match self {
            Terms::Seat { until } => OpeningCover::Seat { until: *until },
            Terms::Window { window, day } => OpeningCover::Window { window: *window, day: *day },
            Terms::Join { tokens, undo_ends_at } => {
                OpeningCover::Joined { tokens: *tokens, undo_ends_at: *undo_ends_at }
            }
            Terms::Hold { rate, draws, undo_s, passed: _ } => {
                OpeningCover::Hold(Box::new(HoldSet { rate: *rate, draws: draws.clone(), undo_s: *undo_s }))
            }
            Terms::Charge { .. } => OpeningCover::Charge,
        }
    }
}

impl Decision<'_> {
    /// What opening now would do; nothing is decided.
    pub(crate) fn quote(
        &self,
        member: MemberKey,
        product: ProductKey,
        device: Option<DeviceKey>,
        tags: Option<&Tags>,
    ) -> QuoteAnswer {
        let terms = self.terms(Asked { member, product, at: self.now, device, tags });
        let team_asks = self.team.profile.as_ref().is_some_and(|profile| profile.ask_before_charge);
        QuoteAnswer::new(terms, self.team.lots.available(), team_asks)
    }

    pub(crate) fn open_session(&mut self, open: OpenSession) -> Result<Granted, Refusal> {
        if let Some(number) = self.live(&open.session) {
            return Ok(Granted::Known { seq: Seq(number.0) });
        }
        let member = self.known_member(open.member)?;
        let product = self.known_product(&open.product)?;
        let (device, tags) = (Some(open.device), Some(&open.tags));
        let terms = self.terms(Asked { member, product, at: self.now, device, tags });
        let terms = self.kept(Some(member), Some(product), terms)?;
        let number = SessionNo(self.team.seq + 1);
        let warnings = warnings_of(&terms);
        let (cover, day) = (terms.cover(), self.today());
        let lease = self.lease_for(&cover);
        let opened = SessionOpened {
            session: open.session,
            member,
            product,
            version: open.version,
            device: open.device,
            tags: open.tags,
            lease_until: lease.until,
            cover,
            day,
        };
        let seq = self.emit(TeamFact::SessionOpened(Box::new(opened)));
        self.present(number, self.now);
        self.charge_at_once(number, terms, self.now);
        self.presence.leased(number, lease);
        let answer = SessionAnswer { lease: Some(lease), warnings, ..self.answer(number) };
        Ok(Granted::Opened { opened: seq, answer })
    }

    /// The seat in force, or the window that runs: what a lost session that is heard of again goes on under (W8).
    pub(crate) fn running_cover(&self, member: MemberKey, product: ProductKey) -> Option<Terms> {
        self.seat(member, product, self.now).or_else(|| self.window(member, product, self.now))
    }

    /// A3.3: the seat in force.
    fn seat(&self, member: MemberKey, product: ProductKey, at: Instant) -> Option<Terms> {
        let until = self.team.seat_until(member, product, at)?;
        Some(Terms::Seat { until })
    }

    /// A3.7: the window that runs.
    fn window(&self, member: MemberKey, product: ProductKey, at: Instant) -> Option<Terms> {
        let window = self.team.use_of(member, product)?.window_at(at)?;
        Some(Terms::Window { window: window.span, day: window.day })
    }

    /// A3 from step 2 on: the first check that fails is the answer.
    pub(crate) fn terms(&self, asked: Asked<'_>) -> Result<Terms, Refusal> {
        let Asked { member, product, at, device, tags } = asked;
        let product = self.product(product);
        self.check_member(member)?;
        if let Some(device) = device {
            self.check_devices(member, product.key, device)?;
        }
        if let Some(tags) = tags {
            self.check_tags(tags)?;
        }
        if let Some(seat) = self.seat(member, product.key, at) {
            return Ok(seat);
        }
        self.check_access(member, product.key)?;
        if let Some(window) = self.window(member, product.key, at) {
            return Ok(window);
        }
        let used = self.team.use_of(member, product.key);
        if let Some(hold) = used.and_then(|of| of.hold.as_ref()) {
            let undo_ends_at = undo_ends_at_of_joining(hold, self.presence, at);
            return Ok(Terms::Join { tokens: hold.rate.tokens, undo_ends_at });
        }
        let rate = self.daily_rate(product, at)?;
        let passed = self.check_caps(member, product.key, self.day_of(at), rate.tokens, None)?;
        check_tokens(rate.tokens, product, self.team.lots.available())?;
        let draws = self.team.lots.choose(rate.tokens).expect("what is available can be drawn (P5)");
        let undone = used.map_or(0, |of| of.undone_within_a_day(self.now));
        let undone = u32::try_from(undone).unwrap_or(u32::MAX);
        Ok(if product.spec.undo_s == 0 {
            Terms::Charge { rate, draws, cause: ChargeCause::NoUndoInterval, passed }
        } else if undone >= self.catalogue.settings.undone_limit {
            Terms::Charge { rate, draws, cause: ChargeCause::UndoneOften { undone }, passed }
        } else {
            Terms::Hold { rate, draws, undo_s: product.spec.undo_s, passed }
        })
    }

    pub(crate) fn product(&self, product: ProductKey) -> &Product {
        self.catalogue.product(product).expect("a known product is in the catalogue")
    }

    /// A3.8: the daily rate in force at `at` (C4).
    pub(crate) fn daily_rate(&self, product: &Product, at: Instant) -> Result<DailyRate, Refusal> {
        self.team.rate_in_force(product, at).and_then(|rate| rate.daily()).ok_or(Refusal::NotOnRateSheet)
    }

    /// A3.2, of the member.
    pub(crate) fn check_member(&self, member: MemberKey) -> Result<(), Refusal> {
        if self.team.members[&member].active { Ok(()) } else { Err(Refusal::MemberInactive) }
    }

    /// W3: a product is open for a member on so many devices at a time.
    pub(crate) fn check_devices(
        &self,
        member: MemberKey,
        product: ProductKey,
        device: DeviceKey,
    ) -> Result<(), Refusal> {
        let open = || {
            let numbers = self.team.use_of(member, product).into_iter().flat_map(|of| &of.sessions);
            numbers.filter_map(|number| self.team.session(*number))
        };
        let devices: BTreeSet<DeviceKey> = open().map(|session| session.device).collect();
        let limit = self.catalogue.settings.devices;
        if !devices.contains(&device) && devices.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            let sessions = open().map(|open| OpenElsewhere { session: open.id.clone(), device: open.device }).collect();
            return Err(Refusal::TooManyDevices { limit, sessions });
        }
        room(self.team.members[&member].open_sessions, limits::OPEN_SESSIONS, Limit::OpenSessions)
    }

    /// L2: a tag that the team requires is there, and says something.
    pub(crate) fn check_tags(&self, tags: &Tags) -> Result<(), Refusal> {
        let said = |tag: &&String| tags.get(*tag).is_some_and(|value| !value.is_empty());
        let missing: BTreeSet<String> = self.team.required_tags.iter().filter(|tag| !said(tag)).cloned().collect();
        if missing.is_empty() { Ok(()) } else { Err(Refusal::TagRequired { tags: missing }) }
    }

    /// A3.9: the caps of the team (L1). `without` is a hold that would be given back. The answer is what the asker
    /// should know of soft caps.
    pub(crate) fn check_caps(
        &self,
        member: MemberKey,
        product: ProductKey,
        day: Day,
        tokens: Tokens,
        without: Option<&Hold>,
    ) -> Result<Vec<Warning>, Refusal> {
        let groups = &self.team.members[&member].groups;
        let counted = Counted { member, groups, product, day, tokens };
        let without = without.map(|hold| (hold.day, hold.rate.tokens));
        let passed = cap::check(&self.team.caps, &self.team.spending, &counted, without);
        Ok(passed.map_err(Refusal::CapReached)?.into_iter().map(Warning::CapPassed).collect())
    }

    /// A3.4 to A3.6: assignment, blocked and restricted products, payment.
    pub(crate) fn check_access(&self, member: MemberKey, product: ProductKey) -> Result<(), Refusal> {
        let mut granted = self.team.access_of(member).peekable();
        if granted.peek().is_none() {
            return Err(Refusal::NotAssigned);
        }
        if self.team.blocked.contains(&product) {
            return Err(Refusal::ProductBlocked);
        }
        if !granted.any(|access| access.allows(product)) {
            return Err(Refusal::ProductRestricted);
        }
        if self.team.overdue.is_empty() { Ok(()) } else { Err(Refusal::PaymentOverdue) }
    }

    /// A session is heard of from here on, and was active at `active_at`.
    pub(crate) fn present(&mut self, number: SessionNo, active_at: Instant) {
        let now = self.now;
        let alive = Alive { from: now, last_proof: now, last_activity: active_at, silent_since: now, lease: None };
        self.presence.set(number, alive);
    }

    /// The charge of an opening that is charged at once; its window begins at `start`.
    pub(crate) fn charge_at_once(&mut self, number: SessionNo, terms: Terms, start: Instant) {
        if let Terms::Charge { rate, draws, cause, passed: _ } = terms {
            let session = self.team.session(number).expect("the session was opened just now");
            let (member, product, tags) = (session.member, session.product, session.tags.clone());
            let launches = alloc::vec![Launch { day: self.day_of(start), tags: tags.clone(), count: 1 }];
            let terms = ChargeTerms { member, product, session: number, cause, start, rate, draws, launches, tags };
            self.charge(terms);
        }
    }

    /// Makes a charge whose window begins at `start`.
    pub(crate) fn charge(&mut self, terms: ChargeTerms) {
        let proofs = alloc::vec![self.proof_of(terms.session)];
        self.charge_proven(terms, proofs);
    }

    /// As [`Decision::charge`], on the proofs of several sessions.
    pub(crate) fn charge_proven(&mut self, terms: ChargeTerms, proofs: Vec<Proof>) {
        let window = Span { start: terms.start, end: terms.start.plus(Elapsed::WINDOW) };
        let charge = ChargeMade {
            member: terms.member,
            product: terms.product,
            session: self.team.session(terms.session).expect("a message of a live session made it").id.clone(),
            cause: terms.cause,
            window,
            day: self.day_of(terms.start),
            rate: terms.rate,
            draws: terms.draws,
            proofs,
            launches: terms.launches,
            tags: terms.tags,
        };
        let (tokens, window) = (charge.tokens(), charge.window);
        let charged = |charge: Seq| Charged { charge, tokens, window };
        let drawn: Vec<_> = charge.draws.iter().map(|draw| draw.lot).collect();
        let seq = self.emit(TeamFact::ChargeMade(Box::new(charge)));
        self.charged.push(charged(seq));
        for lot in drawn {
            self.close_lot_if_over(lot);
        }
    }

    /// The team's day of an instant.
    pub(crate) fn day_of(&self, at: Instant) -> Day {
        self.team.profile.as_ref().expect("a team that is used has been entered").time_zone.day_of(at)
    }

    pub(crate) fn today(&self) -> Day {
        self.day_of(self.now)
    }
}

/// What a charge is made on.
pub(crate) struct ChargeTerms {
    pub(crate) member: MemberKey,
    pub(crate) product: ProductKey,
    pub(crate) session: SessionNo,
    pub(crate) cause: ChargeCause,
    pub(crate) start: Instant,
    pub(crate) rate: DailyRate,
    pub(crate) draws: Vec<Draw>,
    pub(crate) launches: Vec<Launch>,
    pub(crate) tags: Tags,
}

/// A3.10, and C3 for the products that ask for a balance.
pub(crate) fn check_tokens(rate: Tokens, product: &Product, available: Tokens) -> Result<(), Refusal> {
    let required = rate.max(product.spec.min_balance);
    if required <= available {
        return Ok(());
    }
    Err(Refusal::InsufficientTokens { required, available, shortfall: required - available })
}

/// What the asker should know of an opening on these terms.
pub(crate) fn warnings_of(terms: &Terms) -> Vec<Warning> {
    match terms {
        Terms::Charge { cause: ChargeCause::UndoneOften { undone }, passed, .. } => {
            let at_once = Warning::ChargedAtOnce { undone: *undone };
            core::iter::once(at_once).chain(passed.iter().cloned()).collect()
        }
        Terms::Hold { passed, .. } | Terms::Charge { passed, .. } => passed.clone(),
        Terms::Seat { .. } | Terms::Window { .. } | Terms::Join { .. } => Vec::new(),
    }
}
