//! A driver of the whole engine, on the memory store, through bad days: seeds decide who asks what, when time goes by,
//! and what befalls the store and the process. After every step the log is reckoned anew, by other means.
//!
//! What has to be so: V3 for every lot, no token spent twice, what was answered is kept and once, what was not is
//! there whole or not at all, and no charge without a message of its client's.
//!
//! `JETON_DRIVER_SEED=17` plays one seed, `JETON_DRIVER_SEEDS=20000` so many from 0 on. What the engine can be asked is
//! in `commands`, what its entries have to say in `reckoning`, what its answers have to say in `judge`.

mod bad_days;
mod chance;
mod commands;
mod judge;
mod play;
mod reckoning;

use std::collections::BTreeMap;
use std::io::{Write as _, stderr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use play::play;

/// How many seeds are played.
const SEEDS: u64 = 2_000;
/// How many of them are played twice.
const TWICE: u64 = 40;

/// What plays the seed that is told by the environment.
const REPEAT: &str = "cargo test -p jeton-engine --test it driver::v3";

#[expect(clippy::disallowed_methods, reason = "how a person tells the test which seeds to play")]
fn told(name: &str) -> Option<u64> {
    let value = std::env::var_os(name)?;
    Some(value.to_str().and_then(|value| value.parse().ok()).expect("a number of seeds, or a seed"))
}

/// A panic says of which seed it is, on whichever thread: an engine that fails ends the process.
fn say_which_seed() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(seed) = play::played() {
                // Not captured, which would be lost with the process.
                let _not_said = writeln!(stderr(), "seed {seed} fails; repeat it: JETON_DRIVER_SEED={seed} {REPEAT}");
            }
            before(panic);
        }));
    });
}

#[test]
fn v3_v4_w4_hold_through_every_bad_day_of_every_seed() {
    say_which_seed();
    let seeds = match (told("JETON_DRIVER_SEED"), told("JETON_DRIVER_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(seeds)) => 0..seeds,
        (None, None) => 0..SEEDS,
    };
    let next = AtomicU64::new(seeds.start);
    let (failed, happened) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::new()));
    let work = || {
        while let seed = next.fetch_add(1, Ordering::Relaxed)
            && seed < seeds.end
        {
            match catch_unwind(AssertUnwindSafe(|| play(seed))) {
                Ok(played) => {
                    let mut happened = happened.lock().unwrap();
                    for (what, times) in played.happened {
                        *happened.entry(what).or_insert(0) += times;
                    }
                }
                Err(_) => failed.lock().unwrap().push(seed),
            }
        }
    };
    // Each waits for its engine most of the time.
    let players = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..players {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "seeds that fail: {failed:?}; repeat one: JETON_DRIVER_SEED={} {REPEAT}", failed[0]);
    let happened: BTreeMap<&str, u64> = happened.into_inner().unwrap();
    println!("{} seeds: {happened:#?}", seeds.end - seeds.start);
    if seeds == (0..SEEDS) {
        for what in EVERYTHING {
            assert!(happened.contains_key(what), "no seed drives the engine to {what}: {happened:#?}");
        }
    }
}

/// What is to happen in some seed, or the driver drives past it.
const EVERYTHING: [&str; 26] = [
    "answer lost",
    "answered: clock jumped",
    "answered: id reused",
    "answered: known",
    "answered: queue full",
    "answered: search again",
    "charged after the interval",
    "charged at once",
    "continued",
    "died between two groups",
    "dies after",
    "dies before",
    "failed to start",
    "full",
    "lost",
    "lot expired",
    "overdue",
    "presence lost",
    "presence lost in part",
    "presence stale",
    "refused",
    "renewal refused",
    "renewed",
    "revived",
    "slow",
    "while presence is written",
];

#[test]
fn a_seed_always_gives_the_same_log() {
    say_which_seed();
    for seed in 0..TWICE {
        let (first, second) = (play(seed), play(seed));
        assert_eq!(first.happened, second.happened, "seed {seed}");
        let differs = first.log.iter().zip(&second.log).find(|(first, second)| first != second);
        assert!(differs.is_none() && first.log.len() == second.log.len(), "seed {seed}: {differs:?}");
    }
}
