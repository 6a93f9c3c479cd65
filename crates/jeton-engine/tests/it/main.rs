//! The engine over its real stores: in memory and in a folder of SQLite files, with clocks that a test sets.
//!
//! What always holds: nobody waits for a while; what is waited for is an answer, a position or the end of a thread.
//! Nothing of ours is replaced: what fails here fails in the real store. All of it is one test binary.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for some facts among all that there are")]

// As modules of tests, so that they may unwrap in what they share.
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod downtime;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod due;
#[cfg(test)]
mod durable;
#[cfg(test)]
mod epochs;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod follower;
#[cfg(test)]
mod full;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod repeat;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod support;
