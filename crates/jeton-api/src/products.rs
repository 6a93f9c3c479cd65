//! Products (C1, C5).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{AtQuery, Page, PageQuery, Product, ProductPut};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Query};

/// A product.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProductPath {
    /// The product's code.
    #[param(example = "autocad")]
    pub(crate) product: String,
}

/// List products
///
/// By code, each with the rate in force now, or at the instant asked for.
#[utoipa::path(
    get, path = "/v1/products", tag = "Catalogue and prices",
    params(PageQuery, AtQuery),
    responses((status = 200, description = "A page of products.", body = Page<Product>))
)]
pub(crate) async fn list_products(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<AtQuery>,
) -> Answer {
    Ok(answer::page(app.list_products(&caller, query.filter.at.as_ref(), query.page).await?))
}

/// Read a product
///
/// With the rate in force now, or at the instant asked for.
#[utoipa::path(
    get, path = "/v1/products/{product}", tag = "Catalogue and prices",
    params(ProductPath, AtQuery),
    responses(
        (status = 200, description = "The product.", body = Product),
        (status = 404, description = "`unknown_product`"),
    )
)]
pub(crate) async fn get_product(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ProductPath>,
    Query(query): Query<AtQuery>,
) -> Answer {
    Ok(answer::read(app.product(&caller, &path.product, query.at.as_ref()).await?))
}

/// Write a product
///
/// The body is the whole product; what it leaves out has its default. Uses that it names must exist (C1).
#[utoipa::path(
    put, path = "/v1/products/{product}", tag = "Catalogue and prices",
    params(ProductPath),
    responses(
        (status = 200, description = "The product as it is now.", body = Product),
        (status = 201, description = "The product, which is new.", body = Product),
        (status = 409, description = "`limit`: there are as many products as there may be."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_product(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<ProductPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<ProductPut>,
) -> Answer {
    Ok(answer::put(app.put_product(&caller, &path.product, body, if_match).await?))
}
