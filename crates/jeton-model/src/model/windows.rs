//! Windows, what they cover, and how they are renewed, with idle time: W3 to W7.

use super::{By, DAY, Fact, MINUTE, Model, Stretch};
use crate::access::{Ask, Way};
use crate::scan::{same, those};
use crate::{At, Charge, Id, Refusal, Use};

impl<'a> Model<'a> {
    /// W3: a window covers everything of the product that has no cover from its start on, and what a hold covers.
    pub(super) fn charge(&mut self, charge: Charge, from: At, renewal: bool) -> usize {
        let date = (self.history.date_of)(from);
        let uncovered = |(place, stretch): (usize, Stretch<'_>)| {
            let end = self.cover_ends(&stretch);
            let idle = self.deferred(stretch.of, end).contains(&stretch.of.id);
            let uncovered = end <= from || idle || self.unfunded(&stretch).is_some();
            (uncovered && same(stretch.of, &charge.of)).then_some(place)
        };
        let uncovered: Vec<usize> = self.live().filter_map(uncovered).collect();
        let window = self.note(Fact::Charged(Charge { window: Some((from, from + DAY)), date, ..charge }));
        for place in uncovered {
            self.note(Fact::Covered(place, By::Window(window), false));
        }
        if let Some(hold) = self.pending(&self.charge_at(window).of) {
            self.resolve(hold, By::Window(window), renewal);
        }
        window
    }

    /// All stretches so far, as they stand now.
    pub(crate) fn stretches(&self) -> Vec<Stretch<'a>> {
        let mut all: Vec<Stretch<'a>> = Vec::new();
        for (at, fact) in &self.facts {
            if let Fact::Began(stretch) = fact {
                all.push(stretch.clone());
            } else if let Fact::Proof(stretch) = fact {
                all[*stretch].to = *at;
            } else if let Fact::Ended(stretch, lost) = fact {
                all[*stretch].ended = Some(*lost);
            } else if let Fact::Covered(stretch, by, own) = fact {
                (all[*stretch].by, all[*stretch].own) = (*by, *own);
            } else if let Fact::Undone(run) = fact {
                for stretch in run {
                    all[*stretch].by = By::Nothing;
                }
            }
        }
        all
    }

    /// The stretches that have not ended, with their places.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, Stretch<'a>)> {
        self.stretches().into_iter().enumerate().filter(|(_, stretch)| stretch.ended.is_none())
    }

    /// The last stretch of a session.
    pub(crate) fn session(&self, id: Id) -> Option<(usize, Stretch<'a>)> {
        self.stretches().into_iter().enumerate().rfind(|(_, stretch)| stretch.of.id == id)
    }

    /// W1: of the windows that run past an instant the one that ends last.
    pub(crate) fn window_past(&self, of: &Use, at: At) -> Option<usize> {
        let windows = those!(self.facts.iter().enumerate(), (place, (_, Fact::Charged(charge))) if same(&charge.of, of)
            => (charge.window.map(|(_, end)| end), place));
        windows.max().filter(|(end, _)| *end > Some(at)).map(|(_, place)| place)
    }

    /// W4: when the cover of a stretch ends, or has ended.
    pub(crate) fn cover_ends(&self, stretch: &Stretch<'_>) -> At {
        match stretch.by {
            By::Hold(_) | By::Nothing => At::MAX,
            By::Window(window) => self.charge_at(window).window.map_or(At::MAX, |(_, end)| end),
            By::Seat(seat) => self.seat_ends(stretch.of, seat),
        }
    }

    /// W4 to W7: a cover that has ended is followed by another, from its end on.
    pub(crate) fn renew(&mut self, of: &'a Use, closing: bool) {
        let Some((place, stretch)) = self.session(of.id) else { return };
        let end = self.cover_ends(&stretch);
        if end > self.now || closing && end == self.now {
            return;
        }
        let outcome = match (self.decide(of, end, Ask::Renewal), self.idle(&stretch, end)) {
            (Ok(Way::Free(by)), _) => Ok(self.note(Fact::Covered(place, by, false))),
            (Ok(Way::Pay(charge)), false) => {
                let window = By::Window(self.charge(charge, end, true));
                Ok(self.note(Fact::Covered(place, window, true)))
            }
            (Err(why), false) => Err((Ask::Renewal, why)),
            (_, true) => {
                self.note(Fact::Deferred(of, end));
                // I4: its own first activity later than the end counts as an opening.
                let mut own = those!(self.facts.iter(), &(_, Fact::Active(by, at)) if by.id == of.id && at > end => at);
                let Some(active) = own.next() else { return };
                let way = self.decide(of, active, Ask::Return).map_err(|why| (Ask::Return, why));
                way.map(|way| self.begin(of, active, way, false))
            }
        };
        if let Err((ask, why)) = outcome {
            self.note(Fact::Unfunded(of.id, end, ask, why));
        } else {
            self.renew(of, closing);
        }
    }

    /// W6: the first proof asks for all activity, whosoever's and later than the end, too; once a renewal was deferred,
    /// each session for its own. Whose renewal or return was refused is not asked again.
    fn idle(&self, stretch @ Stretch { of, .. }: &Stretch<'_>, end: At) -> bool {
        if let Some((_, refused, _)) = self.unfunded(stretch) {
            return refused == Ask::Return;
        }
        let Ok((_, Some(time), _)) = self.product(of.product) else { return false };
        let own = !self.deferred(of, end).is_empty();
        let asked = |by: &Use| if own { by.id == of.id } else { same(by, of) };
        let active = those!(self.facts.iter(), (_, Fact::Active(by, at)) if asked(by) => *at).max();
        !active.is_some_and(|at| end - time < at && !(own && at > end))
    }

    /// W6: the sessions whose renewal from an instant on was deferred.
    pub(crate) fn deferred(&self, of: &Use, end: At) -> Vec<Id> {
        those!(self.facts.iter(), (_, Fact::Deferred(by, at)) if same(by, of) && *at == end => by.id).collect()
    }

    /// W7: until when a session is unfunded, what was asked for it last, and why that was refused.
    pub(crate) fn unfunded(&self, stretch: &Stretch<'_>) -> Option<(At, Ask, &Refusal)> {
        let whose = (stretch.of.id, self.cover_ends(stretch));
        let mut refused = those!(self.facts.iter(), (at, Fact::Unfunded(of, end, ask, why)) if (*of, *end) == whose
            => (*at, *ask, why));
        let first = refused.next()?;
        let (_, ask, why) = refused.next_back().unwrap_or(first);
        Some((first.0 + 15 * MINUTE, ask, why))
    }
}
