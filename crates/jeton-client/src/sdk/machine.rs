//! Time and chance: the one place of the SDK that reads a clock, waits, or draws randomness.
//!
//! What always holds: waiting goes by the time since the machine started, which also passes while the machine sleeps
//! and which nobody can set; so a step of the wall clock moves no beat, and whatever came due in a sleep is done at
//! once when it ends. The wall clock is asked for where nothing better is known, never for how long something took.

use std::fmt;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::unix::AsyncFd;

/// Ends when what it waits for has come.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where time and chance come from, handed in so that the tests of a program can hold both.
pub trait Machine: Send + Sync + fmt::Debug + 'static {
    /// Time since the machine started, its sleep included.
    fn since_start(&self) -> Duration;
    /// Which start that was: another text after each.
    fn start(&self) -> String;
    /// What the wall clock says; anybody may have set it.
    fn wall(&self) -> Timestamp;
    /// Ends when [`since_start`](Machine::since_start) has reached `at`; at once after a sleep in which it has.
    fn wait(&self, at: Duration) -> Waiting<'_>;
    /// Bytes that nobody can guess.
    fn random(&self) -> [u8; 32];
}

/// The machine that runs the program.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn since_start(&self) -> Duration {
        let read = rustix::time::clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(read.tv_sec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(read.tv_nsec).unwrap_or_default())
    }

    fn start(&self) -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place of the SDK where the wall clock is read")]
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, at: Duration) -> Waiting<'_> {
        Box::pin(async move {
            // A kernel that is out of descriptors has no alarm; a plain timer is late by the machine's sleep.
            if alarm(at).await.is_err() {
                plain(at.saturating_sub(self.since_start())).await;
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place of the SDK where randomness is drawn")]
    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

/// An alarm of the kernel on the clock that passes while the machine sleeps.
async fn alarm(at: Duration) -> std::io::Result<()> {
    let timer = rustix::time::timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    // All zeros would turn the alarm off.
    let at = at.max(Duration::from_nanos(1));
    let at =
        Timespec { tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(at.subsec_nanos()) };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
    rustix::time::timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    let rung = rings(timer)?;
    let _ = rung.readable().await?;
    Ok(())
}

#[expect(deprecated, reason = "what takes its place is unsafe for descriptors that are not owned; this one is")]
fn rings(timer: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(timer)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place of the SDK that waits")]
async fn plain(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// A duration between `percent` less and `percent` more, so that many clients do not come at once.
pub(crate) fn about(machine: &dyn Machine, duration: Duration, percent: u32) -> Duration {
    let spread = duration * percent / 100;
    let steps = u64::try_from((spread * 2).as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    duration.saturating_sub(spread) + Duration::from_millis(number(machine) % steps)
}

/// An id for a session: in order of time, and nobody else's.
pub(crate) fn fresh_id(machine: &dyn Machine) -> String {
    let millis = u64::try_from(machine.wall().as_millisecond()).unwrap_or_default();
    let mut random = [0; 10];
    random.copy_from_slice(&machine.random()[..10]);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

fn number(machine: &dyn Machine) -> u64 {
    let random = machine.random();
    let mut first = [0; 8];
    first.copy_from_slice(&random[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_passed_is_not_waited_for_and_what_comes_is_waited_for() {
        let machine = ThisMachine;
        machine.wait(Duration::ZERO).await;
        let at = machine.since_start() + Duration::from_millis(20);
        machine.wait(at).await;
        assert!(machine.since_start() >= at);
    }

    #[test]
    fn about_stays_within_its_spread_and_ids_differ() {
        let (machine, minute) = (ThisMachine, Duration::from_mins(1));
        let drawn: Vec<Duration> = (0..200).map(|_| about(&machine, minute, 10)).collect();
        assert!(drawn.iter().all(|drawn| (54_000..=66_000).contains(&drawn.as_millis())), "{drawn:?}");
        assert!(drawn.iter().any(|one| *one < minute) && drawn.iter().any(|one| *one > minute));
        assert_eq!(about(&machine, Duration::ZERO, 50), Duration::ZERO);
        assert_ne!(fresh_id(&machine), fresh_id(&machine));
    }
}
