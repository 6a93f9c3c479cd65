//! The ports on SQLite: `jeton.db`, and what `views.db` shares with it.
//!
//! One connection writes, a pool of connections reads beside it; the write-ahead log lets neither
//! wait for the other. Nothing outside this module and the views knows SQL.

mod copy;
mod erasing;
mod failure;
mod file;
mod pool;
mod reader;
mod rows;
mod writer;

pub(crate) use copy::{back_up, become_log, look_at_backup, size};
pub(crate) use failure::Failure;
pub(crate) use file::{BUSY, File};
pub(crate) use pool::{Place, Pool};
pub(crate) use reader::SqliteReader;
pub(crate) use reader::missing;
pub(crate) use rows::{all, count, enrolment_over, enrolment_taken, enrolment_unknown, key_taken, key_unknown, whole};
pub(crate) use writer::SqliteWriter;
