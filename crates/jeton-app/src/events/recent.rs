//! The newest entries as they were told, kept for all who follow the log closely: told once, not once for each reader.
//!
//! What always holds: they follow each other without a gap, and have no more than [`MOST_BYTES`] and [`MOST`] together,
//! the newest one left out.

use std::collections::VecDeque;
use std::sync::Arc;

use jeton_store::Position;

use super::{PAGE, PAGE_BYTES, ToldEntry};

/// Entries that are kept at most.
const MOST: usize = 1_024;
/// Bytes that are kept at most.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The newest entries.
#[derive(Debug, Default)]
pub(super) struct Recent {
    entries: VecDeque<Arc<ToldEntry>>,
    bytes: usize,
    /// How many were erased when these were told.
    erasures: u64,
}

impl Recent {
    /// A page of those after a position; nothing where they are not kept.
    pub(super) fn after(&self, position: Position, erasures: u64) -> Option<Vec<Arc<ToldEntry>>> {
        let first = self.entries.front()?.position;
        if self.erasures != erasures || position + 1 < first {
            return None;
        }
        let skipped = usize::try_from(position + 1 - first).ok()?;
        let mut bytes = 0;
        let mut page = Vec::new();
        for entry in self.entries.iter().skip(skipped).take(PAGE) {
            page.push(entry.clone());
            bytes += entry.bytes();
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        (!page.is_empty()).then_some(page)
    }

    /// Whether what follows a position is what these go on with, or is newer than they are.
    pub(super) fn goes_on_at(&self, position: Position) -> bool {
        self.entries.back().is_none_or(|last| position >= last.position)
    }

    /// Keeps what was told, if these go on with it.
    pub(super) fn keep(&mut self, told: &[Arc<ToldEntry>], erasures: u64) {
        let Some(first) = told.first() else { return };
        if !self.goes_on_at(first.position - 1) {
            return;
        }
        let follows = self.entries.back().is_some_and(|last| last.position + 1 == first.position);
        if !follows || self.erasures != erasures {
            self.entries.clear();
            self.bytes = 0;
            self.erasures = erasures;
        }
        for entry in told {
            self.bytes += entry.bytes();
            self.entries.push_back(entry.clone());
        }
        while self.entries.len() > 1 && (self.entries.len() > MOST || self.bytes > MOST_BYTES) {
            if let Some(gone) = self.entries.pop_front() {
                self.bytes -= gone.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EventKind, Told};
    use super::*;

    fn told(positions: impl IntoIterator<Item = Position>, bytes: usize) -> Vec<Arc<ToldEntry>> {
        let event = Told { kind: EventKind::TeamSet, json: "x".repeat(bytes).into() };
        let entry = |position| Arc::new(ToldEntry { position, team: None, events: vec![event.clone()] });
        positions.into_iter().map(entry).collect()
    }

    fn positions(page: Option<Vec<Arc<ToldEntry>>>) -> Vec<Position> {
        page.unwrap_or_default().iter().map(|entry| entry.position).collect()
    }

    #[test]
    fn what_is_kept_follows_without_a_gap() {
        let mut recent = Recent::default();
        recent.keep(&told(5..8, 10), 0);
        recent.keep(&told(8..9, 10), 0);
        assert_eq!(positions(recent.after(5, 0)), [6, 7, 8]);
        assert_eq!(positions(recent.after(4, 0)), [5, 6, 7, 8]);
        // Before them and after them there is nothing.
        assert_eq!(positions(recent.after(3, 0)), [0_u64; 0]);
        assert_eq!(positions(recent.after(8, 0)), [0_u64; 0]);
        assert_eq!(positions(recent.after(100, 0)), [0_u64; 0]);
        // What is older is not kept, and what is newer with a gap begins anew.
        recent.keep(&told(1..3, 10), 0);
        assert_eq!(positions(recent.after(4, 0)), [5, 6, 7, 8]);
        recent.keep(&told(20..22, 10), 0);
        assert_eq!(positions(recent.after(7, 0)), [0_u64; 0]);
        assert_eq!(positions(recent.after(19, 0)), [20, 21]);
    }

    #[test]
    fn what_was_told_before_an_erasure_is_not_told_after_it() {
        let mut recent = Recent::default();
        recent.keep(&told(5..8, 10), 0);
        assert_eq!(positions(recent.after(5, 1)), [0_u64; 0]);
        recent.keep(&told(8..9, 10), 1);
        assert_eq!(positions(recent.after(5, 1)), [0_u64; 0]);
        assert_eq!(positions(recent.after(7, 1)), [8]);
    }

    #[test]
    fn what_is_kept_and_a_page_of_it_have_their_measure() {
        let mut recent = Recent::default();
        for position in 1..=3_000 {
            recent.keep(&told([position], 10), 0);
        }
        assert_eq!(recent.entries.len(), MOST);
        assert_eq!(recent.after(2_000, 0).unwrap().len(), PAGE);
        for position in 3_001..=3_200 {
            recent.keep(&told([position], 60_000), 0);
        }
        assert!(recent.bytes <= MOST_BYTES, "{}", recent.bytes);
        assert_eq!(recent.after(3_190, 0).unwrap().len(), 2);
        // One that is larger than all of it is told all the same.
        recent.keep(&told([3_201], 2 * MOST_BYTES), 0);
        assert_eq!(positions(recent.after(3_200, 0)), [3_201]);
    }
}
