//! Each target over its corpus, then over mutations of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton_fuzz::{Random, Target, corpus, mutated, target};

/// Any number; each run of the tests makes the same inputs.
const SEED: u64 = 20_261_124;

/// One input; a failure shows it as it can be kept.
fn holds(target: Target, from: &str, bytes: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_err() {
        let kept = std::env::temp_dir().join(format!("jeton-fuzz-{}", target.name));
        std::fs::write(&kept, bytes).unwrap();
        panic!(
            "{} does not hold for {from}, b\"{}\"; it is in {}: put it into fuzz/corpus/{} when it is mended",
            target.name,
            bytes.escape_ascii(),
            kept.display(),
            target.name
        );
    }
}

fn goes_on(name: &str) {
    let target = target(name);
    let inputs = corpus(name);
    for (name, bytes) in &inputs {
        holds(target, name, bytes);
    }
    let inputs: Vec<Vec<u8>> = inputs.into_iter().map(|(_, bytes)| bytes).collect();
    let mut random = Random::of_seed(SEED);
    for round in 0..target.rounds {
        holds(target, &format!("mutation {round} of seed {SEED}"), &mutated(&mut random, &inputs));
    }
}

/// A test for each, and the list of all.
macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                goes_on(stringify!($name));
            }
        )+

        pub(crate) const TESTED: &[&str] = &[$(stringify!($name)),+];
    };
}

targets! {
    body, checkpoint, configuration, csv, headers, ids, keys, lease, money, query, stored, times, tokens,
}
