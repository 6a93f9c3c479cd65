//! The rules of Jeton as pure functions: words, states, entries and decisions.
//!
//! Nothing in this crate does input or output, reads a clock, draws a random number or starts a thread; `no_std`
//! has the compiler see to that. [`decision::decide`] answers entries and an outcome, [`team::Team::evolve`]
//! folds an entry, and nothing else changes a team.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

// Words.
pub mod id;
pub mod limits;
pub mod money;
pub mod quantity;
pub mod time;
pub mod tokens;

// What is stored.
pub mod entry;

// States, each the fold of its entries.
pub mod cap;
pub mod catalogue;
pub mod credit;
pub mod lot;
pub mod presence;
pub mod price;
pub mod team;

// Decisions.
pub mod answer;
mod configuration;
pub mod decision;
mod due;
pub mod job;
mod opening;
mod order;
mod proof;
pub mod refusal;
mod run;
