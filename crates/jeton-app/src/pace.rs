//! How fast a key may ask.
//!
//! What always holds: each key has a measure of its own, which fills again as time goes by; only keys that were good
//! have one, so that nobody makes the server remember more than there are keys. Keys of the vendor and of products
//! have none unless the installation is set so. The time is the machine's, also in a sandbox: what is bounded is the
//! work of this machine.
//!
//! What it does not do: measure what is asked without a key, or decide what a face answers to one who is too fast.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::App;
use crate::caller::{Caller, KeyId, Scope};

/// How fast keys may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceSettings {
    /// Requests a second of one key, in the long run, a million at most; 0: as fast as it likes. Twice as many may
    /// come at once.
    pub per_s: u32,
    /// Whether keys of the vendor and of products are measured, too.
    pub all: bool,
}

/// How a key stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests that may come at once.
    pub quota: u32,
    /// Seconds in which so many come back.
    pub window_s: u32,
    /// Requests that may come now.
    pub remaining: u32,
    /// Seconds until the whole quota is there again, rounded up.
    pub whole_in_s: u32,
    /// When this request came too fast, the seconds after which the next may come, rounded up.
    pub retry_after_s: Option<u32>,
}

/// More requests a second than anybody can make; the measure counts in nanoseconds.
const MOST_PER_S: u32 = 1_000_000;
/// Requests that may come at once, in seconds of the long run.
const BURST_S: NonZeroU32 = NonZeroU32::new(2).expect("2 is not 0");

impl Default for PaceSettings {
    fn default() -> Self {
        Self { per_s: 50, all: false }
    }
}

impl App {
    /// Counts a request of this caller, and how its key stands; `None` where the key is not measured.
    pub fn pace(&self, caller: &Caller) -> Option<Pace> {
        self.inner.paces.count(caller)
    }
}

type Measures = RateLimiter<KeyId, DefaultKeyedStateStore<KeyId>, DefaultClock, StateInformationMiddleware>;

/// The measures of all keys.
pub(crate) struct Paces {
    measures: Option<Measures>,
    clock: DefaultClock,
    per_s: u32,
    all: bool,
}

impl Paces {
    pub(crate) fn new(settings: PaceSettings) -> Self {
        let per_s = settings.per_s.min(MOST_PER_S);
        let measures = NonZeroU32::new(per_s).map(|each_s| {
            let quota = Quota::per_second(each_s).allow_burst(each_s.saturating_mul(BURST_S));
            RateLimiter::keyed(quota).with_middleware()
        });
        Self { measures, clock: DefaultClock::default(), per_s, all: settings.all }
    }

    fn count(&self, caller: &Caller) -> Option<Pace> {
        let counts = match caller.scope {
            Scope::Vendor | Scope::Product(_) => self.all,
            Scope::Team(_) | Scope::Member { .. } | Scope::Partner(_) => true,
        };
        let measures = self.measures.as_ref().filter(|_| counts)?;
        let (remaining, retry_after_s) = match measures.check_key(&caller.key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(in_seconds(until.wait_time_from(self.clock.now())))),
        };
        let quota = self.per_s.saturating_mul(BURST_S.get());
        let whole_in_s = quota.saturating_sub(remaining).div_ceil(self.per_s);
        Some(Pace { quota, window_s: BURST_S.get(), remaining, whole_in_s, retry_after_s })
    }
}

/// Whole seconds, rounded up, at least one.
fn in_seconds(wait: Duration) -> u32 {
    let rest = u64::from(wait.subsec_nanos() > 0);
    u32::try_from(wait.as_secs().saturating_add(rest)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scope: Scope, key: &str) -> Caller {
        Caller { scope, key: KeyId::new(key) }
    }

    fn team(key: &str) -> Caller {
        caller(Scope::Team("acme".to_owned()), key)
    }

    #[test]
    fn a_key_may_burst_and_then_waits_while_others_go_on() {
        let paces = Paces::new(PaceSettings { per_s: 1, all: false });
        let first = paces.count(&team("key_1")).unwrap();
        assert_eq!((first.quota, first.window_s, first.remaining, first.retry_after_s), (2, 2, 1, None));
        assert_eq!(paces.count(&team("key_1")).unwrap().remaining, 0);
        let third = paces.count(&team("key_1")).unwrap();
        assert_eq!((third.remaining, third.whole_in_s, third.retry_after_s), (0, 2, Some(1)));
        assert_eq!(paces.count(&team("key_2")).unwrap().retry_after_s, None);
    }

    #[test]
    fn vendors_and_products_are_measured_only_where_all_are() {
        let scopes = [Scope::Vendor, Scope::Product("autocad".to_owned())];
        for (all, scope) in [false, true].into_iter().flat_map(|all| scopes.clone().map(|scope| (all, scope))) {
            let paces = Paces::new(PaceSettings { per_s: 1, all });
            assert_eq!(paces.count(&caller(scope, "key_1")).is_some(), all);
        }
        let member = Scope::Member { team: "acme".to_owned(), member: "alice".to_owned() };
        for scope in [Scope::Team("acme".to_owned()), member, Scope::Partner("resale".to_owned())] {
            assert!(Paces::new(PaceSettings::default()).count(&caller(scope, "key_1")).is_some());
        }
    }

    #[test]
    fn any_number_a_second_can_be_measured() {
        for per_s in [1, 3, 999_999_937, u32::MAX] {
            let pace = Paces::new(PaceSettings { per_s, all: true }).count(&team("key_1")).unwrap();
            assert_eq!((pace.quota, pace.whole_in_s, pace.retry_after_s), (2 * per_s.min(MOST_PER_S), 1, None));
        }
    }

    #[test]
    fn at_0_a_second_nobody_is_measured() {
        assert_eq!(Paces::new(PaceSettings { per_s: 0, all: true }).count(&team("key_1")), None);
    }
}
