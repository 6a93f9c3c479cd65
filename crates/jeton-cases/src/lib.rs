//! The worked examples of the rules, as data: reads `cases/*.case` and compares what is expected with what is seen.
//!
//! A case is a text table (at, who, does, expect) that a domain expert can read; `cases/README.md` describes the
//! language. [`load_all`] reads every case into typed steps, the automatic beats included, so that whoever executes
//! one just takes the steps in order. [`run`] does that against a [`World`] (the rules in memory, a server over
//! HTTP) and is the only place that compares.
//!
//! It always holds that steps are in the order of their instants, and that every problem is told with file and line.
//! This crate knows nothing of our other crates: it shares no rule with what it proves.

mod action;
mod beats;
mod calendar;
mod case;
mod closing;
mod expectation;
mod load;
mod offer;
mod run;
mod setup;
mod world;

pub use calendar::{Calendar, parse_rfc3339, rfc3339};
pub use case::{
    Access, Action, CapOf, Case, Charge, ChargeOf, Closing, Cover, Expectation, JobState, Member, Offer, Part, Per,
    Product, ResultRate, Rounding, Setup, Step, Tags, UsageDay, Warned,
};
pub use load::{Problem, load, load_all, read};
pub use run::run;
pub use world::{Balance, ChargeSeen, Charged, JobSeen, Many, Observed, Refused, State, UsageSeen, WarningSeen, World};
