//! What is true of every answer about a session: what is available, where intervals, windows and leases end.

use jeton_core::answer::SessionAnswer;
use jeton_core::presence::LeaseGiven;
use jeton_core::time::Instant;

use super::{DAY, SECOND, Walk};
use crate::auditor::{Held, later, must};

impl Walk {
    /// An answer to an opening or a beat. `asked`: a lease has to be given if the session is covered (W11).
    pub(super) fn told(&mut self, answer: &SessionAnswer, asked: bool) -> Held {
        must!(answer.available == self.auditor.available(), "V4: what is available is of the moment");
        let Some((number, of, ..)) = self.auditor.live(&answer.session, self.now) else {
            return Err(format!("V4: {} is answered and not live", answer.session));
        };
        let interval = self.auditor.undo_ends_at(number);
        must!(answer.undo_ends_at == interval, "W2: the interval ends at {:?}, not {interval:?}", answer.undo_ends_at);
        let window = self.auditor.window(of, self.now);
        let seat = self.auditor.seat(of, self.now);
        let (ends, held) = match (answer.cover, interval) {
            (None, _) => (None, false),
            (Some("seat"), _) => (seat, false),
            (Some(_), Some(interval)) => (Some(later(interval, 600 * SECOND)), true),
            (Some(_), None) => (window.map(|window| window.end), false),
        };
        let in_window = answer.cover.is_some_and(|cover| cover != "seat") && !held;
        must!(answer.window == window.filter(|_| in_window), "W1: {:?} of {of:?}, not {window:?}", answer.window);
        self.leased(answer, ends, asked)
    }

    /// W11: a lease is given with an opening, when asked for, when what it says has changed, or when the last has
    /// less than half its life left and the new one would end later.
    fn leased(&mut self, answer: &SessionAnswer, ends: Option<Instant>, asked: bool) -> Held {
        let fresh = ends.zip(answer.cover).map(|(ends, cover)| LeaseGiven {
            issued_at: self.now,
            until: ends.min(later(self.now, DAY)),
            cover,
        });
        let last = self.leases.get(&answer.session);
        let needed = fresh.filter(|fresh| {
            asked
                || last.is_none_or(|last| {
                    let (life, left) =
                        (last.until.micros() - last.issued_at.micros(), last.until.micros() - self.now.micros());
                    last.cover != fresh.cover || left.max(0) < life / 2 && fresh.until > last.until
                })
        });
        must!(answer.lease == needed, "W11: leased {:?} at {}, expected {needed:?}", answer.lease, self.now);
        must!(needed.is_none_or(|lease| lease.until > self.now), "W11: a lease that has ended: {needed:?}");
        self.leases.extend(needed.map(|lease| (answer.session.clone(), lease)));
        Ok(())
    }
}
