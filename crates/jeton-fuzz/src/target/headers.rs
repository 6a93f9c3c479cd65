//! Headers that change what a request means, and the key in `Authorization`.

use jeton_app::{Failure, IfMatch};

pub(crate) fn run(bytes: &[u8]) {
    let Some(read) = jeton_api::fuzzing::headers(bytes) else { return };
    let about = |failure: &Failure, header: &str| {
        assert!(matches!(failure, Failure::BadRequest { field, .. } if field == header), "{failure:?}");
    };
    match &read.if_match {
        Ok(None) => panic!("a header that is there is read"),
        Ok(Some(IfMatch::Any)) => assert!(bytes.contains(&b'*'), "{read:?}"),
        Ok(Some(IfMatch::OneOf(revisions))) => {
            assert!(revisions.len() * 2 < bytes.len() && bytes.contains(&b'"'), "{read:?}");
        }
        Err(failure) => about(failure, "If-Match"),
    }
    match &read.idempotency_key {
        Ok(key) => {
            assert_eq!(key.as_bytes(), bytes);
            assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
        }
        Err(failure) => about(failure, "Idempotency-Key"),
    }
    if let Some(key) = &read.bearer {
        assert!(bytes[..6].eq_ignore_ascii_case(b"bearer") && key.trim() == key, "{key:?}");
        // Whether it is a key at all.
        let _ = jeton_app::fuzzing::hash_of_shown_key(key);
    }
}
