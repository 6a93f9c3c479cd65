//! The demo's past, lived through: every act of the script is asked of the engine, at its own instant.
//!
//! What always holds: nothing is written but by the engine, for messages that a client or an admin could have sent. A
//! new folder gets the whole past or stays without a log, whenever the process dies.

use std::collections::VecDeque;

use jeton_core::entry::Author;
use jeton_core::time::Instant;
use jeton_engine::{Answer, Decided, NotNow, TeamAnswer, Walk};
use jeton_store::Kind;

use super::plot::Past;
use super::script::{Act, Message};
use crate::failure::{Failure, unavailable};

/// How many messages may be under way at once.
const UNDER_WAY: usize = 4_096;

/// Lives through it all. Waits, so it is not for threads that must not.
pub(super) fn live_through(walk: &Walk, past: Past) -> Result<(), Failure> {
    let mut under_way = VecDeque::with_capacity(UNDER_WAY);
    for Act { at, message } in past.acts {
        if under_way.len() == UNDER_WAY
            && let Some(first) = under_way.pop_front()
        {
            wait(first)?;
        }
        walk.to(at).map_err(not_now)?;
        let asked = match message {
            Message::Team(ask) => walk.team(*ask).map(Asked::Team),
            Message::Session(ask) => walk.session(ask).map(Asked::Session),
            Message::Job(ask) => walk.job(ask).map(Asked::Job),
        };
        under_way.push_back(asked.map_err(not_now)?);
    }
    under_way.into_iter().try_for_each(wait)
}

/// Walks on to the end of the past. A sandbox's clock stands where its last entry is, so there it is one.
pub(super) async fn come_to_the_end(walk: &Walk, ends_at: Instant, kind: Kind) -> Result<(), Failure> {
    match kind {
        Kind::Real => walk.to(ends_at),
        Kind::Sandbox => walk.running().engine.move_clock(ends_at, Author::Operator).await.map(|_| ()),
    }
    .map_err(not_now)
}

enum Asked {
    Team(Answer<TeamAnswer>),
    Session(Answer<Option<jeton_engine::SessionDecided>>),
    Job(Answer<Option<jeton_engine::JobDecided>>),
}

/// A refusal is part of the past; only what could not be decided ends the making.
fn wait(asked: Asked) -> Result<(), Failure> {
    fn decided<T>(answer: Answer<T>) -> Result<(), NotNow> {
        answer.wait().map(|Decided { .. }| ())
    }
    let outcome = match asked {
        Asked::Team(answer) => decided(answer),
        Asked::Session(answer) => decided(answer),
        Asked::Job(answer) => decided(answer),
    };
    outcome.map_err(not_now)
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be handed to `map_err`")]
fn not_now(reason: NotNow) -> Failure {
    unavailable(format!("the demo could not be made: {reason}"))
}
