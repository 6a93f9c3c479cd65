//! The connections of the public API: how many there may be, and for how long one may say nothing.
//!
//! What always holds: a client that opens a connection and does not finish its request line and headers loses it, and
//! so does one that leaves it idle, or does not take its answer; so nobody can hold all of them, and none holds more
//! memory than its share. A client that has said all that it wants may close its half, and is answered. A request that is under way is answered before a
//! stop. What is asked, and by whom, is the router's.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::ConnectInfo;
use axum::middleware::AddExtension;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::Layer;

/// Bytes of a request line and headers, and of an answer that waits to be taken, at most.
const BUFFER: usize = 64 * 1024;
/// Connections at a time, if the operating system allows as many.
const MOST: u64 = 8_192;
/// Descriptors that are not connections: files of the store, the log, the control socket.
const RESERVED: u64 = 64;
/// How long no connection is taken after the operating system could not give one.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until told to stop, then until what is under way is answered. `silence` is how long a connection may take to
/// say what it wants, may stand idle between two requests, and may leave its answer untaken.
pub(crate) async fn serve(listener: TcpListener, router: Router, silence: Duration, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(room()));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, peer))) => {
                let router = Extension(ConnectInfo(peer)).layer(router.clone());
                let answered = graceful.watch(connection(stream, router, silence));
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = answered.await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "no connection can be taken; it is tried again");
                let _elapsed = timeout(PAUSE, std::future::pending::<()>()).await;
            }
            (Err(_), Ok(_)) => break,
        }
    }
    graceful.shutdown().await;
}

/// A router that tells its requests from where they come.
type Told = AddExtension<Router, ConnectInfo<SocketAddr>>;

type Connection = http1::Connection<TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>, TowerToHyperService<Told>>;

fn connection(stream: TcpStream, router: Told, silence: Duration) -> Connection {
    // Answers are small and complete: waiting for more to send with them only makes them late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(silence));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(silence)
        .half_close(true)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
}

/// How many connections there may be: the operating system's limit is raised as far as it lets itself be raised.
fn room() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || limit.maximum.is_none() {
        let raised = rustix::process::Rlimit { current: limit.maximum.or(limit.current), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let allowed = limit.current.unwrap_or(MOST + RESERVED).saturating_sub(RESERVED).clamp(16, MOST);
    usize::try_from(allowed).unwrap_or(16)
}
