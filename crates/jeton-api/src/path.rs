//! Reading what a path names, with problems that name the parameter.
//!
//! What it does not do: check ids. The use case does, where it looks them up.

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use jeton_app::Failure;
use serde::de::DeserializeOwned;

use crate::problem::Rejection;

/// The parameters of a path, decoded.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Rejection::from(unreadable(&rejection))),
        }
    }
}

fn unreadable(rejection: &PathRejection) -> Failure {
    if let PathRejection::FailedToDeserializePathParams(error) = rejection
        && let ErrorKind::InvalidUtf8InPathParam { key } = error.kind()
    {
        return Failure::bad_request(key.as_str(), format!("`{key}`: what is percent-encoded is not UTF-8"));
    }
    // Every parameter is text, and every path has those that its handler reads.
    Failure::Internal
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_parameter_that_is_not_utf_8_is_named() {
        let router = Router::new().route("/teams/{team}", get(|Path(team): Path<String>| async move { team }));
        let response = router.oneshot(Request::get("/teams/%ff").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 400);
        let problem: Value = serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap();
        assert_eq!(problem["field"], "team");
    }
}
