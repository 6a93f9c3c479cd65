//! Every parser of Jeton as a function of bytes, which holds whoever makes the bytes.
//!
//! A *target* takes any bytes and panics when something is not as it must be: what is taken is written back as what
//! it says, what is written is read again, what is refused says why, and nothing else happens. The same functions are
//! run by libFuzzer (`fuzz/`, with a nightly toolchain), and in CI by this crate's tests, over the kept corpus and
//! seeded mutations of it.
//!
//! What it does not do: start a server, or keep anything between two inputs.

mod binary;
mod corpus;
mod mutation;
mod random;
mod target;

// What the configuration refers to as being in the binary's root.
use binary::failure;

pub use corpus::{corpus, folder};
pub use mutation::{MOST_BYTES, mutated};
pub use random::Random;
pub use target::body::TYPES as BODY_TYPES;

/// A parser, and what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As the folder of its corpus and its program in `fuzz/` are called.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// How many mutations the tests make: about as many as a debug build does in a few seconds.
    pub rounds: u32,
}

/// Every target.
pub const TARGETS: [Target; 13] = [
    Target { name: "body", run: target::body::run, rounds: 20_000 },
    Target { name: "checkpoint", run: target::checkpoint::run, rounds: 40_000 },
    Target { name: "configuration", run: target::configuration::run, rounds: 5_000 },
    Target { name: "csv", run: target::csv::run, rounds: 30_000 },
    Target { name: "headers", run: target::headers::run, rounds: 300_000 },
    Target { name: "ids", run: target::ids::run, rounds: 100_000 },
    Target { name: "keys", run: target::keys::run, rounds: 600_000 },
    Target { name: "lease", run: target::lease::run, rounds: 20_000 },
    Target { name: "money", run: target::money::run, rounds: 500_000 },
    Target { name: "query", run: target::query::run, rounds: 60_000 },
    Target { name: "stored", run: target::stored::run, rounds: 150_000 },
    Target { name: "times", run: target::times::run, rounds: 600_000 },
    Target { name: "tokens", run: target::tokens::run, rounds: 500_000 },
];

/// The target of this name.
///
/// # Panics
/// When there is none.
pub fn target(name: &str) -> Target {
    *TARGETS.iter().find(|target| target.name == name).expect("every program in fuzz/ is named after a target")
}

/// Runs the target of this name; what a program in `fuzz/` is.
pub fn run(name: &str, bytes: &[u8]) {
    (target(name).run)(bytes);
}
