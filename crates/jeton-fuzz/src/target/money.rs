//! Currencies, unit prices, and what a quantity costs.

use jeton_core::limits::ORDER_QUANTITY;
use jeton_core::money::{Currency, ExactAmount, UnitPrice};
use jeton_core::tokens::Tokens;

/// Of no, two, three and four decimals.
const CURRENCIES: [&str; 4] = ["JPY", "EUR", "KWD", "CLF"];

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(currency) = text.parse::<Currency>() {
        assert_eq!(currency.code(), text);
        assert!(currency.decimals() <= 6, "{text}");
        assert_eq!(serde_json::from_str(&format!("\"{text}\"")).ok(), Some(currency));
    }
    // A price, and behind a space how many.
    let (price, quantity) = text.split_once(' ').unwrap_or((text, "1"));
    let read = price.parse::<UnitPrice>().ok();
    assert_eq!(read.is_some(), is_price(price), "{price:?}");
    let Some(unit_price) = read else { return };
    assert_eq!(unit_price.to_string().parse::<UnitPrice>().ok(), Some(unit_price), "{price:?}");
    let quantity = quantity.parse::<u64>().unwrap_or(1).min(ORDER_QUANTITY);
    for code in CURRENCIES {
        let currency: Currency = code.parse().expect("it is one of ISO 4217");
        let written = unit_price.in_currency(currency);
        assert_eq!(written.parse::<UnitPrice>().ok(), Some(unit_price), "{price:?} is written {written:?}");
        costs(price, unit_price, quantity, currency);
    }
}

fn is_price(text: &str) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    [whole, rest].iter().all(|part| (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reckoned in another way: the whole, rounded once, half up (P1).
fn costs(price: &str, unit_price: UnitPrice, quantity: u64, currency: Currency) {
    let (whole, rest) = price.split_once('.').unwrap_or((price, ""));
    let millionths: i128 = format!("{whole}{rest:0<6}").parse().expect("it is a price");
    let unit = 10_i128.pow(6 - u32::from(currency.decimals()));
    let exact = millionths * i128::from(quantity);
    let expected = exact / unit + i128::from(exact % unit * 2 >= unit);
    let cost = unit_price.times(quantity, currency);
    assert_eq!(i128::from(cost.in_minor()), expected, "{quantity} at {price} in {currency}");
    let amount = unit_price.amount_of(Tokens::whole(quantity));
    let (units, billionths) = amount.parts();
    assert_eq!(ExactAmount::from_parts(units, billionths), amount);
    assert_eq!(amount.rounded(currency), cost);
    // With the currency's decimals, and the same number again.
    let told = cost.in_currency(currency);
    let decimals = told.split_once('.').map_or(0, |(_, rest)| rest.len());
    assert_eq!(decimals, usize::from(currency.decimals()), "{told}");
    assert_eq!(told.replace('.', "").parse::<i64>().ok(), Some(cost.in_minor()), "{told}");
}
