//! How fast a key may ask, and an address that has none yet.
//!
//! What always holds: each key has a measure of its own, which fills again as time goes by; only keys that were good
//! have one, so that nobody makes the server remember more than there are keys. Keys of the vendor and of products
//! have none unless the installation is set so. The time is the machine's, also in a sandbox: what is bounded is the
//! work of this machine.
//!
//! Addresses that show the codes of enrolments are measured as keys are; those that have been silent long enough for
//! their measure to be full again are forgotten.
//!
//! What it does not do: measure what else is asked without a key, or decide what a face answers to one who is too fast.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::App;
use crate::caller::{Caller, KeyId, Scope};
use crate::failure::Failure;

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
/// Addresses that are remembered before those are forgotten that have been silent.
const MOST_ADDRESSES: usize = 10_000;
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

type Measures<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The measures of all keys, and of addresses that show codes.
pub(crate) struct Paces {
    measures: Option<Measures<KeyId>>,
    addresses: Option<Measures<Option<IpAddr>>>,
    clock: DefaultClock,
    per_s: u32,
    all: bool,
}

impl Paces {
    pub(crate) fn new(settings: PaceSettings) -> Self {
        let per_s = settings.per_s.min(MOST_PER_S);
        let quota =
            NonZeroU32::new(per_s).map(|each_s| Quota::per_second(each_s).allow_burst(each_s.saturating_mul(BURST_S)));
        let measures = quota.map(|quota| RateLimiter::keyed(quota).with_middleware());
        let addresses = quota.map(|quota| RateLimiter::keyed(quota).with_middleware());
        Self { measures, addresses, clock: DefaultClock::default(), per_s, all: settings.all }
    }

    /// Counts a code that was shown from an address; all from where none is known are one.
    pub(crate) fn count_address(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        let Some(addresses) = &self.addresses else { return Ok(()) };
        if addresses.len() > MOST_ADDRESSES {
            addresses.retain_recent();
        }
        addresses
            .check_key(&address.map(network))
            .map(|_| ())
            .map_err(|until| Failure::TooFast { retry_after_s: in_seconds(until.wait_time_from(self.clock.now())) })
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

/// The part of an address that one who has it cannot choose: of one of version 6, its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(version_6) => {
            let host = u128::from(u64::MAX);
            version_6.to_ipv4_mapped().map_or(IpAddr::V6(Ipv6Addr::from(u128::from(version_6) & !host)), IpAddr::V4)
        }
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
        let member = Scope::Member { team: "acme".to_owned(), member: "alice".to_owned(), device: None };
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
    fn an_address_that_shows_codes_is_measured_and_others_go_on() {
        let paces = Paces::new(PaceSettings { per_s: 1, all: false });
        let from = |address: &str| paces.count_address(Some(address.parse().unwrap()));
        for address in ["192.0.2.7", "::ffff:192.0.2.7"] {
            assert_eq!(from(address), Ok(()));
        }
        assert_eq!(from("192.0.2.7"), Err(Failure::TooFast { retry_after_s: 1 }));
        assert_eq!(from("192.0.2.8"), Ok(()));
        // Whoever has a network of version 6 has all its addresses.
        assert_eq!([from("2001:db8::1"), from("2001:db8::2")], [Ok(()), Ok(())]);
        assert_eq!(from("2001:db8::3"), Err(Failure::TooFast { retry_after_s: 1 }));
        assert_eq!(from("2001:db8:0:1::3"), Ok(()));
        assert_eq!([paces.count_address(None), paces.count_address(None)], [Ok(()), Ok(())]);
        assert_eq!(paces.count_address(None), Err(Failure::TooFast { retry_after_s: 1 }));
        assert_eq!(Paces::new(PaceSettings { per_s: 0, all: true }).count_address(None), Ok(()));
    }

    #[test]
    fn at_0_a_second_nobody_is_measured() {
        assert_eq!(Paces::new(PaceSettings { per_s: 0, all: true }).count(&team("key_1")), None);
    }
}
