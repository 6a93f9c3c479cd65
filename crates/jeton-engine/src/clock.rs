//! The clock: the only place where time is read (W9).
//!
//! The wall clock is compared with the machine's steady clock. When they part, nothing is decided until it is
//! known why; small steps are bridged, and instants never go back. The sandbox's clock is its integrator's.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jeton_core::time::Instant;

/// For how long after a reading the steady clock is compared with that reading: corrections of a network's time
/// add up over months, and are no jump.
const TRUST: Duration = Duration::from_hours(1);

/// The largest jump that is taken by itself, when the kernel says that its clock is synchronised.
const TAKEN_BY_ITSELF: Duration = Duration::from_hours(1);

/// Where time comes from.
#[derive(Debug)]
pub enum Clock {
    Wall(WallClock),
    /// Stands at the engine's last instant, and is moved by command. Its machine gives the pace of the engine's own
    /// chores, and nothing else.
    Sandbox(Box<dyn Machine>),
    /// Stands where a [`crate::Walk`] has come to. Its machine gives the pace of the engine's own chores, and nothing
    /// else.
    Walk {
        at: Instant,
        machine: Box<dyn Machine>,
    },
}

impl Clock {
    /// The machine's steady clock, which the engine's own chores go by.
    pub(crate) fn steady(&self) -> Duration {
        match self {
            Self::Wall(clock) => clock.machine.steady(),
            Self::Sandbox(machine) | Self::Walk { machine, .. } => machine.steady(),
        }
    }
}

/// What a reading of the wall clock found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    At(Instant),
    /// The clocks parted, and the kernel says that its clock is synchronised: this is the time now.
    Stepped(Instant),
    Jumped(Jump),
}

/// The wall clock stands elsewhere than the steady clock says. Both as instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    pub wall: Instant,
    pub steady: Instant,
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall, steady } = self;
        write!(f, "the wall clock says {wall}, the steady clock {steady}")
    }
}

/// The machine's clocks, handed in so that tests can set them.
pub trait Machine: Send + fmt::Debug {
    /// The wall clock, in microseconds since 1970.
    fn wall(&self) -> i64;
    /// The steady clock, which also counts while the machine sleeps.
    fn steady(&self) -> Duration;
    /// Whether the kernel reports its clock as synchronised.
    fn synchronised(&self) -> bool;
}

/// The clocks of the machine that runs the program.
#[derive(Debug)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the wall clock is read")]
    fn wall(&self) -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
    }

    fn steady(&self) -> Duration {
        let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(read.tv_sec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(read.tv_nsec).unwrap_or_default())
    }

    #[expect(unsafe_code, reason = "adjtimex is asked through the C ABI, and no safe crate reads its status")]
    fn synchronised(&self) -> bool {
        // SAFETY: `modes` is 0, so the call only fills the structure, which is plain data and all zeros at first.
        let (state, status) = unsafe {
            let mut timex: libc::timex = std::mem::zeroed();
            (libc::adjtimex(&raw mut timex), timex.status)
        };
        state >= 0 && status & libc::STA_UNSYNC == 0
    }
}

/// The wall clock and what it is compared with.
#[derive(Debug)]
pub struct WallClock {
    machine: Box<dyn Machine>,
    threshold: Duration,
    /// When both were last trusted.
    wall: i64,
    steady: Duration,
}

impl WallClock {
    /// Trusts the wall clock as it is at the start, unless it stands more than the threshold before the last
    /// instant that is stored.
    pub fn start(machine: Box<dyn Machine>, threshold: Duration, last: Instant) -> Self {
        let wall = machine.wall();
        let back = micros(threshold);
        // What stands before the last stored instant is compared with that: the steady clock has nothing to say yet.
        let wall = if wall < last.micros().saturating_sub(back) { last.micros() } else { wall };
        let steady = machine.steady();
        Self { machine, threshold, wall, steady }
    }

    /// Reads both clocks.
    pub fn read(&mut self) -> Reading {
        let (wall, elapsed) = (self.machine.wall(), self.machine.steady().saturating_sub(self.steady));
        let expected = self.wall.saturating_add(micros(elapsed));
        let apart = Duration::from_micros(wall.abs_diff(expected));
        let (read, steady) = (instant(wall), instant(expected));
        if apart <= self.threshold {
            if elapsed > TRUST {
                self.trust(wall);
            }
            return Reading::At(read);
        }
        if apart <= TAKEN_BY_ITSELF && self.machine.synchronised() {
            self.trust(wall);
            return Reading::Stepped(read);
        }
        Reading::Jumped(Jump { wall: read, steady })
    }

    /// Takes the wall clock as it is, because an operator says so.
    pub fn accept(&mut self) -> Instant {
        let wall = self.machine.wall();
        self.trust(wall);
        instant(wall)
    }

    fn trust(&mut self, wall: i64) {
        self.wall = wall;
        self.steady = self.machine.steady();
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Beyond the years that Jeton knows, the nearest instant that it does.
fn instant(micros: i64) -> Instant {
    Instant::from_micros(micros.clamp(Instant::FIRST.micros(), Instant::LAST.micros()))
        .expect("a clamped number of microseconds is an instant")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Clone)]
    struct Set(Arc<Mutex<(i64, u64, bool)>>);

    impl Machine for Set {
        fn wall(&self) -> i64 {
            self.0.lock().unwrap().0
        }
        fn steady(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }
        fn synchronised(&self) -> bool {
            self.0.lock().unwrap().2
        }
    }

    const START: i64 = 1_772_438_400_000_000;
    const SECOND: i64 = 1_000_000;

    fn clock(last: i64) -> (Set, WallClock) {
        let set = Set(Arc::new(Mutex::new((START, 1_000, false))));
        let clock = WallClock::start(Box::new(set.clone()), Duration::from_mins(1), instant(last));
        (set, clock)
    }

    #[test]
    fn w9_clocks_that_go_together_are_the_time() {
        let (set, mut clock) = clock(START);
        *set.0.lock().unwrap() = (START + 3_660 * SECOND, 4_600, false);
        assert_eq!(clock.read(), Reading::At(instant(START + 3_660 * SECOND)), "exactly the threshold is no jump");
    }

    #[test]
    fn w9_a_jump_is_not_taken_unless_the_kernel_is_synchronised_and_it_is_an_hour_at_most() {
        let (set, mut clock) = clock(START);
        *set.0.lock().unwrap() = (START + 61 * SECOND, 1_000, false);
        let jump = Jump { wall: instant(START + 61 * SECOND), steady: instant(START) };
        assert_eq!(clock.read(), Reading::Jumped(jump));
        set.0.lock().unwrap().2 = true;
        assert_eq!(clock.read(), Reading::Stepped(instant(START + 61 * SECOND)));
        assert_eq!(clock.read(), Reading::At(instant(START + 61 * SECOND)));
        set.0.lock().unwrap().0 = START + (61 + 3_601) * SECOND;
        assert!(matches!(clock.read(), Reading::Jumped(_)));
        assert_eq!(clock.accept(), instant(START + (61 + 3_601) * SECOND));
        assert!(matches!(clock.read(), Reading::At(_)));
    }

    #[test]
    fn w9_a_clock_that_comes_back_is_trusted_again() {
        let (set, mut clock) = clock(START);
        set.0.lock().unwrap().0 = START - 3_600 * SECOND;
        assert!(matches!(clock.read(), Reading::Jumped(_)));
        *set.0.lock().unwrap() = (START + 5 * SECOND, 1_005, false);
        assert_eq!(clock.read(), Reading::At(instant(START + 5 * SECOND)));
    }

    #[test]
    fn w9_a_start_before_the_last_entry_is_a_jump() {
        let (_, mut clock) = clock(START + 61 * SECOND);
        assert!(matches!(clock.read(), Reading::Jumped(_)));
        let (_, mut near) = self::clock(START + 60 * SECOND);
        assert!(matches!(near.read(), Reading::At(_)));
    }
}
