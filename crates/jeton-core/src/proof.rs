//! Proofs of use: beats and closes, and what they decide (W2, W4–W8).

use alloc::vec::Vec;

use crate::answer::SessionAnswer;
use crate::catalogue::{DailyRate, Product};
use crate::decision::{Decision, Granted};
use crate::entry::{ChargeCause, ClosedBy, Continued, Proof, ReleaseReason, TeamFact, UndoneRun};
use crate::id::{MemberKey, ProductKey, SessionId, SessionNo};
use crate::opening::{Asked, ChargeTerms, check_tokens, warnings_of};
use crate::refusal::{Refusal, Warning};
use crate::run::{Run, launches, over, runs};
use crate::team::Cover;
use crate::time::{Elapsed, Instant};

/// What a renewal would be, all checks passed.
enum Renewal {
    Continued(Continued),
    /// The product was idle; its last activity (W6).
    Deferred(Instant),
    Charge(DailyRate, Vec<Warning>),
}

/// What a proof of use has decided, as far as its client is to know.
#[derive(Default)]
struct Proven {
    /// Of a renewal.
    refusal: Option<Refusal>,
    warnings: Vec<Warning>,
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
        if let Some(Cover::Lost { revivable_until, active_at, .. }) =
            self.team.session(number).map(|session| session.cover)
        {
            return self.revive(number, revivable_until, active_at, activity);
        }
        self.heard(number, activity);
        let Proven { refusal, warnings } = self.prove(number, false);
        let lease = self.lease_on_beat(number, asks_for_lease);
        Ok(Granted::Beaten(SessionAnswer { lease, warnings, refusal, ..self.answer(number) }))
    }

    /// W8: within four hours a beat brings a lost session back. A window or seat then running covers it,
    /// otherwise it is an opening at this instant; nothing is charged backwards over the silence.
    /// Activity is an opening, or what was reported before the silence and with this beat (W6).
    fn revive(
        &mut self,
        number: SessionNo,
        revivable_until: Instant,
        active_at: Instant,
        activity: Option<Instant>,
    ) -> Result<Granted, Refusal> {
        if self.now > revivable_until {
            return Err(Refusal::SessionEnded);
        }
        let session = self.team.session(number).expect("a lost session that can be revived is in the state");
        let (member, product, device) = (session.member, session.product, session.device);
        let reported = activity.map_or(active_at, |at| at.clamp(session.opened_at, self.now).max(active_at));
        let tags = Some(&session.tags);
        let (terms, active_at) = if let Some(terms) = self.running_cover(member, product) {
            (self.check_devices(member, product, device).map(|()| terms), reported)
        } else {
            let opening = Asked { member, product, at: self.now, device: Some(device), tags };
            (self.terms(opening), self.now)
        };
        let terms = self.kept(Some(member), Some(product), terms)?;
        let warnings = warnings_of(&terms);
        let cover = terms.cover();
        let lease = self.lease_for(&cover);
        let day = self.today();
        self.emit(TeamFact::SessionRevived { session: number, cover, day, lease_until: lease.until });
        self.present(number, active_at);
        self.charge_at_once(number, terms, self.now);
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
            if let Some(refusal) = self.prove(number, true).refusal {
                let _refused: Result<(), Refusal> = self.kept(Some(member), Some(product), Err(refusal));
            }
        }
        let answer = self.answer(number);
        let (proof, active_at) = (self.proof_of(number), self.active_at(number));
        let charged = self.charged.iter().map(|made| made.charge).collect();
        self.emit(TeamFact::SessionClosed { session: number, proof, closed_by, charged, active_at });
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

    /// What a proof of use decides.
    fn prove(&mut self, number: SessionNo, closing: bool) -> Proven {
        self.prove_held(number);
        // After a long time without a server, the window that a hold became may have ended already.
        self.renew(number, closing)
    }

    /// W2: whether what is held has been open for long enough.
    fn prove_held(&mut self, number: SessionNo) {
        let session = self.team.session(number).expect("a live session is in the state");
        if matches!(session.cover, Cover::Held { .. }) {
            self.settle_hold(session.member, session.product, Some(number));
        }
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
    fn renew(&mut self, number: SessionNo, closing: bool) -> Proven {
        let mut proven = Proven::default();
        loop {
            let session = self.team.session(number).expect("a live session is in the state");
            let (member, product, cover) = (session.member, session.product, session.cover);
            let Some(after) = cover.end() else { return proven };
            // A beat at exactly the end renews, a close at exactly the end does not.
            if after > self.now || (closing && after == self.now) {
                return proven;
            }
            let refused = if let Cover::Unfunded { returning: true, .. } = cover {
                self.come_back(number, after, after, &mut proven.warnings)
            } else {
                let proof = self.proof_of(number);
                // Whoever was refused was not idle: that is asked once.
                let renewal = match cover {
                    Cover::Unfunded { .. } => self.renewal_of_use(member, self.product(product), after),
                    Cover::Held { .. }
                    | Cover::Window { .. }
                    | Cover::Seat { .. }
                    | Cover::Idle { .. }
                    | Cover::Lost { .. } => self.renewal(number, member, product, after),
                };
                match renewal {
                    Ok(Renewal::Continued(cover)) => {
                        self.emit(TeamFact::CoverContinued { session: number, after, cover, proof });
                        Ok(())
                    }
                    Ok(Renewal::Charge(rate, warnings)) => {
                        proven.warnings.extend(warnings);
                        self.renew_by_charge(number, after, rate);
                        Ok(())
                    }
                    Ok(Renewal::Deferred(active_at)) => {
                        if !matches!(cover, Cover::Idle { .. }) {
                            self.defer(number, after, active_at, proof);
                        }
                        match self.presence.of(number).map(|alive| alive.last_activity).filter(|own| *own > after) {
                            Some(own) => self.come_back(number, after, own, &mut proven.warnings),
                            None => return proven,
                        }
                    }
                    Err(refusal) => Err((after, refusal, false)),
                }
            };
            if let Err((after, refusal, returning)) = refused {
                self.refuse_renewal(number, after, &refusal, returning, closing);
                proven.refusal = Some(refusal);
                return proven;
            }
        }
    }

    /// W7: the session is unfunded from the first refused proof on.
    fn refuse_renewal(&mut self, number: SessionNo, after: Instant, refusal: &Refusal, returning: bool, closing: bool) {
        // A close is the last that is heard of the session: its refusal is kept by who closes.
        if closing {
            return;
        }
        let session = self.team.session(number).expect("a live session is in the state");
        let (member, product, refusal) = (session.member, session.product, refusal.clone());
        if matches!(session.cover, Cover::Unfunded { .. }) {
            let _again: Result<(), Refusal> = self.kept(Some(member), Some(product), Err(refusal));
        } else {
            let ends_at = self.now.plus(Elapsed::seconds(self.catalogue.settings.unfunded_s));
            let proof = self.proof_of(number);
            self.emit(TeamFact::RenewalRefused { session: number, after, refusal, ends_at, proof, returning });
        }
    }

    /// W6: nothing is charged for the time after `after` until somebody is active again.
    fn defer(&mut self, number: SessionNo, after: Instant, active_at: Instant, proof: Proof) {
        let session = self.team.session(number).expect("a live session is in the state");
        let idle_after_s = self.product(session.product).spec.idle_after_s;
        self.emit(TeamFact::RenewalDeferred { session: number, after, active_at, idle_after_s, proof });
    }

    /// W6: the first activity after a deferred renewal counts as an opening at that activity, and the message that
    /// reports it proves use from there to now. The refusal comes with the instant that is to be tried again.
    fn come_back(
        &mut self,
        number: SessionNo,
        after: Instant,
        active_at: Instant,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), (Instant, Refusal, bool)> {
        let session = self.team.session(number).expect("a live session is in the state");
        let (member, product, tags) = (session.member, session.product, Some(&session.tags));
        let terms = self.terms(Asked { member, product, at: active_at, device: None, tags });
        let terms = terms.map_err(|refusal| (active_at, refusal, true))?;
        warnings.extend(warnings_of(&terms));
        let (cover, day) = (terms.cover(), self.day_of(active_at));
        self.emit(TeamFact::SessionReturned { session: number, after, active_at, cover, day });
        self.presence.proven_from(number, active_at);
        self.charge_at_once(number, terms, active_at);
        self.prove_held(number);
        Ok(())
    }

    /// What is decided of a cover that ended at `after`: what would be a charge, or a refusal, is deferred when the
    /// product was idle (W6).
    fn renewal(
        &self,
        number: SessionNo,
        member: MemberKey,
        product: ProductKey,
        after: Instant,
    ) -> Result<Renewal, Refusal> {
        let product = self.product(product);
        let renewal = self.renewal_of_use(member, product, after);
        match (&renewal, self.idle_at(number, product, after)) {
            (Ok(Renewal::Charge(..)) | Err(_), Some(active_at)) => Ok(Renewal::Deferred(active_at)),
            (Ok(_) | Err(_), _) => renewal,
        }
    }

    /// W5: A3 from step 2 on, without devices and tags; seat and rate as of the end, all else as of the proof.
    fn renewal_of_use(&self, member: MemberKey, product: &Product, after: Instant) -> Result<Renewal, Refusal> {
        self.check_member(member)?;
        if let Some(until) = self.team.seat_until(member, product.key, after) {
            return Ok(Renewal::Continued(Continued::Seat { until }));
        }
        self.check_access(member, product.key)?;
        let used = self.team.use_of(member, product.key);
        if let Some(window) = used.and_then(|of| of.window).filter(|window| window.span.end > after) {
            return Ok(Renewal::Continued(Continued::Window { until: window.span.end }));
        }
        let rate = self.daily_rate(product, after)?;
        let made_since = used.and_then(|of| of.hold.as_ref());
        let passed = self.check_caps(member, product.key, self.day_of(after), rate.tokens, made_since)?;
        let draws = made_since.map_or(&[][..], |hold| &hold.draws);
        check_tokens(rate.tokens, product, self.team.lots.available_beside(draws))?;
        Ok(Renewal::Charge(rate, passed))
    }

    /// W6: whether an idle-aware product was idle when the cover of this session ended at `after`; if so, its last
    /// activity. Once a renewal from there was deferred, each session's own activity counts.
    fn idle_at(&self, number: SessionNo, product: &Product, after: Instant) -> Option<Instant> {
        if !product.spec.idle_aware {
            return None;
        }
        let session = self.team.session(number).expect("a live session is in the state");
        let used = self.team.use_of(session.member, product.key)?;
        let activity = |number: &SessionNo| self.presence.of(*number).map(|alive| alive.last_activity);
        let last = used.sessions.iter().filter_map(activity).chain(used.active_at).max()?;
        let active = |at: Instant| at.plus(Elapsed::seconds(product.spec.idle_after_s)) > after;
        if used.deferred.contains(&after) {
            let own = activity(&number)?;
            return (own > after || !active(own)).then_some(last);
        }
        (!active(last)).then_some(last)
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
