//! Sessions and windows: W, and A2 where a seat meets a hold.

use super::access::{Ask, Way};
use super::{By, DAY, Fact, MINUTE, Model, Stretch, otherwise, same, those};
use crate::{Answer, At, Charge, Cover, Id, Launch, Refusal, State, Use};

/// Stretches that share a hold and whose proven times overlap, and from when to when they are proven together.
type Run = (At, At, Vec<usize>);

impl<'a> Model<'a> {
    /// W4, W8: a beat, or a close by the client or an admin.
    pub(super) fn message(&mut self, id: Id, activity: Option<At>, close: Option<bool>) -> Result<Answer, Refusal> {
        let Some((_, Stretch { of, to, ended, .. })) = self.session(id) else { return Err(Refusal::Unknown) };
        if ended == Some(true) && close.is_none() {
            otherwise(Refusal::SessionEnded, self.now <= to + 240 * MINUTE)?;
            self.revive(of)?;
        } else if ended.is_some() {
            return Ok(self.seen(id));
        }
        if close != Some(false) {
            let opened = those!(self.stretches().into_iter(), stretch if stretch.of.id == id => stretch.from).next();
            if let Some(at) = activity {
                self.note(Fact::Active(of, at.clamp(opened.unwrap_or(self.now), self.now)));
            }
            self.note(Fact::Proof(id));
            self.prove(id);
            self.renew(of, close.is_some());
        }
        if close.is_some() {
            self.end(id, false);
        }
        Ok(self.seen(id))
    }

    /// W8: a lost session is taken in by a seat or window that runs, or opened anew.
    fn revive(&mut self, of: &'a Use) -> Result<(), Refusal> {
        let seat = self.seat(of, self.now).map(|_| By::Seat(self.now));
        if let Some(by) = seat.or_else(|| self.window_past(of, self.now).map(By::Window)) {
            self.devices(of)?;
            self.stretch(of, self.now, false, by, false);
        } else {
            let way = self.decide(of, self.now, Ask::Opening)?;
            self.begin(of, self.now, way);
        }
        Ok(())
    }

    /// W1, W2: without cover an opening sets a hold, or is charged at once.
    pub(super) fn begin(&mut self, of: &'a Use, from: At, way: Way) -> usize {
        let (by, own) = match way {
            Way::Free(by) => (by, false),
            Way::Pay(charge) => {
                let (all, now) = (self.stretches(), self.now);
                let undone = those!(self.facts.iter(), (at, Fact::Undone(run)) if now < at + DAY => run[0]);
                let often = undone.filter(|stretch| same(all[*stretch].of, of)).count() >= 3;
                let undo = self.product(of.product).map_or(0, |product| product.0);
                let at_once = undo == 0 || often;
                (
                    if at_once {
                        By::Window(self.charge(charge, from))
                    } else {
                        By::Hold(self.note(Fact::Held(charge, undo)))
                    },
                    true,
                )
            }
        };
        let began = self.stretch(of, from, true, by, own);
        self.prove(of.id);
        began
    }

    fn stretch(&mut self, of: &'a Use, from: At, launch: bool, by: By, own: bool) -> usize {
        let (to, first) = (self.now, Some(by).filter(|by| !matches!(by, By::Hold(_))));
        self.note(Fact::Began(Stretch { of, from, to, launch, by, own, first, ended: None }))
    }

    /// W3: a window covers everything of the product that has no cover from its start on.
    fn charge(&mut self, charge: Charge, from: At) -> usize {
        let date = (self.history.date_of)(from);
        let uncovered = |stretch: &Stretch<'_>| {
            let end = self.cover_ends(stretch);
            end <= from || self.is_idle(stretch.of, end) || self.unfunded(stretch).is_some()
        };
        let all = self.stretches().into_iter().enumerate();
        let live = all.filter(|(_, stretch)| stretch.ended.is_none() && same(stretch.of, &charge.of));
        let uncovered: Vec<usize> = live.filter(|(_, stretch)| uncovered(stretch)).map(|(place, _)| place).collect();
        let window = self.note(Fact::Charged(Charge { window: Some((from, from + DAY)), date, ..charge }));
        for place in uncovered {
            self.note(Fact::Covered(place, By::Window(window), false));
        }
        window
    }

    /// All stretches so far, as they stand now.
    pub(super) fn stretches(&self) -> Vec<Stretch<'a>> {
        let mut all: Vec<Stretch<'a>> = Vec::new();
        for (at, fact) in &self.facts {
            let live = |id: Id| move |stretch: &&mut Stretch<'a>| stretch.of.id == id && stretch.ended.is_none();
            if let Fact::Began(stretch) = fact {
                all.iter_mut().rev().filter(live(stretch.of.id)).take(1).for_each(|before| before.ended = Some(false));
                all.push(stretch.clone());
            } else if let Fact::Proof(session) = fact {
                all.iter_mut().rev().filter(live(*session)).take(1).for_each(|stretch| stretch.to = *at);
            } else if let Fact::Ended(session, lost) = fact {
                all.iter_mut().rev().filter(live(*session)).take(1).for_each(|stretch| stretch.ended = Some(*lost));
            } else if let Fact::Covered(stretch, by, own) = fact {
                let stretch = &mut all[*stretch];
                (stretch.by, stretch.own, stretch.first) = (*by, *own, stretch.first.or(Some(*by)));
            } else if let Fact::Undone(run) = fact {
                for stretch in run {
                    all[*stretch].by = By::Nothing;
                }
            }
        }
        all
    }

    /// The last stretch of a session.
    pub(super) fn session(&self, id: Id) -> Option<(usize, Stretch<'a>)> {
        self.stretches().into_iter().enumerate().rfind(|(_, stretch)| stretch.of.id == id)
    }

    /// W1: of the windows that run past an instant the one that ends last.
    pub(super) fn window_past(&self, of: &Use, at: At) -> Option<usize> {
        let windows = those!(self.facts.iter().enumerate(), (place, (_, Fact::Charged(charge))) if same(&charge.of, of)
            => (charge.window.map(|(_, end)| end), place));
        windows.max().filter(|(end, _)| *end > Some(at)).map(|(_, place)| place)
    }

    /// W2: the holds that are pending for windows, and since when.
    pub(super) fn holds(&self) -> impl Iterator<Item = (usize, At, &Charge)> {
        let freed: Vec<usize> = those!(self.facts.iter(), (_, Fact::Freed(hold)) => *hold).collect();
        those!(self.facts.iter().enumerate(), (hold, (at, Fact::Held(charge, _)))
            if charge.of.parts.is_empty() && !freed.contains(&hold) => (hold, *at, charge))
    }

    pub(super) fn pending(&self, of: &Use) -> Option<usize> {
        self.holds().find(|(_, _, charge)| same(&charge.of, of)).map(|(hold, ..)| hold)
    }

    /// W4: when the cover of a stretch ends, or has ended.
    fn cover_ends(&self, stretch: &Stretch<'_>) -> At {
        match stretch.by {
            By::Hold(_) | By::Nothing => At::MAX,
            By::Window(window) => self.charge_at(window).window.map_or(At::MAX, |(_, end)| end),
            By::Seat(from) => {
                // A seat that was set only after an end did not prevent it.
                let (seats, mut until) = (self.seats(stretch.of), from);
                let runs = |(set, starts, ends): &&(At, At, At), at: At| {
                    *starts <= at && at < *ends && (*set <= at || at == from)
                };
                while let Some((.., later)) = seats.iter().find(|seat| runs(seat, until)) {
                    until = *later;
                }
                until
            }
        }
    }

    /// W2: the runs that share a hold.
    fn runs(hold: usize, all: &[Stretch<'_>]) -> Vec<Run> {
        let shared = all.iter().enumerate().filter(|(_, stretch)| stretch.by == By::Hold(hold));
        let mut shared: Vec<(At, usize, At)> =
            shared.map(|(place, stretch)| (stretch.from, place, stretch.to)).collect();
        shared.sort_unstable();
        let mut runs: Vec<Run> = Vec::new();
        for (from, stretch, to) in shared {
            if let Some(run) = runs.last_mut().filter(|run| from <= run.1) {
                run.1 = run.1.max(to);
                run.2.push(stretch);
            } else {
                runs.push((from, to, vec![stretch]));
            }
        }
        runs
    }

    /// W2: the hold becomes a charge when the run of a session that was just proven is long enough.
    fn prove(&mut self, session: Id) {
        let (all, Some((place, stretch))) = (self.stretches(), self.session(session)) else { return };
        let By::Hold(hold) = stretch.by else { return };
        let Fact::Held(charge, undo) = &self.facts[hold].1 else { unreachable!() };
        let run = Self::runs(hold, &all).into_iter().find(|(from, to, run)| run.contains(&place) && to - from >= *undo);
        let Some((from, _, run)) = run else { return };
        let charge = Charge { of: all[run[0]].of.clone(), warnings: Vec::new(), ..charge.clone() };
        let window = self.charge(charge, from);
        self.resolve(hold, By::Window(window), false);
    }

    /// A hold is over, its runs are covered otherwise; those that have ended are undone, unless a renewal covers them.
    pub(super) fn resolve(&mut self, hold: usize, by: By, renewal: bool) {
        let all = self.stretches();
        self.note(Fact::Freed(hold));
        for (.., run) in Self::runs(hold, &all) {
            if renewal || run.iter().any(|stretch| all[*stretch].ended.is_none()) {
                for stretch in run {
                    self.note(Fact::Covered(stretch, by, all[stretch].own && !renewal));
                }
            } else {
                self.note(Fact::Undone(run));
            }
        }
    }

    /// W2: a session ends; a run of which none is left is undone, unless an earlier session may yet prove to be of it.
    pub(super) fn end(&mut self, session: Id, lost: bool) {
        self.note(Fact::Ended(session, lost));
        let (all, ended) = (self.stretches(), self.session(session));
        let Some(hold) = ended.and_then(|(_, stretch)| self.pending(stretch.of)) else { return };
        let runs = Self::runs(hold, &all);
        let live = |stretch: &&usize| all[**stretch].ended.is_none();
        let first = runs.iter().flat_map(|run| &run.2).filter(live).map(|stretch| all[*stretch].from).min();
        for (.., run) in runs.into_iter().filter(|(_, to, _)| first.is_none_or(|from| from > *to)) {
            self.note(Fact::Undone(run));
        }
        if first.is_none() {
            self.note(Fact::Freed(hold));
        }
    }

    /// W4 to W7: a cover that has ended is followed by another, from its end on.
    fn renew(&mut self, of: &'a Use, closing: bool) {
        let Some((place, stretch)) = self.session(of.id) else { return };
        let end = self.cover_ends(&stretch);
        if end > self.now || closing && end == self.now {
            return;
        }
        let outcome = match (self.decide(of, end, Ask::Renewal), self.idle(of, end)) {
            (Ok(Way::Free(by)), _) => Ok(self.note(Fact::Covered(place, by, false))),
            (Ok(Way::Pay(charge)), false) => {
                let (hold, window) = (self.pending(of), By::Window(self.charge(charge, end)));
                if let Some(hold) = hold {
                    self.resolve(hold, window, true);
                }
                Ok(self.note(Fact::Covered(place, window, true)))
            }
            (Err(why), false) => Err(why),
            (Ok(Way::Pay(_)) | Err(_), true) => {
                self.note(Fact::Deferred(of, end));
                // I4: its own first activity later than the end counts as an opening.
                let active =
                    those!(self.facts.iter(), (_, Fact::Active(by, at)) if by.id == of.id && *at > end => *at).next();
                let Some(active) = active else { return };
                self.decide(of, active, Ask::Return).map(|way| match way {
                    // What runs already takes it in again: that is no launch.
                    Way::Free(by @ (By::Seat(_) | By::Window(_))) => self.stretch(of, active, false, by, false),
                    way @ (Way::Free(By::Hold(_) | By::Nothing) | Way::Pay(_)) => self.begin(of, active, way),
                })
            }
        };
        if let Err(why) = outcome {
            self.note(Fact::Unfunded(of.id, end, why));
        } else {
            self.renew(of, closing);
        }
    }

    /// W6: the first proof asks for all activity, whosoever's and later than the end, too; once a renewal was deferred,
    /// each session for its own.
    fn idle(&self, of: &Use, end: At) -> bool {
        let Ok((_, Some(time), _)) = self.product(of.product) else { return false };
        let reported = those!(self.facts.iter(), (_, Fact::Active(by, at)) if same(by, of) => (by.id, *at));
        let refused = |fact: &Fact<'_>| matches!(fact, Fact::Unfunded(by, at, _) if (*by, *at) == (of.id, end));
        if !self.is_idle(of, end) && self.facts.iter().any(|(_, fact)| refused(fact)) {
            return false;
        }
        if self.deferred(of, end) {
            let own = those!(reported, (by, at) if by == of.id => at).max();
            return !own.is_some_and(|at| end - time < at && at <= end);
        }
        let opened =
            those!(self.stretches().into_iter(), opened if opened.launch && same(opened.of, of) => opened.from);
        !reported.map(|(_, at)| at).chain(opened).any(|at| end - time < at)
    }

    /// Whether it was this session's renewal that was deferred.
    fn is_idle(&self, of: &Use, end: At) -> bool {
        let own = those!(self.facts.iter(), (_, Fact::Deferred(by, at)) if by.id == of.id && *at == end => ());
        own.count() > 0
    }

    fn deferred(&self, of: &Use, end: At) -> bool {
        those!(self.facts.iter(), (_, Fact::Deferred(by, at)) if same(by, of) && *at == end => ()).next().is_some()
    }

    /// W7: until when a session is unfunded, and why by the last refusal.
    pub(super) fn unfunded(&self, stretch: &Stretch<'_>) -> Option<(At, &Refusal)> {
        let whose = (stretch.of.id, self.cover_ends(stretch));
        let refused =
            those!(self.facts.iter(), (at, Fact::Unfunded(of, end, why)) if (*of, *end) == whose => (*at, why));
        let refused: Vec<(At, &Refusal)> = refused.collect();
        Some((refused.first()?.0 + 15 * MINUTE, refused.last()?.1))
    }

    /// What is told of a session.
    pub(super) fn seen(&self, session: Id) -> Answer {
        let mut seen = Answer { state: Some(State::Ended), ..Answer::default() };
        let Some((place, stretch)) = self.session(session).filter(|(_, stretch)| stretch.ended.is_none()) else {
            return seen;
        };
        let end = self.cover_ends(&stretch);
        if end <= self.now {
            let state = if self.is_idle(stretch.of, end) { State::Idle } else { State::Open };
            (seen.ends, seen.refusal) = self.unfunded(&stretch).map(|(ends, why)| (ends, why.clone())).unzip();
            seen.state = Some(if seen.ends.is_some() { State::Unfunded } else { state });
            return seen;
        }
        (seen.state, seen.cover) = (Some(State::Open), Some(if stretch.own { Cover::Tokens } else { Cover::Window }));
        match stretch.by {
            By::Seat(_) | By::Nothing => seen.cover = Some(Cover::Seat),
            By::Window(window) => seen.window = self.charge_at(window).window,
            By::Hold(hold) => {
                let Fact::Held(charge, undo) = &self.facts[hold].1 else { unreachable!() };
                let runs = Self::runs(hold, &self.stretches());
                seen.ends = those!(runs.into_iter(), (from, _, run) if run.contains(&place) => from + undo).next();
                seen.tokens = stretch.own.then_some(charge.tokens);
            }
        }
        seen
    }

    /// W10: a launch counts on the day of what covers it; by a seat, undone or on a hold, on that of the opening.
    pub(super) fn launch(&self, stretch: &Stretch<'_>) -> Option<Launch> {
        let window =
            if let Some(By::Window(window)) = stretch.first { Some(self.charge_at(window).date) } else { None };
        let (day, _) = window.unwrap_or_else(|| (self.history.date_of)(stretch.from));
        stretch.launch.then_some(Launch { session: stretch.of.id, at: stretch.from, day })
    }
}
