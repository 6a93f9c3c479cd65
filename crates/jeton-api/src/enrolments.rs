//! Enrolments: how a member's machine gets its key.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use jeton_app::App;
use jeton_client::{EnrolPost, Enrolled, Enrolment, EnrolmentCreated, EnrolmentPost, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{self, Answer};
use crate::authentication::{Authenticated, Peer};
use crate::body::{Json, MeteringJson};
use crate::header::OptionalIdempotencyKey;
use crate::members::MemberPath;
use crate::path::Path;
use crate::query::{Paged, Unfiltered};

/// An enrolment of a member.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EnrolmentPath {
    /// The team's id.
    #[param(example = "acme")]
    team: String,
    /// The member's id.
    #[param(example = "alice")]
    member: String,
    /// The enrolment's public id.
    #[param(example = "enr_4fQ81cXw")]
    enrolment: String,
}

/// List enrolments
///
/// Without their codes, which are stored nowhere; those that are over included.
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/enrolments", tag = "Teams",
    params(MemberPath, PageQuery),
    responses(
        (status = 200, description = "A page of enrolments.", body = Page<Enrolment>),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
    )
)]
pub(crate) async fn list_enrolments(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    query: Paged<Unfiltered>,
) -> Answer {
    Ok(answer::page(app.list_enrolments(&caller, &path.team, &path.member, query.page).await?))
}

/// Make an enrolment
///
/// Its code is in this answer and nowhere else. It is good once, for 7 days; the member trades it on their machine
/// (`jeton login`, or `POST /v1/enrolments`) for a key that is bound to that device. With an `Idempotency-Key`, told
/// again, no other enrolment is made, and there is no code to tell.
#[utoipa::path(
    post, path = "/v1/teams/{team}/members/{member}/enrolments", tag = "Teams",
    params(
        MemberPath,
        (
            "Idempotency-Key" = Option<String>, Header,
            description = "Any text of the client that is new for each enrolment to be made.",
            example = "alice-2026-03-02"
        )
    ),
    request_body = EnrolmentPost,
    responses(
        (status = 200, description = "The enrolment, made before.", body = EnrolmentCreated),
        (
            status = 201, description = "The enrolment, with its code.", body = EnrolmentCreated,
            headers(("Location" = String, description = "The enrolment's path."))
        ),
        (status = 404, description = "`unknown_team`, `unknown_member`"),
        (status = 409, description = "`member_inactive`; `limit`: 10 codes of the member are good already."),
    )
)]
pub(crate) async fn create_enrolment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<MemberPath>,
    OptionalIdempotencyKey(idempotency_key): OptionalIdempotencyKey,
    MeteringJson { body: EnrolmentPost {}, .. }: MeteringJson<EnrolmentPost>,
) -> Answer {
    let MemberPath { team, member } = path;
    let made = app.create_enrolment(&caller, &team, &member, idempotency_key.as_deref()).await?;
    let location = format!("/v1/teams/{team}/members/{member}/enrolments/{}", made.body.enrolment);
    let location = made.created.then(|| HeaderValue::from_str(&location).ok()).flatten();
    let mut response = answer::once(made);
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Read an enrolment
#[utoipa::path(
    get, path = "/v1/teams/{team}/members/{member}/enrolments/{enrolment}", tag = "Teams",
    params(EnrolmentPath),
    responses(
        (status = 200, description = "The enrolment, without its code.", body = Enrolment),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_enrolment`"),
    )
)]
pub(crate) async fn get_enrolment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<EnrolmentPath>,
) -> Answer {
    Ok(answer::told(app.enrolment(&caller, &path.team, &path.member, &path.enrolment).await?))
}

/// Withdraw an enrolment
///
/// Its code is no longer good. A key that it was traded for stays good: revoke that one by itself.
#[utoipa::path(
    delete, path = "/v1/teams/{team}/members/{member}/enrolments/{enrolment}", tag = "Teams",
    params(EnrolmentPath),
    responses(
        (status = 204, description = "The code is good for nothing."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_enrolment`"),
    )
)]
pub(crate) async fn withdraw_enrolment(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<EnrolmentPath>,
) -> Answer {
    app.withdraw_enrolment(&caller, &path.team, &path.member, &path.enrolment).await?;
    Ok(answer::gone())
}

/// Trade a code for a key
///
/// What `jeton login` does. The key's secret is in this answer and nowhere else; the code is good no more. The key
/// opens and quotes for the device that is named here alone.
#[utoipa::path(
    post, path = "/v1/enrolments", tag = "Metering",
    responses(
        (status = 201, description = "The member's key, with its secret.", body = Enrolled),
        (status = 404, description = "`unknown_enrolment`: the code is wrong, was used or withdrawn, or is over."),
        (status = 429, description = "`too_fast`, with `Retry-After`: too many codes came from this address."),
    )
)]
pub(crate) async fn enrol(State(app): State<App>, Peer(peer): Peer, Json(body): Json<EnrolPost>) -> Answer {
    let body = app.enrol(peer, body).await?;
    Ok(answer::once(jeton_app::Once { created: true, body }))
}
