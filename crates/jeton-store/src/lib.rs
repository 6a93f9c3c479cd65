//! What an installation keeps: the log, the rows beside it (people, devices, keys, enrolments,
//! presence, checkpoints), and the views that are derived from the log.
//!
//! What always holds: the log is appended in commits, each whole or not at all and durable when
//! [`Writer::append`] returns; an entry is never changed; every entry is chained by hash to the one
//! before it in its stream, and every commit to the one before it (rule V2).
//! What is not here: the rules, the meaning of an entry's body, clocks and randomness.
//!
//! The same ports, [`Writer`], [`Reader`] and [`Views`], stand before a [`Folder`] of SQLite files
//! and before a [`Memory`]; one suite of tests runs over both.

mod backup;
mod batch;
pub mod chain;
mod checkpoint;
mod enrolments;
mod entry;
mod error;
mod folder;
mod keys;
mod lock;
mod memory;
mod people;
mod ports;
mod presence;
mod progress;
mod restoring;
mod sqlite;
pub mod stored;
pub mod verify;
mod views;

pub use backup::{Backup, Part, Unnamed};
pub use batch::{Batch, Beside};
pub use chain::Hash;
pub use checkpoint::{Checkpoint, ForgedCheckpoint};
pub use enrolments::EnrolmentRow;
pub use entry::{Position, Sealed};
pub use error::{Cause, StoreError};
pub use folder::{Beginning, Examined, Folder, Kind};
pub use keys::KeyRow;
pub use memory::{Fate, Memory, memory};
pub use people::{Device, Person};
pub use ports::{Reader, Writer};
pub use presence::{Lease, Presence};
pub use progress::{Progress, Step, Watch};
pub use restoring::Restoring;
pub use verify::Difference;
pub use views::{
    Filling, Group, GroupBy, IdRow, JOBS, LowBalance, OrderRow, SESSIONS, UsageAsked, UsageRow, Views, ViewsReader,
    orders_of,
};
