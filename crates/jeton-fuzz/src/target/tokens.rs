//! Tokens.

use jeton_core::limits::TEAM_TOKENS;
use jeton_core::tokens::Tokens;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = text.parse::<Tokens>().ok();
    assert_eq!(read.map(Tokens::in_thousandths).map(u128::from), thousandths(text), "{text:?}");
    if let Some(tokens) = read {
        let written = tokens.to_string();
        assert_eq!(written.parse::<Tokens>().ok(), Some(tokens), "{text:?} is written {written:?}");
        assert!(!written.contains('.') || !written.ends_with(['0', '.']), "{written:?}");
        let json = serde_json::to_string(&tokens).expect("tokens are JSON");
        assert_eq!(json, format!("\"{written}\""));
        assert_eq!(serde_json::from_str::<Tokens>(&json).ok(), Some(tokens));
    }
    // A number is never tokens, whatever it looks like.
    if serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| !json.is_string()) {
        assert!(serde_json::from_str::<Tokens>(text).is_err(), "{text:?}");
    }
}

/// What the text says, reckoned in another way.
fn thousandths(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(rest) || whole.len() > 13 || rest.len() > 3 {
        return None;
    }
    let number: u128 = format!("{whole}{rest:0<3}").parse().ok()?;
    (number <= u128::from(TEAM_TOKENS.in_thousandths())).then_some(number)
}
