//! Uses of products, and their industries (C1).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Page, PageQuery, Use, UsePut};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A use.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UsePath {
    /// The use's code.
    #[serde(rename = "use")]
    #[param(example = "architecture")]
    code: String,
}

/// List uses
#[utoipa::path(
    get, path = "/v1/uses", tag = "Catalogue and prices",
    params(PageQuery),
    responses((status = 200, description = "A page of uses.", body = Page<Use>))
)]
pub(crate) async fn list_uses(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_uses(&caller, query.page).await?))
}

/// Read a use
#[utoipa::path(
    get, path = "/v1/uses/{use}", tag = "Catalogue and prices",
    params(UsePath),
    responses(
        (status = 200, description = "The use.", body = Use),
        (status = 404, description = "`unknown_use`"),
    )
)]
pub(crate) async fn get_use(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<UsePath>,
) -> Answer {
    Ok(answer::read(app.use_of_products(&caller, &path.code).await?))
}

/// Write a use
///
/// With its industry, whose names hold from now on for all uses of it.
#[utoipa::path(
    put, path = "/v1/uses/{use}", tag = "Catalogue and prices",
    params(UsePath),
    responses(
        (status = 200, description = "The use as it is now.", body = Use),
        (status = 201, description = "The use, which is new.", body = Use),
        (status = 409, description = "`limit`: there are as many uses as there may be."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_use(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<UsePath>,
    Conditional(if_match): Conditional,
    Json(body): Json<UsePut>,
) -> Answer {
    Ok(answer::put(app.put_use(&caller, &path.code, body, if_match).await?))
}
