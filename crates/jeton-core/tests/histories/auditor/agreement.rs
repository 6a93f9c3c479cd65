//! What holds after every command: the team's state agrees with the auditor's, and nothing due is left undone.

use std::collections::BTreeSet;

use jeton_core::entry::{Role, Span};
use jeton_core::id::{DeviceKey, MemberKey, ProductKey, SessionId, SessionNo};
use jeton_core::lot::Lot;
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_core::tokens::Tokens;

use super::{Auditor, HOUR, Held, LOST_AFTER, Of, SECOND, SessionSeen, UseSeen, later, must};

impl Auditor {
    pub(super) fn compare_lot(&self, lot: &Lot) -> Held {
        let seen = self.lots.get(&lot.lot).ok_or("V3: a lot that nobody credited")?;
        let figures = [lot.granted, lot.available, lot.held, lot.spent, lot.expired, lot.returned, lot.moved_out];
        let (granted, zero) = (seen.credited.granted, Tokens::ZERO);
        let recomputed = [granted, seen.available, seen.held, seen.spent, seen.expired, zero, zero];
        must!(figures == recomputed, "V3: lot {} is {figures:?}, recomputed {recomputed:?}", lot.lot);
        let parts: Tokens = recomputed[1..].iter().copied().sum();
        must!(parts == granted && seen.spent <= granted, "V3: lot {} has {granted}, its parts are {parts}", lot.lot);
        Ok(())
    }

    /// What holds after every command, once what was due by `now` has been decided.
    pub(crate) fn agrees(&mut self, team: &Team, now: Instant) -> Held {
        self.message = None;
        must!(self.charging.is_none() && self.crediting.is_none() && team.seq == self.seq, "V1: every entry was read");
        must!(self.undone_early.is_none(), "W2: a run was undone although an earlier one is open");
        self.lots_agree(team)?;
        for lot in self.lots.values().filter(|lot| !lot.closed) {
            must!(now < lot.credited.ends_at || lot.ended, "P4: lot {} should have ended", lot.credited.lot);
            must!(!lot.ended || !lot.held.is_zero(), "P4: lot {} should be closed", lot.credited.lot);
        }
        for (order, at) in &self.unpaid {
            must!(now < *at || self.overdue.contains(order), "P8: {order} should be overdue");
        }
        must!(team.overdue == self.overdue, "P8: overdue is {:?}", team.overdue);
        let admins = self.members.values().filter(|member| member.role == Role::PrimaryAdmin).count();
        must!(admins <= 1, "{admins} primary admins");
        let open: BTreeSet<_> =
            self.sessions.iter().filter(|(_, seen)| seen.life().open).map(|(number, _)| *number).collect();
        must!(team.open_sessions().map(|(number, _)| number).collect::<BTreeSet<_>>() == open, "W8: others are open");
        for number in &open {
            let seen = &self.sessions[number];
            let silent_since = seen.life().last.max(self.restarted_at);
            must!(now < later(silent_since, LOST_AFTER), "W8: {} should be lost", seen.id);
            must!(seen.unfunded_until.is_none_or(|until| now < until), "W7: {} should have ended", seen.id);
        }
        for (of, seen) in &self.uses {
            self.use_agrees(*of, seen, team, now)?;
        }
        Ok(())
    }

    pub(super) fn lots_agree(&self, team: &Team) -> Held {
        for lot in team.lots.iter() {
            self.compare_lot(lot)?;
        }
        let kept = self.lots.values().filter(|lot| !lot.closed);
        must!(team.lots.len() == kept.count(), "V3: a lot is missing");
        let held: Tokens = self.lots.values().map(|lot| lot.held).sum();
        let sums = (team.lots.available(), team.lots.held());
        must!(sums == (self.available(), held), "V3: {sums:?}, recomputed {:?}", (self.available(), held));
        let pending: Tokens = self.uses.values().flat_map(|of| &of.hold).map(|hold| hold.tokens).sum();
        must!(pending == held, "V3: {held} held, of which {pending} by a hold");
        Ok(())
    }

    pub(super) fn use_agrees(&self, of: Of, seen: &UseSeen, team: &Team, now: Instant) -> Held {
        let standing = team.use_of(of.0, of.1);
        let running = seen.windows.iter().find(|window| window.start <= now && now < window.end);
        let window = standing.and_then(|of| of.window_at(now)).map(|window| &window.span);
        must!(window == running, "W1: {of:?} has {window:?}, charged was {running:?}");
        let undone = standing.map_or(0, |of| of.undone_within_a_day(now));
        must!(undone == self.undone(of, now), "W2: {undone} undone of {of:?}");
        must!(seen.released.is_none(), "W10: launches of {of:?} are counted nowhere");
        must!(standing.is_some_and(|of| of.hold.is_some()) == seen.hold.is_some(), "W2: a hold of {of:?} is missing");
        let Some(hold) = &seen.hold else { return Ok(()) };
        must!(self.seat(of, now).is_none() && running.is_none(), "A2: {of:?} holds beside a cover");
        let runs = self.runs(hold);
        must!(runs.iter().any(|run| run.open), "W2: nobody shares the hold of {of:?} any more");
        let undo = i64::from(hold.undo_s) * SECOND;
        let ripe = runs.iter().find(|run| later(run.start, undo) <= run.end);
        must!(ripe.is_none(), "W2: the hold of {of:?} should be a charge");
        Ok(())
    }

    /// Whether something covers a use at `now`: a window, a seat, or a pending hold. With `closing`, or up to it.
    pub(crate) fn covers(&self, of: Of, now: Instant, closing: bool) -> bool {
        let Some(seen) = self.uses.get(&of) else { return false };
        let spans = seen.windows.iter().chain(seen.seats.iter().map(|seat| &seat.span));
        let mut running = spans.filter(|span| span.start <= now && (now < span.end || closing && now == span.end));
        seen.hold.is_some() || running.next().is_some()
    }

    /// Whether a refusal of this use with this code is kept within the hour before `now` (V1).
    pub(crate) fn keeps_refusal(&self, of: Of, code: Option<&str>, now: Instant) -> bool {
        let same = |key: &(Option<MemberKey>, Option<ProductKey>, &'static str)| {
            (key.0, key.1) == (Some(of.0), Some(of.1)) && code.is_none_or(|code| code == key.2)
        };
        self.refused.iter().any(|(key, at)| same(key) && later(*at, HOUR) > now)
    }

    /// The use, and until when it can be revived if it is lost, of a session that is open or lost.
    pub(crate) fn live(
        &self,
        session: &SessionId,
        now: Instant,
    ) -> Option<(SessionNo, Of, DeviceKey, Option<Instant>)> {
        let live = |seen: &SessionSeen| seen.life().open || seen.lost_until.is_some_and(|until| now <= until);
        let found = self.sessions.iter().find(|(_, seen)| seen.id == *session && live(seen));
        found.map(|(number, seen)| (*number, seen.of, seen.device, seen.lost_until))
    }

    /// When the run of an open session that shares a hold will have been open for the undo interval (W2).
    pub(crate) fn undo_ends_at(&self, session: SessionNo) -> Option<Instant> {
        let seen = self.sessions.get(&session)?;
        let hold = self.uses.get(&seen.of)?.hold.as_ref()?;
        let own = self.runs(hold).into_iter().find(|run| run.lives.contains(&(session, seen.life().from)));
        own.map(|run| later(run.start, i64::from(hold.undo_s) * SECOND))
    }

    /// The window that runs.
    pub(crate) fn window(&self, of: Of, now: Instant) -> Option<Span> {
        self.windows(of).iter().find(|window| window.start <= now && now < window.end).copied()
    }

    /// Until when an open session is unfunded.
    pub(crate) fn unfunded_until(&self, session: SessionNo) -> Option<Instant> {
        self.sessions.get(&session)?.unfunded_until
    }
}
