//! Jobs: quote, hold, commit, extend, release, look (R1, R2, P10).

use axum::extract::State;
use axum::routing::{MethodRouter, get};
use jeton_app::App;
use jeton_client::{
    Job, JobAnswer, JobCommitPost, JobPost, JobPut, JobQuote, JobQuotePost, JobsQuery, Page, PageQuery,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Face;
use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::body::MeteringJson;
use crate::path::Path;
use crate::query::Paged;

/// A job.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct JobPath {
    /// The job's id, chosen by the client that asks for it, unique in the installation: use a UUID.
    #[param(example = "0195c1a0-7c2e-7000-8000-000000000002")]
    job: String,
}

/// The path of a quote, which is the path of the job called `quote`, too.
pub(crate) const QUOTE_PATH: &str = "/v1/jobs/quote";

/// The path of a job, in general.
pub(crate) const JOB_PATH: &str = "/v1/jobs/{job}";

/// The job called `quote`: an id like any other, whose path the quote would else hide.
pub(crate) fn called_quote() -> MethodRouter<Face> {
    let path = || Path(JobPath { job: "quote".to_owned() });
    get(move |app, caller| get_job(app, caller, path()))
        .put(move |app, caller, body| hold_job(app, caller, path(), body))
}

/// Quote a job
///
/// What it would cost now, and what would be left. A refusal by a rule is part of the answer.
#[utoipa::path(
    post, path = "/v1/jobs/quote", tag = "Metering",
    request_body = JobQuotePost,
    responses(
        (status = 200, description = "What holding it now would do.", body = JobQuote),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn quote_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    MeteringJson { body, ignored }: MeteringJson<JobQuotePost>,
) -> Answer {
    let mut quote = app.quote_job(&caller, body).await?;
    quote.ignored = ignored;
    Ok(answer::told(quote))
}

/// Hold a job
///
/// Once, and all of it or nothing: what it may cost at most is set aside for 24 hours (R1). The same again is told again
/// what was decided, and what is now.
#[utoipa::path(
    put, path = "/v1/jobs/{job}", tag = "Metering",
    params(JobPath),
    request_body = JobPut,
    responses(
        (status = 200, description = "The job, held before.", body = JobAnswer),
        (status = 201, description = "The job, held now.", body = JobAnswer),
        (status = 402, description = "`insufficient_tokens`, with `required`, `available` and `shortfall`."),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
        (
            status = 409,
            description = "`member_inactive`, `tag_required`, `not_assigned`, `product_blocked`, `product_restricted`, `payment_overdue`, `not_on_rate_sheet`, `cap_reached` (R2), `id_reused` (V4), or `limit`."
        ),
    )
)]
pub(crate) async fn hold_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<JobPath>,
    MeteringJson { body, ignored }: MeteringJson<JobPut>,
) -> Answer {
    let mut held = app.hold_job(&caller, &path.job, body).await?;
    held.body.ignored = ignored;
    Ok(answer::once(held))
}

/// Commit a job
///
/// Its results were delivered: all that is held, or the `parts` that are named. What is less goes back, and nothing at
/// all is a release. One that is committed is told again. One whose hold has lapsed is decided anew, as hold and commit
/// in one (R1).
#[utoipa::path(
    post, path = "/v1/jobs/{job}/commit", tag = "Metering",
    params(JobPath),
    request_body = JobCommitPost,
    responses(
        (status = 200, description = "The job, committed or released.", body = JobAnswer),
        (status = 402, description = "`insufficient_tokens`: its hold had lapsed, and it cannot be had any more."),
        (status = 404, description = "`unknown_job`"),
        (
            status = 409,
            description = "`quantity_raised`, with `result`, `held` and `asked`; `job_ended`, with its `state`: it was released (R1); or why one whose hold had lapsed cannot be had any more (R2)."
        ),
    )
)]
pub(crate) async fn commit_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<JobPath>,
    MeteringJson { body, ignored }: MeteringJson<JobCommitPost>,
) -> Answer {
    let mut answer = app.commit_job(&caller, &path.job, body).await?;
    answer.ignored = ignored;
    Ok(answer::told(answer))
}

/// Extend a job
///
/// Its hold stands for 24 hours from now (R1).
#[utoipa::path(
    post, path = "/v1/jobs/{job}/extend", tag = "Metering",
    params(JobPath),
    request_body = JobPost,
    responses(
        (status = 200, description = "The job, with its new end.", body = JobAnswer),
        (status = 404, description = "`unknown_job`"),
        (status = 409, description = "`job_ended`, with its `state`: it is not held any more (R1)."),
    )
)]
pub(crate) async fn extend_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<JobPath>,
    MeteringJson { body, ignored }: MeteringJson<JobPost>,
) -> Answer {
    let mut answer = app.extend_job(&caller, &path.job, body).await?;
    answer.ignored = ignored;
    Ok(answer::told(answer))
}

/// Release a job
///
/// It failed or was cancelled before anything was delivered: what it holds goes back (R1). One that is over is told as
/// it stands.
#[utoipa::path(
    post, path = "/v1/jobs/{job}/release", tag = "Metering",
    params(JobPath),
    request_body = JobPost,
    responses(
        (status = 200, description = "The job, which is over.", body = JobAnswer),
        (status = 404, description = "`unknown_job`"),
    )
)]
pub(crate) async fn release_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<JobPath>,
    MeteringJson { body, ignored }: MeteringJson<JobPost>,
) -> Answer {
    let mut answer = app.release_job(&caller, &path.job, body).await?;
    answer.ignored = ignored;
    Ok(answer::told(answer))
}

/// Read a job
#[utoipa::path(
    get, path = "/v1/jobs/{job}", tag = "Metering",
    params(JobPath),
    responses(
        (status = 200, description = "The job.", body = Job),
        (status = 404, description = "`unknown_job`"),
    )
)]
pub(crate) async fn get_job(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<JobPath>,
) -> Answer {
    Ok(answer::told(app.job(&caller, &path.job).await?))
}

/// List jobs that are held
///
/// Of a team. A product key sees its product's, a member key its own.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "Metering",
    params(PageQuery, JobsQuery),
    responses(
        (status = 200, description = "A page of jobs that are held.", body = Page<Job>),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn list_jobs(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Paged<JobsQuery>,
) -> Answer {
    Ok(answer::page(app.list_jobs(&caller, query.filter, query.page).await?))
}
