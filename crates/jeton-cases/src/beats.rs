//! The beats that clients make by themselves (W8): every two minutes from the opening on, strictly before the
//! instant at which the session is closed, falls silent, or is answered that it has ended, and none while the
//! server is down.

use std::collections::HashMap;

use crate::action::Deed;
use crate::case::{Action, Expectation, Step};

const EVERY_MICROS: i64 = 120_000_000;

/// The sessions that the table has opened so far, in the order of their openings.
#[derive(Debug)]
pub(crate) struct Beating {
    clients: Vec<Client>,
    known: HashMap<String, usize>,
    server_is_up: bool,
}

#[derive(Debug)]
struct Client {
    session: String,
    who: Option<String>,
    line: usize,
    next_micros: i64,
    beats: bool,
    /// Its messages report activity up to this instant; `None`: they report none.
    active_until_micros: Option<i64>,
}

impl Client {
    fn active_at(&self, at_micros: i64) -> Option<i64> {
        self.active_until_micros.map(|until| until.min(at_micros))
    }
}

impl Beating {
    pub(crate) fn new() -> Self {
        Self { clients: Vec::new(), known: HashMap::new(), server_is_up: true }
    }

    /// All automatic beats before `at_micros` that have not been taken yet, in the order of their instants.
    pub(crate) fn before(&mut self, at_micros: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.server_is_up {
            return steps;
        }
        while let Some(client) = self
            .clients
            .iter_mut()
            .filter(|client| client.beats && client.next_micros < at_micros)
            .min_by_key(|client| client.next_micros)
        {
            steps.push(Step {
                line: client.line,
                at_micros: client.next_micros,
                who: client.who.clone(),
                action: Action::Beat {
                    session: client.session.clone(),
                    active_at_micros: client.active_at(client.next_micros),
                },
                expect: Vec::new(),
                automatic: true,
            });
            client.next_micros += EVERY_MICROS;
        }
        steps
    }

    /// Notes what a line of the table means for the beats after it.
    pub(crate) fn note(
        &mut self,
        line: usize,
        at_micros: i64,
        who: Option<&str>,
        deed: &Deed,
        expect: &[Expectation],
    ) -> Result<(), String> {
        let over =
            expect.iter().any(|expectation| matches!(expectation, Expectation::Ended | Expectation::Refused { .. }));
        match deed {
            Deed::Act(Action::Open { session, .. }) => {
                if !over && !self.known.contains_key(session) {
                    self.known.insert(session.clone(), self.clients.len());
                    self.clients.push(Client {
                        session: session.clone(),
                        who: who.map(str::to_owned),
                        line,
                        next_micros: at_micros + EVERY_MICROS,
                        beats: true,
                        active_until_micros: None,
                    });
                }
            }
            Deed::Act(Action::Beat { session, .. }) => {
                let client = self.client(session)?;
                client.beats = client.beats && !over;
                if client.next_micros == at_micros {
                    client.next_micros += EVERY_MICROS;
                }
            }
            Deed::Act(Action::Close { session, .. }) | Deed::Silent(session) => {
                self.client(session)?.beats = false;
            }
            Deed::Act(Action::Erase { member }) => {
                for client in self.clients.iter_mut().filter(|client| client.who.as_ref() == Some(member)) {
                    client.beats = false;
                }
            }
            Deed::Beats(session) => {
                let client = self.client(session)?;
                client.beats = true;
                client.next_micros = at_micros + EVERY_MICROS;
            }
            Deed::Active { session, until_micros } => {
                self.client(session)?.active_until_micros = Some(*until_micros);
            }
            Deed::Act(Action::Down) => {
                if !self.server_is_up {
                    return Err("the server is down already".to_owned());
                }
                self.server_is_up = false;
            }
            Deed::Act(Action::Up) => {
                if self.server_is_up {
                    return Err("the server is up already".to_owned());
                }
                self.server_is_up = true;
                for client in &mut self.clients {
                    while client.next_micros < at_micros {
                        client.next_micros += EVERY_MICROS;
                    }
                }
            }
            Deed::Restart
            | Deed::Act(
                Action::Look
                | Action::OpenByMany { .. }
                | Action::Quote { .. }
                | Action::QuoteJob { .. }
                | Action::HoldJob { .. }
                | Action::CommitJob { .. }
                | Action::ExtendJob { .. }
                | Action::ReleaseJob { .. }
                | Action::LookAtJob { .. }
                | Action::Seat { .. }
                | Action::WithdrawSeat { .. }
                | Action::Assign { .. }
                | Action::DefaultAccess { .. }
                | Action::Group { .. }
                | Action::RemoveGroup { .. }
                | Action::Cap { .. }
                | Action::RemoveCap { .. }
                | Action::RequireTags { .. }
                | Action::Agreement { .. }
                | Action::RemoveAgreement { .. }
                | Action::PriceList { .. }
                | Action::Credits { .. }
                | Action::Plan { .. }
                | Action::Deactivate { .. }
                | Action::Block { .. }
                | Action::Order { .. }
                | Action::Pay { .. }
                | Action::Rate { .. },
            ) => {}
        }
        if self.server_is_up || matches!(deed, Deed::Act(Action::Down)) {
            Ok(())
        } else {
            Err("the server is down".to_owned())
        }
    }

    /// The activity that a message of this session's client reports at an instant, where its line does not say.
    pub(crate) fn active_at(&self, session: &str, at_micros: i64) -> Option<i64> {
        self.clients[*self.known.get(session)?].active_at(at_micros)
    }

    fn client(&mut self, session: &str) -> Result<&mut Client, String> {
        let index = self.known.get(session).ok_or_else(|| format!("no line before has opened `{session}`"))?;
        Ok(&mut self.clients[*index])
    }
}
