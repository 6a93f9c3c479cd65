//! Who asks: the key of `Authorization: Bearer …`, looked at before anything else of the request is read.
//!
//! What always holds: a handler that takes an [`Authenticated`] is reached with a good key only, and by no key whose
//! scope can never do the operation. A router with an operation that has no row in the application's table is not
//! made.
//!
//! What it does not do: decide whether what is asked about is the caller's own. The use case does.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jeton_app::{Access, App, Caller, Failure, Operation};
use utoipa::openapi::{OpenApi, PathItem};

use crate::document::operations_of;
use crate::problem::Rejection;

/// One who has shown a good key.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated(pub(crate) Caller);

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
        Self { app, operations: document.paths.paths.iter().map(|(path, item)| (path.clone(), doors(item))).collect() }
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
    match admit(&doors.app, operation, request.headers()) {
        Ok(None) => {}
        Ok(Some(caller)) => {
            request.extensions_mut().insert(Authenticated(caller));
        }
        Err(failure) => return Rejection::from(failure).into_response(),
    }
    next.run(request).await
}

/// Who asks; `None` where nobody need be known.
fn admit(app: &App, operation: Operation, headers: &HeaderMap) -> Result<Option<Caller>, Failure> {
    if operation.access() == Access::Open {
        return Ok(None);
    }
    let caller = app.authenticate(bearer(headers))?;
    if operation.is_open_to(caller.scope.name()) { Ok(Some(caller)) } else { Err(Failure::Forbidden) }
}

/// The token of the one `Authorization: Bearer` header (RFC 6750, section 2.1), if that is what there is.
fn bearer(headers: &HeaderMap) -> Option<&str> {
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
