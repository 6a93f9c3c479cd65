//! Amounts on the wire: tokens, money, prices and quantities of results.
//!
//! A decimal is a JSON string, never a number, so that no reader can round it. Here only that is checked; what
//! the digits may be (thousandths of a token, the decimals of a currency) the server checks where it is used.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount as decimal text: tokens without trailing zeros (`"7"`, `"0.5"`), money with its currency's decimals
/// (`"16250.00"`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = r"^[0-9]{1,20}(\.[0-9]{1,10})?$", example = "7")
)]
#[serde(transparent)]
pub struct Decimal(String);

impl Decimal {
    /// The text as it is, unchecked.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_a_string_never_a_number() {
        assert_eq!(serde_json::from_str::<Decimal>("\"0.5\"").unwrap().as_str(), "0.5");
        let refused = serde_json::from_str::<Decimal>("0.5").unwrap_err().to_string();
        assert!(refused.contains("expected a string"), "{refused}");
    }
}
