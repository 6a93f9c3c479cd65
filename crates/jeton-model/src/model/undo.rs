//! Openings that nothing covers, their holds, and what becomes of these: W1, W2, and A2 where a seat meets a hold.

use super::{By, DAY, Fact, Model, Stretch};
use crate::access::Way;
use crate::scan::{same, those};
use crate::{At, Charge, Id, Use};

/// Stretches that share a hold and whose proven times overlap, from when to when they are proven together, and whether
/// one of them has not ended.
pub(crate) struct Run {
    pub(crate) from: At,
    to: At,
    stretches: Vec<usize>,
    live: bool,
}

impl<'a> Model<'a> {
    /// W1, W2: an opening, or what counts as one at an activity or beat: without cover it sets a hold, or is charged at
    /// once. What a running seat or window takes in again is no launch.
    pub(crate) fn begin(&mut self, of: &'a Use, from: At, way: Way, opening: bool) -> usize {
        if let Some((before, Stretch { ended: None, .. })) = self.session(of.id) {
            self.note(Fact::Ended(before, false));
        }
        let launch = opening || !matches!(way, Way::Free(By::Seat(_) | By::Window(_)));
        let (by, own) = match (way, self.undo(of)) {
            (Way::Free(by), _) => (by, false),
            (Way::Pay(charge), 0) => (By::Window(self.charge(charge, from, false)), true),
            (Way::Pay(charge), undo) => (By::Hold(self.note(Fact::Held(charge, undo))), true),
        };
        if launch {
            self.note(Fact::Active(of, from));
        }
        let began = self.note(Fact::Began(Stretch { of, from, to: self.now, launch, by, own, ended: None }));
        self.prove(of.id);
        began
    }

    /// W2: how long the next opening can be undone.
    fn undo(&self, of: &Use) -> At {
        let (all, now) = (self.stretches(), self.now);
        let undone = those!(self.facts.iter(), (at, Fact::Undone(run)) if now < at + DAY => run[0]);
        let often = undone.filter(|stretch| same(all[*stretch].of, of)).count() >= 3;
        self.product(of.product).map_or(0, |(undo, ..)| if often { 0 } else { undo })
    }

    /// W2: the holds that are pending for windows, and since when.
    pub(super) fn holds(&self) -> impl Iterator<Item = (usize, At, &Charge)> {
        let freed: Vec<usize> = those!(self.facts.iter(), (_, Fact::Freed(hold)) => *hold).collect();
        those!(self.facts.iter().enumerate(), (hold, (at, Fact::Held(charge, _)))
            if charge.of.parts.is_empty() && !freed.contains(&hold) => (hold, *at, charge))
    }

    pub(crate) fn pending(&self, of: &Use) -> Option<usize> {
        self.holds().find(|(_, _, charge)| same(&charge.of, of)).map(|(hold, ..)| hold)
    }

    /// W2: the runs that share a hold.
    fn runs(&self, hold: usize) -> Vec<Run> {
        let shared = self.stretches().into_iter().enumerate().filter(|(_, stretch)| stretch.by == By::Hold(hold));
        let mut shared: Vec<_> = shared.collect();
        shared.sort_by_key(|(_, stretch)| stretch.from);
        let mut runs: Vec<Run> = Vec::new();
        for (place, Stretch { from, to, ended, .. }) in shared {
            let live = ended.is_none();
            if let Some(run) = runs.last_mut().filter(|run| from <= run.to) {
                (run.to, run.live) = (run.to.max(to), run.live || live);
                run.stretches.push(place);
            } else {
                runs.push(Run { from, to, stretches: vec![place], live });
            }
        }
        runs
    }

    /// W2: a hold with its undo interval, and the run of a stretch that shares it.
    pub(crate) fn held(&self, hold: usize, stretch: usize) -> Option<(&Charge, At, Run)> {
        let Fact::Held(charge, undo) = &self.facts[hold].1 else { return None };
        let run = self.runs(hold).into_iter().find(|run| run.stretches.contains(&stretch))?;
        Some((charge, *undo, run))
    }

    /// W2: a session is proven until now; its hold becomes a charge when the run of it is long enough.
    pub(crate) fn prove(&mut self, session: Id) {
        let Some((place, stretch)) = self.session(session) else { return };
        self.note(Fact::Proof(place));
        let By::Hold(hold) = stretch.by else { return };
        let Some((charge, undo, run)) = self.held(hold, place) else { return };
        if run.to - run.from >= undo {
            let of = self.stretches()[run.stretches[0]].of.clone();
            let charge = Charge { of, warnings: Vec::new(), ..charge.clone() };
            self.charge(charge, run.from, false);
        }
    }

    /// A hold is over, its runs are covered otherwise; those that have ended are undone, unless a renewal covers them.
    pub(super) fn resolve(&mut self, hold: usize, by: By, renewal: bool) {
        let (all, runs) = (self.stretches(), self.runs(hold));
        self.note(Fact::Freed(hold));
        for run in runs {
            if renewal || run.live {
                for stretch in run.stretches {
                    self.note(Fact::Covered(stretch, by, all[stretch].own && !renewal));
                }
            } else {
                self.note(Fact::Undone(run.stretches));
            }
        }
    }

    /// W2: a session ends; a run of which none is left is undone, unless an earlier session may yet prove to be of it.
    pub(crate) fn end(&mut self, session: Id, lost: bool) {
        let Some((place, stretch)) = self.session(session) else { return };
        self.note(Fact::Ended(place, lost));
        let Some(hold) = self.pending(stretch.of) else { return };
        let runs = self.runs(hold);
        if !runs.iter().any(|run| run.live) {
            self.note(Fact::Freed(hold));
        }
        for run in runs.into_iter().take_while(|run| !run.live) {
            self.note(Fact::Undone(run.stretches));
        }
    }
}
