//! A member's machine before the shop's server: its network can be cut, its clocks are the test's.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jeton_client::blocking::{Changes, Client};
use jeton_client::sdk::{self, Change, Login, Machine, Waiting};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::gate::Gate;
use crate::support::shop::{OPENING, Shop};
use crate::support::until;

/// How long a test waits for what has to come; a change that never comes ends it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Desk {
    pub(crate) shop: Shop,
    pub(crate) gate: Gate,
    pub(crate) machine: Arc<HandMachine>,
    pub(crate) login: Login,
    state: TempDir,
}

impl Desk {
    /// Ana's laptop, at the opening of a shop that has so many tokens. A day of beats takes a moment, so nobody is
    /// measured.
    pub(crate) fn of(tokens: u64) -> Self {
        let shop = Shop::open_with(tokens, &["--rate-limit-per-s", "0"]);
        let gate = Gate::before(shop.server.base());
        let key = shop.folder.key(&["--scope", "member", "--member", "acme/ana"]);
        let login = Login {
            server: gate.base(),
            team: "acme".to_owned(),
            member: "ana".to_owned(),
            device: "laptop".to_owned(),
            key: key.into(),
        };
        let machine = Arc::new(HandMachine::at(OPENING.parse().unwrap()));
        Self { shop, gate, machine, login, state: TempDir::new().unwrap() }
    }

    pub(crate) fn state_folder(&self) -> PathBuf {
        self.state.path().join("jeton")
    }

    /// A program of this machine.
    pub(crate) fn client(&self) -> Client {
        self.client_of(self.login.clone())
    }

    pub(crate) fn client_of(&self, login: Login) -> Client {
        let machine: Arc<HandMachine> = Arc::clone(&self.machine);
        let builder = sdk::Client::builder(login).state_folder(self.state_folder()).machine(machine);
        Client::of(builder.build().unwrap()).unwrap()
    }

    /// So much time goes by, for the server first and then for the machine.
    pub(crate) fn pass(&self, duration: Duration) {
        let now = self.shop.vendor.get("/v1/sandbox/clock").ok();
        let now: Timestamp = now["at"].as_str().unwrap().parse().unwrap();
        self.shop.vendor.clock(&(now + duration).to_string());
        self.machine.pass(duration);
    }

    /// The live sessions, as the vendor sees them.
    pub(crate) fn live(&self) -> Vec<Value> {
        self.shop.vendor.list("/v1/sessions?team=acme")
    }

    /// Waits until the live session of this product was last proven at this instant.
    pub(crate) fn proven_at(&self, at: &str) -> Value {
        until(&format!("a proof at {at}"), || self.live().into_iter().find(|session| session["last_proof_at"] == at))
    }

    /// Waits until something is kept in the state folder whose name begins so.
    pub(crate) fn kept(&self, prefix: &str) -> PathBuf {
        until(&format!("{prefix}… in the state folder"), || {
            let servers = std::fs::read_dir(self.state_folder()).ok()?;
            let files = servers.flat_map(|server| std::fs::read_dir(server.unwrap().path()).unwrap());
            files
                .map(|file| file.unwrap().path())
                .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix))
        })
    }

    /// The ledger's launches of today.
    pub(crate) fn launches(&self) -> u64 {
        let usage = self.shop.vendor.get("/v1/teams/acme/usage?group_by=product").ok();
        usage["items"].as_array().map_or(0, |rows| rows.iter().map(|row| row["launches"].as_u64().unwrap()).sum())
    }
}

/// Waits for the change that is looked for, and passes the others over.
pub(crate) fn find<T>(changes: &mut Changes, what: &str, mut look: impl FnMut(Change) -> Option<T>) -> T {
    let mut passed = Vec::new();
    loop {
        match changes.next_within(PATIENCE) {
            Some(change) => {
                passed.push(format!("{change:?}"));
                if let Some(found) = look(change) {
                    return found;
                }
            }
            None => panic!("{what} never came after {passed:#?}"),
        }
    }
}

/// Clocks that stand until they are moved, and chance that is counted.
#[derive(Debug)]
pub(crate) struct HandMachine {
    since_start: watch::Sender<Duration>,
    wall: Mutex<Timestamp>,
    start: Mutex<u64>,
    drawn: AtomicU64,
}

impl HandMachine {
    fn at(wall: Timestamp) -> Self {
        Self {
            since_start: watch::Sender::new(Duration::from_hours(1)),
            wall: Mutex::new(wall),
            start: Mutex::new(1),
            drawn: AtomicU64::new(0),
        }
    }

    /// Time goes by, or is slept through.
    pub(crate) fn pass(&self, duration: Duration) {
        *self.wall.lock().unwrap() += duration;
        self.since_start.send_modify(|since_start| *since_start += duration);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, wall: &str) {
        *self.wall.lock().unwrap() = wall.parse().unwrap();
    }

    /// The machine starts anew.
    pub(crate) fn restart(&self) {
        *self.start.lock().unwrap() += 1;
        self.since_start.send_replace(Duration::from_secs(10));
    }
}

impl Machine for HandMachine {
    fn since_start(&self) -> Duration {
        *self.since_start.borrow()
    }

    fn start(&self) -> String {
        self.start.lock().unwrap().to_string()
    }

    fn wall(&self) -> Timestamp {
        *self.wall.lock().unwrap()
    }

    fn wait(&self, at: Duration) -> Waiting<'_> {
        let mut since_start = self.since_start.subscribe();
        Box::pin(async move {
            since_start.wait_for(|since_start| *since_start >= at).await.unwrap();
        })
    }

    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}
