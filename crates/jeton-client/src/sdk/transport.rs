//! Requests to the server, and what their answers mean.
//!
//! What always holds: one request takes at most [`REQUEST`]; whatever is no answer of a Jeton server (a proxy's page,
//! a captive portal) is as if nobody had answered; each answer tells the server's time. Nothing is asked again here.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{Error, Refusal, Unreachable};
use super::server_time::ServerTime;
use crate::Problem;

/// As long as the server itself takes for a request at most.
const REQUEST: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    server: String,
    key: Option<Zeroizing<String>>,
    time: Arc<ServerTime>,
}

impl Transport {
    /// To a server at `http://…` or `https://…`.
    pub(crate) fn new(server: &str, key: Option<Zeroizing<String>>, time: Arc<ServerTime>) -> Result<Self, Error> {
        let server = server.trim_end_matches('/');
        let known = reqwest::Url::parse(server).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
        if !known {
            return Err(Error::Misuse(format!("{server:?} is no address of a server, such as https://tokens.example")));
        }
        let agent = concat!("jeton-client/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder().timeout(REQUEST).redirect(Policy::none()).user_agent(agent).build();
        let http = http.map_err(|error| Error::Misuse(format!("no connection can be made: {}", told(&error))))?;
        Ok(Self { http, server: server.to_owned(), key, time })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(self.http.get(self.address(path))).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.send(self.http.request(Method::PUT, self.address(path)).json(body)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.send(self.http.request(Method::POST, self.address(path)).json(body)).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    async fn send<T: DeserializeOwned>(&self, mut request: RequestBuilder) -> Result<T, Error> {
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.as_str());
        }
        let lost =
            |error: &reqwest::Error| Error::unreachable(format!("{} did not answer: {}", self.server, told(error)));
        let response = request.send().await.map_err(|error| lost(&error))?;
        let status = response.status();
        let (date, retry_after) = (text(&response, &DATE), seconds(&response));
        let body = response.bytes().await.map_err(|error| lost(&error))?;
        let strange = || {
            let detail = format!("something at {} answered {status}, and is no Jeton server", self.server);
            Error::Unreachable(Unreachable { detail, retry_after, may_not_start: None })
        };
        if !status.is_success() {
            let problem: Problem = serde_json::from_slice(&body).map_err(|_| strange())?;
            self.learn(date.as_deref());
            return Err(meant(status, problem, retry_after));
        }
        let answer = serde_json::from_slice(&body).map_err(|_| strange())?;
        self.learn(date.as_deref());
        Ok(answer)
    }

    fn learn(&self, date: Option<&str>) {
        if let Some(date) = date {
            self.time.learn(date);
        }
    }
}

/// What a problem means for who asked.
fn meant(status: StatusCode, problem: Problem, retry_after: Option<Duration>) -> Error {
    match status.as_u16() {
        401 | 403 => Error::Denied(Refusal::new(problem)),
        402 | 409 | 429 => Error::Refused(Refusal::new(problem)),
        404 if problem.code != "unknown_path" => Error::Refused(Refusal::new(problem)),
        500.. => Error::Unreachable(Unreachable { detail: problem.detail, retry_after, may_not_start: None }),
        _ => {
            let field = problem.figures.get("field").and_then(|field| field.as_str());
            Error::Misuse(field.map_or_else(|| problem.to_string(), |field| format!("{field}: {}", problem.detail)))
        }
    }
}

fn text(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

fn seconds(response: &Response) -> Option<Duration> {
    Some(Duration::from_secs(text(response, &RETRY_AFTER)?.parse().ok()?))
}

/// The innermost cause, which is what a person can do something about.
fn told(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
