//! Judges answers by the log: what was answered is there, once, as it was answered.

use jeton_core::answer::{Charged, SessionAnswer};
use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::{ClosedBy, TeamFact, VendorFact};
use jeton_core::id::{Seq, TeamId};
use jeton_core::refusal::Refusal;
use jeton_core::time::Instant;
use jeton_engine::{Decided, NotNow, SessionDecided, SessionMessage, TeamAnswer, VendorAnswer};
use jeton_store::{Checkpoint, Position};

use super::commands::{Asked, Id, binds, says, vendor_says};
use super::reckoning::{Became, Reckoning};

/// What an asker was told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Team(Decided<TeamAnswer>),
    Session(Decided<Option<SessionDecided>>),
    Vendor(Decided<VendorAnswer>),
    Clock(Decided<Instant>),
    Checkpoint(Decided<Option<Checkpoint>>),
    NotNow(NotNow),
    /// The asker hung up, or the process died.
    Unheard,
}

impl Told {
    pub(crate) fn of<T>(outcome: Result<Decided<T>, NotNow>, told: impl FnOnce(Decided<T>) -> Self) -> Self {
        outcome.map_or_else(Self::NotNow, told)
    }

    pub(crate) fn position(&self) -> Option<Position> {
        match self {
            Self::Team(decided) => Some(decided.position),
            Self::Session(decided) => Some(decided.position),
            Self::Vendor(decided) => Some(decided.position),
            Self::Clock(decided) => Some(decided.position),
            Self::Checkpoint(decided) => Some(decided.position),
            Self::NotNow(_) | Self::Unheard => None,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NotNow(NotNow::QueueFull) => "answered: queue full",
            Self::NotNow(NotNow::ClockJumped(_)) => "answered: clock jumped",
            Self::NotNow(_) => "answered: unavailable",
            Self::Unheard => "unheard",
            Self::Team(Decided { outcome: Ok(TeamAnswer::SearchAgain), .. }) => "answered: search again",
            Self::Team(Decided { outcome: Err(Refusal::IdReused), .. }) => "answered: id reused",
            Self::Team(Decided { outcome: Err(_), .. }) | Self::Session(Decided { outcome: Err(_), .. }) => {
                "answered: refused"
            }
            _ if self.known().is_some() => "answered: known",
            Self::Team(_) | Self::Session(_) | Self::Vendor(_) | Self::Clock(_) | Self::Checkpoint(_) => "answered",
        }
    }

    /// What becomes of the attempt, as far as this says.
    pub(crate) fn became(&self) -> Became {
        match self {
            Self::Unheard | Self::NotNow(NotNow::Store(_) | NotNow::Stopping) => Became::Unsure,
            Self::Team(Decided { outcome: Ok(TeamAnswer::Granted(_)), .. }) => Became::Granted,
            _ => Became::Nothing,
        }
    }

    pub(crate) fn known(&self) -> Option<Seq> {
        let Self::Team(Decided { outcome: Ok(TeamAnswer::Granted(granted)), .. }) = self else { return None };
        if let Granted::Known { seq } = **granted { Some(seq) } else { None }
    }

    pub(crate) fn is_search_again(&self) -> bool {
        matches!(self, Self::Team(Decided { outcome: Ok(TeamAnswer::SearchAgain), .. }))
    }

    pub(crate) fn is_reused(&self) -> bool {
        matches!(self, Self::Team(Decided { outcome: Err(Refusal::IdReused), .. }))
    }

    pub(crate) fn is_decided(&self) -> bool {
        matches!(self, Self::Team(_)) && !self.is_search_again()
    }
}

/// Holds an answer against the log.
pub(crate) fn judge(reckoning: &Reckoning, asked: &Asked, told: &Told) {
    if let Some(position) = told.position() {
        assert!(position <= reckoning.position, "V4: answered up to {position}, and less is stored: {told:?}");
    }
    match (asked, told) {
        (Asked::Team(team, command), Told::Team(decided)) => judge_team(reckoning, team, command, decided),
        (Asked::Session(session, message), Told::Session(Decided { outcome: Ok(decided), at, position })) => {
            let Some(SessionDecided { whose, answer }) = decided else {
                // A close of one that is lost changes nothing, and is not said.
                let closes = matches!(message, SessionMessage::Close { .. });
                assert!(closes || !lives(reckoning, asked, *position), "W8: {session} lives and was not found");
                return;
            };
            charged(reckoning, &whose.team, &answer.charged, *at);
            if let SessionMessage::Close { by, .. } = message {
                let ends = reckoning.entries(&whose.team).filter(|(stored, entry)| {
                    let closed_by = match &entry.fact {
                        TeamFact::SessionClosed { session: number, closed_by, .. } => {
                            (opened_as(reckoning, asked) == Some(number.0)).then_some(*closed_by)
                        }
                        _ => None,
                    };
                    *stored <= *position && entry.at == *at && closed_by == Some(*by)
                });
                assert_eq!(ends.count(), 1, "V4: the close of {session} at {at} is kept once");
                let charges = answer.charged.is_empty() || *by == ClosedBy::Client;
                assert!(charges, "W4: an admin's close is no proof of use");
            }
        }
        // What nobody has written yet has no entry.
        (Asked::Vendor(command), Told::Vendor(Decided { outcome: Ok(answer), position, .. }))
            if answer.revision > 0 =>
        {
            let (stored, entry) = reckoning.vendor_entry(answer.revision).expect("V4: what was answered is kept");
            assert!(stored <= position && vendor_says(command, &entry.fact), "V4: {command:?} is {entry:?}");
        }
        (Asked::Clock(to), Told::Clock(Decided { outcome: Ok(at), .. })) => {
            assert_eq!(to, at);
            let moved = reckoning
                .vendor_entries()
                .any(|(_, entry)| entry.at == *to && matches!(entry.fact, VendorFact::ClockMoved { .. }));
            let stood = reckoning.last_at >= Some(*to);
            assert!(moved || stood, "V4: the clock was moved to {to}");
        }
        _ => {}
    }
}

fn judge_team(reckoning: &Reckoning, team: &TeamId, command: &TeamCommand, decided: &Decided<TeamAnswer>) {
    let Decided { outcome, at, position } = decided;
    // The entry that is told of, and that it is kept as it was asked for.
    let kept = |seq: u64| {
        let (stored, entry) = reckoning.entry(team, seq).expect("V4: what was answered is kept");
        assert!(stored <= position, "V4: answered at {position}, stored at {stored}");
        entry
    };
    let granted = match outcome {
        Ok(TeamAnswer::Granted(granted)) => granted,
        Err(Refusal::IdReused) => {
            let id = super::commands::named(team, command).expect("V4: only an id is used again");
            let (other, ..) = reckoning.bound.get(&id).expect("V4: it is another's id");
            assert_ne!(other, team, "V4: {id:?} is the team's own");
            return;
        }
        Ok(TeamAnswer::SearchAgain) | Err(_) => return,
    };
    match &**granted {
        Granted::Opened { opened, answer } => {
            let entry = kept(opened.0);
            assert!(says(command, &entry.fact) && entry.at == *at, "V4: {command:?} at {at} is {entry:?}");
            let TeamFact::SessionOpened(fact) = &entry.fact else { unreachable!("it says so") };
            let lease = answer.lease.map(|lease| (lease.issued_at, lease.until));
            assert_eq!(lease, Some((*at, fact.lease_until)), "V4: the lease can be given again");
            charged(reckoning, team, &answer.charged, *at);
            whole_answer(answer);
        }
        Granted::Known { seq } => {
            let entry = kept(seq.0);
            let id = super::commands::named(team, command);
            assert_eq!(binds(team, &entry.fact), id, "V4: what was decided under the id");
        }
        Granted::Ordered { seq } => {
            let entry = kept(seq.0);
            assert!(says(command, &entry.fact) && entry.at == *at, "V4: {command:?} at {at} is {entry:?}");
        }
        Granted::Configured { revision, .. } => {
            if *revision > 0 {
                let entry = kept(*revision);
                assert!(says(command, &entry.fact), "V4: {command:?} is {entry:?}");
            }
        }
        Granted::Paid => {
            let paid = reckoning
                .entries(team)
                .filter(|(stored, entry)| stored <= position && entry.at == *at && says(command, &entry.fact));
            assert_eq!(paid.count(), 1, "V4: {command:?} at {at} is kept once");
        }
        Granted::Quoted(_)
        | Granted::Beaten(_)
        | Granted::Closed(_)
        | Granted::JobQuoted(_)
        | Granted::Job(_)
        | Granted::Past
        | Granted::Settled => {}
    }
}

/// Every charge that was told of is kept, with the figures that were told.
fn charged(reckoning: &Reckoning, team: &TeamId, charged: &[Charged], at: Instant) {
    for told in charged {
        let (_, entry) = reckoning.entry(team, told.charge.0).expect("V4: a charge that was told of is kept");
        let TeamFact::ChargeMade(made) = &entry.fact else { panic!("V4: {told:?} is {entry:?}") };
        assert_eq!((made.tokens(), made.window, entry.at), (told.tokens, told.window, at), "V4: {told:?}");
    }
}

/// An opening that was granted is covered.
fn whole_answer(answer: &SessionAnswer) {
    let charged = !answer.charged.is_empty();
    assert!(answer.cover.is_some() && answer.refusal.is_none(), "A3: {answer:?}");
    assert!(!charged || answer.hold.is_none(), "W2: held or charged: {answer:?}");
}

/// The number of the session that a message is about.
fn opened_as(reckoning: &Reckoning, asked: &Asked) -> Option<u64> {
    let Asked::Session(session, _) = asked else { return None };
    let (_, seq, _) = reckoning.bound.get(&Id::Session(session.clone()))?;
    Some(seq.0)
}

/// Whether a session lives that was opened up to a position.
fn lives(reckoning: &Reckoning, asked: &Asked, position: Position) -> bool {
    let Asked::Session(session, _) = asked else { return false };
    let opened = reckoning.bound.get(&Id::Session(session.clone()));
    opened.is_some_and(|(.., opened)| *opened <= position) && reckoning.is_live(session)
}
