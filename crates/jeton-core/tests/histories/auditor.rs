//! An auditor beside the code: it reads the entries of one team and keeps plain maps of its own.
//!
//! Besides the entries it knows what was *heard* (openings, beats and closes of clients, starts of the server) and
//! the rates that were entered. It shares no arithmetic with the code that it watches: lots are recomputed from
//! the entries, accesses are decided from rule A3, runs are merged from what was heard.

mod agreement;
mod expectation;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::entry::{
    Access, Author, ClosedBy, Continued, Entry, Payment, ReleaseReason, Role, Span, Tags, TeamFact,
};
use jeton_core::id::{DeviceKey, LotNo, MemberKey, OrderId, ProductKey, SessionId, SessionNo};
use jeton_core::lot::{Draw, Lot};
use jeton_core::refusal::Refusal;
use jeton_core::time::{Day, Instant, Zone};
use jeton_core::tokens::Tokens;

/// Whether the rules held; if not, which did not and why.
pub(crate) type Held = Result<(), String>;

macro_rules! must {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}
pub(crate) use must;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
const LOST_AFTER: i64 = 600 * SECOND;
const REVIVE_WITHIN: i64 = 4 * 3600 * SECOND;
const UNFUNDED: i64 = 900 * SECOND;
const LEASE_PAST_UNDO: i64 = 600 * SECOND;
const HOUR: i64 = 3600 * SECOND;
const DEVICES: usize = 3;
const UNDONE_LIMIT: usize = 3;
const OPEN_SESSIONS: usize = 32;

/// An opening or revival: the session, and when.
type Opening = (SessionNo, Instant);

/// Openings by usage day and tags (W10, L2).
type Counted = BTreeMap<(Day, Tags), u32>;

/// A member's use of a product.
pub(crate) type Of = (MemberKey, ProductKey);

/// This many microseconds later, or earlier.
pub(crate) fn later(at: Instant, micros: i64) -> Instant {
    Instant::from_micros(at.micros() + micros).expect("histories keep away from the ends of time")
}

/// A product as the history set it up, and the rates that were entered for it.
#[derive(Debug, Clone)]
pub(crate) struct ProductSeen {
    pub(crate) undo_s: u32,
    pub(crate) min_balance: Tokens,
    /// (entered at, starts at, tokens per day, or none where results are offered instead)
    pub(crate) rates: Vec<(Instant, Instant, Option<Tokens>)>,
}

impl ProductSeen {
    /// C2, as the rule says it.
    fn rate(&self, at: Instant) -> Option<(Instant, Tokens)> {
        let begun = self.rates.iter().filter(|(entered, starts, _)| *entered <= at && *starts <= at);
        let (_, starts, tokens) = begun.max_by_key(|(_, starts, _)| *starts)?;
        tokens.map(|tokens| (*starts, tokens))
    }
}

#[derive(Debug, Clone)]
struct LotSeen {
    credited: Lot,
    available: Tokens,
    held: Tokens,
    spent: Tokens,
    expired: Tokens,
    ended: bool,
    closed: bool,
}

#[derive(Debug, Clone)]
struct SeatSeen {
    span: Span,
    set_at: Instant,
    standing: bool,
}

#[derive(Debug, Clone)]
struct HoldSeen {
    set_at: Instant,
    starts_at: Instant,
    tokens: Tokens,
    undo_s: u32,
    draws: Vec<Draw>,
    /// Sessions that share it, by the opening or revival from which they do.
    joined: Vec<Opening>,
}

#[derive(Debug, Clone, Default)]
struct UseSeen {
    windows: Vec<Span>,
    hold: Option<HoldSeen>,
    seats: Vec<SeatSeen>,
    undone: Vec<Instant>,
    /// Every instant at which a cover can have ended.
    ends: BTreeSet<Instant>,
    /// Openings of a hold that was given back and that the next entry has to count.
    released: Option<(ReleaseReason, Vec<Opening>)>,
}

/// From an opening or revival to the last message that was heard.
#[derive(Debug, Clone, Copy)]
struct Life {
    from: Instant,
    last: Instant,
    open: bool,
}

#[derive(Debug, Clone)]
struct SessionSeen {
    id: SessionId,
    of: Of,
    device: DeviceKey,
    tags: Tags,
    lives: Vec<Life>,
    unfunded_until: Option<Instant>,
    lost_until: Option<Instant>,
}

impl SessionSeen {
    fn life(&self) -> Life {
        self.lives[self.lives.len() - 1]
    }
}

#[derive(Debug, Clone)]
struct MemberSeen {
    role: Role,
    active: bool,
    erased: bool,
    access: Option<Access>,
}

/// Proven times of one product by one member that overlap or touch.
struct RunSeen {
    start: Instant,
    end: Instant,
    lives: BTreeSet<Opening>,
    open: bool,
}

/// What an opening is expected to be covered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Seat,
    Window,
    Join,
    Hold,
    Charge,
}

/// The auditor of one team.
#[derive(Debug, Clone)]
pub(crate) struct Auditor {
    seq: u64,
    last_at: Instant,
    zone: Zone,
    pub(crate) products: BTreeMap<ProductKey, ProductSeen>,
    members: BTreeMap<MemberKey, MemberSeen>,
    default_access: Option<Access>,
    blocked: BTreeSet<ProductKey>,
    lots: BTreeMap<LotNo, LotSeen>,
    /// Unpaid invoices, and when they become overdue.
    unpaid: BTreeMap<OrderId, Instant>,
    overdue: BTreeSet<OrderId>,
    /// Card orders that wait for their payment.
    pending: BTreeSet<OrderId>,
    uses: BTreeMap<Of, UseSeen>,
    sessions: BTreeMap<SessionNo, SessionSeen>,
    refused: BTreeMap<(Option<MemberKey>, Option<ProductKey>, &'static str), Instant>,
    restarted_at: Instant,
    /// The session whose client's message is being decided, and whether it closes.
    message: Option<(SessionNo, bool)>,
    /// A session that was opened to be charged by the next entry.
    charging: Option<SessionNo>,
    /// An order whose lot the next entry has to credit.
    crediting: Option<OrderId>,
    /// Sessions that shared a hold which then gave way to a window that had ended before they were opened: the server
    /// was down for more than a day. They renew from that window's end on, with the session that was open then.
    overtaken: BTreeSet<SessionNo>,
    /// A use of which a run was undone that an earlier session's next proof could have joined, unless it is charged.
    undone_early: Option<Of>,
}

impl Auditor {
    pub(crate) fn new(products: BTreeMap<ProductKey, ProductSeen>, zone: Zone) -> Self {
        Self {
            seq: 0,
            last_at: Instant::FIRST,
            zone,
            products,
            members: BTreeMap::new(),
            default_access: None,
            blocked: BTreeSet::new(),
            lots: BTreeMap::new(),
            unpaid: BTreeMap::new(),
            overdue: BTreeSet::new(),
            pending: BTreeSet::new(),
            uses: BTreeMap::new(),
            sessions: BTreeMap::new(),
            refused: BTreeMap::new(),
            restarted_at: Instant::FIRST,
            message: None,
            charging: None,
            crediting: None,
            overtaken: BTreeSet::new(),
            undone_early: None,
        }
    }

    /// Whether the person behind the key was forgotten (V5).
    pub(crate) fn erased(&self, member: MemberKey) -> bool {
        self.members.get(&member).is_some_and(|member| member.erased)
    }

    /// A client's own beat or close is about to be decided at `now`.
    pub(crate) fn hear(&mut self, session: &SessionId, now: Instant, closing: bool) {
        let open = self.sessions.iter_mut().find(|(_, seen)| seen.id == *session && seen.life().open);
        if let Some((number, seen)) = open {
            let life = seen.lives.len() - 1;
            seen.lives[life].last = now;
            self.message = Some((*number, closing));
        }
    }

    /// The server is back: until now nobody was silent (W8).
    pub(crate) fn restarted(&mut self, now: Instant) {
        self.restarted_at = now;
    }

    /// Everything that is to happen at an instant known already, and has not long gone by.
    pub(crate) fn boundaries(&self, now: Instant) -> BTreeSet<Instant> {
        let open = self.sessions.values().filter(|seen| seen.life().open);
        let mut found = self.boundaries_of_work(now);
        found.extend(self.refused.values().map(|at| later(*at, HOUR)).filter(|at| *at >= now).min());
        found.extend(open.map(|seen| later(seen.life().last.max(self.restarted_at), LOST_AFTER)));
        found
    }

    /// As [`Auditor::boundaries`], without the losses that beats put off.
    pub(crate) fn boundaries_of_work(&self, now: Instant) -> BTreeSet<Instant> {
        let mut found = BTreeSet::new();
        for of in self.uses.values() {
            found.extend(of.windows.iter().map(|window| window.end));
            found
                .extend(of.seats.iter().filter(|seat| seat.standing).flat_map(|seat| [seat.span.start, seat.span.end]));
            if let Some(hold) = &of.hold {
                let undo = i64::from(hold.undo_s) * SECOND;
                found.extend(self.runs(hold).iter().map(|run| later(run.start, undo)));
            }
        }
        for seen in self.sessions.values() {
            found.extend(seen.lost_until.into_iter().chain(seen.unfunded_until));
        }
        found.extend(self.lots.values().filter(|lot| !lot.ended).map(|lot| lot.credited.ends_at));
        found.extend(self.unpaid.iter().filter(|(order, _)| !self.overdue.contains(*order)).map(|(_, at)| *at));
        found.retain(|at| later(*at, 61 * SECOND) > now);
        found
    }

    /// Reads the next entry.
    pub(crate) fn read(&mut self, entry: &Entry<TeamFact>) -> Held {
        self.seq += 1;
        let at = entry.at;
        must!(self.last_at <= at, "W9: entry {} goes back to {at}", self.seq);
        self.last_at = at;
        let is_due = matches!(
            entry.fact,
            TeamFact::SeatBegun { .. }
                | TeamFact::SessionLost { .. }
                | TeamFact::SessionEnded { .. }
                | TeamFact::InvoiceOverdue { .. }
        );
        must!(!is_due || entry.by == Author::Server, "V1: what is due has the server for its author");
        if let Some(number) = self.charging.take() {
            let charges =
                matches!(&entry.fact, TeamFact::ChargeMade(made) if self.sessions[&number].id == made.session);
            must!(charges, "W2: an opening charged at once is followed by its charge");
        }
        if let Some(order) = self.crediting.take() {
            let credits = matches!(&entry.fact, TeamFact::LotCredited(lot) if lot.order == order);
            must!(credits, "P3: the lot of {order} is not credited");
        } else {
            must!(!matches!(&entry.fact, TeamFact::LotCredited(_)), "P3: a lot is credited without its order");
        }
        match &entry.fact {
            TeamFact::TeamSet(_) => {}
            TeamFact::MemberSet { member, role } => {
                must!(!self.erased(*member), "V5: {member:?} was erased, and is written again");
                let standing = self.members.remove(member).and_then(|member| member.access);
                self.members.insert(*member, MemberSeen { role: *role, active: true, erased: false, access: standing });
            }
            TeamFact::MemberDeactivated { member } => self.member(*member).active = false,
            TeamFact::MemberErased { member } => {
                let erased = MemberSeen { role: Role::Member, active: false, erased: true, access: None };
                *self.member(*member) = erased;
                for seen in self.sessions.values_mut().filter(|seen| seen.of.0 == *member) {
                    must!(!seen.life().open, "V5: {} of the erased is open", seen.id);
                    seen.lost_until = None;
                }
            }
            TeamFact::AssignmentSet { member, products } => self.member(*member).access = Some(products.clone()),
            TeamFact::AssignmentRemoved { member } => self.member(*member).access = None,
            TeamFact::DefaultAccessSet { products } => self.default_access.clone_from(products),
            TeamFact::BlockedProductsSet { products } => self.blocked.clone_from(products),
            TeamFact::SeatSet { member, product, span, .. } => {
                let of = (*member, *product);
                self.withdraw(of, at);
                let seen = self.uses.entry(of).or_default();
                seen.seats.push(SeatSeen { span: *span, set_at: at, standing: true });
                seen.ends.insert(span.end);
            }
            TeamFact::SeatRemoved { member, product } => self.withdraw((*member, *product), at),
            TeamFact::SeatBegun { member, product, until, launches } => {
                self.seat_begun((*member, *product), *until, launches, at)?;
            }
            TeamFact::OrderPlaced(placed) => {
                must!(placed.invoice.is_some() == (placed.payment == Payment::Invoice), "P3: {placed:?}");
                match &placed.invoice {
                    Some(invoice) => {
                        self.unpaid.insert(placed.order.clone(), invoice.overdue_at);
                        self.crediting = Some(placed.order.clone());
                    }
                    None => _ = self.pending.insert(placed.order.clone()),
                }
            }
            TeamFact::PaymentRecorded { order, .. } => {
                self.crediting = self.pending.take(order);
                self.unpaid.remove(order);
                self.overdue.remove(order);
            }
            TeamFact::InvoiceOverdue { order } => {
                must!(self.unpaid.get(order) == Some(&at), "P8: {order} is overdue at the end of its due day");
                self.overdue.insert(order.clone());
            }
            TeamFact::LotCredited(lot) => self.credited(lot, at)?,
            TeamFact::LotExpired { lot, tokens } => {
                let seen = self.lots.get_mut(lot).ok_or("P4: a lot that nobody credited expires")?;
                must!(seen.ended || at == seen.credited.ends_at, "P4: lot {lot} ends at {}", seen.credited.ends_at);
                must!(seen.available == *tokens, "P4: {} of lot {lot} were left, {tokens} expire", seen.available);
                seen.expired += *tokens;
                seen.available = Tokens::ZERO;
                seen.ended = true;
            }
            TeamFact::LotClosed(lot) => {
                self.compare_lot(lot)?;
                let seen = self.lots.get_mut(&lot.lot).ok_or("P4: a lot that nobody credited is closed")?;
                let over = seen.ended && seen.held.is_zero() && seen.available.is_zero() && !seen.closed;
                must!(over, "P4: lot {} is closed with something left", lot.lot);
                seen.closed = true;
            }
            TeamFact::SessionOpened(opened) => {
                let (number, of) = (SessionNo(self.seq), (opened.member, opened.product));
                let live = |seen: &SessionSeen| seen.life().open || seen.lost_until.is_some_and(|until| at <= until);
                let known = self.sessions.values().any(|seen| seen.id == opened.session && live(seen));
                must!(!known, "V4: {} was opened twice", opened.session);
                let expected = self.expected(of, Some(opened.device), at);
                must!(opened.day == self.zone.day_of(at), "W10: the day of the opening");
                let (id, device, tags) = (opened.session.clone(), opened.device, opened.tags.clone());
                let (lives, unfunded_until, lost_until) = (vec![life(at)], None, None);
                self.sessions.insert(number, SessionSeen { id, of, device, tags, lives, unfunded_until, lost_until });
                self.covered(number, &opened.cover, expected, opened.lease_until, at)?;
            }
            TeamFact::SessionRevived { session, cover, lease_until, day: _ } => {
                let seen = self.session(*session)?;
                let (of, device) = (seen.of, seen.device);
                must!(seen.lost_until.is_some_and(|until| at <= until), "W8: only who was lost lately is revived");
                let expected = self.expected_revival(of, device, at);
                let seen = self.session(*session)?;
                seen.lost_until = None;
                seen.lives.push(life(at));
                self.covered(*session, cover, expected, *lease_until, at)?;
            }
            TeamFact::SessionClosed { session, proof, closed_by, .. } => {
                let ended = *closed_by == ClosedBy::Admin || proof.to == at;
                must!(ended, "W4: a client's close is a proof of use");
                self.ended(*session, proof)?;
            }
            TeamFact::SessionLost { session, proof, revivable_until, active_at: _ } => {
                let silent_since = self.session(*session)?.life().last.max(self.restarted_at);
                must!(at == later(silent_since, LOST_AFTER), "W8: lost at {at}, silent since {silent_since}");
                must!(*revivable_until == later(proof.to, REVIVE_WITHIN), "W8: revivable for four hours");
                self.ended(*session, proof)?;
                self.session(*session)?.lost_until = Some(*revivable_until);
            }
            TeamFact::SessionEnded { session, proof, .. } => {
                must!(
                    self.session(*session)?.unfunded_until == Some(at),
                    "W7: an unfunded session ends when it was told"
                );
                self.ended(*session, proof)?;
            }
            TeamFact::RunUndone { member, product, runs } => self.run_undone((*member, *product), runs, at)?,
            TeamFact::HoldReleased { member, product, draws, why } => {
                let of = self.uses.entry((*member, *product)).or_default();
                let hold = of.hold.take().ok_or("W2: a hold that nobody set is released")?;
                must!(hold.draws == *draws, "V3: a hold gives back what it took");
                let undone = *why == ReleaseReason::Undone;
                must!(!undone || hold.joined.is_empty(), "W2: a hold is released when no run is left");
                if !undone {
                    of.released = Some((*why, hold.joined));
                }
                self.each_lot(draws, |lot, tokens| {
                    lot.held -= tokens;
                    lot.available += tokens;
                });
            }
            TeamFact::ChargeMade(charge) => self.charged(charge, at)?,
            TeamFact::GroupSet { .. }
            | TeamFact::GroupRemoved { .. }
            | TeamFact::CapSet { .. }
            | TeamFact::CapRemoved { .. }
            | TeamFact::RequiredTagsSet { .. }
            | TeamFact::PlanSet { .. }
            | TeamFact::AgreementSet { .. }
            | TeamFact::AgreementRemoved { .. }
            | TeamFact::CreditsGranted { .. }
            | TeamFact::RenewalDeferred { .. }
            | TeamFact::SessionReturned { .. }
            | TeamFact::JobHeld(_)
            | TeamFact::JobExtended { .. }
            | TeamFact::JobCommitted(_)
            | TeamFact::JobReleased { .. } => return Err("these histories have none of this".into()),
            TeamFact::CoverContinued { session, after, cover, proof } => {
                let of = self.renewed(*session, *after, proof, at)?;
                let expected = self.expected_renewal(of, *after);
                let (kind, until, stands) = match cover {
                    Continued::Seat { until } => (Expected::Seat, until, self.seat(of, *after)),
                    Continued::Window { until } => {
                        (Expected::Window, until, self.windows(of).iter().map(|window| window.end).max())
                    }
                };
                must!(expected == Ok(kind), "W5: continued by {kind:?}, expected {expected:?}");
                must!(stands == Some(*until), "W5: {kind:?} ends at {stands:?}, not {until}");
                self.session(*session)?.unfunded_until = None;
            }
            TeamFact::RenewalRefused { session, after, refusal, ends_at, proof, returning: _ } => {
                let of = self.renewed(*session, *after, proof, at)?;
                let closing = self.message.is_some_and(|(_, closing)| closing);
                let expected = self.expected_renewal(of, *after);
                must!(expected == Err(refusal.code()), "W5: {} at {at}, expected {expected:?}", refusal.code());
                if let Refusal::InsufficientTokens { required, available, shortfall } = refusal {
                    let known = self.available_to_renew(of);
                    must!(*available == known && *shortfall == *required - known, "A3.10: {refusal:?}, not {known}");
                }
                must!(!closing && *ends_at == later(at, UNFUNDED), "W7: fifteen minutes from the first refusal");
                let seen = self.session(*session)?;
                must!(seen.unfunded_until.is_none(), "W7: a later refusal moves nothing");
                seen.unfunded_until = Some(*ends_at);
                self.refused.insert((Some(of.0), Some(of.1), refusal.code()), at);
            }
            TeamFact::Refused { member, product, refusal } => {
                let before = self.refused.insert((*member, *product, refusal.code()), at);
                must!(before.is_none_or(|before| later(before, HOUR) <= at), "V1: kept once in an hour");
            }
        }
        Ok(())
    }

    fn member(&mut self, member: MemberKey) -> &mut MemberSeen {
        self.members.get_mut(&member).expect("an entry about a member comes after the member's own")
    }

    fn session(&mut self, session: SessionNo) -> Result<&mut SessionSeen, String> {
        self.sessions.get_mut(&session).ok_or_else(|| format!("V1: nobody opened session {session}"))
    }

    fn each_lot(&mut self, draws: &[Draw], mut change: impl FnMut(&mut LotSeen, Tokens)) {
        for draw in draws {
            change(self.lots.get_mut(&draw.lot).expect("what is drawn was credited"), draw.tokens);
        }
    }
}

fn life(at: Instant) -> Life {
    Life { from: at, last: at, open: true }
}
