//! The guard of an open session: as long as it lives, the session beats; closed or dropped, it ends.
//!
//! What always holds: no method waits for a beat that is under way longer than the client's patience, and a close goes
//! before everything else. What the session goes through is done by [`keeper`](super::keeper).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::change::{Change, Standing};
use super::client::{Inner, Started};
use super::error::Error;
use super::keeper::{Closing, Keeper, Lines, Order, closed_before};
use crate::{SessionAnswer, SessionClosed, SessionOpen};

/// How many changes are kept for one who is slow to read them; of more, the oldest are lost.
const CHANGES: usize = 64;

/// An open product. Dropped, it is closed as well as a drop can: [`close`](Session::close) says what came of it.
pub struct Session {
    orders: mpsc::Sender<Order>,
    closing: Option<oneshot::Sender<Closing>>,
    standing: watch::Receiver<Standing>,
    /// Weak, so that the changes end when the session does.
    changes: broadcast::WeakSender<Change>,
    /// Who asks first is told everything from the beginning.
    first: Mutex<Option<broadcast::Receiver<Change>>>,
}

/// The changes of a session, one after the other.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&*self.standing.borrow()).finish()
    }
}

impl Session {
    /// A session that the server has just opened.
    pub(crate) fn opened(client: Arc<Inner>, opening: SessionOpen, answer: SessionAnswer) -> Self {
        Self::kept(|lines| Keeper::opened(client, opening, answer, lines))
    }

    /// A session that the server does not know yet.
    pub(crate) fn unreached(
        client: Arc<Inner>,
        opening: SessionOpen,
        session: String,
        started: Started,
        why: Error,
    ) -> Self {
        Self::kept(|lines| Keeper::unreached(client, opening, session, started, why, lines))
    }

    fn kept(keeper: impl FnOnce(broadcast::Sender<Change>) -> (Keeper, Lines)) -> Self {
        let (changes, first) = broadcast::channel(CHANGES);
        let weak = changes.downgrade();
        let (keeper, lines) = keeper(changes);
        let Lines { orders, closing, standing } = lines;
        tokio::spawn(keeper.run());
        Self { orders, closing: Some(closing), standing, changes: weak, first: Mutex::new(Some(first)) }
    }

    /// How it stands, as far as is known here.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// What changes from now on; the first who asks is told what has changed since the opening, too.
    pub fn changes(&self) -> Changes {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let subscribed = || match self.changes.upgrade() {
            Some(changes) => changes.subscribe(),
            // It has ended; so does what is told of it.
            None => broadcast::channel(1).1,
        };
        Changes { receiver: first.unwrap_or_else(subscribed) }
    }

    /// Says that the member has just done something in the product (W6). Costs nothing; the next beat tells it, and
    /// after an idle time it is told at once.
    pub fn active(&self) {
        // A queue that is full has such an order in it already; a keeper that is gone needs none.
        let _ = self.orders.try_send(Order::Active);
    }

    /// Beats now, and answers how the session stands afterwards. Nobody has to: it beats by itself.
    pub async fn beat(&self) -> Result<Standing, Error> {
        let (reply, answer) = oneshot::channel();
        let ended = || Error::Misuse("the session has ended".to_owned());
        self.orders.send(Order::Beat(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// Ends the session, and answers the charges that this made. When the server is not reached within the client's
    /// patience, the session is lost 10 minutes after its last beat (W8), as if it had been closed then.
    pub async fn close(mut self) -> Result<SessionClosed, Error> {
        let (reply, answer) = oneshot::channel();
        let told = self.closing.take().is_some_and(|closing| closing.send(reply).is_ok());
        match answer.await {
            Ok(closed) if told => closed,
            // It has ended before.
            Ok(_) | Err(_) => Ok(closed_before(self.standing().session)),
        }
    }
}

impl Changes {
    /// The next change; `None` when the session has ended and no more will come.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            match self.receiver.recv().await {
                Ok(change) => return Some(change),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
