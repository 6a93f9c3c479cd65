//! Who asks: the key of `Authorization: Bearer …`, looked at before anything else of the request is read.
//!
//! What always holds: a handler that takes an [`Authenticated`] is reached with a good key only, and by no key whose
//! scope can never do the operation, and none that asks faster than it may. A router with an operation that has no row
//! in the application's table is not made. Whoever is measured is told how they stand, in every answer.
//!
//! What it does not do: decide whether what is asked about is the caller's own. The use case does.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jeton_app::{Access, App, Caller, Failure, Operation, Pace};
use utoipa::openapi::{OpenApi, PathItem};

use crate::document::operations_of;
use crate::problem::Rejection;
use crate::{imports, jobs, members, sessions};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// One who has shown a good key.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated(pub(crate) Caller);

/// From where a request comes, where whoever serves the router says so by [`ConnectInfo`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

/// Which operation each path and method is, and the application that knows the keys.
pub(crate) struct Doors {
    app: App,
    operations: HashMap<String, Vec<(Method, Operation)>>,
}

impl Doors {
    /// The doors of the operations of `document`.
    ///
    /// # Panics
    /// When one has no row in the application's table: nobody would know whom to let in.
    pub(crate) fn of(document: &OpenApi, app: App) -> Self {
        let row = |id: Option<&str>| {
            id.and_then(Operation::with_id).expect("every operation of the document has its row in the table")
        };
        let doors = |item: &PathItem| {
            operations_of(item).map(|(method, operation)| (method, row(operation.operation_id.as_deref()))).collect()
        };
        let mut operations: HashMap<String, Vec<_>> =
            document.paths.paths.iter().map(|(path, item)| (path.clone(), doors(item))).collect();
        // The session and the job called `quote`, and the member called `import`, have the doors of any, beside those of
        // what is done under their path.
        for (named, any) in [
            (sessions::QUOTE_PATH, sessions::SESSION_PATH),
            (jobs::QUOTE_PATH, jobs::JOB_PATH),
            (imports::IMPORT_PATH, members::MEMBER_PATH),
        ] {
            let doors = operations.get(any).cloned().unwrap_or_default();
            operations.entry(named.to_owned()).or_default().extend(doors);
        }
        Self { app, operations }
    }

    /// The operation behind a path and method; `None` where the path has no such method.
    fn behind(&self, path: &str, method: &Method) -> Option<Operation> {
        let asked = if method == Method::HEAD { &Method::GET } else { method };
        let (_, operation) = self.operations.get(path)?.iter().find(|(method, _)| method == asked)?;
        Some(*operation)
    }
}

/// Lets a request through to its handler, with its caller.
pub(crate) async fn authenticate(
    State(doors): State<Arc<Doors>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(operation) = doors.behind(path.as_str(), request.method()) else {
        // No operation has this method: the router answers so, and with which there are.
        return next.run(request).await;
    };
    if operation.access() == Access::Open {
        return next.run(request).await;
    }
    let caller = match doors.app.authenticate(bearer(request.headers())) {
        Ok(caller) => caller,
        Err(failure) => return Rejection::from(failure).into_response(),
    };
    let pace = doors.app.pace(&caller);
    let mut response = match admit(operation, &caller, pace.as_ref()) {
        Ok(()) => {
            request.extensions_mut().insert(Authenticated(caller));
            next.run(request).await
        }
        Err(failure) => Rejection::from(failure).into_response(),
    };
    if let Some(pace) = pace {
        tell(&pace, response.headers_mut());
    }
    response
}

/// Whether this caller may come in now.
fn admit(operation: Operation, caller: &Caller, pace: Option<&Pace>) -> Result<(), Failure> {
    if let Some(retry_after_s) = pace.and_then(|pace| pace.retry_after_s) {
        return Err(Failure::TooFast { retry_after_s });
    }
    if operation.is_open_to(caller.scope.name()) { Ok(()) } else { Err(Failure::Forbidden) }
}

/// The fields of draft-ietf-httpapi-ratelimit-headers: the policy of a key, and how this key stands.
fn tell(pace: &Pace, headers: &mut HeaderMap) {
    let Pace { quota, window_s, remaining, whole_in_s, retry_after_s: _ } = pace;
    for (name, value) in [
        (RATE_LIMIT_POLICY, format!("\"key\";q={quota};w={window_s}")),
        (RATE_LIMIT, format!("\"key\";r={remaining};t={whole_in_s}")),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).expect("a name in quotes and numbers are a header value"));
    }
}

/// The token of the one `Authorization: Bearer` header (RFC 6750, section 2.1), if that is what there is.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(Rejection::Failure(Failure::Unauthorised))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_the_token_of_one_bearer_header() {
        let one = |text: &'static str| HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))]);
        assert_eq!(bearer(&one("Bearer jtn_1")), Some("jtn_1"));
        assert_eq!(bearer(&one("bearer  jtn_1")), Some("jtn_1"));
        assert_eq!(bearer(&one("Basic jtn_1")), None);
        assert_eq!(bearer(&one("Bearer")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);

        let mut two = one("Bearer jtn_1");
        two.append(AUTHORIZATION, HeaderValue::from_static("Bearer jtn_2"));
        assert_eq!(bearer(&two), None);
    }
}
