//! The machine's clocks, which stand until a test moves them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jeton_core::time::Instant;
use jeton_engine::Machine;

/// An instant as it is written.
pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Clones are the same clocks.
#[derive(Debug, Clone)]
pub(crate) struct Clocks(Arc<Mutex<Standing>>);

#[derive(Debug)]
struct Standing {
    wall: i64,
    steady: Duration,
    synchronised: bool,
}

impl Clocks {
    /// The wall clock stands at this instant; the kernel says that it is not synchronised.
    pub(crate) fn at(wall: &str) -> Self {
        let steady = Duration::from_hours(5);
        Self(Arc::new(Mutex::new(Standing { wall: at(wall).micros(), steady, synchronised: false })))
    }

    /// Time goes by: both clocks say so.
    pub(crate) fn pass(&self, time: Duration) {
        let mut standing = self.standing();
        standing.wall += i64::try_from(time.as_micros()).unwrap();
        standing.steady += time;
    }

    /// The wall clock alone is set, forward or back.
    pub(crate) fn step(&self, seconds: i64) {
        self.standing().wall += seconds * 1_000_000;
    }

    /// The kernel says that its clock is synchronised.
    pub(crate) fn synchronise(&self) {
        self.standing().synchronised = true;
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap()
    }
}

impl Machine for Clocks {
    fn wall(&self) -> i64 {
        self.standing().wall
    }

    fn steady(&self) -> Duration {
        self.standing().steady
    }

    fn synchronised(&self) -> bool {
        self.standing().synchronised
    }
}
