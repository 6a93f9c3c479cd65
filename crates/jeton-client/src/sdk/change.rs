//! What a program is told of its session, and what it can ask at any time.

use jiff::Timestamp;

use super::error::{Error, Refusal};
use super::lease::LeaseRefusal;
use super::notes::Leave;
use crate::{Cover, Decimal, MadeCharge, NextCharge, SessionState, Warning, Window};

/// How a session stands, as far as is known here.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its id; another one when it was opened anew.
    pub session: String,
    pub state: SessionState,
    /// What pays for it; `None` before the server knows it, when it is idle past its cover, unfunded or ended.
    pub cover: Option<Cover>,
    /// Tokens set aside until the undo interval is proven (W2).
    pub hold: Option<Decimal>,
    /// Until when a close costs nothing.
    pub undo_ends_at: Option<Timestamp>,
    pub window: Option<Window>,
    pub next_charge: Option<NextCharge>,
    /// Tokens that the team had left when the server last answered; `None` before it has.
    pub available: Option<Decimal>,
    /// When the server last answered, by its own clock; `None` before it has.
    pub answered_at: Option<Timestamp>,
    /// By what it was started without the server; `None` once the server knows it.
    pub started_by: Option<Leave>,
    /// When the newest lease ends.
    pub lease_ends_at: Option<Timestamp>,
    /// Until when the program may run if the server is not heard of any more.
    pub runs_until: Timestamp,
}

/// Something that has changed about a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The server knows the session: an opening was made up, or one that was lost was opened anew, under this id.
    Opened { session: String },
    /// A charge was made.
    Charged(MadeCharge),
    /// It is covered, otherwise than before.
    Covered { cover: Cover, window: Option<Window>, next_charge: Option<NextCharge> },
    /// Past its cover without activity: nothing runs and nothing is charged until there is some (W6).
    Idle,
    /// The window ends in 15 minutes or less, and the next one will cost this if the program is in use then.
    RenewalSoon { at: Timestamp, tokens: Decimal },
    /// It was refused what it needs to go on: until `ends_at` there is time to save (W7).
    Unfunded { refusal: Refusal, ends_at: Timestamp },
    /// The server says something that the member should know.
    Warned(Warning),
    /// The server is not heard of; the program may run until then without it (W11).
    OutOfTouch { why: Reason, runs_until: Timestamp },
    /// The server is heard of again.
    InTouch,
    /// The server has sent a lease that does not hold.
    BadLease(LeaseRefusal),
    /// In 15 minutes or less the program has to stop, unless the server is heard of.
    StopSoon { at: Timestamp },
    /// The program has to save and stop now. It is not killed, and is opened anew if it runs on and the server is heard
    /// of; after a refusal it is not.
    Stop { refusal: Option<Refusal> },
}

/// Why the server is not heard of.
#[derive(Debug, Clone)]
pub struct Reason(pub(crate) Error);

impl Reason {
    pub fn error(&self) -> &Error {
        &self.0
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}
