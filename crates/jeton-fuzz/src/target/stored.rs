//! Stored entries: what is decoded is encoded as what it was.

use jeton_core::time::Instant;
use jeton_store::Sealed;
use jeton_store::stored::{self, AnyEntry, decode, encode};
use serde::Deserialize;

#[derive(Deserialize)]
struct At {
    at: Instant,
}

/// The name of a stream on the first line, the body of an entry on the second.
pub(crate) fn run(bytes: &[u8]) {
    let line = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let Ok(stream) = std::str::from_utf8(&bytes[..line]) else { return };
    let body = bytes.get(line + 1..).unwrap_or_default();
    let at = serde_json::from_slice(body).map_or(0, |At { at }| at.micros());
    let sealed = |body: &[u8]| Sealed {
        position: 1,
        stream: stream.into(),
        seq: 1,
        at,
        body: body.into(),
        hash: [0; 32],
        commit: None,
    };
    // What it cannot read it says in words.
    let entry = match decode(&sealed(body)) {
        Ok(entry) => entry,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let (written, named) = match &entry {
        AnyEntry::Vendor(entry) => (encode(entry), stored::VENDOR.to_owned()),
        AnyEntry::Team(team, entry) => (encode(entry), stored::team_stream(team)),
        AnyEntry::Series(year, entry) => (encode(entry), stored::series_stream(*year)),
    };
    assert_eq!(named, stream, "a stream has one name");
    let again = decode(&sealed(&written)).unwrap_or_else(|error| panic!("{error}: {}", written.escape_ascii()));
    assert_eq!(again, entry);
    let rewritten = match &again {
        AnyEntry::Vendor(entry) => encode(entry),
        AnyEntry::Team(_, entry) => encode(entry),
        AnyEntry::Series(_, entry) => encode(entry),
    };
    assert_eq!(rewritten, written);
}
