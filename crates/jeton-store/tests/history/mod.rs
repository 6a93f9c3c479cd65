//! Histories for the tests of the store: chained as the engine chains them.

use std::collections::HashMap;

use jeton_store::chain::{self, ORIGIN};
use jeton_store::{Batch, Hash, Position, Sealed};

/// A log that is being made.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    heads: HashMap<String, (u64, Hash)>,
    position: Position,
    commit: Hash,
}

impl History {
    pub(crate) fn new() -> Self {
        Self { commit: ORIGIN, ..Self::default() }
    }

    /// The next commit, of stream and body of each entry. The entry at position n is of the
    /// instant n milliseconds.
    pub(crate) fn commit(&mut self, entries: &[(&str, &str)]) -> Batch {
        let mut sealed = Vec::new();
        for (stream, body) in entries {
            self.position += 1;
            let at = i64::try_from(self.position).expect("small") * 1_000;
            let head = self.heads.entry((*stream).to_owned()).or_insert((0, ORIGIN));
            let seq = head.0 + 1;
            let hash = chain::link(&head.1, stream, seq, at, body.as_bytes());
            *head = (seq, hash);
            sealed.push(Sealed {
                position: self.position,
                stream: (*stream).into(),
                seq,
                at,
                body: body.as_bytes().into(),
                hash,
                commit: None,
            });
        }
        self.commit = chain::commit(&self.commit, &sealed);
        sealed.last_mut().expect("a commit has entries").commit = Some(self.commit);
        Batch { entries: sealed, beside: Vec::new() }
    }
}
