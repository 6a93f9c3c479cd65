//! The model of windows, lots, caps, idle time and undo, by the numbers of their rules: with the files of its folder at
//! most 500 lines. Here is the way through a history with what is due on it, W in `windows`, undo in `undo`, lots and
//! caps in `tokens`.
//!
//! Two things are looked at: the steps that were not refused so far, and the facts that followed from them (what began,
//! was proven, ended, held, charged, undone), each with its instant. Facts are only ever added; what runs, is left, is
//! due or in force is asked of steps and facts each time. Holds and windows go by the place of their fact.

mod tokens;
mod undo;
mod windows;

use crate::access::Ask;
use crate::jobs::Job;
use crate::scan::those;
use crate::{Answer, At, Charge, History, Id, Lot, Refusal, State, Told, Use, What};

pub(crate) const MINUTE: At = 60_000_000;
pub(crate) const DAY: At = 1_440 * MINUTE;

pub(crate) enum Fact<'a> {
    /// Of a member and a product, from when to when; the next takes its place, `NoSeat` ends it.
    Seat((Id, Id), At, At),
    NoSeat((Id, Id)),
    Lot(Lot),
    Began(Stretch<'a>),
    /// Of a stretch, by its place among them, as in all below.
    Proof(usize),
    Active(&'a Use, At),
    /// Whether its own renewal made the charge.
    Covered(usize, By, bool),
    /// The renewal from an instant on was deferred.
    Deferred(&'a Use, At),
    /// The renewal of a session at an instant was refused, or its return after idling there.
    Unfunded(Id, At, Ask, Refusal),
    /// Whether it was lost.
    Ended(usize, bool),
    /// With its undo interval.
    Held(Charge, At),
    Freed(usize),
    Undone(Vec<usize>),
    Charged(Charge),
    Job(Job<'a>),
}

/// One time of a session: from its opening, revival or return from idleness to its last proof of use.
#[derive(Clone)]
pub(crate) struct Stretch<'a> {
    pub(crate) of: &'a Use,
    pub(crate) from: At,
    pub(crate) to: At,
    pub(crate) launch: bool,
    pub(crate) by: By,
    /// Whether its own opening or renewal made the hold or the charge.
    pub(crate) own: bool,
    /// Whether it was lost, when it has ended.
    pub(crate) ended: Option<bool>,
}

/// What covers a stretch: a seat, a window, a hold for one; or nothing, since it was undone.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum By {
    Nothing,
    Seat(usize),
    Window(usize),
    Hold(usize),
}

/// What falls due, in the order in which it is done at one instant. (Ends of lots and overdue invoices are looked at.)
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    SeatBegins(usize, usize),
    Loss(Id),
    UnfundedEnds(Id),
    Lapse(Id),
}

pub(crate) struct Model<'a> {
    pub(crate) history: &'a History<'a>,
    pub(crate) now: At,
    pub(crate) facts: Vec<(At, Fact<'a>)>,
    pub(crate) answers: Vec<Answer>,
}

/// What is to be told of a history.
pub fn run(history: &History<'_>) -> Told {
    let mut model = Model { history, now: At::MIN, facts: Vec::new(), answers: Vec::new() };
    for (at, what) in &history.steps {
        // What was due while the server was away is done when it is known to be back.
        if *what != What::Up {
            model.settle(*at);
        }
        let before = model.facts.len();
        let refused = |why| Answer { refusal: Some(why), ..Answer::default() };
        let answer = model.step(what).unwrap_or_else(refused);
        model.answers.push(answer);
        model.settle(*at);
        model.tell(before);
    }
    model.told()
}

impl<'a> Model<'a> {
    pub(crate) fn note(&mut self, fact: Fact<'a>) -> usize {
        self.facts.push((self.now, fact));
        self.facts.len() - 1
    }

    /// The steps so far that were not refused.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = (At, &'a What)> {
        let steps = self.history.steps.iter().zip(&self.answers);
        let done = steps.filter(|(_, answer)| answer.refusal.is_none() || answer.state.is_some());
        done.map(|((at, what), _)| (*at, what))
    }

    /// Does what is due by an instant, each at its own.
    fn settle(&mut self, until: At) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.now = at;
            match due {
                Due::SeatBegins(hold, seat) => self.resolve(hold, By::Seat(seat), false),
                Due::Loss(session) => self.end(session, true),
                Due::UnfundedEnds(session) => self.end(session, false),
                Due::Lapse(job) => drop(self.release(job, State::Lapsed)),
            }
        }
        self.now = until;
    }

    fn next_due(&self) -> Option<(At, Due)> {
        let mut due = Vec::new();
        for (hold, held, charge) in self.holds() {
            due.extend(self.seat_begins(&charge.of, held).map(|(at, seat)| (at, Due::SeatBegins(hold, seat))));
        }
        let up = those!(self.steps().rev(), (at, What::Up) => at).next().unwrap_or(At::MIN);
        for (_, stretch) in self.live() {
            due.push((up.max(stretch.to) + 10 * MINUTE, Due::Loss(stretch.of.id)));
            due.extend(self.unfunded(&stretch).map(|(ends, ..)| (ends, Due::UnfundedEnds(stretch.of.id))));
        }
        due.extend(self.lapses().map(|(ends, job)| (ends, Due::Lapse(job))));
        due.into_iter().min()
    }
}
