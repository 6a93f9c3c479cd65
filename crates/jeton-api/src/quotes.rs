//! Quotes of orders (P2).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Quote, QuotePost};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;

/// Quote an order
///
/// What a quantity of tokens costs, in a currency or for a team, and the larger quantity that costs less, if there
/// is one (P2). Nothing is reserved.
#[utoipa::path(
    post, path = "/v1/quotes", tag = "Catalogue and prices",
    responses(
        (status = 200, description = "The quote.", body = Quote),
        (status = 404, description = "`unknown_team`"),
        (status = 409, description = "`no_price_list`, or `quantity_not_sold` with `min_quantity` and `step` (P1)."),
    )
)]
pub(crate) async fn quote_order(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Json(body): Json<QuotePost>,
) -> Answer {
    Ok(answer::told(app.quote_order(&caller, body).await?))
}
