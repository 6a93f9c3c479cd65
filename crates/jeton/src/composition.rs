//! Where the house is put together: store, engine, application and HTTP, for one data folder.
//!
//! What always holds: nobody else in the binary but the demo knows the other crates. Who has a `Running` holds the folder's lock
//! until `close`, or until the process ends. Nothing of how the process is started, told to stop, or asked over the
//! control socket is known here.

mod backup;
mod machine;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use ed25519_dalek::SigningKey;
use jeton_app::{App, LeaseAlgorithm, PaceSettings, Parts};
use jeton_client::ApiKeyPost;
use jeton_core::time::Instant;
use jeton_engine::{DiskMarks, Engine, Settings, Start, StartError, ThisMachine, Walk};
use jeton_store::verify::Unverified;
use jeton_store::{
    Batch, Beginning, Beside, Checkpoint, Examined, Folder, Kind, Reader, StoreError, ViewsReader, Writer,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::configuration::{self, Configuration};
use crate::control::{ClockAccepted, Difference, Extent, KeyCreated, Readiness, Verification, Verified};
use crate::demo::{self, Demo};
use crate::failure::{Failure, refused, unavailable, usage};

pub(crate) use self::backup::{absolute, back_up, restore};
pub(crate) use self::machine::{Looked, clocks, disk, looked_at};
pub(crate) use jeton_store::{Progress, Step, Watch};

/// The key that leases are signed with.
const LEASE_KEY: &str = "lease.key";
/// The key that checkpoints are signed with.
const CHECKPOINT_KEY: &str = "checkpoint.key";

/// How many messages of a walk may wait to be decided: nobody else is there.
const WALK_QUEUE: usize = 8_192;

/// What a folder is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be served: sandbox or not, its clock, and the demo are as configured.
    Serve,
    /// For one command without a server; the folder is of the kind that it already is.
    Command,
}

/// An open data folder, with the engine running over it.
pub(crate) struct Running {
    /// The data folder, absolute.
    pub(crate) folder: PathBuf,
    /// The public API; served by `jeton serve` alone.
    pub(crate) router: Router,
    /// What the demo has to tell, where there is one.
    pub(crate) demo: Option<Demo>,
    app: App,
    log: Reader,
    views: ViewsReader,
    store: Folder,
    kind: Kind,
    asks: Engine,
    /// What takes long is to be broken off.
    stopping: Arc<AtomicBool>,
    /// Taken by the close.
    engine: Mutex<Option<jeton_engine::Running>>,
}

/// Takes the folder's lock, opens the folder (making it, 0700, if it is not there), recovers, and starts the engine.
///
/// `Unavailable` when another process has the folder, it cannot be written, or the disk is full; `Refused` when it is
/// of the other kind (sandbox or not) or its files are not true.
pub(crate) async fn open(configuration: &Configuration, purpose: Purpose) -> Result<Running, Failure> {
    let metrics = recorder()?;
    let with_demo = purpose == Purpose::Serve && configuration.demo;
    if with_demo {
        demo::make(configuration, &metrics).await?;
    }
    let asked = configuration.clone();
    let opened = tokio::task::spawn_blocking(move || opened(&asked, purpose)).await;
    let Opened { folder, log, lease_key, issuer, lease_algorithm, sandbox, engine } =
        opened.context("the start was cut off").map_err(unavailable)??;
    let parts = Parts {
        running: &engine,
        log: log.clone(),
        lease_key,
        lease_algorithm,
        issuer,
        pace: PaceSettings { per_s: configuration.rate_limit_per_s, all: configuration.rate_limit_all },
        sandbox,
        metrics,
    };
    let app = App::new(parts).map_err(|error| stored(&error))?;
    let demo = if with_demo { Some(demo::load(&app, &log, sandbox).await?) } else { None };
    Ok(Running {
        folder: folder.path().to_owned(),
        router: jeton_api::router(app.clone()),
        demo,
        app,
        log,
        views: engine.views.clone(),
        store: folder,
        kind: if sandbox { Kind::Sandbox } else { Kind::Real },
        asks: engine.engine.clone(),
        stopping: Arc::default(),
        engine: Mutex::new(Some(engine)),
    })
}

/// An engine and an application over a log that is made aside, to live through a past that begins at `from`; `noted`
/// is stored beside it. The folder's keys are those that it will be served with.
pub(crate) fn walk(
    configuration: &Configuration,
    beginning: &Beginning,
    metrics: &PrometheusHandle,
    from: Instant,
    noted: (&str, String),
) -> Result<(Walk, App), Failure> {
    let kind = if configuration.sandbox { Kind::Sandbox } else { Kind::Real };
    let folder = Folder::open(&beginning.aside(), kind).map_err(|error| stored(&error))?;
    let keys = beginning.path().join("keys");
    let mut writer = folder.writer().map_err(|error| stored(&error))?;
    let beside = vec![Beside::Meta { key: noted.0.to_owned(), value: noted.1 }];
    writer.append(&Batch { entries: Vec::new(), beside }).map_err(|error| stored(&error))?;
    let log = folder.reader();
    let lease_key = signing_key(&keys, LEASE_KEY, true)?;
    let start = Start {
        writer,
        reader: log.clone(),
        views: folder.views().map_err(|error| stored(&error))?,
        machine: Box::new(ThisMachine),
        checkpoint_key: signing_key(&keys, CHECKPOINT_KEY, true)?,
        settings: Settings { queue: WALK_QUEUE, ..engine_settings(configuration, kind, None) },
    };
    let walk = Walk::start(start, from).map_err(|error| not_started(&error))?;
    let parts = Parts {
        running: walk.running(),
        log,
        lease_key,
        lease_algorithm: LeaseAlgorithm::Ed25519,
        issuer: String::new(),
        pace: PaceSettings::default(),
        sandbox: configuration.sandbox,
        metrics: metrics.clone(),
    };
    let app = App::new(parts).map_err(|error| stored(&error))?;
    Ok((walk, app))
}

/// V1 to V3 over a folder that no server has, under its lock; also over one that is too damaged to be opened.
pub(crate) async fn verify(
    configuration: &Configuration,
    verification: &Verification,
    watch: Watch,
) -> Result<Verified, Failure> {
    let expected = expected(verification)?;
    let dir = configuration.data.clone();
    blocking(move || {
        let Examined { reader, views, .. } = Folder::open_read_only(&dir).map_err(|error| stored(&error))?;
        let signer = signer(&dir);
        verified(&reader, views.as_ref(), signer, expected.as_ref(), &watch)
    })
    .await
}

impl Running {
    /// Makes a key, honoured at once.
    pub(crate) async fn create_key(&self, wanted: &ApiKeyPost) -> Result<KeyCreated, Failure> {
        let created = self.app.create_key_on_the_folder(wanted).await.map_err(|failure| declined(&failure))?;
        let key = created.secret.ok_or_else(|| refused("the key was made before"))?;
        Ok(KeyCreated { key })
    }

    /// Takes the wall clock as it is, as an entry (W9).
    pub(crate) async fn accept_clock(&self) -> Result<ClockAccepted, Failure> {
        let last = self.last()?;
        let at = self.app.accept_clock().await.map_err(|failure| declined(&failure))?;
        Ok(ClockAccepted { at, last })
    }

    /// Whether requests can be decided and answered now.
    pub(crate) async fn readiness(&self) -> Result<Readiness, Failure> {
        let not_now = self.app.ready().await.err().map(|failure| failure.to_string());
        Ok(Readiness { not_now, last: self.last()? })
    }

    /// The instant of the newest entry.
    fn last(&self) -> Result<Option<jeton_client::Instant>, Failure> {
        let last = last_of(&self.log)?;
        Ok(last.map(|at| jeton_client::Instant::new(at.to_string())))
    }

    /// V1 to V3 while serving.
    pub(crate) async fn verify(&self, verification: &Verification, watch: Watch) -> Result<Verified, Failure> {
        let expected = expected(verification)?;
        let (log, views, signer) = (self.log.clone(), self.views.clone(), signer(&self.folder));
        let watch = self.or_stopped(watch);
        blocking(move || verified(&log, Some(&views), signer, expected.as_ref(), &watch)).await
    }

    /// Breaks off what takes long: a stop does not wait for it.
    pub(crate) fn break_off(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn or_stopped(&self, watch: Watch) -> Watch {
        let stopping = Arc::clone(&self.stopping);
        Watch::new(move |Progress { step, done, of }| {
            let goes_on = !stopping.load(Ordering::Relaxed) && watch.tell(step, done, of).is_ok();
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    }

    /// Ends what would never end by itself: streams of events.
    pub(crate) fn end_streams(&self) {
        self.app.end_events();
    }

    /// A clean stop: what is queued is decided, the last checkpoint signed, the views closed, the lock given back.
    /// The caller has stopped asking.
    pub(crate) async fn close(&self) -> Result<(), Failure> {
        self.app.stop().await;
        let engine = self.engine.lock().ok().and_then(|mut engine| engine.take());
        if let Some(engine) = engine {
            blocking(move || {
                engine.join();
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

/// What a start gives, before there is an application.
struct Opened {
    folder: Folder,
    log: Reader,
    lease_key: SigningKey,
    issuer: String,
    lease_algorithm: LeaseAlgorithm,
    sandbox: bool,
    engine: jeton_engine::Running,
}

fn opened(configuration: &Configuration, purpose: Purpose) -> Result<Opened, Failure> {
    let kind = match purpose {
        Purpose::Command if configuration.data.join("jeton.db").exists() => {
            Folder::open_read_only(&configuration.data).map_err(|error| stored(&error))?.kind
        }
        Purpose::Serve | Purpose::Command if configuration.sandbox => Kind::Sandbox,
        Purpose::Serve | Purpose::Command => Kind::Real,
    };
    let sandbox = kind == Kind::Sandbox;
    let folder = Folder::open(&configuration.data, kind).map_err(|error| stored(&error))?;
    let keys = folder.path().join("keys");
    let mut writer = folder.writer().map_err(|error| stored(&error))?;
    let log = folder.reader();
    let log_is_empty = log.last_position().map_err(|error| stored(&error))? == 0;
    let lease_key = signing_key(&keys, LEASE_KEY, log_is_empty)?;
    let checkpoint_key = signing_key(&keys, CHECKPOINT_KEY, log_is_empty)?;
    // A repeated opening is told its lease byte for byte (V4), so what every lease says is fixed with the folder.
    let issuer = fixed(&log, &mut writer, "issuer", configuration.issuer.as_deref(), "jeton")?;
    let asked = configuration.lease_algorithm.map(lease_algorithm).map(LeaseAlgorithm::name);
    let algorithm = fixed(&log, &mut writer, "lease_algorithm", asked, LeaseAlgorithm::Ed25519.name())?;
    let known = [LeaseAlgorithm::Ed25519, LeaseAlgorithm::EdDsa].into_iter().find(|known| known.name() == algorithm);
    let lease_algorithm = known.ok_or_else(|| {
        refused(format!("the folder's leases are signed by {algorithm}, which this version does not know"))
    })?;
    let sandbox_clock = match configuration.clock.filter(|_| purpose == Purpose::Serve) {
        Some(clock) => {
            let clock = Instant::from_micros(clock.as_microsecond());
            Some(clock.ok_or_else(|| usage("`clock` is in the years 2000 to 2200"))?)
        }
        None => None,
    };
    let start = Start {
        writer,
        reader: log.clone(),
        views: folder.views().map_err(|error| stored(&error))?,
        machine: Box::new(ThisMachine),
        checkpoint_key,
        settings: engine_settings(configuration, kind, sandbox_clock),
    };
    let engine = start.run().map_err(|error| not_started(&error))?;
    Ok(Opened { folder, log, lease_key, issuer, lease_algorithm, sandbox, engine })
}

fn engine_settings(configuration: &Configuration, kind: Kind, sandbox_clock: Option<Instant>) -> Settings {
    Settings {
        sandbox: kind == Kind::Sandbox,
        sandbox_clock,
        clock_jump: Duration::from_secs(configuration.clock_jump_s.get()),
        queue: configuration.queue.get(),
        disk: DiskMarks {
            warn: u64::from(configuration.disk_warn_mb) << 20,
            refuse: u64::from(configuration.disk_refuse_mb) << 20,
        },
    }
}

fn not_started(error: &StartError) -> Failure {
    match error {
        StartError::Store(error) => stored(error),
        StartError::ClockGoesBack(_) => refused(error.to_string()),
        StartError::Thread(_) | StartError::NotNow(_) => unavailable(error.to_string()),
    }
}

/// What is fixed when a folder is made: the value that it has, which nobody may ask to be another.
fn fixed(
    log: &Reader,
    writer: &mut Writer,
    key: &str,
    asked: Option<&str>,
    otherwise: &str,
) -> Result<String, Failure> {
    let Some(standing) = log.meta(key).map_err(|error| stored(&error))? else {
        let value = asked.unwrap_or(otherwise).to_owned();
        let beside = vec![Beside::Meta { key: key.to_owned(), value: value.clone() }];
        writer.append(&Batch { entries: Vec::new(), beside }).map_err(|error| stored(&error))?;
        return Ok(value);
    };
    match asked.filter(|asked| *asked != standing) {
        None => Ok(standing),
        Some(asked) => Err(refused(format!(
            "this folder was made with `{key}` {standing:?}, which its leases bear, so that it cannot be {asked:?}; \
             leave the setting out, or choose another folder"
        ))),
    }
}

fn lease_algorithm(configured: configuration::LeaseAlgorithm) -> LeaseAlgorithm {
    match configured {
        configuration::LeaseAlgorithm::Ed25519 => LeaseAlgorithm::Ed25519,
        configuration::LeaseAlgorithm::EdDsa => LeaseAlgorithm::EdDsa,
    }
}

/// A signing key of the folder; made, for nobody else to read, when the folder is new.
fn signing_key(keys: &Path, name: &str, log_is_empty: bool) -> Result<SigningKey, Failure> {
    let path = keys.join(name);
    if let Some(key) = standing_key(&path)? {
        return Ok(key);
    }
    if !log_is_empty {
        return Err(refused(format!(
            "{} is missing, although the folder has been used with it; restore it from a backup",
            path.display()
        )));
    }
    let seed: [u8; 32] = jeton_app::random();
    write_key(keys, name, &seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Writes a key, for nobody else to read.
fn write_key(keys: &Path, name: &str, seed: &[u8; 32]) -> Result<(), Failure> {
    let path = keys.join(name);
    let write = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(keys)?;
        // Whole or not at all: who dies here leaves no half of a key.
        let aside = keys.join(format!("{name}.new"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(seed)?;
        file.sync_all()?;
        fs::rename(&aside, &path)?;
        fs::File::open(keys)?.sync_all()
    };
    write().with_context(|| told_key(&path)).map_err(unavailable)
}

/// A signing key as it stands in its file; none where there is no file.
fn standing_key(path: &Path) -> Result<Option<SigningKey>, Failure> {
    match fs::read(path) {
        Ok(seed) => {
            let seed: [u8; 32] = seed.try_into().map_err(|_| {
                refused(format!("{} is not a key of 32 bytes; restore it from a backup", path.display()))
            })?;
            Ok(Some(SigningKey::from_bytes(&seed)))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(anyhow::Error::new(error).context(told_key(path)))),
    }
}

fn told_key(path: &Path) -> String {
    format!("the key {}", path.display())
}

/// Seconds, for the durations of requests and commits.
const SECONDS: [f64; 11] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
/// Entries of a commit.
const ENTRIES: [f64; 6] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0];
/// How often what was recorded is put into its bucket, whether anybody asks for the figures or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// Keeps the figures of this process.
fn recorder() -> Result<PrometheusHandle, Failure> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_entries".to_owned()), &ENTRIES));
    let handle = builder.and_then(PrometheusBuilder::install_recorder);
    let handle = handle.context("the figures cannot be kept").map_err(unavailable)?;
    let kept = handle.clone();
    tokio::spawn(async move {
        let mut due = tokio::time::interval(UPKEEP);
        loop {
            due.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}

fn expected(verification: &Verification) -> Result<Option<Checkpoint>, Failure> {
    let Some(text) = &verification.expect else { return Ok(None) };
    let told: jeton_client::Checkpoint = serde_json::from_str(text)
        .context("the expected checkpoint is not what GET /v1/checkpoint answers")
        .map_err(usage)?;
    let at: Instant = told.at.as_str().parse().map_err(|_| usage("the expected checkpoint's `at` is no instant"))?;
    let bytes = |field: &str, text: &str| {
        hex::decode(text).map_err(|_| usage(format!("the expected checkpoint's `{field}` is not hexadecimal")))
    };
    let wrong =
        |field: &'static str| move |_| usage(format!("the expected checkpoint's `{field}` has the wrong length"));
    let checkpoint = Checkpoint {
        position: told.position,
        at: at.micros(),
        commit: bytes("commit", &told.commit)?.try_into().map_err(wrong("commit"))?,
        stream: told.stream,
        seq: told.seq,
        public_key: bytes("public_key", &told.public_key)?.try_into().map_err(wrong("public_key"))?,
        signature: bytes("signature", &told.signature)?.try_into().map_err(wrong("signature"))?,
    };
    checkpoint.verify().map_err(|error| refused(format!("{error}: it was altered, or is of another key")))?;
    Ok(Some(checkpoint))
}

/// The public half of the folder's checkpoint key; none where the key is not there to be read.
fn signer(folder: &Path) -> Option<[u8; 32]> {
    let key = standing_key(&folder.join("keys").join(CHECKPOINT_KEY)).ok()??;
    Some(key.verifying_key().to_bytes())
}

fn verified(
    log: &Reader,
    views: Option<&ViewsReader>,
    signer: Option<[u8; 32]>,
    expected: Option<&Checkpoint>,
    watch: &Watch,
) -> Result<Verified, Failure> {
    match jeton_engine::verify(log, views, signer, expected, watch) {
        Ok(found) => Ok(Verified::Holds(extent(&found))),
        Err(Unverified::Difference(difference)) => Ok(Verified::Differs(Difference {
            stream: (!difference.stream.is_empty()).then_some(difference.stream),
            seq: (difference.seq > 0).then_some(difference.seq),
            position: (difference.position > 0).then_some(difference.position),
            what: difference.what,
        })),
        Err(Unverified::Store(error)) => Err(stored(&error)),
    }
}

fn last_of(log: &Reader) -> Result<Option<Instant>, Failure> {
    let last = log.last_position().and_then(|position| log.entry(position)).map_err(|error| stored(&error))?;
    Ok(last.and_then(|entry| Instant::from_micros(entry.at)))
}

fn extent(found: &jeton_store::verify::Verified) -> Extent {
    Extent {
        entries: found.entries,
        streams: u64::try_from(found.streams).unwrap_or(u64::MAX),
        checkpoints: found.checkpoints,
        commit: hex::encode(found.commit),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.context("it was cut off").map_err(unavailable)?
}

pub(crate) fn stored(error: &StoreError) -> Failure {
    let told = error.to_string();
    match error {
        StoreError::Conflict(_) | StoreError::Outdated(_) | StoreError::Corrupt(_) => refused(told),
        StoreError::Unavailable(..) => unavailable(told),
    }
}

fn declined(failure: &jeton_app::Failure) -> Failure {
    match failure.status() {
        503 => unavailable(failure.to_string()),
        400 => usage(failure.to_string()),
        _ => refused(failure.to_string()),
    }
}
