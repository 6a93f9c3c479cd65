//! How it is told what the model found: to each step its answer, of a session how it stands, and all in the end.

use crate::model::{By, Fact, Model, Stretch};
use crate::scan::{last_of_each, those};
use crate::{Answer, Cover, Id, Launch, Lot, State, Tokens, Told};

impl Model<'_> {
    /// The last step's answer is given what the facts after so many say of it, and the balance.
    pub(crate) fn tell(&mut self, before: usize) {
        let (lots, overdue) = (self.lots(None, None), self.overdue());
        let facts = || self.facts.iter().skip(before).map(|(_, fact)| fact);
        let Some(answer) = self.answers.last_mut() else { return };
        answer.charged = those!(facts(), Fact::Charged(charge) => charge.clone()).collect();
        let decided = those!(facts(), Fact::Held(charge, _) | Fact::Charged(charge) => charge.warnings.clone());
        answer.warnings = decided.flatten().collect();
        let sum = |of: fn(&Lot) -> Tokens| lots.iter().map(of).sum();
        (answer.available, answer.held, answer.overdue) = (sum(|lot| lot.available), sum(|lot| lot.held), overdue);
    }

    pub(crate) fn told(self) -> Told {
        let stretches = self.stretches();
        let owners = last_of_each(those!(self.facts.iter(), (_, Fact::Lot(lot)) => (lot.member, ())));
        let live = self.live().map(|(_, stretch)| stretch.of.id);
        Told {
            charges: those!(self.facts.iter(), (_, Fact::Charged(charge)) => charge.clone()).collect(),
            launches: stretches.iter().enumerate().filter_map(|(place, one)| self.launch(place, one)).collect(),
            lots: owners.iter().flat_map(|(owner, ())| self.lots(*owner, None)).collect(),
            live: live.map(|session| (session, self.seen(session))).collect(),
            answers: self.answers,
        }
    }

    /// What is told of a session.
    pub(crate) fn seen(&self, session: Id) -> Answer {
        let mut seen = Answer { state: Some(State::Ended), ..Answer::default() };
        let Some((place, stretch)) = self.session(session).filter(|(_, stretch)| stretch.ended.is_none()) else {
            return seen;
        };
        let end = self.cover_ends(&stretch);
        if end <= self.now {
            let state = if self.deferred(stretch.of, end).contains(&session) { State::Idle } else { State::Open };
            (seen.ends, seen.refusal) = self.unfunded(&stretch).map(|(ends, _, why)| (ends, why.clone())).unzip();
            seen.state = Some(if seen.ends.is_some() { State::Unfunded } else { state });
            return seen;
        }
        (seen.state, seen.cover) = (Some(State::Open), Some(if stretch.own { Cover::Tokens } else { Cover::Window }));
        match stretch.by {
            By::Seat(_) | By::Nothing => seen.cover = Some(Cover::Seat),
            By::Window(window) => seen.window = self.charge_at(window).window,
            By::Hold(hold) => {
                let Some((charge, undo, run)) = self.held(hold, place) else { return seen };
                seen.ends = Some(run.from + undo);
                seen.tokens = stretch.own.then_some(charge.tokens);
            }
        }
        seen
    }

    /// W10: a launch counts on the day of what covers it first; by a seat, undone or on a hold, on that of the opening.
    fn launch(&self, place: usize, stretch: &Stretch<'_>) -> Option<Launch> {
        let began = those!(self.facts.iter(), (_, Fact::Began(stretch)) => stretch.by).nth(place);
        let covered = those!(self.facts.iter(), (_, Fact::Covered(of, by, _)) if *of == place => *by);
        let first = began.into_iter().chain(covered).find(|by| !matches!(by, By::Hold(_)));
        let window = if let Some(By::Window(window)) = first { Some(self.charge_at(window).date) } else { None };
        let (day, _) = window.unwrap_or_else(|| (self.history.date_of)(stretch.from));
        stretch.launch.then_some(Launch { session: stretch.of.id, at: stretch.from, day })
    }
}
