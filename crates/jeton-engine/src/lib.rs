//! The engine: one thread that decides everything, in memory, one after the other, and writes it in groups.
//!
//! It alone has the clock, the states and the store's writer, so nothing here needs a lock order. It knows no
//! HTTP and no names of people.

mod clock;
mod epoch;
mod follower;
mod house;
mod message;
mod room;
mod start;
mod verify;
mod walk;
mod writer;

pub use clock::{Clock, Jump, Machine, Reading, ThisMachine, WallClock};
pub use epoch::{Epoch, RESTORED, begin_epoch};
pub use message::{
    DeactivateAsk, Decided, Engine, EraseAsk, Guard, JobAsk, JobDecided, JobMessage, MemberApiKey, NotNow, Seen,
    SessionAsk, SessionDecided, SessionMessage, Sight, TeamAnswer, TeamAsk, VendorAnswer, Whose,
};
pub use room::DiskMarks;
pub use start::{Running, Settings, Start, StartError};
pub use verify::verify;
pub use walk::{Answer, Walk};

/// How long a reader waits for the views at most.
const FOLLOW_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
