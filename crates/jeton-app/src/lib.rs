//! The use cases of Jeton: everything that a face can ask for, with who asks.
//!
//! What always holds: each use case authorises its caller against the table in [`operation`] before it looks at
//! anything else, takes names and gives names (members, devices and keys of the ledger stay inside), and fails in
//! one of the ways of [`Failure`], none of which shows what is inside.
//!
//! What it does not do: HTTP, SQL, or decide. It asks the engine to decide, and reads the views.
//!
//! | file | use cases |
//! |---|---|
//! | [`caller`] | who asks: scopes and keys |
//! | [`operation`] | every operation, and who may do it |
//! | [`failure`] | every way in which a use case can say no |
//! | [`answer`] | what every use case answers with: reads, puts, pages |
//! | `catalogue` | products, rates, uses (C1–C5) |
//! | `prices` | price lists and quotes (P1, P2) |
//! | `teams` | teams, settings of the installation |
//! | `members` | members, assignments, default access, blocked products, seats (A1, A2) |
//! | `groups` | groups of members (A1) |
//! | `caps`, `required_tags` | limits that a team sets for itself (L1, L2) |
//! | `agreements`, `credits`, `plans` | what the vendor grants a team (P9–P11) |
//! | `orders` | orders and their payment (P3, P8) |
//! | `metering` | sessions: quote, open, heartbeat, close (A3, W1–W11) |
//! | `jobs` | jobs: quote, hold, commit, extend, release (R1, R2) |
//! | `reports` | balance, charges, usage, checkpoint (W10, V2) |
//! | `explain` | why a charge was made (V6) |
//! | `entries` | the ledger of a team, as people are told it (V1) |
//! | `events` | what has happened, for who follows it (N1) |
//! | `exports` | everything of a team, to be taken away |
//! | `imports` | members and assignments from a file |
//! | `pace` | how fast a key may ask |
//! | `keys` | authentication, API keys, lease keys |
//! | `enrolments`, `enrolment_code` | how a member's machine gets its key |
//! | `sandbox` | the sandbox's clock |
//! | `health` | whether the installation can answer, and its figures |
//! | `people`, `leases`, `secret` | names of people, leases, keys in the clear |
//! | `wire`, `refusals` | the ledger's types and refusals in the words of the contract |

pub mod answer;
pub mod caller;
pub mod failure;
pub mod operation;

mod agreements;
mod caps;
mod catalogue;
mod credits;
mod enrolment_code;
mod enrolments;
mod entries;
mod events;
mod explain;
mod exports;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod groups;
mod health;
mod imports;
mod jobs;
mod keys;
mod leases;
mod members;
mod metering;
mod orders;
mod pace;
mod people;
mod plans;
mod prices;
mod refusals;
mod reports;
mod required_tags;
mod sandbox;
mod secret;
mod teams;
mod wire;

use std::fmt;
use std::sync::Arc;

pub use answer::{IfMatch, Once, Page, PageRequest, Put, Read};
pub use caller::{Caller, KeyId, Scope};
pub use events::{EventKind, EventStream, EventsRequest, Place, Said};
pub use exports::Export;
pub use failure::{Failure, NotNow, Over, Refusal};
/// The public contract, in whose types use cases are asked and answer.
pub use jeton_client as contract;
pub use leases::LeaseAlgorithm;
pub use operation::{Access, Operation, Target, authorise};
pub use pace::{Pace, PaceSettings};
pub use reports::{UsageBy, UsageReport, UsageRequest};
pub use secret::{device_key, random};

use ed25519_dalek::SigningKey;
use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::Author;
use jeton_core::id::TeamId;
use jeton_core::presence::Presence;
use jeton_core::team::Team;
use jeton_engine::{Decided, Engine, NotNow as EngineNotNow, Running, Seen, Sight, TeamAnswer, TeamAsk};
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{Beside, Position, Reader, Sealed, StoreError, ViewsReader};
use metrics_exporter_prometheus::PrometheusHandle;

/// The application: the use cases of one installation. Cloning it is cheap and gives the same one.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

/// What the use cases share.
struct Inner {
    engine: Engine,
    log: Reader,
    views: ViewsReader,
    /// The position up to which the views have to be before lists are answered.
    started_at: Position,
    people: people::People,
    keys: keys::Keys,
    enrolments: enrolments::Enrolments,
    leases: leases::Leases,
    paces: pace::Paces,
    events: events::Events,
    sandbox: bool,
    metrics: PrometheusHandle,
}

/// What an application is made of.
pub struct Parts<'a> {
    pub running: &'a Running,
    pub log: Reader,
    pub lease_key: SigningKey,
    pub lease_algorithm: LeaseAlgorithm,
    /// The `iss` of leases.
    pub issuer: String,
    /// How fast keys may ask.
    pub pace: PaceSettings,
    pub sandbox: bool,
    pub metrics: PrometheusHandle,
}

impl App {
    /// What time it is for the server, in whole seconds since 1970 and at most half a second late (W9); in a sandbox
    /// where its clock stands.
    pub fn lately_s(&self) -> i64 {
        self.inner.engine.lately().seconds()
    }

    /// Puts the application over an engine that runs.
    pub fn new(parts: Parts<'_>) -> Result<Self, StoreError> {
        let Parts { running, log, lease_key, lease_algorithm, issuer, pace, sandbox, metrics } = parts;
        let inner = Inner {
            engine: running.engine.clone(),
            views: running.views.clone(),
            started_at: running.position,
            people: people::People::load(&log)?,
            keys: keys::Keys::load(&log)?,
            events: events::Events::new(&issuer),
            enrolments: enrolments::Enrolments::load(&log)?,
            leases: leases::Leases::new(lease_key, issuer, lease_algorithm),
            paces: pace::Paces::new(pace),
            log,
            sandbox,
            metrics,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Has a command of a team decided, whose id, if it has one, is in no need of a search.
    async fn decide(
        &self,
        caller: &Caller,
        team: &TeamId,
        command: TeamCommand,
        beside: Vec<Beside>,
    ) -> Result<Decided<Granted>, Failure> {
        let by = author(caller)?;
        let ask = TeamAsk { team: team.clone(), command, by, beside, searched: Position::MAX };
        let Decided { outcome, at, position } = self.inner.engine.team(ask).await?;
        match outcome {
            Ok(TeamAnswer::Granted(granted)) => Ok(Decided { outcome: Ok(*granted), at, position }),
            Ok(TeamAnswer::SearchAgain) => Err(Failure::Internal),
            Err(refusal) => Err(refusals::plain(&refusal)),
        }
    }

    /// Does what must not be broken off half-way: who asked may hang up, and what was decided is learned all the same.
    async fn unbroken<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        tokio::spawn(work).await.map_err(|_| Failure::Internal)?
    }

    /// Writes a configuration of a team: whether it is new, and at which revision it stands.
    async fn configure(
        &self,
        caller: &Caller,
        team: &TeamId,
        command: TeamCommand,
        beside: Vec<Beside>,
    ) -> Result<(bool, u64), Failure> {
        match self.decide(caller, team, command, beside).await?.outcome {
            Ok(Granted::Configured { created, revision }) => Ok((created, revision)),
            Ok(_) | Err(_) => Err(Failure::Internal),
        }
    }

    /// Looks at a team, everything due in it decided.
    async fn see<T: Send + 'static>(
        &self,
        team: &TeamId,
        look: impl FnOnce(&Team, &Presence, &Sight<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Seen<T>, Failure> {
        let id = team.clone();
        let seen = self
            .inner
            .engine
            .read(Some(team.clone()), move |sight| match sight.team(&id) {
                Some((team, presence)) => look(team, presence, sight),
                None => Err(Failure::NotFound { code: "unknown_team" }),
            })
            .await?;
        Ok(Seen { value: seen.value?, at: seen.at, position: seen.position })
    }

    /// Looks at what the vendor offers.
    async fn see_catalogue<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Sight<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.inner.engine.read(None, look).await?.value
    }

    /// Reads log and views on a thread that may wait for a disk, once the views show `position`.
    async fn after<T: Send + 'static>(
        &self,
        position: Position,
        read: impl FnOnce(&Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.until_followed(position).await?;
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || read(&inner)).await.map_err(|_| Failure::Internal)?
    }

    /// Waits until the views show `position`.
    async fn until_followed(&self, position: Position) -> Result<(), Failure> {
        self.inner.engine.followed(position).await.map_err(|not_now| self.behind(not_now))
    }

    /// While the views are being made anew, that is why they are behind.
    fn behind(&self, not_now: EngineNotNow) -> Failure {
        if not_now == EngineNotNow::Rebuilding && !self.views_are_ready() {
            return Failure::NotNow { reason: NotNow::Rebuilding, detail: not_now.to_string() };
        }
        not_now.into()
    }

    fn views_are_ready(&self) -> bool {
        self.inner.engine.followed_to() >= self.inner.started_at
    }
}

impl Inner {
    /// The entry at a position of the log.
    fn entry(&self, position: Position) -> Result<(Sealed, AnyEntry), Failure> {
        let sealed = self.log.entry(position)?.ok_or(Failure::Internal)?;
        let entry = stored::decode(&sealed)?;
        Ok((sealed, entry))
    }

    /// The entries at these positions.
    fn entries(&self, positions: &[Position]) -> Result<Vec<(Sealed, AnyEntry)>, Failure> {
        let sealed = self.log.entries(positions)?;
        sealed
            .into_iter()
            .map(|sealed| {
                let entry = stored::decode(&sealed)?;
                Ok((sealed, entry))
            })
            .collect()
    }
}

/// The author of what a caller changes.
fn author(caller: &Caller) -> Result<Author, Failure> {
    if caller.key.as_str() == caller::OPERATOR {
        return Ok(Author::Operator);
    }
    Ok(Author::Key(caller.key.as_str().parse().map_err(|_| Failure::Internal)?))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store could not be read");
        let reason = NotNow::StorageUnavailable;
        let detail =
            "The server cannot read what it has stored at the moment. Its operator finds the cause in the log.";
        Self::NotNow { reason, detail: detail.to_owned() }
    }
}
