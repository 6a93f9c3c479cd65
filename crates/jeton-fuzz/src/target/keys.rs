//! API keys, as somebody shows them.

use jeton_app::fuzzing::hash_of_shown_key;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(hash) = hash_of_shown_key(text) else { return };
    assert!(text.len() == 53 && text.starts_with("jtn_") && text.is_ascii(), "{text:?}");
    assert_eq!(hash_of_shown_key(text), Some(hash));
    // The checksum tells every wrong letter (a CRC-32 finds each burst of up to 32 bits).
    for place in 4..47 {
        let mut wrong = bytes.to_vec();
        wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
        let wrong = String::from_utf8(wrong).expect("ASCII is UTF-8");
        assert_eq!(hash_of_shown_key(&wrong), None, "{wrong:?} is taken for {text:?}");
    }
}
