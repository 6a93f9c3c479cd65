//! The asking side of the control socket.
//!
//! What always holds: no server is not an error, but `None`; a server that is there and does not answer is
//! `Unavailable`. One connection carries one question.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jeton_client::ApiKeyPost;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::{
    Address, BackedUp, BackupWanted, ClockAcceptance, ClockAccepted, Declined, KeyCreated, Line, Readiness,
    Verification, Verified,
};
use crate::composition::{Progress, Watch};
use crate::failure::{Failure, refused, unavailable, usage};

/// How long a server that was asked for something short may take: the limit of a request, and room for its queue.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to the server that has the folder.
pub(crate) struct Client(UnixStream);

impl Client {
    /// The server that has `folder`, if there is one.
    pub(crate) async fn connect(folder: &Path) -> Result<Option<Self>, Failure> {
        let connected = match Address::of(folder) {
            Ok(address) => UnixStream::connect(&address.path).await,
            Err(error) => Err(error),
        };
        match connected {
            Ok(stream) => Ok(Some(Self(stream))),
            // Nobody ever listened, or who did is dead and has left the socket.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(unavailable(anyhow::Error::new(error).context(format!(
                "cannot reach the server of {} through its control.sock; run this as the user that owns the folder",
                folder.display()
            )))),
        }
    }

    pub(crate) async fn create_key(self, wanted: &ApiKeyPost) -> Result<KeyCreated, Failure> {
        within(PATIENCE, self.ask("/keys", wanted)).await
    }

    pub(crate) async fn accept_clock(self) -> Result<ClockAccepted, Failure> {
        within(PATIENCE, self.ask("/clock/accept", &ClockAcceptance {})).await
    }

    pub(crate) async fn readiness(self) -> Result<Readiness, Failure> {
        within(PATIENCE, self.ask("/readiness", &())).await
    }

    /// Waits as long as it takes: the whole log is read. `watch` is told how far it is.
    pub(crate) async fn verify(self, verification: &Verification, watch: Watch) -> Result<Verified, Failure> {
        self.ask_long("/verify", verification, &watch).await
    }

    /// Waits as long as it takes, likewise. Who hangs up breaks it off.
    pub(crate) async fn back_up(self, wanted: &BackupWanted, watch: Watch) -> Result<BackedUp, Failure> {
        self.ask_long("/backup", wanted, &watch).await
    }

    /// Asks what is answered by lines.
    async fn ask_long<Answer: DeserializeOwned>(
        self,
        path: &str,
        question: &impl Serialize,
        watch: &Watch,
    ) -> Result<Answer, Failure> {
        let question = serde_json::to_vec(question).context("cannot write the question").map_err(unavailable)?;
        let answer = self.send(path, question).await.context(NO_ANSWER).map_err(unavailable)?;
        let status = answer.status();
        let mut body = answer.into_body();
        if status != StatusCode::OK {
            let body = body.collect().await.context(NO_ANSWER).map_err(unavailable)?.to_bytes();
            return Err(declined(status, &body));
        }
        let mut told = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.context(CUT_OFF).map_err(unavailable)?;
            told.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            while let Some(end) = told.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = told.drain(..=end).collect();
                let line = serde_json::from_slice(&line).context(OTHER_VERSION).map_err(unavailable)?;
                match line {
                    Line::Progress(Progress { step, done, of }) => {
                        if watch.tell(step, done, of).is_err() {
                            return Err(unavailable("it was broken off"));
                        }
                    }
                    Line::Answer(answer) => return Ok(answer),
                    Line::Declined { status, detail } => return Err(failure(status, detail)),
                }
            }
        }
        Err(unavailable(CUT_OFF))
    }

    async fn ask<Answer: DeserializeOwned>(self, path: &str, question: &impl Serialize) -> Result<Answer, Failure> {
        let question = serde_json::to_vec(question).context("cannot write the question").map_err(unavailable)?;
        let (status, body) = self.exchange(path, question).await.context(NO_ANSWER).map_err(unavailable)?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).context(OTHER_VERSION).map_err(unavailable);
        }
        Err(declined(status, &body))
    }

    async fn exchange(self, path: &str, question: Vec<u8>) -> anyhow::Result<(StatusCode, Bytes)> {
        let answer = self.send(path, question).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    async fn send(self, path: &str, question: Vec<u8>) -> anyhow::Result<Response<Incoming>> {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(self.0)).await?;
        // The connection ends with its one answer; an error on it is told by the request as well.
        tokio::spawn(connection);
        let request = Request::post(path)
            .header(HOST, "control.sock")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(question)))?;
        Ok(sender.send_request(request).await?)
    }
}

const NO_ANSWER: &str = "the server that has the folder did not answer through its control.sock";
const CUT_OFF: &str = "the server that has the folder ended before it had answered";
const OTHER_VERSION: &str = "the server that has the folder is of another version, and its answer cannot be read";

fn declined(status: StatusCode, body: &[u8]) -> Failure {
    let detail = match serde_json::from_slice::<Declined>(body) {
        Ok(declined) => declined.detail,
        Err(_) => format!("the server answered {status}: {}", String::from_utf8_lossy(body)),
    };
    failure(status.as_u16(), detail)
}

fn failure(status: u16, detail: String) -> Failure {
    match status {
        409 => refused(detail),
        400 => usage(detail),
        _ => unavailable(detail),
    }
}

async fn within<Answer>(
    patience: Duration,
    answer: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| {
        Err(unavailable(format!(
            "the server that has the folder did not answer within {} s; whether it was done is not known",
            patience.as_secs()
        )))
    })
}
