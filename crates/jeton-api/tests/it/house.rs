//! A whole application in memory, and clients that ask it.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use ed25519_dalek::SigningKey;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use jeton_app::{App, Caller, LeaseAlgorithm, PaceSettings, Parts};
use jeton_client::{ApiKeyPost, ScopeName};
use jeton_engine::{DiskMarks, Running, Settings, Start, ThisMachine};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use tower::ServiceExt;

/// Where the clock of a new house stands: a Monday.
pub(crate) const START: &str = "2026-03-02T08:00:00Z";

const UNMEASURED: PaceSettings = PaceSettings { per_s: 0, all: false };

/// An application that runs, with nothing in it but the vendor's key.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) vendor: Client,
    _running: Running,
}

/// One who asks, with a key or without.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    key: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body; a text where it is not JSON, null where it is empty.
    pub(crate) body: Value,
    /// What was asked, for whoever reads of a failure.
    asked: String,
}

impl House {
    /// A house in which nobody is measured.
    pub(crate) async fn new() -> Self {
        Self::made(UNMEASURED, true).await
    }

    pub(crate) async fn at_pace(pace: PaceSettings) -> Self {
        Self::made(pace, true).await
    }

    /// A house that is no sandbox: its clock is the machine's.
    pub(crate) async fn real() -> Self {
        Self::made(UNMEASURED, false).await
    }

    async fn made(pace: PaceSettings, sandbox: bool) -> Self {
        let memory = jeton_store::memory();
        let start = Start {
            writer: memory.writer(),
            reader: memory.reader(),
            views: memory.views().unwrap(),
            machine: Box::new(ThisMachine),
            checkpoint_key: SigningKey::from_bytes(&[1; 32]),
            settings: Settings {
                sandbox,
                sandbox_clock: sandbox.then(|| START.parse().unwrap()),
                clock_jump: Duration::from_mins(1),
                queue: 4096,
                disk: DiskMarks::default(),
            },
        };
        let running = start.run().unwrap();
        let parts = Parts {
            running: &running,
            log: memory.reader(),
            lease_key: SigningKey::from_bytes(&[2; 32]),
            lease_algorithm: LeaseAlgorithm::Ed25519,
            issuer: "jeton".to_owned(),
            pace,
            sandbox,
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let app = App::new(parts).unwrap();
        // Whoever asks first moves the clock that keys are dated by to where it stands.
        app.settings(&Caller::operator()).await.unwrap();
        let key = app.create_key_on_the_folder(&scope(ScopeName::Vendor)).await.unwrap().secret;
        let vendor = Client { router: jeton_api::router(app.clone()), key };
        Self { app, vendor, _running: running }
    }

    /// One with a new key of this scope.
    pub(crate) async fn with(&self, wanted: &ApiKeyPost) -> Client {
        let key = self.app.create_key_on_the_folder(wanted).await.unwrap().secret;
        Client { key, ..self.vendor.clone() }
    }

    pub(crate) fn without_key(&self) -> Client {
        Client { key: None, ..self.vendor.clone() }
    }
}

/// A key of a scope that names nothing more.
pub(crate) fn scope(scope: ScopeName) -> ApiKeyPost {
    ApiKeyPost { scope, team: None, member: None, product: None, partner: None, ends_at: None, label: None }
}

impl Client {
    pub(crate) fn showing(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// What a request says of who asks.
    pub(crate) fn authorisation(&self) -> String {
        format!("Bearer {}", self.key.as_deref().unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.ask(Method::GET, path, &[], None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Told {
        self.ask(Method::PUT, path, &[], Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Told {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Told {
        self.ask(Method::DELETE, path, &[], None).await
    }

    /// Asks with headers, and with JSON where there is a body.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Told {
        let text = body.map(|body| body.to_string());
        let kind = text.as_ref().map(|_| "application/json");
        self.send(method, path, headers, kind, text.unwrap_or_default()).await
    }

    /// Asks with a body of any bytes, said to be of this kind.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        kind: Option<&str>,
        body: impl Into<Body>,
    ) -> Told {
        let asked = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        let of_request = request.headers_mut();
        if let Some(key) = &self.key {
            of_request.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}")).unwrap());
        }
        if let Some(kind) = kind {
            of_request.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        }
        for (name, value) in headers {
            of_request.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_stream = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream { what_is_there(body) } else { body.collect().await.unwrap().to_bytes() };
        let text = String::from_utf8(bytes.to_vec()).expect("every answer is UTF-8");
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        let told = Told { status: parts.status.as_u16(), headers: parts.headers, body, asked };
        told.holds_together();
        told
    }
}

/// What a stream without an end says at once.
fn what_is_there(mut body: Body) -> Bytes {
    let mut bytes = Vec::new();
    while let Some(Some(frame)) = body.frame().now_or_never() {
        bytes.extend(frame.unwrap().into_data().unwrap());
    }
    bytes.into()
}

impl Told {
    /// What holds for every answer.
    fn holds_together(&self) {
        assert!(self.headers.contains_key("x-request-id"), "{self}");
        assert_ne!(self.status, 500, "{self}");
        if self.status >= 400 {
            let [kind, title, detail, code] =
                ["type", "title", "detail", "code"].map(|field| self.body[field].as_str().unwrap_or_default());
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
            assert_eq!(self.body["status"], self.status, "{self}");
            assert_eq!(kind, format!("urn:jeton:problem:{code}"), "{self}");
            assert!(!title.is_empty() && !detail.is_empty() && !code.is_empty(), "{self}");
        }
    }

    /// The body, of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.body
    }

    /// The body of a problem that has to have this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.body["code"]), (status, &Value::from(code)), "{self}");
        self.body
    }

    /// Has to be a bad request about this field.
    #[track_caller]
    pub(crate) fn unreadable(self, field: &str) {
        assert_eq!((self.status, &self.body["field"]), (400, &Value::from(field)), "{self}");
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Its revision, with the quotes.
    #[track_caller]
    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self}")).to_owned()
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {} {}", self.asked, self.status, self.body)
    }
}
