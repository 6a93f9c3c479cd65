//! What the rules let expect: access (A3, W5), lots to draw from (P5), runs (W2), from the auditor's maps alone.

use std::collections::BTreeSet;

use jeton_core::entry::{Access, Span};
use jeton_core::id::{DeviceKey, LotNo};
use jeton_core::time::{Day, Instant};
use jeton_core::tokens::Tokens;

use super::{
    Auditor, Counted, DAY, DEVICES, Expected, HoldSeen, Life, LotSeen, OPEN_SESSIONS, Of, Opening, RunSeen,
    UNDONE_LIMIT, later,
};
use jeton_core::id::SessionNo;

impl Auditor {
    /// A3 from step 2 on, for an opening at `now`.
    pub(crate) fn expected(&self, of: Of, device: Option<DeviceKey>, now: Instant) -> Result<Expected, &'static str> {
        let seen = self.uses.get(&of);
        if !self.members[&of.0].active {
            return Err("member_inactive");
        }
        if let Some(device) = device {
            self.room(of, device)?;
        }
        if self.seat(of, now).is_some() {
            return Ok(Expected::Seat);
        }
        self.allowed(of)?;
        if seen.is_some_and(|of| of.windows.iter().any(|window| window.start <= now && now < window.end)) {
            return Ok(Expected::Window);
        }
        if seen.is_some_and(|of| of.hold.is_some()) {
            return Ok(Expected::Join);
        }
        let product = &self.products[&of.1];
        let (_, tokens) = product.rate(now).ok_or("not_on_rate_sheet")?;
        if self.available() < tokens.max(product.min_balance) {
            return Err("insufficient_tokens");
        }
        let at_once = product.undo_s == 0 || self.undone(of, now) >= UNDONE_LIMIT;
        Ok(if at_once { Expected::Charge } else { Expected::Hold })
    }

    /// W8: a window or seat then running covers who is heard of again, otherwise it is an opening.
    pub(crate) fn expected_revival(&self, of: Of, device: DeviceKey, now: Instant) -> Result<Expected, &'static str> {
        let running = if self.seat(of, now).is_some() {
            Some(Expected::Seat)
        } else {
            self.windows(of).iter().find(|window| window.start <= now && now < window.end).map(|_| Expected::Window)
        };
        match running {
            Some(cover) => self.room(of, device).map(|()| cover),
            None => self.expected(of, Some(device), now),
        }
    }

    /// W3, and the sessions that a member may have open.
    fn room(&self, of: Of, device: DeviceKey) -> Result<(), &'static str> {
        let open = || self.sessions.values().filter(|session| session.life().open);
        let devices: BTreeSet<_> = open().filter(|open| open.of == of).map(|open| open.device).collect();
        if !devices.contains(&device) && devices.len() >= DEVICES {
            return Err("too_many_devices");
        }
        if open().filter(|open| open.of.0 == of.0).count() >= OPEN_SESSIONS { Err("limit") } else { Ok(()) }
    }

    /// W5, for a cover that ended at `after` and a proof of now.
    pub(super) fn expected_renewal(&self, of: Of, after: Instant) -> Result<Expected, &'static str> {
        if !self.members[&of.0].active {
            return Err("member_inactive");
        }
        if self.seat(of, after).is_some() {
            return Ok(Expected::Seat);
        }
        self.allowed(of)?;
        if self.uses.get(&of).is_some_and(|of| of.windows.iter().any(|window| window.end > after)) {
            return Ok(Expected::Window);
        }
        let product = &self.products[&of.1];
        let (_, tokens) = product.rate(after).ok_or("not_on_rate_sheet")?;
        if self.available_to_renew(of) < tokens.max(product.min_balance) {
            return Err("insufficient_tokens");
        }
        Ok(Expected::Charge)
    }

    /// A3.4 to A3.6.
    pub(super) fn allowed(&self, of: Of) -> Result<(), &'static str> {
        let granted: Vec<&Access> = self.members[&of.0].access.iter().chain(&self.default_access).collect();
        if granted.is_empty() {
            return Err("not_assigned");
        }
        if self.blocked.contains(&of.1) {
            return Err("product_blocked");
        }
        let allows = |access: &&Access| match access {
            Access::All => true,
            Access::Named(products) => products.contains(&of.1),
        };
        if !granted.iter().any(allows) {
            return Err("product_restricted");
        }
        if self.overdue.is_empty() { Ok(()) } else { Err("payment_overdue") }
    }

    pub(crate) fn available(&self) -> Tokens {
        self.lots.values().map(|lot| lot.available).sum()
    }

    /// What a hold made since the end would give back counts (W5), except to lots that have ended (P4).
    pub(super) fn available_to_renew(&self, of: Of) -> Tokens {
        let hold = self.uses.get(&of).and_then(|of| of.hold.as_ref());
        let draws = hold.into_iter().flat_map(|hold| &hold.draws);
        let back: Tokens = draws.filter(|draw| !self.lots[&draw.lot].ended).map(|draw| draw.tokens).sum();
        self.available() + back
    }

    pub(super) fn windows(&self, of: Of) -> &[Span] {
        self.uses.get(&of).map_or(&[], |of| &of.windows)
    }

    /// The end of the seat in force.
    pub(crate) fn seat(&self, of: Of, at: Instant) -> Option<Instant> {
        let seats = self.uses.get(&of).into_iter().flat_map(|of| &of.seats);
        seats.map(|seat| seat.span).filter(|span| span.start <= at && at < span.end).map(|span| span.end).max()
    }

    pub(super) fn undone(&self, of: Of, now: Instant) -> usize {
        self.uses.get(&of).map_or(0, |of| of.undone.iter().filter(|undone| later(**undone, DAY) > now).count())
    }

    /// P5, as the rule says it.
    pub(super) fn choose(&self, tokens: Tokens) -> Vec<(LotNo, Tokens)> {
        let mut lots: Vec<&LotSeen> = self.lots.values().filter(|lot| !lot.available.is_zero()).collect();
        lots.sort_by_key(|lot| {
            (lot.credited.ends_at, lot.credited.quantity, lot.credited.purchased_at, lot.credited.lot)
        });
        let mut missing = tokens;
        let mut chosen = Vec::new();
        for lot in lots {
            let drawn = lot.available.min(missing);
            if !drawn.is_zero() {
                chosen.push((lot.credited.lot, drawn));
                missing -= drawn;
            }
        }
        chosen
    }

    /// W10: each opening counts once, on its own day or on that of the window that covers it.
    pub(super) fn openings(&self, openings: &[Opening], day: Option<Day>) -> Counted {
        let mut counted = Counted::new();
        for (number, at) in openings {
            let day = day.unwrap_or_else(|| self.zone.day_of(*at));
            *counted.entry((day, self.sessions[number].tags.clone())).or_default() += 1;
        }
        counted
    }

    pub(super) fn runs(&self, hold: &HoldSeen) -> Vec<RunSeen> {
        let mut lives: Vec<(Life, SessionNo)> = Vec::new();
        for (number, from) in &hold.joined {
            let all = &self.sessions[number].lives;
            lives.extend(all.iter().filter(|life| life.from == *from).map(|life| (*life, *number)));
        }
        lives.sort_by_key(|(life, number)| (life.from, *number));
        let mut runs: Vec<RunSeen> = Vec::new();
        for (life, number) in lives {
            match runs.last_mut() {
                Some(run) if life.from <= run.end => {
                    run.end = run.end.max(life.last);
                    run.lives.insert((number, life.from));
                    run.open |= life.open;
                }
                Some(_) | None => runs.push(RunSeen {
                    start: life.from,
                    end: life.last,
                    lives: BTreeSet::from([(number, life.from)]),
                    open: life.open,
                }),
            }
        }
        runs
    }
}
