//! The follower: fills the views with what has been committed, on a thread of its own.
//!
//! The views show the log up to one position. What does not fit into the feed is read from the log, so nothing
//! is ever missing; a reader that needs to see a write waits for its position.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use jeton_store::stored::{self, AnyEntry};
use jeton_store::{Position, Reader, Sealed, StoreError, Views};
use tokio::sync::watch;
use tracing::{error, info};

/// How many commits may wait for the follower before it has to read them from the log.
const FEED: usize = 128;
/// The entries of one transaction of the views at most.
const GROUP: usize = 512;
/// How long a failed filling waits before it is tried again, unless something new is fed.
const PATIENCE: Duration = Duration::from_millis(500);

/// One commit, as it is handed over.
type Commit = Vec<(Sealed, AnyEntry)>;

/// The engine's end: hands over what has been committed.
#[derive(Debug)]
pub(crate) struct Feed {
    commits: SyncSender<Commit>,
    committed: Arc<AtomicU64>,
}

/// The follower's end.
pub(crate) struct Follower {
    commits: Receiver<Commit>,
    committed: Arc<AtomicU64>,
    views: Views,
    log: Reader,
    followed: watch::Sender<Position>,
}

/// A feed and its follower. `committed` is the position up to which the log stands.
pub(crate) fn follower(views: Views, log: Reader, committed: Position) -> (Feed, Follower, watch::Receiver<Position>) {
    let (sender, commits) = std::sync::mpsc::sync_channel(FEED);
    let committed = Arc::new(AtomicU64::new(committed));
    let (followed, reached) = watch::channel(views.position());
    let feed = Feed { commits: sender, committed: committed.clone() };
    (feed, Follower { commits, committed, views, log, followed }, reached)
}

impl Feed {
    /// Hands a commit over; when the follower is far behind it will read it from the log instead.
    pub(crate) fn publish(&self, sealed: Vec<Sealed>, entries: Vec<AnyEntry>) {
        if let Some(last) = sealed.last() {
            self.committed.store(last.position, Ordering::Release);
        }
        let _read_later = self.commits.try_send(sealed.into_iter().zip(entries).collect());
    }

    /// Says that the log stands at a position although nothing was handed over: it was found there.
    pub(crate) fn found(&self, position: Position) {
        self.committed.fetch_max(position, Ordering::Release);
    }
}

impl Follower {
    /// Follows until the feed ends, then closes the views.
    pub(crate) fn run(mut self) {
        loop {
            if let Err(failure) = self.catch_up() {
                error!(%failure, "the views cannot be filled; it is tried again");
            }
            match self.commits.recv_timeout(PATIENCE) {
                Ok(commit) => {
                    if let Err(failure) = self.follow(commit) {
                        error!(%failure, "the views cannot be filled; it is tried again");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(failure) = self.catch_up() {
            error!(%failure, "the views are behind; the next start goes on with them");
        }
        match self.views.close() {
            Ok(()) => info!("the views are closed"),
            Err(failure) => error!(%failure, "the views could not be closed; the next start makes them anew"),
        }
    }

    /// Fills in a commit, and those that have gathered behind it, in one transaction.
    fn follow(&mut self, commit: Commit) -> Result<(), StoreError> {
        let mut position = self.views.position();
        let mut filling = self.views.begin()?;
        let mut next = Some(commit);
        let mut filled = 0;
        while let Some(commit) = next {
            filled += commit.len();
            for (sealed, entry) in &commit {
                // What was read from the log already is passed over; a gap is read from the log later.
                if sealed.position == position + 1 {
                    filling.fill(sealed, entry)?;
                    position = sealed.position;
                }
            }
            next = if filled < GROUP { self.commits.try_recv().ok() } else { None };
        }
        filling.commit()?;
        self.reached();
        Ok(())
    }

    /// Reads from the log what was not fed.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        // A commit that is being fed is not a gap: only what lies behind everything that is fed is read.
        while self.views.position() < self.committed.load(Ordering::Acquire) {
            if let Ok(commit) = self.commits.try_recv() {
                self.follow(commit)?;
                continue;
            }
            let page = self.log.read(self.views.position(), GROUP)?;
            if page.is_empty() {
                break;
            }
            let mut filling = self.views.begin()?;
            for sealed in &page {
                filling.fill(sealed, &stored::decode(sealed)?)?;
            }
            filling.commit()?;
            self.reached();
        }
        Ok(())
    }

    fn reached(&self) {
        let position = self.views.position();
        metrics::gauge!("jeton_views_position").set(u32::try_from(position).unwrap_or(u32::MAX));
        self.followed.send_if_modified(|reached| std::mem::replace(reached, position) != position);
    }
}
