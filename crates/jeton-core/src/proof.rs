//! Proofs of use: beats and closes, and what they decide (W2, W4, W5, W7, W8).

use alloc::vec::Vec;

use crate::answer::SessionAnswer;
use crate::catalogue::DailyRate;
use crate::decision::{Decision, Granted};
use crate::entry::{ChargeCause, ClosedBy, Continued, ReleaseReason, TeamFact, UndoneRun};
use crate::id::{MemberKey, ProductKey, SessionId, SessionNo};
use crate::opening::{ChargeTerms, check_tokens, warnings_of};
use crate::refusal::Refusal;
use crate::run::{Run, launches, over, runs};
use crate::team::Cover;
use crate::time::{Elapsed, Instant};

/// What a renewal would be, all checks passed.
enum Renewal {
    Continued(Continued),
    Charge(DailyRate),
}

impl Decision<'_> {
    /// A beat: a proof of use of an open session, or the revival of a lost one.
    pub(crate) fn beat(
        &mut self,
        session: &SessionId,
        activity: Option<Instant>,
        asks_for_lease: bool,
    ) -> Result<Granted, Refusal> {
        let Some(number) = self.live(session) else { return Ok(Granted::Past) };
        if let Some(Cover::Lost { revivable_until, .. }) = self.team.session(number).map(|session| session.cover) {
            return self.revive(number, revivable_until);
        }
        self.heard(number, activity);
        let refusal = self.prove(number, false);
        let lease = self.lease_on_beat(number, asks_for_lease);
        Ok(Granted::Beaten(SessionAnswer { lease, refusal, ..self.answer(number) }))
    }

    /// W8: within four hours a beat brings a lost session back. A window or seat then running covers it,
    /// otherwise it is an opening at this instant; nothing is charged backwards over the silence.
    fn revive(&mut self, number: SessionNo, revivable_until: Instant) -> Result<Granted, Refusal> {
        if self.now > revivable_until {
            return Err(Refusal::SessionEnded);
        }
        let session = self.team.session(number).expect("a lost session that can be revived is in the state");
        let (member, product, device) = (session.member, session.product, session.device);
        let terms = match self.running_cover(member, product) {
            Some(terms) => self.check_devices(member, product, device).map(|()| terms),
            None => self.terms(member, product, Some(device)),
        };
        let terms = self.kept(Some(member), Some(product), terms)?;
        let warnings = warnings_of(&terms);
        let cover = terms.cover();
        let lease = self.lease_for(&cover);
        let day = self.today();
        self.emit(TeamFact::SessionRevived { session: number, cover, day, lease_until: lease.until });
        self.opened(number, terms);
        self.presence.leased(number, lease);
        Ok(Granted::Beaten(SessionAnswer { lease: Some(lease), warnings, ..self.answer(number) }))
    }

    /// A close. The client's own is a proof of use; anybody else's ends the session at its last proof (W4).
    pub(crate) fn close_session(
        &mut self,
        session: &SessionId,
        activity: Option<Instant>,
        closed_by: ClosedBy,
    ) -> Granted {
        let Some(number) = self.live(session) else { return Granted::Past };
        let open = self.team.session(number).expect("a live session is in the state");
        let (member, product) = (open.member, open.product);
        if matches!(open.cover, Cover::Lost { .. }) {
            return Granted::Past;
        }
        if closed_by == ClosedBy::Client {
            self.heard(number, activity);
            // Refused or not, the session ends now.
            if let Some(refusal) = self.prove(number, true) {
                let _refused: Result<(), Refusal> = self.kept(Some(member), Some(product), Err(refusal));
            }
        }
        let answer = self.answer(number);
        let proof = self.proof_of(number);
        let charged = self.charged.iter().map(|made| made.charge).collect();
        self.emit(TeamFact::SessionClosed { session: number, proof, closed_by, charged });
        self.presence.gone(number);
        self.settle_hold(member, product, None);
        let available = self.team.lots.available();
        Granted::Closed(SessionAnswer { available, ..answer.ended() })
    }

    /// A proof of use. What a client says of its own times is clamped to its session's opening and now (W9).
    fn heard(&mut self, number: SessionNo, activity: Option<Instant>) {
        let opened_at = self.team.session(number).map_or(self.now, |session| session.opened_at);
        self.presence.proof(number, self.now, activity.map(|at| at.clamp(opened_at, self.now)));
    }

    /// What a proof of use decides; the answer is the refusal of a renewal.
    fn prove(&mut self, number: SessionNo, closing: bool) -> Option<Refusal> {
        let session = self.team.session(number).expect("a live session is in the state");
        if matches!(session.cover, Cover::Held { .. }) {
            self.settle_hold(session.member, session.product, Some(number));
        }
        // After a long time without a server, the window that a hold became may have ended already.
        self.renew(number, closing)
    }

    /// W2: makes the pending hold a charge when a run has been open for the undo interval, and undoes the runs
    /// that were over before. `prover` is the session whose proof is being weighed; without one nothing is
    /// charged, since nothing new is proven.
    pub(crate) fn settle_hold(&mut self, member: MemberKey, product: ProductKey, prover: Option<SessionNo>) {
        let Some(hold) = self.team.use_of(member, product).and_then(|of| of.hold.as_ref()) else { return };
        let standing = runs(hold, self.presence);
        let ripe = prover.and_then(|prover| Some((prover, standing.iter().find(|run| run.length() >= hold.undo())?)));
        if let Some((session, run)) = ripe {
            let (hold_set_at, undo_s, rate) = (hold.set_at, hold.undo_s, hold.rate);
            let (start, draws, tags, proofs) = (run.start, hold.draws.clone(), run.tags(), run.proofs.clone());
            // Whatever else is open is covered by the window from here on; what has ended apart from it is undone.
            let (undone, counted): (Vec<&Run<'_>>, Vec<&Run<'_>>) =
                standing.iter().partition(|other| *other != run && !other.open);
            let day = self.day_of(start);
            let launches = launches(counted.iter().flat_map(|run| run.joined.iter().copied()), Some(day));
            let undone = told(&undone);
            self.undo(member, product, undone);
            let cause = ChargeCause::UndoIntervalPassed { hold_set_at, undo_s };
            let terms = ChargeTerms { member, product, session, cause, start, rate, draws, launches, tags };
            self.charge_proven(terms, proofs);
        } else {
            let undone: Vec<&Run<'_>> = over(&standing).collect();
            let nobody_left = undone.len() == standing.len();
            let undone = told(&undone);
            self.undo(member, product, undone);
            if nobody_left {
                self.release(member, product, ReleaseReason::Undone);
            }
        }
    }

    fn undo(&mut self, member: MemberKey, product: ProductKey, runs: Vec<UndoneRun>) {
        if !runs.is_empty() {
            self.emit(TeamFact::RunUndone { member, product, runs });
        }
    }

    /// W4: renews every cover of the session that has ended by now, each from its own end.
    fn renew(&mut self, number: SessionNo, closing: bool) -> Option<Refusal> {
        loop {
            let session = self.team.session(number).expect("a live session is in the state");
            let (member, product, cover) = (session.member, session.product, session.cover);
            let after = cover.end()?;
            // A beat at exactly the end renews, a close at exactly the end does not.
            if after > self.now || (closing && after == self.now) {
                return None;
            }
            let proof = self.proof_of(number);
            match self.renewal(member, product, after) {
                Ok(Renewal::Continued(cover)) => {
                    self.emit(TeamFact::CoverContinued { session: number, after, cover, proof });
                }
                Ok(Renewal::Charge(rate)) => self.renew_by_charge(number, after, rate),
                Err(refusal) => {
                    // A close is the last that is heard of the session: its refusal is kept by who closes.
                    if matches!(cover, Cover::Unfunded { .. }) && !closing {
                        let _again: Result<(), Refusal> = self.kept(Some(member), Some(product), Err(refusal.clone()));
                    } else if !closing {
                        let ends_at = self.now.plus(Elapsed::seconds(self.catalogue.settings.unfunded_s));
                        let refusal = refusal.clone();
                        self.emit(TeamFact::RenewalRefused { session: number, after, refusal, ends_at, proof });
                    }
                    return Some(refusal);
                }
            }
        }
    }

    /// W5: A3 from step 2 on, without devices and tags; seat and rate as of the end, all else as of the proof.
    fn renewal(&self, member: MemberKey, product: ProductKey, after: Instant) -> Result<Renewal, Refusal> {
        self.check_member(member)?;
        if let Some(until) = self.team.seat_until(member, product, after) {
            return Ok(Renewal::Continued(Continued::Seat { until }));
        }
        self.check_access(member, product)?;
        let used = self.team.use_of(member, product);
        if let Some(window) = used.and_then(|of| of.window).filter(|window| window.span.end > after) {
            return Ok(Renewal::Continued(Continued::Window { until: window.span.end }));
        }
        let product = self.catalogue.product(product).expect("a known product is in the catalogue");
        let rate = product.daily_rate_at(after).ok_or(Refusal::NotOnRateSheet)?;
        let held = used.and_then(|of| of.hold.as_ref()).map_or(&[][..], |hold| &hold.draws);
        check_tokens(rate.tokens, product, self.team.lots.available_beside(held))?;
        Ok(Renewal::Charge(rate))
    }

    /// The new window begins at the end of the cover, and a hold made since is released (W4).
    fn renew_by_charge(&mut self, number: SessionNo, after: Instant, rate: DailyRate) {
        let session = self.team.session(number).expect("a live session is in the state");
        let (member, product, tags) = (session.member, session.product, session.tags.clone());
        let hold = self.team.use_of(member, product).and_then(|of| of.hold.as_ref());
        let launches = launches(hold.into_iter().flat_map(|hold| &hold.joined), Some(self.day_of(after)));
        self.release(member, product, ReleaseReason::Renewal);
        let draws = self.team.lots.choose(rate.tokens).expect("the check counted what was released (W5)");
        let cause = ChargeCause::Renewal { after };
        self.charge(ChargeTerms { member, product, session: number, cause, start: after, rate, draws, launches, tags });
    }
}

/// Runs that were undone, as the entry keeps them.
fn told(undone: &[&Run<'_>]) -> Vec<UndoneRun> {
    let told =
        |run: &&Run<'_>| UndoneRun { proofs: run.proofs.clone(), launches: launches(run.joined.iter().copied(), None) };
    undone.iter().map(told).collect()
}
