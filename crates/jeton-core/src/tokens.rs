//! Tokens: the unit of account, a whole number of thousandths, never a float.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Sub, SubAssign};
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits;
use crate::time::as_text;

/// Why a text is not a number of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTokens;

impl fmt::Display for NotTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tokens are a decimal string from 0 to 1000000000000 with at most three decimals, like \"0.5\"")
    }
}

impl core::error::Error for NotTokens {}

/// So many tokens; zero or more, counted in thousandths.
///
/// Sums stay far below the range of the number inside, since a team has at most [`limits::TEAM_TOKENS`];
/// should one ever leave it, or a difference fall below zero, the program stops rather than misaccount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tokens(u64);

impl Tokens {
    /// None at all.
    pub const ZERO: Self = Self(0);

    /// So many whole tokens.
    pub fn whole(tokens: u64) -> Self {
        Self(tokens.checked_mul(1000).expect("whole tokens are bounded by the limit of an order"))
    }

    /// So many thousandths of a token.
    pub const fn thousandths(thousandths: u64) -> Self {
        Self(thousandths)
    }

    /// In thousandths of a token.
    pub const fn in_thousandths(self) -> u64 {
        self.0
    }

    /// Whether there are none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What is left when `other` is taken away; none when `other` is more.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Tokens {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("tokens are bounded by the limit of a team"))
    }
}

impl Sub for Tokens {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("no more tokens are taken than there are (P5)"))
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Tokens {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_thousandths(f, self.0)
    }
}

impl FromStr for Tokens {
    type Err = NotTokens;

    fn from_str(text: &str) -> Result<Self, NotTokens> {
        let tokens = Self(read_thousandths(text).ok_or(NotTokens)?);
        if tokens > limits::TEAM_TOKENS { Err(NotTokens) } else { Ok(tokens) }
    }
}

/// Writes a number of thousandths as a decimal without trailing zeros.
pub(crate) fn write_thousandths(f: &mut fmt::Formatter<'_>, thousandths: u64) -> fmt::Result {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    if rest == 0 {
        write!(f, "{whole}")
    } else if rest.is_multiple_of(100) {
        write!(f, "{whole}.{}", rest / 100)
    } else if rest.is_multiple_of(10) {
        write!(f, "{whole}.{:02}", rest / 10)
    } else {
        write!(f, "{whole}.{rest:03}")
    }
}

/// Reads a decimal of up to 13 digits and three decimals as a number of thousandths.
pub(crate) fn read_thousandths(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 13) || decimals.is_some_and(|part| !digits(part, 3)) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut thousandths = 0;
    let mut unit = 100;
    for digit in decimals.unwrap_or_default().bytes() {
        thousandths += u64::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(whole * 1000 + thousandths)
}

as_text!(Tokens);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn tokens_read_and_write_without_trailing_zeros() {
        for (text, written) in
            [("7", "7"), ("0.5", "0.5"), ("0.050", "0.05"), ("1.001", "1.001"), ("10.0", "10"), ("0", "0")]
        {
            assert_eq!(text.parse::<Tokens>().unwrap().to_string(), written);
        }
        for bad in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1.0001", "1,5", " 1", "١", "1000000000000.001", "99999999999999"]
        {
            assert!(bad.parse::<Tokens>().is_err(), "{bad:?}");
        }
    }

    #[test]
    #[should_panic(expected = "no more tokens are taken than there are")]
    fn p5_taking_more_than_there_is_stops_the_program() {
        let _ = Tokens::whole(1) - Tokens::whole(2);
    }
}
