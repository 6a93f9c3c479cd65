//! What use cases answer with, beside the body: whether something is new, at which revision it stands, and how a
//! list goes on.

use crate::failure::Failure;

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The number of the last entry about it, in its stream; `None` for what has no revisions.
    pub revision: Option<u64>,
    pub body: T,
}

/// Configuration that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// Whether there was none before.
    pub created: bool,
    /// The number of the last entry about it, in its stream; unchanged when nothing changed.
    pub revision: u64,
    pub body: T,
}

/// Something that is done once under its id (V4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once<T> {
    /// Whether it was done now, and not told again.
    pub created: bool,
    pub body: T,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last. Opaque to all but the use case that gave it.
    pub next: Option<String>,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows on the page, at least 1.
    pub limit: u16,
    /// The `next` of the page before; `None` for the first. It comes from outside: what the use case cannot read is
    /// a bad request about the field `cursor`.
    pub after: Option<String>,
}

/// Under which condition configuration may be written.
pub use jeton_core::catalogue::IfMatch;

impl PageRequest {
    /// Where the page begins; what cannot be read is a bad request about the field `cursor`.
    pub(crate) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, Failure> {
        let read = |text: &String| text.parse().map_err(|_| Failure::bad_request("cursor", "send a `next` as it was"));
        self.after.as_ref().map(read).transpose()
    }
}

impl<T> Page<T> {
    /// The first rows of those that follow, each with where the page after it would begin.
    pub(crate) fn of(rows: impl IntoIterator<Item = (String, T)>, limit: u16) -> Self {
        let limit = usize::from(limit);
        let mut items = Vec::new();
        let mut last = None;
        for (place, row) in rows {
            if items.len() == limit {
                return Self { items, next: last };
            }
            items.push(row);
            last = Some(place);
        }
        Self { items, next: None }
    }
}
