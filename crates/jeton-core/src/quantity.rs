//! Quantities of results, and what they cost (C1, R1).

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue::Rounding;
use crate::limits;
use crate::time::as_text;
use crate::tokens::{Tokens, read_thousandths, write_thousandths};

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAQuantity;

impl fmt::Display for NotAQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity is a decimal string from 0 to 1000000000 with at most three decimals, like \"2.5\"")
    }
}

impl core::error::Error for NotAQuantity {}

/// So much of a result, in its unit: zero or more, counted in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u64);

impl Quantity {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);
    /// The least that is something: a thousandth.
    pub const LEAST: Self = Self(1);

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What so much costs at `rate` tokens a unit: the quantity rounded as the result says, then the product rounded
    /// half up to a thousandth of a token. `None` is more than a team can have.
    pub fn price(self, rate: Tokens, rounding: Rounding) -> Option<Tokens> {
        let quantity = u128::from(match rounding {
            Rounding::Up => self.0.div_ceil(1000) * 1000,
            Rounding::Nearest => (self.0 + 500) / 1000 * 1000,
            Rounding::None => self.0,
        });
        let price = (quantity * u128::from(rate.in_thousandths()) + 500) / 1000;
        let price = Tokens::thousandths(u64::try_from(price).ok()?);
        (price <= limits::TEAM_TOKENS).then_some(price)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_thousandths(f, self.0)
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let thousandths = read_thousandths(text).ok_or(NotAQuantity)?;
        if thousandths > limits::RESULT_QUANTITY * 1000 { Err(NotAQuantity) } else { Ok(Self(thousandths)) }
    }
}

as_text!(Quantity);

#[cfg(test)]
mod tests {
    use super::*;

    fn price(quantity: &str, rate: &str, rounding: Rounding) -> Tokens {
        quantity.parse::<Quantity>().unwrap().price(rate.parse().unwrap(), rounding).unwrap()
    }

    #[test]
    fn r1_quantity_times_rate_is_rounded_half_up_after_the_results_own_rounding() {
        for (quantity, rate, rounding, tokens) in [
            ("2", "11", Rounding::None, "22"),
            ("0.5", "0.001", Rounding::None, "0.001"),
            ("0.499", "0.001", Rounding::None, "0"),
            ("1.5", "0.333", Rounding::None, "0.5"),
            ("2.001", "3", Rounding::Up, "9"),
            ("2", "3", Rounding::Up, "6"),
            ("2.499", "3", Rounding::Nearest, "6"),
            ("2.5", "3", Rounding::Nearest, "9"),
            ("0.001", "3", Rounding::Nearest, "0"),
        ] {
            assert_eq!(price(quantity, rate, rounding).to_string(), tokens, "{quantity} at {rate}");
        }
        let most: Quantity = "1000000000".parse().unwrap();
        assert_eq!(most.price(Tokens::whole(1001), Rounding::None), None);
        assert_eq!(most.price(Tokens::whole(1000), Rounding::None), Some(limits::TEAM_TOKENS));
    }

    #[test]
    fn quantities_are_decimal_strings() {
        for bad in ["", "-1", "1e3", "0.0005", "1000000000.001", "9999999999999"] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
        assert_eq!("2.50".parse::<Quantity>().unwrap().to_string(), "2.5");
    }

    use std::string::ToString;
}
