//! Money: a currency, exact amounts in its minor unit, unit prices, and the one rounding.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::as_text;
use crate::tokens::Tokens;

/// Why a text is not a currency, an amount or a unit price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMoney(&'static str);

impl fmt::Display for NotMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for NotMoney {}

/// A currency of ISO 4217 that has a minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Its code, `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its amounts have: 2 for EUR, 0 for JPY.
    pub fn decimals(self) -> u8 {
        self.0.exponent().and_then(|exponent| u8::try_from(exponent).ok()).unwrap_or(0)
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = NotMoney;

    fn from_str(text: &str) -> Result<Self, NotMoney> {
        iso_currency::Currency::from_code(text)
            .filter(|currency| currency.exponent().is_some() && currency.code() == text)
            .map(Self)
            .ok_or(NotMoney("a currency is a code of ISO 4217, like EUR"))
    }
}

/// An amount in the minor unit of a currency that stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many minor units (cents).
    pub const fn minor(minor: i64) -> Self {
        Self(minor)
    }

    /// In minor units.
    pub const fn in_minor(self) -> i64 {
        self.0
    }

    /// As a decimal text with the currency's decimals, `16250.00`.
    pub fn in_currency(self, currency: Currency) -> String {
        decimal(i128::from(self.0), currency.decimals(), currency.decimals())
    }
}

/// The decimals that a unit price may have.
const PRICE_DECIMALS: u8 = 6;

/// The price of one token, in millionths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitPrice(u64);

impl UnitPrice {
    /// What `quantity` tokens cost: quantity × price, rounded half up to the minor unit (P1).
    pub fn times(self, quantity: u64, currency: Currency) -> Money {
        self.amount_of(Tokens::whole(quantity)).rounded(currency)
    }

    /// The exact value of so many tokens.
    pub fn amount_of(self, tokens: Tokens) -> ExactAmount {
        ExactAmount(i128::from(tokens.in_thousandths()) * i128::from(self.0))
    }

    /// As a decimal text with at least the currency's decimals, `3.00`.
    pub fn in_currency(self, currency: Currency) -> String {
        decimal(i128::from(self.0), PRICE_DECIMALS, currency.decimals())
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(i128::from(self.0), PRICE_DECIMALS, 0))
    }
}

impl FromStr for UnitPrice {
    type Err = NotMoney;

    fn from_str(text: &str) -> Result<Self, NotMoney> {
        const EXPECTED: NotMoney =
            NotMoney("a unit price is a decimal string below 1000000 with at most six decimals, like \"3.25\"");
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let digits = |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || decimals.is_some_and(|part| !digits(part)) {
            return Err(EXPECTED);
        }
        let mut price = whole.parse::<u64>().map_err(|_| EXPECTED)? * 1_000_000;
        let mut unit = 100_000;
        for digit in decimals.unwrap_or_default().bytes() {
            price += u64::from(digit - b'0') * unit;
            unit /= 10;
        }
        Ok(Self(price))
    }
}

as_text!(Currency, UnitPrice);

/// The billionths of a unit.
const BILLION: i128 = 1_000_000_000;

/// An amount before rounding, in thousandths of millionths of a currency's unit: amounts are added up exactly
/// and rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ExactAmount(i128);

impl ExactAmount {
    /// The decimals of the number inside.
    const DECIMALS: u8 = PRICE_DECIMALS + 3;

    /// From whole units of the currency and billionths of it, each of any size.
    pub fn from_parts(units: i64, billionths: i64) -> Self {
        Self(i128::from(units) * BILLION + i128::from(billionths))
    }

    /// As whole units of the currency and the billionths that are left, for storing: sums of either fit for long.
    pub fn parts(self) -> (i64, i64) {
        let units = i64::try_from(self.0.div_euclid(BILLION));
        let billionths = i64::try_from(self.0.rem_euclid(BILLION));
        (
            units.expect("amounts are bounded by the limits of tokens and prices"),
            billionths.expect("what is left of a division is less than a billion"),
        )
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("amounts are bounded by the limits of tokens and prices"))
    }

    /// Rounded half up to the currency's minor unit: the one rounding of money.
    pub fn rounded(self, currency: Currency) -> Money {
        let unit = 10_i128.pow(u32::from(Self::DECIMALS.saturating_sub(currency.decimals())));
        let minor = (self.0 + unit / 2).div_euclid(unit);
        Money(i64::try_from(minor).expect("amounts are bounded by the limits of tokens and prices"))
    }
}

/// `number` of 10^-`scale` as a decimal text that has at least `least` decimals and no more than it needs.
fn decimal(number: i128, scale: u8, least: u8) -> String {
    let unit = 10_u128.pow(u32::from(scale));
    let magnitude = number.unsigned_abs();
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    text.push_str(&(magnitude / unit).to_string());
    let digits = alloc::format!("{:0width$}", magnitude % unit, width = usize::from(scale));
    let needed = digits.trim_end_matches('0').len().max(usize::from(least));
    if scale > 0 && needed > 0 {
        text.push('.');
        text.push_str(&digits[..needed]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_whole_quantity_is_priced_and_rounded_once() {
        let eur: Currency = "EUR".parse().unwrap();
        let price = |text: &str| text.parse::<UnitPrice>().unwrap();
        assert_eq!(price("3.33").times(4_999, eur).in_currency(eur), "16646.67");
        assert_eq!(price("3.25").times(5_000, eur).in_currency(eur), "16250.00");
        assert_eq!(price("0.005").times(1, eur).in_currency(eur), "0.01");
        assert_eq!(price("0.004999").times(1, eur).in_currency(eur), "0.00");
        let jpy: Currency = "JPY".parse().unwrap();
        assert_eq!(price("3.5").times(1, jpy).in_currency(jpy), "4");
    }

    #[test]
    fn prices_are_written_with_at_least_the_decimals_of_the_currency() {
        let eur: Currency = "EUR".parse().unwrap();
        for (text, written) in [("3", "3.00"), ("3.3", "3.30"), ("3.125", "3.125"), ("0", "0.00")] {
            assert_eq!(text.parse::<UnitPrice>().unwrap().in_currency(eur), written);
        }
        for bad in ["", "1.", "-1", "1e2", "1000000", "1.0000001", "1,0"] {
            assert!(bad.parse::<UnitPrice>().is_err(), "{bad:?}");
        }
        for bad in ["eur", "XXX", "EURO", ""] {
            assert!(bad.parse::<Currency>().is_err(), "{bad:?}");
        }
    }
}
