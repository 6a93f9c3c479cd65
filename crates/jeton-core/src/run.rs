//! Runs: sessions of one product by one member whose proven times overlap (W2).

use alloc::vec::Vec;

use crate::entry::{Launches, Proof};
use crate::presence::Presence;
use crate::team::{Hold, Joined};
use crate::time::{Elapsed, Instant};

/// One run among the openings that share a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) launches: Launches,
    /// Whether one of its sessions is open.
    pub(crate) open: bool,
}

impl Run {
    /// For how long it is proven to have been open without a break.
    pub(crate) fn length(&self) -> Elapsed {
        self.end.since(self.start)
    }
}

/// The runs of a hold by start, as far as proofs of use show them. Times that touch are without a break.
pub(crate) fn runs(hold: &Hold, presence: &Presence) -> Vec<Run> {
    let mut proven: Vec<(Proof, &Joined)> =
        hold.joined.iter().map(|joined| (proven_by(joined, hold, presence), joined)).collect();
    proven.sort_unstable_by_key(|(proof, _)| (proof.from, proof.session, proof.to));
    let mut runs: Vec<Run> = Vec::new();
    for (proof, joined) in proven {
        let fresh = runs.last().is_none_or(|run| run.end < proof.from);
        if fresh {
            let (start, end) = (proof.from, proof.to);
            runs.push(Run { start, end, proofs: Vec::new(), launches: Launches::new(), open: false });
        }
        if let Some(run) = runs.last_mut() {
            run.end = run.end.max(proof.to);
            run.proofs.push(proof);
            *run.launches.entry(joined.day).or_insert(0) += 1;
            run.open |= joined.ended.is_none();
        }
    }
    runs
}

/// The runs that are over: every session of theirs has ended, and no earlier one is open whose next proof would
/// show it open all the while.
pub(crate) fn over(runs: &[Run]) -> impl Iterator<Item = &Run> {
    let mut earlier_open = false;
    runs.iter().filter(move |run| {
        earlier_open |= run.open;
        !earlier_open
    })
}

/// The first instant at which the hold can become a charge, as things stand: until then a close costs nothing.
pub(crate) fn undo_ends_at(hold: &Hold, presence: &Presence, joining: Option<Proof>) -> Option<Instant> {
    let standing = runs(hold, presence);
    let open = standing.iter().filter(|run| run.open).map(|run| run.start);
    // Who joins is one more run, unless its start lies in one that stands.
    let joining = joining.map(|proof| {
        let shares = standing.iter().find(|run| run.start <= proof.from && proof.from <= run.end);
        shares.map_or(proof.from, |run| run.start)
    });
    open.chain(joining).min().map(|start| start.plus(hold.undo()))
}

fn proven_by(joined: &Joined, hold: &Hold, presence: &Presence) -> Proof {
    let nothing = Proof { session: joined.session, from: hold.set_at, to: hold.set_at };
    let alive = || presence.of(joined.session).map(|alive| Proof { from: alive.from, to: alive.last_proof, ..nothing });
    joined.ended.or_else(alive).unwrap_or(nothing)
}
