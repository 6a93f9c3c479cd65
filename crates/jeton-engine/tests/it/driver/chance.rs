//! Chance: what a seed decides. The same seed always decides the same.

use jeton_core::time::Instant;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

#[derive(Debug)]
pub(crate) struct Chance(TestRng);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// From 0 on, below the end.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    /// From one to the other, both included.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// So many times of a hundred.
    pub(crate) fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    /// One of some; there is one.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// One of some, each as often as its weight says.
    pub(crate) fn weighed<T: Copy>(&mut self, of: &[(u64, T)]) -> T {
        let mut rest = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, chosen) in of {
            if rest < *weight {
                return *chosen;
            }
            rest -= weight;
        }
        unreachable!("what is left is less than all weights")
    }
}

/// So many microseconds later, or earlier.
pub(crate) fn later(at: Instant, micros: i64) -> Instant {
    Instant::from_micros(at.micros() + micros).unwrap()
}
