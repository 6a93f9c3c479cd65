//! Walks the whole log and finds the first thing that is not as it was written (rule V2).
//!
//! It looks at positions, numbers in each stream, both hash chains, the stored checkpoints, and
//! the structure of the file. What the entries say is for the caller, who is handed each one.
//! A cut tail leaves a log that is right in itself: only a checkpoint kept outside finds it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::chain::{self, Hash, ORIGIN};
use crate::checkpoint::Checkpoint;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::ports::Reader;
use crate::progress::{Step, Watch};
use crate::views::ViewsReader;

/// How many rows are read at a time.
const PAGE: usize = 1_024;

/// In a commit of at most this many entries it is worth trying which two changed places.
const SEARCHED: usize = 64;

/// The first entry that is not as it was written. Its text names stream and entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The stream's name, such as `team:acme`; empty when it cannot be known.
    pub stream: String,
    /// The entry's number in its stream; 0 when it cannot be known.
    pub seq: u64,
    pub position: Position,
    pub what: String,
}

impl Difference {
    /// With an entry as it is stored.
    pub fn at(entry: &Sealed, what: impl Into<String>) -> Self {
        Self { stream: entry.stream.to_string(), seq: entry.seq, position: entry.position, what: what.into() }
    }

    fn with(checkpoint: &Checkpoint, what: impl Into<String>) -> Self {
        Self {
            stream: checkpoint.stream.clone(),
            seq: checkpoint.seq,
            position: checkpoint.position,
            what: what.into(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, seq, position, what } = self;
        write!(f, "{stream}, entry {seq} (position {position}): {what}")
    }
}

impl std::error::Error for Difference {}

/// Why a log is not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error(transparent)]
    Difference(#[from] Difference),
    /// Corrupt when the file's structure is damaged where no entry could be named; else the log
    /// could not be read at all, and nothing is known of it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a log that was found right consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    pub streams: usize,
    pub checkpoints: u64,
    /// The hash of the last commit, [`ORIGIN`] in an empty log.
    pub commit: Hash,
}

/// Checks everything, in the order of the log, and answers the first difference. Each entry that
/// its own chain bears out is handed to `each`, which may name a difference too. The views are
/// asked for nothing but the name of an entry that is gone and that the log itself cannot name.
pub fn chain_check(
    reader: &Reader,
    views: Option<&ViewsReader>,
    watch: &Watch,
    mut each: impl FnMut(&Sealed) -> Result<(), Difference>,
) -> Result<Verified, Unverified> {
    let mut walk = Walk::default();
    let mut checkpoints = Checkpoints::new(reader);
    let of = reader.last_position()?;
    loop {
        watch.tell(Step::Recompute, walk.position, of)?;
        let rows = reader.rows(walk.position, PAGE)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let entry = row?;
            if entry.position != walk.position + 1 {
                return Err(walk.missing(reader, views, &entry)?.into());
            }
            walk.step(&entry)?;
            while let Some(checkpoint) = checkpoints.at(entry.position)? {
                borne_out(&checkpoint, &entry)?;
            }
            each(&entry)?;
        }
    }
    // While a server writes, a checkpoint may have come after the last row that was read: that one is not beyond.
    if let Some(beyond) = checkpoints.next()?
        && beyond.position > reader.last_position()?
    {
        return Err(cut(&beyond, walk.position).into());
    }
    if let Some(entry) = walk.pending.last() {
        return Err(Difference::at(entry, "the log ends here, within a commit").into());
    }
    watch.tell(Step::Structure, 0, 0)?;
    reader.sound()?;
    Ok(Verified {
        entries: walk.position,
        streams: walk.heads.len(),
        checkpoints: checkpoints.seen,
        commit: walk.commit,
    })
}

/// Checks that the log goes at least as far as a checkpoint that was kept outside, and had then
/// the history that was signed. Says nothing about the log before it: that is [`chain_check`]'s.
pub fn expect(reader: &Reader, checkpoint: &Checkpoint) -> Result<(), Unverified> {
    let last = reader.last_position()?;
    if checkpoint.position > last {
        return Err(cut(checkpoint, last).into());
    }
    let before = checkpoint.position.saturating_sub(1);
    let row = reader.rows(before, 1)?.into_iter().next();
    match row.transpose()? {
        Some(entry) if entry.position == checkpoint.position => Ok(borne_out(checkpoint, &entry)?),
        Some(_) | None => Err(Difference::with(checkpoint, "the log has no entry at this position").into()),
    }
}

/// Makes the views again, as far as those that are kept go, and compares them row by row.
pub fn views_check(log: &Reader, views: &ViewsReader, watch: &Watch) -> Result<(), Unverified> {
    match views.compared_with_anew(log, watch)? {
        None => Ok(()),
        Some(what) => {
            let (stream, seq, position) = (String::new(), 0, 0);
            Err(Difference {
                stream,
                seq,
                position,
                what: format!("views.db: {what}; delete that file, it is made again"),
            }
            .into())
        }
    }
}

/// The last entry of a stream, as far as the log was walked.
#[derive(Clone, Copy)]
struct StreamHead {
    seq: u64,
    hash: Hash,
}

const BEFORE_FIRST: StreamHead = StreamHead { seq: 0, hash: ORIGIN };

/// How far the log was walked and found right.
#[derive(Default)]
struct Walk {
    position: Position,
    heads: HashMap<Arc<str>, StreamHead>,
    /// The hash of the last whole commit.
    commit: Hash,
    /// Entries since then.
    pending: Vec<Sealed>,
}

impl Walk {
    /// The entry at the next position.
    fn step(&mut self, entry: &Sealed) -> Result<(), Difference> {
        let head = self.head(&entry.stream);
        if entry.seq != head.seq + 1 || hash_after(&head, &entry.stream, entry) != entry.hash {
            return Err(self.altered(&head, entry));
        }
        self.position = entry.position;
        self.heads.insert(entry.stream.clone(), StreamHead { seq: entry.seq, hash: entry.hash });
        self.pending.push(entry.clone());
        if let Some(commit) = entry.commit {
            if chain::commit(&self.commit, &self.pending) != commit {
                return Err(self.broken_commit(&commit));
            }
            self.commit = commit;
            self.pending.clear();
        }
        Ok(())
    }

    fn head(&self, stream: &str) -> StreamHead {
        self.heads.get(stream).copied().unwrap_or(BEFORE_FIRST)
    }

    /// Names an entry that does not continue its stream.
    fn altered(&self, head: &StreamHead, entry: &Sealed) -> Difference {
        let owner = self
            .heads
            .iter()
            .find(|(stream, head)| head.seq + 1 == entry.seq && hash_after(head, stream, entry) == entry.hash);
        if let Some((stream, _)) = owner {
            return Difference {
                stream: stream.to_string(),
                seq: entry.seq,
                position: entry.position,
                what: format!("it is stored under another stream, {}", entry.stream),
            };
        }
        let due = head.seq + 1;
        if entry.seq != due {
            return Difference::at(entry, format!("entry {due} of its stream should stand here"));
        }
        Difference::at(entry, "its content does not fit its hash")
    }

    /// Names the entry that is missing before `next`: the first that a stream skips, or, when it
    /// was the last of its stream, the one that the views remember.
    fn missing(&self, reader: &Reader, views: Option<&ViewsReader>, next: &Sealed) -> Result<Difference, StoreError> {
        let position = self.position + 1;
        let mut seqs: HashMap<Arc<str>, u64> =
            (self.heads.iter()).map(|(stream, head)| (stream.clone(), head.seq)).collect();
        let gone = |stream: &str, seq| Difference {
            stream: stream.to_owned(),
            seq,
            position,
            what: "it is missing".to_owned(),
        };
        let mut after = self.position;
        'log: loop {
            let rows = reader.rows(after, PAGE)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                // Past a row that cannot be read nothing is certain.
                let Ok(entry) = row else { break 'log };
                after = entry.position;
                let seq = seqs.entry(entry.stream.clone()).or_default();
                if entry.seq > *seq + 1 {
                    return Ok(gone(&entry.stream, *seq + 1));
                }
                *seq = entry.seq;
            }
        }
        // Views that cannot be read remember nothing.
        let remembered = views.and_then(|views| views.entry_at(position).ok().flatten());
        if let Some((stream, seq)) = remembered {
            return Ok(gone(&stream, seq));
        }
        Ok(Difference::at(
            next,
            format!("the entry at position {position}, before it, is missing; it was the last of its stream"),
        ))
    }

    /// Names what is wrong with the pending entries, each of which its own stream bears out.
    fn broken_commit(&self, stored: &Hash) -> Difference {
        let pending = &self.pending;
        let last = pending.last().expect("a commit has an entry");
        let first = pending.first().expect("a commit has an entry");
        if pending.len() <= SEARCHED {
            let mut order: Vec<&Hash> = pending.iter().map(|entry| &entry.hash).collect();
            for (i, one) in pending.iter().enumerate() {
                for (j, other) in pending.iter().enumerate().skip(i + 1) {
                    order.swap(i, j);
                    let hashes = pending.iter().map(|entry| entry.position).zip(order.iter().copied());
                    if chain::commit_of(&self.commit, hashes) == *stored {
                        return Difference::at(
                            one,
                            format!(
                                "it changed places with {}, entry {} (position {})",
                                other.stream, other.seq, other.position
                            ),
                        );
                    }
                    order.swap(i, j);
                }
            }
        }
        Difference::at(
            last,
            format!(
                "the commit that it ends, of the positions {} to {}, does not fit its hash and the commit before it",
                first.position, last.position
            ),
        )
    }
}

fn hash_after(head: &StreamHead, stream: &str, entry: &Sealed) -> Hash {
    chain::link(&head.hash, stream, entry.seq, entry.at, &entry.body)
}

/// That a checkpoint is genuine, and signed what the entry at its position says.
fn borne_out(checkpoint: &Checkpoint, entry: &Sealed) -> Result<(), Difference> {
    if let Err(forged) = checkpoint.verify() {
        return Err(Difference::with(checkpoint, forged.to_string()));
    }
    if entry.commit != Some(checkpoint.commit) {
        return Err(Difference::with(checkpoint, "the log has another history here than the checkpoint signed"));
    }
    if *entry.stream != *checkpoint.stream || entry.seq != checkpoint.seq {
        return Err(Difference::with(
            checkpoint,
            format!("the log has {}, entry {}, where the checkpoint signed this one", entry.stream, entry.seq),
        ));
    }
    Ok(())
}

fn cut(checkpoint: &Checkpoint, last: Position) -> Difference {
    Difference::with(
        checkpoint,
        format!("the log ends at position {last}, before the checkpoint at {}", checkpoint.position),
    )
}

/// The stored checkpoints, a page at a time.
struct Checkpoints<'reader> {
    reader: &'reader Reader,
    page: VecDeque<Checkpoint>,
    /// From where the next page is read; none when there is no more.
    after: Option<Position>,
    seen: u64,
}

impl<'reader> Checkpoints<'reader> {
    fn new(reader: &'reader Reader) -> Self {
        Self { reader, page: VecDeque::new(), after: Some(0), seen: 0 }
    }

    /// The next one, if it is at `position` or before.
    fn at(&mut self, position: Position) -> Result<Option<Checkpoint>, StoreError> {
        self.fill()?;
        if self.page.front().is_some_and(|next| next.position <= position) {
            return self.next();
        }
        Ok(None)
    }

    fn next(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.fill()?;
        let next = self.page.pop_front();
        self.seen += u64::from(next.is_some());
        Ok(next)
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        if let (true, Some(after)) = (self.page.is_empty(), self.after) {
            self.page = self.reader.checkpoints(after, PAGE)?.into();
            self.after = self.page.back().map(|last| last.position);
        }
        Ok(())
    }
}
