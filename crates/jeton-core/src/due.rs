//! What becomes due by itself: seats that begin, losses, ends of unfunded sessions, lapses of job holds, ends of lots,
//! overdue invoices.
//!
//! Each command first takes all that was due by its instant, in the order of the instants (ties in the order of
//! [`Due`], then by id), each as entries at the instant at which it was due. So timers only wake the engine, and
//! extra wake-ups change no entry.

use alloc::boxed::Box;

use crate::catalogue::Catalogue;
use crate::decision::Decision;
use crate::entry::{Author, JobRelease, Proof, ReleaseReason, TeamFact};
use crate::id::{LotNo, MemberKey, OrderId, ProductKey, SessionNo};
use crate::presence::Presence;
use crate::run::launches;
use crate::team::{Cover, Due, Team};
use crate::time::{Elapsed, Instant};
use crate::tokens::Tokens;

/// What is due next, and when.
pub(crate) fn next(team: &Team, presence: &Presence, catalogue: &Catalogue) -> Option<(Instant, Due)> {
    let lost_after = Elapsed::seconds(catalogue.settings.lost_after_s);
    let silent = presence.most_silent().map(|(since, session)| (since.plus(lost_after), Due::SessionLost(session)));
    match (team.next_due(), silent) {
        (Some(standing), Some(silent)) => Some(silent.min(standing.clone())),
        (Some(standing), None) => Some(standing.clone()),
        (None, silent) => silent,
    }
}

impl Decision<'_> {
    /// Does everything that is due by `now`.
    pub(crate) fn run_due(&mut self) {
        let (asked_at, asked_by) = (self.now, self.by.clone());
        self.by = Author::Server;
        while let Some((at, due)) = next(self.team, self.presence, self.catalogue)
            && at <= asked_at
        {
            // Instants never go back (W9), also where a change of settings makes something due in the past.
            self.now = at.max(self.team.last_at);
            match due {
                Due::SeatBegins(member, product) => self.begin_seat(member, product),
                Due::SessionLost(session) => self.lose(session),
                Due::UnfundedEnds(session) => self.end_unfunded(session),
                // R1: nobody has committed it in time.
                Due::JobLapses(job) => _ = self.end_job(job, JobRelease::Lapsed),
                Due::LotEnds(lot) => self.end_lot(lot),
                Due::InvoiceOverdue(order) => self.overdue(order),
            }
        }
        (self.now, self.by) = (asked_at, asked_by);
    }

    /// A2: a seat that begins while a hold is pending releases it, and covers what was held.
    fn begin_seat(&mut self, member: MemberKey, product: ProductKey) {
        let hold = self.team.use_of(member, product).and_then(|of| of.hold.as_ref());
        let launches = launches(hold.into_iter().flat_map(|hold| &hold.joined), None);
        if hold.is_some() {
            self.release(member, product, ReleaseReason::Seat);
        }
        let until = self.team.seats.get(&(member, product)).map_or(self.now, |seat| seat.span.end);
        self.emit(TeamFact::SeatBegun { member, product, until, launches });
    }

    /// W8: silence ends a session, at its last proof.
    fn lose(&mut self, number: SessionNo) {
        let (proof, active_at) = (self.proof_of(number), self.active_at(number));
        let revivable_until = proof.to.plus(Elapsed::seconds(self.catalogue.settings.revive_within_s));
        self.presence.gone(number);
        let Some(session) = self.team.session(number) else { return };
        let (member, product, held) = (session.member, session.product, matches!(session.cover, Cover::Held { .. }));
        self.emit(TeamFact::SessionLost { session: number, proof, revivable_until, active_at });
        if held {
            self.settle_hold(member, product, None);
        }
    }

    /// W7: the time for saving work is over.
    fn end_unfunded(&mut self, session: SessionNo) {
        let (proof, active_at) = (self.proof_of(session), self.active_at(session));
        self.presence.gone(session);
        self.emit(TeamFact::SessionEnded { session, proof, active_at });
    }

    /// P4: what is left of a lot at its end expires.
    pub(crate) fn end_lot(&mut self, lot: LotNo) {
        let tokens = self.team.lots.get(lot).map_or(Tokens::ZERO, |lot| lot.available);
        self.emit(TeamFact::LotExpired { lot, tokens });
        self.close_lot_if_over(lot);
    }

    /// A lot that has ended, and of which nothing is held, leaves with its last figures.
    pub(crate) fn close_lot_if_over(&mut self, lot: LotNo) {
        if let Some(over) = self.team.lots.get(lot).filter(|lot| lot.ended && lot.held.is_zero()) {
            let over = Box::new(over.clone());
            self.emit(TeamFact::LotClosed(over));
        }
    }

    /// P8: unpaid at the end of its due day.
    fn overdue(&mut self, order: OrderId) {
        self.emit(TeamFact::InvoiceOverdue { order });
    }

    /// Gives the pending hold back. What an ended lot gets back expires at this moment (P4).
    pub(crate) fn release(&mut self, member: MemberKey, product: ProductKey, why: ReleaseReason) {
        let Some(hold) = self.team.use_of(member, product).and_then(|of| of.hold.as_ref()) else { return };
        let draws = hold.draws.clone();
        let lots: alloc::vec::Vec<LotNo> = draws.iter().map(|draw| draw.lot).collect();
        self.emit(TeamFact::HoldReleased { member, product, draws, why });
        for lot in lots {
            if self.team.lots.get(lot).is_some_and(|lot| lot.ended) {
                self.end_lot(lot);
            }
        }
    }

    /// What a session's own messages have proven so far.
    pub(crate) fn proof_of(&self, session: SessionNo) -> Proof {
        let from = self.team.session(session).map_or(self.now, |session| session.from);
        let to = self.presence.of(session).map_or(from, |alive| alive.last_proof);
        Proof { session, from, to }
    }

    /// The last activity that was reported of a session since its opening or last revival, if any was (W6).
    pub(crate) fn active_at(&self, session: SessionNo) -> Option<Instant> {
        let from = self.team.session(session)?.from;
        self.presence.of(session).map(|alive| alive.last_activity).filter(|active_at| *active_at != from)
    }
}
