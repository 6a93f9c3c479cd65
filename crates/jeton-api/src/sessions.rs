//! Sessions: quote, open, prove use, close, look (A3, W1–W11).

use axum::extract::State;
use axum::routing::{MethodRouter, get};
use jeton_app::App;
use jeton_client::{
    LiveSession, Page, PageQuery, SessionAnswer, SessionClose, SessionClosed, SessionHeartbeat, SessionOpen,
    SessionQuote, SessionQuotePost, SessionsQuery,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Face;
use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::MeteringJson;
use crate::path::Path;
use crate::query::Paged;

/// A session.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SessionPath {
    /// The session's id, chosen by the client that opens it, unique in the installation: use a UUID.
    #[param(example = "0195c1a0-7c2e-7000-8000-000000000001")]
    session: String,
}

/// The path of a quote, which is the path of the session called `quote`, too.
pub(crate) const QUOTE_PATH: &str = "/v1/sessions/quote";

/// The path of a session, in general.
pub(crate) const SESSION_PATH: &str = "/v1/sessions/{session}";

/// The session called `quote`: an id like any other, whose path the quote would else hide.
pub(crate) fn called_quote() -> MethodRouter<Face> {
    let path = || Path(SessionPath { session: "quote".to_owned() });
    get(move |app, caller| get_session(app, caller, path()))
        .put(move |app, caller, body| open_session(app, caller, path(), body))
}

/// Quote an opening
///
/// What opening now would do. A refusal by a rule is part of the answer.
#[utoipa::path(
    post, path = "/v1/sessions/quote", tag = "Metering",
    request_body = SessionQuotePost,
    responses(
        (status = 200, description = "What opening now would do.", body = SessionQuote),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn quote_session(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    MeteringJson { body, ignored }: MeteringJson<SessionQuotePost>,
) -> Answer {
    let mut quote = app.quote_session(&caller, body).await?;
    quote.ignored = ignored;
    Ok(answer::told(quote))
}

/// Open a session
///
/// Once: the same again is told again what was decided, and what is now. The checks are those of A3, in their order,
/// and the first that fails is the answer.
#[utoipa::path(
    put, path = "/v1/sessions/{session}", tag = "Metering",
    params(SessionPath),
    request_body = SessionOpen,
    responses(
        (status = 200, description = "The session, opened before.", body = SessionAnswer),
        (status = 201, description = "The session, opened now.", body = SessionAnswer),
        (status = 402, description = "`insufficient_tokens`, with `required`, `available` and `shortfall`."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (
            status = 409,
            description = "`member_inactive`, `too_many_devices`, `not_assigned`, `product_blocked`, `product_restricted`, `payment_overdue`, `not_on_rate_sheet` (A3), `id_reused` (V4), or `limit`."
        ),
    )
)]
pub(crate) async fn open_session(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
    MeteringJson { body, ignored }: MeteringJson<SessionOpen>,
) -> Answer {
    let mut opened = app.open_session(&caller, &path.session, body).await?;
    opened.body.ignored = ignored;
    Ok(answer::once(opened))
}

/// Prove use
///
/// The client's message that the product is still open. It makes a hold a charge (W2), renews (W4), or says why it
/// could not and how long there is to save (W7). A lost session is revived for 4 hours (W8).
#[utoipa::path(
    post, path = "/v1/sessions/{session}/heartbeat", tag = "Metering",
    params(SessionPath),
    request_body = SessionHeartbeat,
    responses(
        (status = 200, description = "The session as it is now.", body = SessionAnswer),
        (status = 402, description = "`insufficient_tokens`: the session was lost, and cannot be opened anew."),
        (status = 404, description = "`unknown_session`"),
        (
            status = 409,
            description = "`session_ended` (W8), or why a lost session cannot be opened anew: `member_inactive`, `too_many_devices`, `not_assigned`, `product_blocked`, `product_restricted`, `payment_overdue`, `not_on_rate_sheet` (A3)."
        ),
    )
)]
pub(crate) async fn heartbeat_session(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
    MeteringJson { body, ignored }: MeteringJson<SessionHeartbeat>,
) -> Answer {
    let mut answer = app.heartbeat_session(&caller, &path.session, body).await?;
    answer.ignored = ignored;
    Ok(answer::told(answer))
}

/// Close a session
///
/// By the client (a member's, a product's or the vendor's key), a proof of use. By a team's key, the session ends at its
/// last proof (W4). One that has ended is told again what had been decided (W8).
#[utoipa::path(
    post, path = "/v1/sessions/{session}/close", tag = "Metering",
    params(SessionPath),
    request_body = SessionClose,
    responses(
        (status = 200, description = "The session, which has ended.", body = SessionClosed),
        (status = 404, description = "`unknown_session`"),
    )
)]
pub(crate) async fn close_session(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
    MeteringJson { body, ignored }: MeteringJson<SessionClose>,
) -> Answer {
    let mut closed = app.close_session(&caller, &path.session, body).await?;
    closed.ignored = ignored;
    Ok(answer::told(closed))
}

/// Read a session
#[utoipa::path(
    get, path = "/v1/sessions/{session}", tag = "Metering",
    params(SessionPath),
    responses(
        (status = 200, description = "The session.", body = LiveSession),
        (status = 404, description = "`unknown_session`"),
    )
)]
pub(crate) async fn get_session(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
) -> Answer {
    Ok(answer::told(app.session(&caller, &path.session).await?))
}

/// List live sessions
///
/// Of a team. A product key sees its product's, a member key its own.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "Metering",
    params(PageQuery, SessionsQuery),
    responses(
        (status = 200, description = "A page of live sessions.", body = Page<LiveSession>),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<SessionsQuery>,
) -> Answer {
    Ok(answer::page(app.list_sessions(&caller, query.filter, query.page).await?))
}
