//! Chance that repeats: numbers that follow from a seed, the same on every machine.
//!
//! What it does not do: secrets. Those are drawn from the operating system.

/// A sequence of numbers (`SplitMix64`, Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence of its own, so that more or fewer numbers drawn from it change nothing else.
    pub(super) fn apart(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        let choices = u64::from(most - least) + 1;
        least + u32::try_from(self.next() % choices).expect("what is left of a division by at most 2^32 is less")
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, of_100: u32) -> bool {
        self.between(1, 100) <= of_100
    }

    /// One of these, which are not none.
    pub(super) fn of_these<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        let last = u32::try_from(these.len() - 1).expect("there are few to choose from");
        let chosen = usize::try_from(self.between(0, last)).expect("an index is small");
        &these[chosen]
    }

    /// 16 bytes.
    pub(super) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_keep_their_values() {
        // The first numbers of SplitMix64 from 1234567, as published with its reference.
        let mut chance = Chance::of(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn every_choice_is_made_and_none_beyond() {
        let mut chance = Chance::of(7);
        let drawn: std::collections::BTreeSet<u32> = (0..1_000).map(|_| chance.between(3, 9)).collect();
        assert_eq!(drawn, (3..=9).collect());
    }
}
