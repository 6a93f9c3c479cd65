//! Price lists (P1).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Page, PageQuery, PriceList, PriceListPut};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::header::Conditional;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// A price list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PriceListPath {
    /// The price list's id.
    #[param(example = "eur-2026")]
    list: String,
}

/// List price lists
#[utoipa::path(
    get, path = "/v1/price-lists", tag = "Catalogue and prices",
    params(PageQuery),
    responses((status = 200, description = "A page of price lists.", body = Page<PriceList>))
)]
pub(crate) async fn list_price_lists(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_price_lists(&caller, query.page).await?))
}

/// Read a price list
#[utoipa::path(
    get, path = "/v1/price-lists/{list}", tag = "Catalogue and prices",
    params(PriceListPath),
    responses(
        (status = 200, description = "The price list.", body = PriceList),
        (status = 404, description = "`unknown_price_list`"),
    )
)]
pub(crate) async fn get_price_list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<PriceListPath>,
) -> Answer {
    Ok(answer::read(app.price_list(&caller, &path.list).await?))
}

/// Write a price list
///
/// A team is priced by the newest started list of its currency that names its country, else by one that names none
/// (P1). Orders keep the price at which they were placed.
#[utoipa::path(
    put, path = "/v1/price-lists/{list}", tag = "Catalogue and prices",
    params(PriceListPath),
    responses(
        (status = 200, description = "The price list as it is now.", body = PriceList),
        (status = 201, description = "The price list, which is new.", body = PriceList),
        (status = 409, description = "`limit`: there are as many price lists as there may be."),
        (status = 412, description = "`precondition_failed`"),
    )
)]
pub(crate) async fn put_price_list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<PriceListPath>,
    Conditional(if_match): Conditional,
    Json(body): Json<PriceListPut>,
) -> Answer {
    Ok(answer::put(app.put_price_list(&caller, &path.list, body, if_match).await?))
}
