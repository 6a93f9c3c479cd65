//! The entries that cover, charge, end or undo: each has to be what the rules let expect.

use std::collections::BTreeSet;

use jeton_core::entry::{ChargeCause, ChargeMade, Launch, OpeningCover, Proof, ReleaseReason, UndoneRun};
use jeton_core::id::SessionNo;
use jeton_core::lot::{Draw, Lot};
use jeton_core::time::{Day, Instant};
use jeton_core::tokens::Tokens;

use super::{
    Auditor, Counted, DAY, Expected, Held, HoldSeen, LEASE_PAST_UNDO, LotSeen, Of, Opening, SECOND, UNDONE_LIMIT,
    later, must,
};

impl Auditor {
    pub(super) fn credited(&mut self, lot: &Lot, at: Instant) -> Held {
        let fresh = lot.available == lot.granted && lot.granted == lot.quantity && lot.purchased_at == at && !lot.ended;
        must!(fresh && lot.ends_at > at, "P4: {lot:?} is not a fresh lot");
        let (available, zero, credited) = (lot.available, Tokens::ZERO, lot.clone());
        let (held, spent, expired, ended, closed) = (zero, zero, zero, false, false);
        let before = self.lots.insert(lot.lot, LotSeen { credited, available, held, spent, expired, ended, closed });
        must!(before.is_none(), "P4: lot {} was credited twice", lot.lot);
        Ok(())
    }

    pub(super) fn withdraw(&mut self, of: Of, at: Instant) {
        let seen = self.uses.entry(of).or_default();
        for seat in seen.seats.iter_mut().filter(|seat| seat.standing) {
            seat.standing = false;
            seat.span.end = seat.span.end.min(at);
            seen.ends.insert(at);
        }
    }

    pub(super) fn seat_begun(&mut self, of: Of, until: Instant, launches: &[Launch], at: Instant) -> Held {
        let seen = self.uses.entry(of).or_default();
        let seat = seen.seats.iter().find(|seat| seat.standing).ok_or("A2: a seat begins that nobody set")?;
        let begins = seat.span.start.max(seat.set_at);
        must!(at == begins && until == seat.span.end, "A2: the seat begins at {begins}, not {at}");
        let (why, openings) = seen.released.take().unwrap_or((ReleaseReason::Seat, Vec::new()));
        must!(why == ReleaseReason::Seat, "A2: released for {why:?}");
        self.counted(launches, &openings, None)
    }

    /// What covers an opening or a revival.
    pub(super) fn covered(
        &mut self,
        number: SessionNo,
        cover: &OpeningCover,
        expected: Result<Expected, &'static str>,
        lease_until: Instant,
        at: Instant,
    ) -> Held {
        let of = self.session(number)?.of;
        let day_on = later(at, DAY);
        let (kind, lease) = match cover {
            OpeningCover::Seat { until } => {
                must!(self.seat(of, at) == Some(*until), "A2: the seat does not end at {until}");
                (Expected::Seat, day_on.min(*until))
            }
            OpeningCover::Window { window, day: _ } => {
                let runs = self.windows(of).contains(window) && window.start <= at && at < window.end;
                must!(runs, "W1: no such window runs at {at}: {window:?}");
                (Expected::Window, day_on.min(window.end))
            }
            OpeningCover::Joined { tokens, undo_ends_at } => {
                let seen = self.uses.entry(of).or_default();
                let hold = seen.hold.as_mut().ok_or("W2: an opening joins no hold")?;
                hold.joined.push((number, at));
                let hold = hold.clone();
                let own = self.runs(&hold).into_iter().find(|run| run.lives.contains(&(number, at)));
                let ends = own.map(|run| later(run.start, i64::from(hold.undo_s) * SECOND));
                must!(hold.tokens == *tokens && ends == Some(*undo_ends_at), "W2: the interval ends at {ends:?}");
                (Expected::Join, later(*undo_ends_at, LEASE_PAST_UNDO))
            }
            OpeningCover::Hold(set) => {
                self.drawn(of, set.rate.tokens, &set.draws, at)?;
                let rate = self.products[&of.1].rate(at);
                must!(rate == Some((set.rate.starts_at, set.rate.tokens)), "C2: the hold keeps the rate of {at}");
                must!(set.undo_s == self.products[&of.1].undo_s && set.undo_s > 0, "C5: the product's interval");
                self.each_lot(&set.draws, |lot, tokens| {
                    lot.available -= tokens;
                    lot.held += tokens;
                });
                let (undo_s, draws, joined) = (set.undo_s, set.draws.clone(), vec![(number, at)]);
                let (starts_at, tokens, set_at) = (set.rate.starts_at, set.rate.tokens, at);
                let hold = HoldSeen { set_at, starts_at, tokens, undo_s, draws, joined };
                self.uses.entry(of).or_default().hold = Some(hold);
                (Expected::Hold, later(at, i64::from(undo_s) * SECOND + LEASE_PAST_UNDO))
            }
            OpeningCover::Charge => {
                self.charging = Some(number);
                (Expected::Charge, day_on)
            }
        };
        must!(expected == Ok(kind), "A3: covered by {kind:?}, expected {expected:?}");
        must!(lease == lease_until && at < lease, "W11: the lease of {at} ends at {lease_until}, expected {lease}");
        Ok(())
    }

    /// P5, V3: new draws come from the lots that the rule names, at their prices, and from none that has ended.
    pub(super) fn drawn(&self, of: Of, tokens: Tokens, draws: &[Draw], at: Instant) -> Held {
        let chosen = self.choose(tokens);
        let taken: Vec<_> = draws.iter().map(|draw| (draw.lot, draw.tokens)).collect();
        must!(taken == chosen, "P5: {of:?} draws {taken:?}, expected {chosen:?}");
        let total: Tokens = taken.iter().map(|(_, tokens)| *tokens).sum();
        must!(total == tokens, "V3: {total} drawn for {tokens}");
        for draw in draws {
            let lot = &self.lots[&draw.lot].credited;
            must!(at < lot.ends_at, "P4: lot {} ended at {}", lot.lot, lot.ends_at);
            let price = draw.unit_price == lot.unit_price && draw.currency == lot.currency;
            must!(price, "P5: a slice keeps its lot's price");
        }
        Ok(())
    }

    /// V6: a proof is of a session, from its opening or a revival to the last that was heard of it since.
    pub(super) fn proven(&self, proof: &Proof) -> Held {
        let lives = self.sessions.get(&proof.session).into_iter().flat_map(|seen| &seen.lives);
        let heard = lives.into_iter().any(|life| life.from == proof.from && life.last == proof.to);
        must!(heard, "W2: nothing was heard that proves {proof:?}");
        Ok(())
    }

    pub(super) fn ended(&mut self, session: SessionNo, proof: &Proof) -> Held {
        self.proven(proof)?;
        let seen = self.session(session)?;
        must!(proof.session == session && seen.life().open, "W4: session {session} ends twice");
        let life = seen.lives.len() - 1;
        seen.lives[life].open = false;
        seen.unfunded_until = None;
        Ok(())
    }

    pub(super) fn run_undone(&mut self, of: Of, undone: &[UndoneRun], at: Instant) -> Held {
        let hold = self.uses.get(&of).and_then(|of| of.hold.clone()).ok_or("W2: a run without a hold is undone")?;
        let runs = self.runs(&hold);
        for run in undone {
            let lives: BTreeSet<_> = run.proofs.iter().map(|proof| (proof.session, proof.from)).collect();
            for proof in &run.proofs {
                self.proven(proof)?;
            }
            let seen = runs.iter().find(|seen| seen.lives == lives).ok_or("W2: what is undone is a whole run")?;
            let short = later(seen.start, i64::from(hold.undo_s) * SECOND) > seen.end;
            if runs.iter().any(|earlier| earlier.open && earlier.start <= seen.start) {
                self.undone_early = Some(of);
            }
            must!(!seen.open && short, "W2: a run is undone when it is over before the interval");
            self.counted(&run.launches, &Vec::from_iter(lives.clone()), None)?;
            let of = self.uses.entry(of).or_default();
            of.undone.push(at);
            of.hold.iter_mut().for_each(|hold| hold.joined.retain(|joined| !lives.contains(joined)));
        }
        Ok(())
    }

    /// W4: the message of a session whose cover ended at `after`.
    pub(super) fn renewed(
        &mut self,
        session: SessionNo,
        after: Instant,
        proof: &Proof,
        at: Instant,
    ) -> Result<Of, String> {
        let message = self.message;
        must!(message.is_some_and(|(of, _)| of == session), "W4: only the session's own message renews");
        self.proven(proof)?;
        must!(proof.session == session && proof.to == at, "W4: the proof is the message of now");
        let open_before = proof.from <= after || self.overtaken.contains(&session);
        let reaches = open_before && after <= at;
        must!(reaches, "W4: {proof:?} is no proof of use at or after {after} of what was open before");
        must!(message != Some((session, true)) || after < at, "W4: a close at exactly the end renews");
        let of = self.session(session)?.of;
        must!(self.uses.get(&of).is_some_and(|of| of.ends.contains(&after)), "W4: no cover ended at {after}");
        Ok(of)
    }

    pub(super) fn charged(&mut self, charge: &ChargeMade, at: Instant) -> Held {
        let of = (charge.member, charge.product);
        let product = self.products[&of.1].clone();
        let window = charge.window;
        let mut named = self.sessions.iter().rev().filter(|(_, seen)| seen.id == charge.session);
        let number = named.next().map(|(number, _)| *number);
        let number = number.ok_or("V6: a charge names a session that nobody opened")?;
        must!(window.end == later(window.start, DAY), "W1: a window lasts 24 hours");
        for other in self.windows(of) {
            must!(other.end <= window.start || window.end <= other.start, "W3: {window:?} overlaps {other:?}");
        }
        must!(!charge.proofs.is_empty(), "V6: a charge has a proof of use");
        for proof in &charge.proofs {
            self.proven(proof)?;
        }
        let total: Tokens = charge.draws.iter().map(|draw| draw.tokens).sum();
        must!(total == charge.rate.tokens, "V3: {total} drawn for {}", charge.rate.tokens);
        must!(charge.day == self.zone.day_of(window.start), "W10: the usage day is {}", charge.day);
        let mut cause = number;
        match charge.cause {
            ChargeCause::UndoIntervalPassed { hold_set_at, undo_s } => {
                let heard = self.message.is_some_and(|(of, _)| of == number);
                must!(heard, "W2: a charge follows the message of a session");
                let hold = self.uses.entry(of).or_default().hold.take().ok_or("W2: a charge without its hold")?;
                self.undone_early.take_if(|early| *early == of);
                let same = hold.set_at == hold_set_at && hold.undo_s == undo_s && hold.draws == charge.draws;
                must!(same, "W2: a charge is of the hold that was set");
                must!(
                    (hold.starts_at, hold.tokens) == (charge.rate.starts_at, charge.rate.tokens),
                    "C2: the hold's rate"
                );
                let prover = (number, self.sessions[&number].life().from);
                let (mut own, others): (Vec<_>, Vec<_>) =
                    self.runs(&hold).into_iter().partition(|run| run.lives.contains(&prover));
                let run = own.pop().ok_or("W2: the prover shares the hold")?;
                must!(others.iter().all(|other| other.open), "W2: a run that is over is undone, not charged");
                let shown: BTreeSet<_> = charge.proofs.iter().map(|proof| (proof.session, proof.from)).collect();
                must!(run.start == window.start && run.lives == shown, "W2: the window begins where the run began");
                let long = later(run.start, i64::from(undo_s) * SECOND) <= run.end;
                must!(long, "W2: {} to {} is shorter than the interval", run.start, run.end);
                let overtaken = hold.joined.iter().filter(|(_, from)| *from >= window.end);
                self.overtaken.extend(overtaken.map(|(number, _)| *number));
                self.counted(&charge.launches, &hold.joined, Some(charge.day))?;
                let of_run = hold.joined.iter().filter(|joined| run.lives.contains(joined));
                let first = of_run.min_by_key(|(_, from)| *from).map(|(number, _)| *number);
                cause = first.ok_or("W2: a run has a first opening")?;
                self.each_lot(&charge.draws, |lot, tokens| {
                    lot.held -= tokens;
                    lot.spent += tokens;
                });
            }
            ChargeCause::NoUndoInterval | ChargeCause::UndoneOften { .. } => {
                let undone = self.undone(of, at);
                let why = match charge.cause {
                    ChargeCause::UndoneOften { undone: said } => {
                        undone >= UNDONE_LIMIT && usize::try_from(said) == Ok(undone)
                    }
                    ChargeCause::NoUndoInterval => product.undo_s == 0,
                    ChargeCause::UndoIntervalPassed { .. } | ChargeCause::Renewal { .. } => false,
                };
                let at_once = window.start == at && self.sessions[&number].life().from == at;
                must!(why && at_once, "W2: charged at once for {:?}, undone {undone}", charge.cause);
                self.counted(&charge.launches, &[(number, at)], Some(charge.day))?;
                self.spent(of, charge, at)?;
            }
            ChargeCause::Renewal { after } => {
                let [proof] = charge.proofs[..] else { return Err("W4: one proof renews".into()) };
                let renewed = self.renewed(number, after, &proof, at)?;
                must!(renewed == of && window.start == after, "W4: the window begins at {after}");
                let expected = self.expected_renewal(of, after);
                must!(expected == Ok(Expected::Charge), "W5: charged, expected {expected:?}");
                let seen = self.uses.entry(of).or_default();
                must!(seen.hold.is_none(), "W4: a hold made since is released");
                let (why, openings) = seen.released.take().unwrap_or((ReleaseReason::Renewal, Vec::new()));
                must!(why == ReleaseReason::Renewal, "W4: released for {why:?}");
                let overtaken = openings.iter().filter(|(_, from)| *from >= window.end);
                self.overtaken.extend(overtaken.map(|(number, _)| *number));
                self.counted(&charge.launches, &openings, Some(charge.day))?;
                self.spent(of, charge, at)?;
            }
        }
        must!(charge.tags == self.sessions[&cause].tags, "L2: a charge keeps the tags of what caused it");
        let seen = self.uses.entry(of).or_default();
        seen.windows.push(window);
        seen.ends.insert(window.end);
        for session in self.sessions.values_mut().filter(|session| session.of == of) {
            session.unfunded_until = None;
        }
        Ok(())
    }

    fn counted(&self, launches: &[Launch], openings: &[Opening], day: Option<Day>) -> Held {
        let told: Counted = launches.iter().map(|launch| ((launch.day, launch.tags.clone()), launch.count)).collect();
        let expected = self.openings(openings, day);
        must!(told.len() == launches.len() && told == expected, "W10: counted {launches:?}, expected {expected:?}");
        Ok(())
    }

    /// A charge without a hold.
    pub(super) fn spent(&mut self, of: Of, charge: &ChargeMade, at: Instant) -> Held {
        self.drawn(of, charge.rate.tokens, &charge.draws, at)?;
        let (rate, start) = (self.products[&of.1].rate(charge.window.start), charge.window.start);
        must!(rate == Some((charge.rate.starts_at, charge.rate.tokens)), "C2: the rate of {start} is {rate:?}");
        self.each_lot(&charge.draws, |lot, tokens| {
            lot.available -= tokens;
            lot.spent += tokens;
        });
        Ok(())
    }
}
