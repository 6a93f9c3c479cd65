//! Ids and codes.

use std::fmt::Display;
use std::str::FromStr;

use jeton_core::id::{
    KeyId, MemberId, OrderId, PartnerId, PriceListId, ProductCode, ResultCode, SessionId, TeamId, UseCode,
};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let first = text.chars().next();
    let plain = |first: Option<char>, more: &str| {
        first.is_some_and(|first| first.is_ascii_alphanumeric())
            && text.chars().count() <= 64
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
    };
    let is_id = plain(first, "._-");
    let is_code = plain(first, "-") && !text.chars().any(|letter| letter.is_ascii_uppercase());
    read::<TeamId>(text, is_id);
    read::<MemberId>(text, is_id);
    read::<SessionId>(text, is_id);
    read::<OrderId>(text, is_id);
    read::<PartnerId>(text, is_id);
    read::<PriceListId>(text, is_id);
    read::<KeyId>(text, is_id);
    read::<ProductCode>(text, is_code);
    read::<UseCode>(text, is_code);
    read::<ResultCode>(text, is_code);
}

/// Taken when it should be, as the text that it is, also as JSON.
fn read<T: FromStr + Display + Serialize + DeserializeOwned + PartialEq>(text: &str, expected: bool) {
    let read = text.parse::<T>().ok();
    assert_eq!(read.is_some(), expected, "{text:?}");
    let json = serde_json::to_string(text).expect("a text is JSON");
    let from_json = serde_json::from_str::<T>(&json).ok();
    assert!(from_json == read, "{text:?} as JSON");
    if let Some(read) = read {
        assert_eq!(read.to_string(), text);
        assert_eq!(serde_json::to_string(&read).ok().as_deref(), Some(json.as_str()));
    }
}
