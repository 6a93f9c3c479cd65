//! The soak: the rules and their model on very many random histories, optimised. What the test itself prints says how
//! long it took.

use anyhow::Result;

use crate::program;

/// Runs so many histories of a seed.
pub(crate) fn run(histories: u32, seed: u64) -> Result<()> {
    eprintln!("{histories} histories of seed {seed}");
    let histories = format!("env.PROPTEST_CASES=\"{histories}\"");
    let seed = format!("env.PROPTEST_RNG_SEED=\"{seed}\"");
    let test = ["test", "--locked", "--release", "--package", "jeton-core", "--test", "agreement"];
    program::run("cargo", &[&["--config", &histories, "--config", &seed], &test[..]].concat())
}
