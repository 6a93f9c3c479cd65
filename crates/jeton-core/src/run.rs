//! Runs: sessions of one product by one member whose proven times overlap (W2).

use alloc::vec::Vec;

use crate::entry::{Launch, Proof, Tags};
use crate::id::SessionNo;
use crate::presence::Presence;
use crate::team::{Hold, Joined};
use crate::time::{Day, Elapsed, Instant};

/// One run among the openings that share a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run<'h> {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) proofs: Vec<Proof>,
    /// The openings that are part of it, the one that began it first.
    pub(crate) joined: Vec<&'h Joined>,
    /// Whether one of its sessions is open.
    pub(crate) open: bool,
}

impl Run<'_> {
    /// The tags of the opening that began it: what causes its charge (L2).
    pub(crate) fn tags(&self) -> Tags {
        self.joined.first().map(|joined| joined.tags.clone()).unwrap_or_default()
    }

    /// For how long it is proven to have been open without a break.
    pub(crate) fn length(&self) -> Elapsed {
        self.end.since(self.start)
    }
}

/// The runs of a hold by start, as far as proofs of use show them. Times that touch are without a break.
pub(crate) fn runs<'h>(hold: &'h Hold, presence: &Presence) -> Vec<Run<'h>> {
    let mut proven: Vec<(Proof, &'h Joined)> =
        hold.joined.iter().map(|joined| (proven_by(joined, hold, presence), joined)).collect();
    // Of two that begin at one instant, the one that joined first began it.
    proven.sort_by_key(|(proof, _)| proof.from);
    let mut runs: Vec<Run<'h>> = Vec::new();
    for (proof, joined) in proven {
        let fresh = runs.last().is_none_or(|run| run.end < proof.from);
        if fresh {
            let (start, end) = (proof.from, proof.to);
            runs.push(Run { start, end, proofs: Vec::new(), joined: Vec::new(), open: false });
        }
        if let Some(run) = runs.last_mut() {
            run.end = run.end.max(proof.to);
            run.proofs.push(proof);
            run.joined.push(joined);
            run.open |= joined.ended.is_none();
        }
    }
    runs
}

/// How these openings count: on the day of each opening, or all on the day of the window that covers them (W10).
pub(crate) fn launches<'j>(joined: impl IntoIterator<Item = &'j Joined>, day: Option<Day>) -> Vec<Launch> {
    let mut launches: Vec<Launch> = Vec::new();
    for joined in joined {
        let day = day.unwrap_or(joined.day);
        match launches.iter_mut().find(|launch| launch.day == day && launch.tags == joined.tags) {
            Some(launch) => launch.count += 1,
            None => launches.push(Launch { day, tags: joined.tags.clone(), count: 1 }),
        }
    }
    launches
}

/// The runs that are over: every session of theirs has ended, and no earlier one is open whose next proof would
/// show it open all the while.
pub(crate) fn over<'r, 'h>(runs: &'r [Run<'h>]) -> impl Iterator<Item = &'r Run<'h>> {
    let mut earlier_open = false;
    runs.iter().filter(move |run| {
        earlier_open |= run.open;
        !earlier_open
    })
}

/// When the run of an open session will have been open for the undo interval, as far as proofs show it now: until
/// then, closing the session leaves its run uncharged.
pub(crate) fn undo_ends_at(hold: &Hold, presence: &Presence, session: SessionNo) -> Option<Instant> {
    let standing = runs(hold, presence);
    let own = |run: &&Run<'_>| run.joined.iter().any(|joined| joined.session == session && joined.ended.is_none());
    standing.iter().find(own).map(|run| run.start.plus(hold.undo()))
}

/// The same for an opening at `now` that is about to share the hold.
pub(crate) fn undo_ends_at_of_joining(hold: &Hold, presence: &Presence, now: Instant) -> Instant {
    let standing = runs(hold, presence);
    let shared = standing.iter().find(|run| run.start <= now && now <= run.end);
    shared.map_or(now, |run| run.start).plus(hold.undo())
}

fn proven_by(joined: &Joined, hold: &Hold, presence: &Presence) -> Proof {
    let nothing = Proof { session: joined.session, from: hold.set_at, to: hold.set_at };
    let alive = || presence.of(joined.session).map(|alive| Proof { from: alive.from, to: alive.last_proof, ..nothing });
    joined.ended.or_else(alive).unwrap_or(nothing)
}
