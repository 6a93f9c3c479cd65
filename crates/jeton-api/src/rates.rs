//! Rates of a product (C2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Page, PageQuery, Rate, RatePut};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::products::ProductPath;
use crate::query::{Paged, Unfiltered};

/// A rate of a product.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RatePath {
    /// The product's code.
    #[param(example = "autocad")]
    product: String,
    /// The instant from which on the rate is in force, if it is then the latest to have started.
    #[param(example = "2026-01-01T00:00:00Z")]
    effective_at: String,
}

/// List rates
///
/// By their start, those to come included.
#[utoipa::path(
    get, path = "/v1/products/{product}/rates", tag = "Catalogue and prices",
    params(ProductPath, PageQuery),
    responses(
        (status = 200, description = "A page of rates.", body = Page<Rate>),
        (status = 404, description = "`unknown_product`"),
    )
)]
pub(crate) async fn list_rates(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ProductPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_rates(&caller, &path.product, query.page).await?))
}

/// Read a rate
#[utoipa::path(
    get, path = "/v1/products/{product}/rates/{effective_at}", tag = "Catalogue and prices",
    params(RatePath),
    responses(
        (status = 200, description = "The rate.", body = Rate),
        (status = 404, description = "`unknown_product`, `unknown_rate`"),
    )
)]
pub(crate) async fn get_rate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<RatePath>,
) -> Answer {
    Ok(answer::read(app.rate(&caller, &path.product, &path.effective_at).await?))
}

/// Enter a rate
///
/// One to come may be changed. One whose start is past is in force from now on, and none that has begun is ever
/// changed: the same again is told again (C2).
#[utoipa::path(
    put, path = "/v1/products/{product}/rates/{effective_at}", tag = "Catalogue and prices",
    params(RatePath),
    responses(
        (status = 200, description = "The rate as it is now.", body = Rate),
        (status = 201, description = "The rate, which is new.", body = Rate),
        (status = 404, description = "`unknown_product`"),
        (status = 409, description = "`rate_in_force`, or `limit`: there are as many rates as there may be."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_rate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<RatePath>,
    Conditional(if_match): Conditional,
    Json(body): Json<RatePut>,
) -> Answer {
    Ok(answer::put(app.put_rate(&caller, &path.product, &path.effective_at, body, if_match).await?))
}

/// Remove a rate to come
#[utoipa::path(
    delete, path = "/v1/products/{product}/rates/{effective_at}", tag = "Catalogue and prices",
    params(RatePath),
    responses(
        (status = 204, description = "It will not begin."),
        (status = 404, description = "`unknown_product`, `unknown_rate`"),
        (status = 409, description = "`rate_in_force`"),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn delete_rate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<RatePath>,
    Conditional(if_match): Conditional,
) -> Answer {
    app.delete_rate(&caller, &path.product, &path.effective_at, if_match).await?;
    Ok(answer::gone())
}
