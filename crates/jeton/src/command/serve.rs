//! `jeton serve`: the server.
//!
//! What always holds: the address is bound before the folder is touched, so a server that cannot be reached changes
//! nothing. The lines on standard output come when requests are taken, the address last; the rest is log. A stop
//! that was asked for ends within 10 s: requests that are under way get 7 of them, the clean close the rest.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use super::print;
use crate::composition::{self, Purpose, Running};
use crate::configuration::{Configuration, LeaseAlgorithm, Settings};
use crate::connections;
use crate::control;
use crate::failure::{Failure, unavailable};
use crate::supervisor;

/// How long requests that are under way may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(7);
/// How long the clean close may take after them.
const CLOSE: Duration = Duration::from_millis(2_500);

/// Serve the API until told to stop (SIGTERM or Ctrl-C)
///
/// The data folder and the address are printed when the server takes requests. One server has a folder at a time;
/// the other commands work beside it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// Where to serve; port 0 takes a free one [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// For integrators: the clock is yours (PUT /v1/sandbox/clock), and nothing leaves the machine
    ///
    /// A new sandbox's clock stands at 2000-01-01T00:00:00Z, that of a new demo at the machine's date. A folder made by a sandbox is served by a sandbox only,
    /// and the other way round.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    sandbox: Option<bool>,

    /// Start the sandbox's clock at this later instant: until it, the server was down
    #[arg(long, value_name = "INSTANT")]
    clock: Option<Timestamp>,

    /// Fill a new folder with a catalogue and eight weeks of three teams that end today; print keys, and what to try
    ///
    /// A folder that has data gets what is missing of the reference catalogue. Its keys take the place of those that
    /// the demo printed before.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    demo: Option<bool>,

    /// What chance in a new demo begins with: the same eight weeks again, where they end at the same instant
    /// [default: a random number, which is printed]
    #[arg(long, value_name = "NUMBER")]
    demo_seed: Option<u64>,

    /// Who signs the leases (their `iss`) [default: jeton]
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,

    /// How the leases of a new folder name their algorithm [default: Ed25519]
    #[arg(long, value_name = "NAME")]
    lease_algorithm: Option<LeaseAlgorithm>,

    /// By how many seconds the machine's two clocks may part before nothing is decided [default: 60]
    #[arg(long, value_name = "SECONDS")]
    clock_jump_s: Option<NonZeroU64>,

    /// How many commands may wait to be decided; one more is answered with 503 [default: 4096]
    #[arg(long, value_name = "COMMANDS")]
    queue: Option<NonZeroUsize>,

    /// For how many seconds a connection may say nothing, or not take its answer [default: 15]
    #[arg(long, value_name = "SECONDS")]
    silence_s: Option<NonZeroU64>,

    /// How many requests a second one key of a team, member or partner may make; twice as many may come at once, one
    /// more is answered with 429; 0 for no limit [default: 50]
    #[arg(long, value_name = "REQUESTS")]
    rate_limit_per_s: Option<u32>,

    /// Limit the keys of the vendor and of products, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    rate_limit_all: Option<bool>,

    /// Below how much room on the folder's disk the log warns; 0 for never [default: 1024]
    #[arg(long, value_name = "MEGABYTES")]
    disk_warn_mb: Option<u32>,

    /// Below how much room nothing new is begun, so that what is open can go on and the server can stop; 0 for never
    /// [default: 64]
    #[arg(long, value_name = "MEGABYTES")]
    disk_refuse_mb: Option<u32>,
}

const EXAMPLES: &str = "\
Examples:
  jeton serve --sandbox --demo
  jeton serve --sandbox --clock 2026-03-02T08:00:00Z
  jeton serve --data /var/lib/jeton --listen 0.0.0.0:7878 --log-format json";

impl Flags {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            listen: self.listen,
            sandbox: self.sandbox,
            clock: self.clock,
            demo: self.demo,
            demo_seed: self.demo_seed,
            issuer: self.issuer.clone(),
            lease_algorithm: self.lease_algorithm,
            clock_jump_s: self.clock_jump_s,
            queue: self.queue,
            silence_s: self.silence_s,
            rate_limit_per_s: self.rate_limit_per_s,
            rate_limit_all: self.rate_limit_all,
            disk_warn_mb: self.disk_warn_mb,
            disk_refuse_mb: self.disk_refuse_mb,
            ..Settings::default()
        }
    }
}

pub(crate) async fn run(configuration: &Configuration) -> Result<(), Failure> {
    let mut stop = StopSignals::catch()?;
    let listener = TcpListener::bind(configuration.listen)
        .await
        .with_context(|| format!("cannot listen on {}, choose another address by --listen", configuration.listen))
        .map_err(unavailable)?;
    let address = listener.local_addr().context("cannot tell the address listened on").map_err(unavailable)?;

    let running = tokio::select! {
        opened = composition::open(configuration, Purpose::Serve) => Arc::new(opened?),
        () = stop.asked() => return Ok(()),
    };
    let (socket, beside) = match control::Socket::bind(&running.folder) {
        Ok(bound) => bound,
        Err(failure) => {
            running.close().await?;
            return Err(failure);
        }
    };

    let silence = Duration::from_secs(configuration.silence_s.get());
    let (tell_stop, told) = watch::channel(false);
    let watched = told.clone();
    let public = connections::serve(listener, running.router.clone(), silence, told.clone());
    let beside = axum::serve(beside, control::router(Arc::clone(&running))).with_graceful_shutdown(stopped(told));
    let mut serving = tokio::spawn(async { tokio::join!(public, beside.into_future()) });

    tell(&running, address);
    supervisor::ready(address);
    tokio::spawn(supervisor::watched(Arc::clone(&running), watched));
    stop.asked().await;
    supervisor::stopping();
    tracing::info!("asked to stop");
    // The receivers live as long as what is being served; without them there is nobody to tell.
    let _ = tell_stop.send(true);
    running.end_streams();
    running.break_off();
    if timeout(DRAIN, &mut serving).await.is_err() {
        tracing::warn!(seconds = DRAIN.as_secs(), "requests were still under way and are cut off");
        serving.abort();
    }
    socket.remove();
    match timeout(CLOSE, running.close()).await {
        Ok(closed) => closed?,
        Err(_) => return Err(unavailable("the folder could not be closed in time; the next start recovers it")),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Says where the server is. A closed standard output is no reason not to serve.
fn tell(running: &Running, address: SocketAddr) {
    tracing::info!(folder = %running.folder.display(), %address, "serving");
    let mut lines = vec![format!("data folder {}", running.folder.display())];
    lines.extend(running.demo.as_ref().map(|demo| demo.told(&format!("http://{address}"))));
    lines.push(format!("listening on http://{address}"));
    if let Err(failure) = print(&lines.join("\n")) {
        tracing::warn!(%failure, "nobody was told where the server is");
    }
}

async fn stopped(mut told: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the command: a stop as well.
    let _ = told.wait_for(|stop| *stop).await;
}

/// SIGTERM and SIGINT, caught from before the folder is opened.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn catch() -> Result<Self, Failure> {
        let catch = |kind| signal(kind).context("cannot catch the signals to stop").map_err(unavailable);
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
