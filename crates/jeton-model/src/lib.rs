//! For tests: the rules told a second time, by scanning a whole history. [`run`] takes everything that happened, and
//! says what was to be answered, charged and left. It is written from the rules and their decisions alone, shares no
//! code with what it is compared with, and is made to be read beside them: whatever a decision asks for is looked up in
//! what happened and in what was found so far, nothing is counted along.
//!
//! Not told: prices and money, quotes of orders, returns and transfers (P1–P3, P6, P7), leases (W11), the clock (W9),
//! what a limit refuses, notices, the ledger (N, V). The caller says where days begin (L1, W10) and when lots end (P4).

mod history;
mod rules;
mod told;

pub use history::{Access, Date, History, Of, Offer, Rounding, Use, What};
pub use rules::run;
pub use told::{Answer, Charge, Cover, Launch, Lot, Passed, Purse, Refusal, State, Told};

/// An instant: microseconds since any zero of the caller's.
pub type At = i64;
/// Tokens, and quantities of results, in thousandths.
pub type Tokens = i64;
/// A member, product, device, session, order … by its number; where ids decide (P5, K5), the smaller goes first.
pub type Id = u32;
