//! What has happened, as events: from anywhere in the log, and on with whatever happens.
//!
//! What always holds: an event is told when its entry is durable and the views show it, so that who asks the API after
//! it finds it there; each reader is told every event of what it may see once, in the order of the log, and can go on
//! after the last one that it took, with this process or the next. No reader has more in memory than one page of the
//! log, and nothing waits for one: who reads slowly is further behind, and reads from the log again. A stream ends when
//! its key does. Of who was erased nothing is told by name from then on (V5), not even what had been read already.
//!
//! What it does not do: how events travel. The face does.

mod kind;
mod place;
mod recent;
mod telling;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jeton_core::id::TeamId;
use jeton_store::Position;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::timeout;

pub use kind::EventKind;
pub use place::Place;
use recent::Recent;
use telling::Telling;

use crate::teams::known;
use crate::{App, Caller, EngineNotNow, Failure, Inner, Operation, Target, authorise};

/// How long nothing is said at most: what stands between would close a connection that says nothing.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Entries that are read from the log at a time.
const PAGE: usize = 64;
/// Bytes after which a page has no further entry.
const PAGE_BYTES: usize = 64 * 1024;
/// How many readers read the log at a time; the others wait.
const READERS_AT_ONCE: usize = 4;

/// What readers of events share.
pub(crate) struct Events {
    /// The installation, as a URI.
    source: String,
    /// The newest events, told once for everybody who has come so far.
    recent: std::sync::Mutex<Recent>,
    /// One tells what is new; the others are told what it told.
    telling: Mutex<()>,
    catching_up: Semaphore,
    ending: watch::Sender<bool>,
    /// How many were erased: what was told before is not told again.
    erasures: AtomicU64,
}

/// An event, as it is told.
#[derive(Debug, Clone)]
struct Told {
    kind: EventKind,
    /// Its envelope.
    json: Arc<str>,
}

/// The events of an entry.
#[derive(Debug)]
struct ToldEntry {
    position: Position,
    team: Option<TeamId>,
    events: Vec<Told>,
}

impl ToldEntry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.events.iter().map(|told| told.json.len()).sum::<usize>()
    }
}

/// Entries that follow each other in the log.
struct Page {
    entries: Vec<Arc<ToldEntry>>,
    /// How many were erased before it was told.
    erasures: u64,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub struct EventsRequest {
    /// After which to begin; what happens from now on, where none is named.
    pub after: Option<Place>,
    /// All of them, where none is named.
    pub kinds: BTreeSet<EventKind>,
    /// All that the caller may see, where none is named.
    pub team: Option<String>,
}

/// What a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Something has happened: where the reader stands after it, and the envelope in JSON.
    Event(Place, Arc<str>),
    /// Nothing that is asked for, up to here.
    Alive(Place),
}

/// The events that one caller is told.
pub struct EventStream {
    app: App,
    caller: Caller,
    kinds: BTreeSet<EventKind>,
    team: Option<TeamId>,
    /// Up to where everything has been told.
    place: Place,
    page: Page,
    followed: watch::Receiver<Position>,
    ending: watch::Receiver<bool>,
}

impl App {
    /// The events after a place, for as long as the key is good and the server runs.
    ///
    /// # Errors
    /// A bad request about `after` when nothing has got so far.
    pub async fn events(&self, caller: &Caller, request: EventsRequest) -> Result<EventStream, Failure> {
        let team = caller.scope.team_or(request.team.as_deref()).map(str::to_owned);
        let target = team.as_deref().map_or(Target::installation(), Target::team);
        authorise(caller, Operation::StreamEvents, target)?;
        let team = match team {
            Some(team) => {
                let team = known(&team)?;
                self.see(&team, |_, _, _| Ok(())).await?;
                Some(team)
            }
            None => None,
        };
        let events = &self.inner.events;
        let ending = events.ending.subscribe();
        if *ending.borrow() {
            return Err(EngineNotNow::Stopping.into());
        }
        if !self.views_are_ready() {
            return Err(self.behind(EngineNotNow::Rebuilding));
        }
        let end = self.after(0, |inner| Ok(inner.log.last_position()?)).await?;
        let place = request.after.unwrap_or(Place::after(end));
        if !place.is_in_log(end) {
            return Err(Failure::bad_request("after", format!("the log ends at {end}, and has not come to {place}")));
        }
        Ok(EventStream {
            app: self.clone(),
            caller: caller.clone(),
            kinds: request.kinds,
            team,
            place,
            page: Page { entries: Vec::new(), erasures: 0 },
            followed: self.inner.engine.follow(),
            ending,
        })
    }

    /// Ends every stream of events, and begins none any more. Who reads goes on with the next process.
    pub fn end_events(&self) {
        self.inner.events.ending.send_replace(true);
    }
}

impl EventStream {
    /// Up to where everything has been told.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What is said next; `None` when it ends.
    pub async fn next(&mut self) -> Option<Said> {
        loop {
            if *self.ending.borrow() || !self.app.is_good(&self.caller) {
                return None;
            }
            if let Some((place, json)) = self.next_of_page() {
                return Some(Said::Event(place, json));
            }
            let position = self.place.position();
            let further = timeout(ALIVE_EVERY, self.followed.wait_for(|followed| *followed > position));
            let followed = tokio::select! {
                // An error is the end of what would end it.
                _ = self.ending.wait_for(|ending| *ending) => return None,
                followed = further => followed.map(|followed| followed.map(|followed| *followed)),
            };
            match followed {
                Ok(Ok(followed)) => match self.app.page_of_events(position, followed).await {
                    Ok(page) => self.page = page,
                    Err(failure) => {
                        tracing::warn!(%failure, position, "a stream of events is cut: the log cannot be told there");
                        return None;
                    }
                },
                Ok(Err(_)) => return None,
                Err(_) => return Some(Said::Alive(self.place)),
            }
        }
    }

    /// The next event of the page that is asked for, and where the reader stands after it.
    fn next_of_page(&mut self) -> Option<(Place, Arc<str>)> {
        if self.page.erasures != self.app.inner.events.erasures() {
            // Read before somebody was erased: it is read again, without their name.
            self.page.entries.clear();
        }
        let position = self.place.position();
        let first = self.page.entries.partition_point(|entry| entry.position <= position);
        for entry in self.page.entries.iter().skip(first) {
            let is_seen = self.team.is_none() || self.team == entry.team;
            for (before, told) in entry.events.iter().enumerate().skip(self.place.further()) {
                let is_last = before + 1 == entry.events.len();
                let place =
                    if is_last { Place::after(entry.position) } else { Place::within(entry.position, before + 1) };
                self.place = place;
                if is_seen && (self.kinds.is_empty() || self.kinds.contains(&told.kind)) {
                    return Some((place, told.json.clone()));
                }
            }
            self.place = Place::after(entry.position);
        }
        None
    }
}

impl Events {
    pub(crate) fn new(issuer: &str) -> Self {
        Self {
            source: source(issuer),
            recent: std::sync::Mutex::default(),
            telling: Mutex::default(),
            catching_up: Semaphore::new(READERS_AT_ONCE),
            ending: watch::Sender::new(false),
            erasures: AtomicU64::new(0),
        }
    }

    /// Somebody was erased: what was told of them before is not told again (V5).
    pub(crate) fn erased(&self) {
        self.erasures.fetch_add(1, Ordering::AcqRel);
    }

    fn erasures(&self) -> u64 {
        self.erasures.load(Ordering::Acquire)
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().expect("nobody panics while keeping what was told")
    }
}

impl App {
    /// The entries after a position, of a log whose views have followed so far: at least one.
    async fn page_of_events(&self, position: Position, followed: Position) -> Result<Page, Failure> {
        let events = &self.inner.events;
        let kept = || {
            let erasures = events.erasures();
            events.recent().after(position, erasures).map(|entries| Page { entries, erasures })
        };
        if let Some(page) = kept() {
            return Ok(page);
        }
        let is_new = events.recent().goes_on_at(position);
        let (_telling, _reading);
        if is_new {
            _telling = events.telling.lock().await;
            // Whoever had it may have told just that.
            if let Some(page) = kept() {
                return Ok(page);
            }
        } else {
            _reading = events.catching_up.acquire().await.map_err(|_| Failure::Internal)?;
        }
        let erasures = events.erasures();
        let inner = self.inner.clone();
        let told = tokio::task::spawn_blocking(move || inner.told_entries(position, followed)).await;
        let entries = told.map_err(|_| Failure::Internal)??;
        if is_new {
            events.recent().keep(&entries, erasures);
        }
        Ok(Page { entries, erasures })
    }
}

impl Inner {
    /// A page of entries after a position, and not after another, as events.
    fn told_entries(&self, position: Position, until: Position) -> Result<Vec<Arc<ToldEntry>>, Failure> {
        let page = self.log.read(position, PAGE)?;
        let lows = self.views.low_balances(position, until)?;
        let mut telling = Telling::new(self, &self.events.source);
        let (mut told, mut bytes) = (Vec::new(), 0);
        for sealed in page.iter().take_while(|sealed| sealed.position <= until) {
            let low = lows.iter().find(|low| low.position == sealed.position);
            let entry = telling.entry(sealed, low)?;
            bytes += entry.bytes();
            told.push(Arc::new(entry));
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        if told.is_empty() { Err(Failure::Internal) } else { Ok(told) }
    }
}

/// The installation as a URI: its issuer, where that is one.
fn source(issuer: &str) -> String {
    use std::fmt::Write as _;
    let is_scheme = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_of_uri = |byte: u8| is_plain(byte) || b":/?#@!$&'()*+,;=".contains(&byte);
    let scheme = issuer.split_once(':').map(|(scheme, _)| scheme);
    if scheme.is_some_and(is_scheme) && issuer.bytes().all(is_of_uri) {
        return issuer.to_owned();
    }
    issuer.bytes().fold("urn:jeton:issuer:".to_owned(), |mut uri, byte| {
        if is_plain(byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_that_is_a_uri_is_the_source_and_any_other_is_written_into_one() {
        for (issuer, expected) in [
            ("https://licences.example/eu", "https://licences.example/eu"),
            ("urn:example:jeton", "urn:example:jeton"),
            ("jeton", "urn:jeton:issuer:jeton"),
            ("Société: 1", "urn:jeton:issuer:Soci%C3%A9t%C3%A9%3A%201"),
            ("1:2", "urn:jeton:issuer:1%3A2"),
            ("a:%zz", "urn:jeton:issuer:a%3A%25zz"),
        ] {
            assert_eq!(source(issuer), expected);
        }
    }
}
