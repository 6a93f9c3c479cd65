//! The client: who asks which server, and how a product is opened, with the server or without it.
//!
//! What always holds: an opening is answered within the client's patience (2 s by default), whatever the server does:
//! by the server, by what this machine has for the time without it, or by a refusal. An opening that may have arrived
//! is asked again under its own id, which changes nothing (V4).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use zeroize::Zeroizing;

use super::error::{Error, MayNotStart, Unreachable};
use super::folders;
use super::lease::{self, Holder, Standing as LeaseStanding};
use super::login::Login;
use super::machine::{self, Machine, ThisMachine};
use super::notes::{HeldNote, Leave, Notes};
use super::server_time::ServerTime;
use super::session::Session;
use super::state::{OfProduct, State};
use super::transport::Transport;
use crate::{
    EnrolPost, Enrolled, Jwks, SessionAnswer, SessionClose, SessionClosed, SessionOpen, SessionQuote, SessionQuotePost,
    WhenUnreachable,
};

/// How long an opening, a quote or a close waits for the server.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the first of several tries waits for the next.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A member's programs on this device, and their server. Clones share everything.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) transport: Transport,
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) time: Arc<ServerTime>,
    pub(crate) state: State,
    pub(crate) patience: Duration,
    team: String,
    member: String,
    device: String,
}

/// A client to be.
#[derive(Debug)]
pub struct ClientBuilder {
    login: Login,
    state: Option<PathBuf>,
    machine: Arc<dyn Machine>,
    patience: Duration,
}

/// What is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    product: String,
    version: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Opening {
    pub fn of(product: impl Into<String>) -> Self {
        Self { product: product.into(), version: None, tags: BTreeMap::new() }
    }

    /// Which version of the product; an attribute for reports.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// What it is for, such as `project` (L2); never people.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }
}

impl ClientBuilder {
    /// Where leases, keys and notes are kept: `$XDG_STATE_HOME/jeton` by default, else `~/.local/state/jeton`.
    #[must_use]
    pub fn state_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// How long an opening, a quote or a close waits for the server: 2 s by default.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where time and chance come from; this machine by default.
    #[must_use]
    pub fn machine(mut self, machine: Arc<dyn Machine>) -> Self {
        self.machine = machine;
        self
    }

    /// `Misuse` when the server's address is none.
    pub fn build(self) -> Result<Client, Error> {
        let Self { login, state, machine, patience } = self;
        let Login { server, team, member, device, key } = login;
        let state = State::of(state.as_deref(), server.trim_end_matches('/'));
        let time = Arc::new(ServerTime::new(Arc::clone(&machine), state.said()));
        let transport = Transport::new(&server, Some(key), Arc::clone(&time))?;
        let inner = Inner { transport, machine, time, state, patience, team, member, device };
        Ok(Client { inner: Arc::new(inner) })
    }
}

impl Client {
    /// Whoever is logged in, with the state folder of this machine.
    pub fn new(login: Login) -> Result<Self, Error> {
        Self::builder(login).build()
    }

    pub fn builder(login: Login) -> ClientBuilder {
        ClientBuilder { login, state: folders::state(), machine: Arc::new(ThisMachine), patience: PATIENCE }
    }

    /// What opening now would do; nothing is decided by asking, and a refusal is part of the answer.
    pub async fn quote(&self, opening: &Opening) -> Result<SessionQuote, Error> {
        self.quote_within(opening, self.inner.patience).await
    }

    /// The same, with a patience of its own.
    pub async fn quote_within(&self, opening: &Opening, patience: Duration) -> Result<SessionQuote, Error> {
        let inner = &self.inner;
        let body = SessionQuotePost {
            team: inner.team.clone(),
            member: inner.member.clone(),
            product: opening.product.clone(),
            device: Some(inner.device.clone()),
            tags: Some(opening.tags.clone()),
        };
        inner.within(patience, || inner.transport.post("/v1/sessions/quote", &body)).await
    }

    /// Opens a product, with the server, or without it as the rules for that time say. The session beats by itself
    /// until it is closed or dropped.
    pub async fn open(&self, opening: Opening) -> Result<Session, Error> {
        self.open_within(opening, self.inner.patience).await
    }

    /// The same, with a patience of its own; without any, the server is not waited for at all, and asked afterwards.
    pub async fn open_within(&self, opening: Opening, patience: Duration) -> Result<Session, Error> {
        let inner = &self.inner;
        let opening = inner.opening(opening);
        let session = machine::fresh_id(inner.machine.as_ref());
        match inner.within(patience, || inner.put(&session, &opening)).await {
            Ok(answer) => Ok(Session::opened(Arc::clone(inner), opening, answer)),
            Err(Error::Unreachable(unreachable)) => {
                let started = inner.without_the_server(&session, &opening).map_err(|refusal| {
                    Error::Unreachable(Unreachable { may_not_start: Some(refusal), ..unreachable.clone() })
                })?;
                Ok(Session::unreached(Arc::clone(inner), opening, session, started, Error::Unreachable(unreachable)))
            }
            Err(error @ (Error::Refused(_) | Error::Denied(_) | Error::Misuse(_))) => Err(error),
        }
    }
}

/// A start without the server.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) leave: Leave,
    /// The end of the lease that it was started by.
    pub(crate) lease_ends_at: Option<jiff::Timestamp>,
    pub(crate) note: Option<HeldNote>,
}

impl Inner {
    pub(crate) async fn put(&self, session: &str, opening: &SessionOpen) -> Result<SessionAnswer, Error> {
        self.transport.put(&format!("/v1/sessions/{session}"), opening).await
    }

    pub(crate) async fn close(&self, session: &str, body: &SessionClose) -> Result<SessionClosed, Error> {
        self.transport.post(&format!("/v1/sessions/{session}/close"), body).await
    }

    /// Asks, and again when a server that lives says that it cannot answer now, as long as the patience lasts. A server
    /// that is not there is not waited for.
    pub(crate) async fn within<T, F: Future<Output = Result<T, Error>>>(
        &self,
        patience: Duration,
        ask: impl Fn() -> F,
    ) -> Result<T, Error> {
        let mut last = Error::unreachable(format!("the server did not answer within {} ms", patience.as_millis()));
        if patience.is_zero() {
            return Err(last);
        }
        let asked = timeout(patience, async {
            let mut wait = FIRST_WAIT;
            loop {
                match ask().await {
                    Err(error) if error.is_passing() && error.retry_after().is_some() => {
                        let wanted = error.retry_after().unwrap_or_default();
                        last = error;
                        let wait_now = machine::about(self.machine.as_ref(), wait.max(wanted), 20);
                        self.machine.wait(self.machine.since_start() + wait_now).await;
                        wait *= 2;
                    }
                    answered => return answered,
                }
            }
        });
        match asked.await {
            Ok(answered) => answered,
            Err(_) => Err(last),
        }
    }

    /// Whether this may start without the server, and by what leave. A start by the product's leave is written down
    /// before it happens.
    fn without_the_server(&self, session: &str, opening: &SessionOpen) -> Result<Started, MayNotStart> {
        let now = self.time.now();
        let notes = self.state.folder().map(Notes::of);
        let note = |leave| match &notes {
            Some(notes) => notes.begin(self.machine.as_ref(), session, opening, leave, now),
            None => Err(MayNotStart::NoNotes),
        };
        if let Some(lease_ends_at) = self.lease_that_holds(opening) {
            return Ok(Started {
                leave: Leave::Lease,
                lease_ends_at: Some(lease_ends_at),
                note: note(Leave::Lease).ok(),
            });
        }
        match self.state.product(&opening.product).when_unreachable {
            WhenUnreachable::Refuse => Err(MayNotStart::Refused),
            WhenUnreachable::Start => {
                Ok(Started { leave: Leave::Product, lease_ends_at: None, note: Some(note(Leave::Product)?) })
            }
        }
    }

    /// When the lease that is kept for this opening ends, if it holds now.
    fn lease_that_holds(&self, opening: &SessionOpen) -> Option<jiff::Timestamp> {
        let holder = holder(opening);
        let (lease, keys) = (self.state.lease(holder)?, self.state.keys()?);
        match lease::verify(&lease, &keys, holder, self.time.now(), Duration::ZERO) {
            Ok((claims, LeaseStanding::Holds)) => Some(claims.ends_at()),
            Ok((_, LeaseStanding::InGrace)) | Err(_) => None,
        }
    }

    /// What is good to have before the server is away: its time, and what the product says of such times; and what the
    /// server has not been told of earlier starts without it. Best effort: the next program does it otherwise.
    pub(crate) async fn provide(&self, product: &str) {
        if let Some(said) = self.time.said() {
            self.state.keep_said(&said);
        }
        if let Ok(of) = self.transport.get::<OfProduct>(&format!("/v1/products/{product}")).await {
            self.state.keep_product(product, &of);
        }
        let Some(notes) = self.state.folder().map(Notes::of) else { return };
        for held in notes.left_over(self.machine.as_ref(), self.time.now()) {
            let (session, opening) = (&held.note.session, &held.note.opening);
            if (&opening.team, &opening.member, &opening.device) != (&self.team, &self.member, &self.device) {
                continue;
            }
            // An opening at the time of contact, and a close at once: the program has ended.
            let told = match self.put(session, opening).await {
                Ok(_) => self.close(session, &SessionClose::default()).await.map(|_| ()),
                Err(error) => Err(error),
            };
            match told {
                // Refused, it is told too: the refusal is in the server's record.
                Ok(()) | Err(Error::Refused(_)) => held.told(),
                Err(Error::Unreachable(_) | Error::Denied(_) | Error::Misuse(_)) => return,
            }
        }
    }

    pub(crate) async fn fetch_keys(&self) {
        if let Ok(keys) = self.transport.get::<Jwks>("/.well-known/jwks.json").await {
            self.state.keep_keys(&keys);
        }
    }

    fn opening(&self, opening: Opening) -> SessionOpen {
        let Opening { product, version, tags } = opening;
        let (team, member, device) = (self.team.clone(), self.member.clone(), self.device.clone());
        SessionOpen { team, member, product, version, device, tags }
    }
}

/// For whom a lease of this opening has to be.
pub(crate) fn holder(opening: &SessionOpen) -> Holder<'_> {
    let SessionOpen { team, member, product, device, version: _, tags: _ } = opening;
    Holder { team, member, product, device }
}

/// Trades a one-time code for a key of this machine, which is called `device` from now on.
pub async fn enrol(server: &str, code: &str, device: &str) -> Result<Login, Error> {
    let server = server.trim_end_matches('/');
    let time = Arc::new(ServerTime::new(Arc::new(ThisMachine), None));
    let transport = Transport::new(server, None, time)?;
    let trade = EnrolPost { code: code.to_owned(), device: device.to_owned() };
    let Enrolled { secret, team, member, device, key: _ } = transport.post("/v1/enrolments", &trade).await?;
    Ok(Login { server: server.to_owned(), team, member, device, key: Zeroizing::new(secret) })
}
