//! Orders of a team, and their payment (P3, P8).

use axum::extract::State;
use jeton_app::App;
use jeton_client::{Order, OrderPut, Page, PageQuery, PaymentPost};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::Json;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};
use crate::teams::TeamPath;

/// An order of a team.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OrderPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The order's id, chosen by who places it.
    #[param(example = "2026-0001")]
    order: String,
}

/// List orders
///
/// In the order of placing.
#[utoipa::path(
    get, path = "/v1/teams/{team}/orders", tag = "Teams",
    params(TeamPath, PageQuery),
    responses(
        (status = 200, description = "A page of orders.", body = Page<Order>),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn list_orders(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_orders(&caller, &path.team, query.page).await?))
}

/// Read an order
#[utoipa::path(
    get, path = "/v1/teams/{team}/orders/{order}", tag = "Teams",
    params(OrderPath),
    responses(
        (status = 200, description = "The order.", body = Order),
        (status = 404, description = "`unknown_team`, `unknown_order`"),
    )
)]
pub(crate) async fn get_order(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<OrderPath>,
) -> Answer {
    Ok(answer::told(app.order(&caller, &path.team, &path.order).await?))
}

/// Place an order
///
/// Once: the same again is told again. On invoice its lot is credited now; by card when the payment is recorded (P3).
#[utoipa::path(
    put, path = "/v1/teams/{team}/orders/{order}", tag = "Teams",
    params(OrderPath),
    responses(
        (status = 200, description = "The order, placed before.", body = Order),
        (status = 201, description = "The order, placed now.", body = Order),
        (status = 404, description = "`unknown_team`"),
        (
            status = 409,
            description = "`payment_overdue` (P8), `no_price_list`, `quantity_not_sold` (P1), `id_reused` (V4), or `limit`."
        ),
    )
)]
pub(crate) async fn put_order(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<OrderPath>,
    Json(body): Json<OrderPut>,
) -> Answer {
    Ok(answer::once(app.put_order(&caller, &path.team, &path.order, body).await?))
}

/// Record a payment
///
/// Settles the order's invoice, or credits a card order. With the last unpaid overdue invoice everything works again
/// at once (P8).
#[utoipa::path(
    post, path = "/v1/teams/{team}/orders/{order}/payment", tag = "Teams",
    params(OrderPath),
    responses(
        (status = 200, description = "The order, which is paid.", body = Order),
        (status = 404, description = "`unknown_team`, `unknown_order`"),
        (status = 409, description = "`limit`: the team has as many lots or tokens as it may have."),
    )
)]
pub(crate) async fn record_payment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<OrderPath>,
    Json(body): Json<PaymentPost>,
) -> Answer {
    Ok(answer::told(app.record_payment(&caller, &path.team, &path.order, body).await?))
}
