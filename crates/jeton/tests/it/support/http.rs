//! The public contract over HTTP, as a client that believes nothing.

use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};

/// A server's address and a key. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    key: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `null` when the body is no JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        Self { client, base: base.to_owned(), key: None }
    }

    pub(crate) fn with(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&Method::GET, path, None)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(&Method::PUT, path, Some(body))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&Method::POST, path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send(&Method::DELETE, path, None)
    }

    pub(crate) fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// An error is a connection that broke, never an answer.
    pub(crate) fn try_send(&self, method: &Method, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if *method == Method::POST && path == "/v1/api-keys" {
            // Asked for where something without an id in its path is made.
            request = request.header("Idempotency-Key", fresh_name());
        }
        Self::answer(request.send()?)
    }

    /// Sends a file as CSV.
    pub(crate) fn post_csv(&self, path: &str, csv: String) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).header("Content-Type", "text/csv").body(csv);
        Self::answer(request.bearer_auth(self.key.as_deref().unwrap_or_default()).send().unwrap()).unwrap()
    }

    /// An answer that is read as it comes.
    pub(crate) fn stream(&self, path: &str) -> reqwest::blocking::Response {
        let request = self.client.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(self.key.as_deref().unwrap_or_default()).send().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer
    }

    fn answer(response: reqwest::blocking::Response) -> reqwest::Result<Answer> {
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let text = response.text()?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if status >= 400 {
            assert_eq!(kind.as_deref(), Some("application/problem+json"), "{status} {text}");
            assert_eq!(body["status"], json!(status), "{text}");
            for field in ["type", "title", "detail", "code"] {
                assert!(body[field].is_string(), "a problem has a {field}: {text}");
            }
        }
        assert_ne!(status, 500, "{text}");
        Ok(Answer { status, body, text })
    }

    /// Every row of a list, page by page; each is there once.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{path}{separator}limit=100{cursor}")).ok();
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{path} is a list: {page}"));
            assert!(items.len() <= 100, "{path}");
            rows.extend(items.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    /// Moves the sandbox's clock forward, to an instant as RFC 3339 writes it.
    pub(crate) fn clock(&self, at: &str) {
        self.put("/v1/sandbox/clock", &json!({"at": at})).ok();
    }
}

impl Answer {
    /// The body of what was granted.
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.body
    }

    /// The problem of what was refused, with this status and code.
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self.body
    }

    /// Of a problem; empty otherwise.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A name that was not used before.
fn fresh_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
