//! The stored form of entries: JSON with a version, hashed as it is stored.
//!
//! `{"v":1,"at":"…","by":…,"fact":{"…":{…}}}`. Stored bytes are a promise: every version that was ever written
//! has a golden file that must decode (`tests/golden`), and what is read is never written back in another form.

use jeton_core::entry::{Author, Entry, SeriesFact, TeamFact, VendorFact};
use jeton_core::id::TeamId;
use jeton_core::time::Instant;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::entry::Sealed;
use crate::error::{Cause, StoreError};

/// The version that is written.
const VERSION: u8 = 1;

/// The vendor's stream.
pub const VENDOR: &str = "vendor";

/// The stream of a team.
pub fn team_stream(team: &TeamId) -> String {
    format!("team:{team}")
}

/// The stream of a year's invoice numbers.
pub fn series_stream(year: i16) -> String {
    format!("invoices:{year}")
}

/// An entry of whichever stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyEntry {
    Vendor(Entry<VendorFact>),
    Team(TeamId, Entry<TeamFact>),
    Series(i16, Entry<SeriesFact>),
}

#[derive(Serialize)]
struct Written<'e, F> {
    v: u8,
    at: Instant,
    by: &'e Author,
    fact: &'e F,
}

#[derive(Deserialize)]
struct Read<F> {
    v: u8,
    at: Instant,
    by: Author,
    fact: F,
}

/// The bytes that are stored for an entry.
pub fn encode<F: Serialize>(entry: &Entry<F>) -> Vec<u8> {
    let written = Written { v: VERSION, at: entry.at, by: &entry.by, fact: &entry.fact };
    serde_json::to_vec(&written).expect("an entry has no map with other keys than texts, and nothing that can fail")
}

/// The entry that was stored. Corrupt when its stream or body is not one that this program knows; Unavailable when a
/// newer one wrote it.
pub fn decode(sealed: &Sealed) -> Result<AnyEntry, StoreError> {
    let stream: &str = &sealed.stream;
    let strange =
        || StoreError::Corrupt(format!("the log has a stream named {stream:?}, which this version does not know"));
    if stream == VENDOR {
        return Ok(AnyEntry::Vendor(body(sealed)?));
    }
    match stream.split_once(':') {
        Some(("team", team)) => Ok(AnyEntry::Team(team.parse().map_err(|_| strange())?, body(sealed)?)),
        Some(("invoices", year)) => {
            let year = year.parse().map_err(|_| strange())?;
            // One series, one stream: `invoices:+2026` and `invoices:02026` are none.
            if series_stream(year) != stream {
                return Err(strange());
            }
            Ok(AnyEntry::Series(year, body(sealed)?))
        }
        Some(_) | None => Err(strange()),
    }
}

fn body<F: DeserializeOwned>(sealed: &Sealed) -> Result<Entry<F>, StoreError> {
    let (stream, seq) = (&sealed.stream, sealed.seq);
    let read: Read<F> = serde_json::from_slice(&sealed.body)
        .map_err(|error| StoreError::Corrupt(format!("entry {seq} of {stream} cannot be read: {error}")))?;
    if read.v != VERSION {
        let version = read.v;
        return Err(StoreError::Unavailable(
            Cause::Newer,
            format!("entry {seq} of {stream} has version {version}, which this program does not know; use a newer one"),
        ));
    }
    if read.at.micros() != sealed.at {
        return Err(StoreError::Corrupt(format!("entry {seq} of {stream} bears two different instants")));
    }
    Ok(Entry { at: read.at, by: read.by, fact: read.fact })
}
