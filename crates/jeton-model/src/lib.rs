//! For tests: the rules told a second time, by scanning a whole history. [`run`] takes everything that happened, and
//! says what was to be answered, charged and left. It is written from the rules and their decisions alone, shares no
//! code with what it is compared with, and is made to be read beside them: whatever a decision asks for is looked up in
//! what happened and in what was found so far, nothing is counted along.
//!
//! `model` is windows, lots, caps, idle time and undo, with the way through a history: with its folder at most 500 lines,
//! which `cargo xtask tidy` holds. Beside it stand what it is asked about and by: who may have what and at which rate
//! (`access`), what the steps and what a client's messages do (`steps`, `messages`), jobs and credits (`jobs`), how lists
//! are looked through (`scan`), how it is all told (`telling`), and the words for what happened and what is told
//! (`history`, `told`).
//!
//! Not told: prices and money, quotes of orders, returns and transfers (P1–P3, P6, P7), leases (W11), the clock (W9),
//! what a limit refuses, notices, the ledger (N, V). The caller says where days begin (L1, W10) and when lots end (P4).

mod access;
mod history;
mod jobs;
mod messages;
mod model;
mod scan;
mod steps;
mod telling;
mod told;

pub use history::{Access, Date, History, Of, Offer, Rounding, Use, What};
pub use model::run;
pub use told::{Answer, Charge, Cover, Launch, Lot, Passed, Purse, Refusal, State, Told};

/// An instant: microseconds since any zero of the caller's.
pub type At = i64;
/// Tokens, and quantities of results, in thousandths.
pub type Tokens = i64;
/// A member, product, device, session, order … by its number; where ids decide (P5, K5), the smaller goes first.
pub type Id = u32;
