//! The rules, by their numbers: what is due here, W in `windows`, lots and caps in `tokens`. Beside them stand who may
//! have what and at which rate (`access`), R (`jobs`), and what each step does (`steps`).
//!
//! Two things are looked at: the steps that were not refused so far, and the facts that followed from them (what began,
//! was proven, ended, held, charged, undone), each with its instant. Facts are only ever added; what runs, is left, is
//! due or in force is asked of steps and facts each time. Holds and windows go by the place of their fact.

mod access;
mod jobs;
mod steps;
mod tokens;
mod windows;

use self::jobs::Job;
use crate::{Answer, At, Charge, History, Id, Lot, Refusal, State, Tokens, Told, Use, What};

const MINUTE: At = 60_000_000;
const DAY: At = 1_440 * MINUTE;

enum Fact<'a> {
    Up,
    /// Of a member and a product, from when to when; `NoSeat` ends it.
    Seat((Id, Id), At, At),
    NoSeat((Id, Id)),
    Lot(Lot),
    Began(Stretch<'a>),
    Proof(Id),
    Active(&'a Use, At),
    /// A stretch, and whether its own renewal made the charge.
    Covered(usize, By, bool),
    /// The renewal from an instant on was deferred.
    Deferred(&'a Use, At),
    /// The renewal of a session at an instant was refused.
    Unfunded(Id, At, Refusal),
    /// Whether it was lost.
    Ended(Id, bool),
    /// With its undo interval.
    Held(Charge, At),
    Freed(usize),
    Undone(Vec<usize>),
    Charged(Charge),
    Job(Job<'a>),
}

/// One time of a session: from its opening, revival or return from idleness to its last proof of use.
#[derive(Clone)]
struct Stretch<'a> {
    of: &'a Use,
    from: At,
    to: At,
    launch: bool,
    by: By,
    /// Whether its own opening or renewal made the hold or the charge.
    own: bool,
    /// What covered it first, but for a hold.
    first: Option<By>,
    /// Whether it was lost, when it has ended.
    ended: Option<bool>,
}

/// What covers a stretch: a seat from some instant on, a window, a hold for one; or nothing, since it was undone.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Nothing,
    Seat(At),
    Window(usize),
    Hold(usize),
}

/// What falls due, in the order in which it is done at one instant. (Ends of lots and overdue invoices are looked at.)
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    SeatBegins(usize),
    Loss(Id),
    UnfundedEnds(Id),
    Lapse(Id),
}

struct Model<'a> {
    history: &'a History<'a>,
    now: At,
    facts: Vec<(At, Fact<'a>)>,
    answers: Vec<Answer>,
}

/// Those of a list that have a form, each as what is wanted of it.
macro_rules! those {
    ($list:expr, $form:pat $(if $such:expr)? => $what:expr) => {
        $list.filter_map(move |one| if let $form = one $(&& $such)? { Some($what) } else { None })
    };
}

/// What the last step of a form says.
macro_rules! last {
    ($model:expr, $form:pat $(if $such:expr)? => $what:expr) => {
        those!($model.steps().rev(), (_, $form) $(if $such)? => $what).next()
    };
}
use {last, those};

/// Of each thing what was said last, in the order in which it was said.
fn last_of_each<K: PartialEq, V>(said: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut last: Vec<(K, V)> = Vec::new();
    for one in said {
        last.retain(|other| other.0 != one.0);
        last.push(one);
    }
    last
}

fn otherwise(refusal: Refusal, good: bool) -> Result<(), Refusal> {
    if good { Ok(()) } else { Err(refusal) }
}

/// Whether two uses are of one product by one member.
fn same(one: &Use, other: &Use) -> bool {
    (one.member, one.product) == (other.member, other.product)
}

/// What is to be told of a history.
pub fn run(history: &History<'_>) -> Told {
    let mut model = Model { history, now: At::MIN, facts: Vec::new(), answers: Vec::new() };
    for (at, what) in &history.steps {
        if *what == What::Up {
            model.facts.push((*at, Fact::Up));
        }
        model.settle(*at);
        let first = model.facts.len();
        let refused = |why| Answer { refusal: Some(why), ..Answer::default() };
        let mut answer = model.step(what).unwrap_or_else(refused);
        let facts = || model.facts.iter().skip(first).map(|(_, fact)| fact);
        answer.charged = those!(facts(), Fact::Charged(charge) => charge.clone()).collect();
        let decided = those!(facts(), Fact::Held(charge, _) | Fact::Charged(charge) => charge.warnings.clone());
        answer.warnings = decided.flatten().collect();
        model.answers.push(answer);
        model.settle(*at);
        let (lots, overdue) = (model.lots(None, None), model.overdue());
        if let Some(answer) = model.answers.last_mut() {
            let sum = |of: fn(&Lot) -> Tokens| lots.iter().map(of).sum();
            (answer.available, answer.held, answer.overdue) = (sum(|lot| lot.available), sum(|lot| lot.held), overdue);
        }
    }
    let stretches = model.stretches();
    let owners = last_of_each(those!(model.facts.iter(), (_, Fact::Lot(lot)) => (lot.member, ())));
    let live = those!(stretches.iter(), Stretch { of, ended: None, .. } => of.id);
    Told {
        charges: those!(model.facts.iter(), (_, Fact::Charged(charge)) => charge.clone()).collect(),
        launches: stretches.iter().filter_map(|stretch| model.launch(stretch)).collect(),
        lots: owners.iter().flat_map(|(owner, ())| model.lots(*owner, None)).collect(),
        live: live.map(|session| (session, model.seen(session))).collect(),
        answers: model.answers,
    }
}

impl<'a> Model<'a> {
    fn note(&mut self, fact: Fact<'a>) -> usize {
        self.facts.push((self.now, fact));
        self.facts.len() - 1
    }

    /// The steps so far that were not refused.
    fn steps(&self) -> impl DoubleEndedIterator<Item = (At, &'a What)> {
        let steps = self.history.steps.iter().zip(&self.answers);
        let done = steps.filter(|(_, answer)| answer.refusal.is_none() || answer.state.is_some());
        done.map(|((at, what), _)| (*at, what))
    }

    /// Does what is due by an instant, each at its own.
    fn settle(&mut self, until: At) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.now = at;
            match due {
                Due::SeatBegins(hold) => self.resolve(hold, By::Seat(at), false),
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
            let begins = self.seats(&charge.of).into_iter().map(|(set, starts, ends)| (starts.max(set), ends));
            due.extend(those!(begins, (at, ends) if held <= at && at < ends => (at, Due::SeatBegins(hold))));
        }
        let up = those!(self.facts.iter().rev(), (at, Fact::Up) => *at).next();
        for stretch in self.stretches().iter().filter(|stretch| stretch.ended.is_none()) {
            due.push((up.map_or(stretch.to, |up| up.max(stretch.to)) + 10 * MINUTE, Due::Loss(stretch.of.id)));
            due.extend(self.unfunded(stretch).map(|(ends, _)| (ends, Due::UnfundedEnds(stretch.of.id))));
        }
        due.extend(
            those!(self.jobs().into_iter(), Job { of, state: State::Held, ends, .. } => (ends, Due::Lapse(of.id))),
        );
        due.into_iter().min()
    }
}
