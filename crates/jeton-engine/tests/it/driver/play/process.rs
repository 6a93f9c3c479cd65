//! Processes that stop, die and start again on what is left.

use jeton_engine::{NotNow, StartError};
use jeton_store::{Batch, Beside, Presence as PresenceRow};

use super::Play;
use crate::driver::bad_days::Fault;
use crate::driver::chance::later;
use crate::support::place::Ports;
use crate::support::server::Server;

/// Under which key the engine keeps since when clients can be heard.
const LISTENING: &str = "engine.listening";

/// What lies beside the log and may be lost.
#[derive(Clone)]
pub(super) struct RowsBeside {
    presence: Vec<PresenceRow>,
    life: Option<i64>,
    listening: Option<String>,
}

impl Play {
    pub(super) fn beside(&self) -> RowsBeside {
        let reader = self.memory.reader();
        RowsBeside {
            presence: reader.presence().unwrap(),
            life: reader.life().unwrap(),
            listening: reader.meta(LISTENING).unwrap(),
        }
    }

    /// After a death: what lay beside the log may be lost, or be as it was some time ago.
    pub(super) fn lose_what_is_beside(&mut self) {
        let mut lost = Vec::new();
        let rows = self.beside().presence;
        if self.chance.percent(25) {
            let gone = |row: PresenceRow| Beside::PresenceGone { team: row.team, session: row.session };
            lost.extend(rows.into_iter().map(gone));
            self.reckoning.note("presence lost");
        } else if self.chance.percent(33) {
            for row in rows {
                if self.chance.percent(50) {
                    lost.push(Beside::PresenceGone { team: row.team, session: row.session });
                }
            }
            self.reckoning.note("presence lost in part");
        } else if let Some(before) = self.before.clone()
            && self.chance.percent(50)
        {
            lost.extend(before.presence.into_iter().map(Beside::Presence));
            lost.extend(before.life.map(Beside::Life));
            lost.extend(before.listening.map(|value| Beside::Meta { key: LISTENING.to_owned(), value }));
            self.reckoning.note("presence stale");
        }
        self.memory.writer().append(&Batch { entries: Vec::new(), beside: lost }).unwrap();
    }

    /// A clean stop, unless something befalls it. What was alive is then known exactly.
    pub(super) fn stop(&mut self) {
        let before = self.look().unwrap();
        if self.chance.percent(30) {
            let (passing, fault) = (self.chance.below(2), *self.chance.one(&[Fault::Refused, Fault::DiesAfter]));
            self.days.arm(passing, Some(fault), false);
        }
        let faults = self.days.happened();
        self.server.take().unwrap().stop();
        self.days.disarm();
        self.reckoning.note("stopped");
        if self.days.happened() == faults {
            self.read();
            let rows = self.beside().presence;
            for (team, presence) in &before.value.teams {
                for (number, alive) in presence.iter() {
                    let from = alive.from.micros();
                    let is_of = |row: &&PresenceRow| {
                        (row.team.as_str(), row.session, row.proven_from) == (team.id.as_str(), number.0, from)
                    };
                    let row = rows.iter().find(is_of);
                    // Of whom nothing is kept since they were opened or revived, nothing is known but that.
                    let kept =
                        row.map_or((from, from, from), |row| (row.proven_from, row.last_proof, row.last_activity));
                    let known = (from, alive.last_proof.micros(), alive.last_activity.micros());
                    assert_eq!(kept, known, "W8: a stop keeps who is alive");
                }
            }
        }
    }

    /// Starts, as often as it takes.
    pub(super) fn start(&mut self) {
        loop {
            self.days.begin_anew();
            self.read();
            let passing = self.passing();
            self.clocks.pass(passing);
            if self.begin.sandbox && self.reckoning.position > 0 {
                let to = later(self.now(), i64::try_from(passing.as_micros()).unwrap());
                self.begin.sandbox_clock = self.chance.percent(50).then_some(to);
            }
            if self.chance.percent(10) {
                let fault = *self.chance.one(&[Fault::Refused, Fault::AnswerLost, Fault::DiesBefore, Fault::DiesAfter]);
                self.days.arm(0, Some(fault), false);
            }
            let ports = Ports {
                writer: self.memory.writer_under(Box::new(self.days.clone())),
                reader: self.memory.reader(),
                views: self.memory.views().unwrap(),
                folder: None,
            };
            let started = Server::start_at_once(ports, &self.begin);
            self.days.disarm();
            match started {
                Ok(server) if self.days.death().is_some() => server.die(),
                Ok(server) => {
                    self.server = Some(server);
                    break;
                }
                Err(StartError::NotNow(NotNow::Store(_))) => self.reckoning.note("failed to start"),
                Err(other) => panic!("{other}"),
            }
        }
        self.reckoning.note("started");
        self.settle();
    }
}
