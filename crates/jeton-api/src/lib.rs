//! The HTTP face: paths, statuses, headers, problems (RFC 9457), and the OpenAPI document of all of it.
//!
//! What always holds: router and document come from one registration, so neither knows an operation that the other
//! does not; every operation has its row in [`jeton_app::Operation`], and one without a row is answered to nobody;
//! whatever goes wrong is answered as a problem, also where no handler was reached.
//!
//! What it does not do: rules, storage, and the last word on who may do what. Those are the application's.
//!
//! One file per resource holds its handlers: the path, the statuses, the words of the document. Around them:
//!
//! | file | has |
//! |---|---|
//! | `authentication` | who asks, before anything of the request is read |
//! | `body`, `path`, `query`, `header` | reading requests, with problems that name the field |
//! | `answer`, `problem` | writing answers |
//! | `envelope` | what surrounds every request: its id, span, figures, time limit, panics, headers |
//! | `document`, `schemas` | the OpenAPI document: operations, types |
//! | `reader` | `/docs`: that document as a page, to read and to try |

#![expect(unused_qualifications, reason = "`utoipa::path` writes the names of parameters qualified")]

mod answer;
mod authentication;
mod body;
mod document;
mod envelope;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod path;
mod problem;
mod query;
mod schemas;

mod access;
mod agreements;
mod api_keys;
mod balance;
mod caps;
mod charges;
mod checkpoint;
mod credits;
mod enrolments;
mod entries;
mod events;
mod exports;
mod groups;
mod health;
mod imports;
mod jobs;
mod lease_keys;
mod member_keys;
mod members;
mod orders;
mod plans;
mod price_lists;
mod products;
mod quotes;
mod rates;
mod reader;
mod required_tags;
mod sandbox;
mod seats;
mod sessions;
mod settings;
mod teams;
mod usage;
mod uses;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRef;
use axum::{Router, middleware};
use jeton_app::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Doors, authenticate};
use crate::problem::Rejection;

/// The whole face of an application: every operation, and everything around them.
pub fn router(app: App) -> Router {
    let (router, mut document) = operations().split_for_parts();
    document::complete(&mut document);
    let doors = Doors::of(&document, app.clone());
    let text = document.to_json().expect("the document has string keys only, so it can be written as JSON");
    let clock = app.clone();
    let face = Face { app, document: Bytes::from(text) };

    let router = router
        .route(sessions::QUOTE_PATH, sessions::called_quote())
        .route(jobs::QUOTE_PATH, jobs::called_quote())
        .route(imports::IMPORT_PATH, imports::called_import())
        .merge(reader::routes())
        .fallback(|| async { Rejection::UnknownPath })
        .method_not_allowed_fallback(|| async { Rejection::MethodNotAllowed })
        .route_layer(middleware::from_fn_with_state(Arc::new(doors), authenticate))
        .with_state(face);
    envelope::dated(envelope::around(router), clock)
}

/// The OpenAPI 3.1 document of [`router`].
pub fn openapi() -> OpenApi {
    let mut document = operations().into_openapi();
    document::complete(&mut document);
    document
}

/// What handlers share.
#[derive(Clone)]
struct Face {
    app: App,
    /// The OpenAPI document as it is served.
    document: Bytes,
}

impl FromRef<Face> for App {
    fn from_ref(face: &Face) -> Self {
        face.app.clone()
    }
}

/// Every operation, once, for the router and for the document.
fn operations() -> OpenApiRouter<Face> {
    OpenApiRouter::with_openapi(document::begin())
        .routes(routes!(products::list_products))
        .routes(routes!(products::get_product, products::put_product))
        .routes(routes!(rates::list_rates))
        .routes(routes!(rates::get_rate, rates::put_rate, rates::delete_rate))
        .routes(routes!(uses::list_uses))
        .routes(routes!(uses::get_use, uses::put_use))
        .routes(routes!(price_lists::list_price_lists))
        .routes(routes!(price_lists::get_price_list, price_lists::put_price_list))
        .routes(routes!(quotes::quote_order))
        .routes(routes!(settings::get_settings, settings::put_settings))
        .routes(routes!(teams::list_teams))
        .routes(routes!(teams::get_team, teams::put_team))
        .routes(routes!(members::list_members))
        .routes(routes!(members::get_member, members::put_member, members::deactivate_member))
        .routes(routes!(imports::import_members))
        .routes(routes!(members::erase_member))
        .routes(routes!(enrolments::list_enrolments, enrolments::create_enrolment))
        .routes(routes!(enrolments::get_enrolment, enrolments::withdraw_enrolment))
        .routes(routes!(member_keys::list_member_keys))
        .routes(routes!(member_keys::get_member_key, member_keys::revoke_member_key))
        .routes(routes!(enrolments::enrol))
        .routes(routes!(access::get_assignment, access::put_assignment, access::delete_assignment))
        .routes(routes!(access::get_default_access, access::put_default_access))
        .routes(routes!(access::get_blocked_products, access::put_blocked_products))
        .routes(routes!(seats::list_seats))
        .routes(routes!(seats::get_seat, seats::put_seat, seats::delete_seat))
        .routes(routes!(seats::reassign_seat))
        .routes(routes!(groups::list_groups))
        .routes(routes!(groups::get_group, groups::put_group, groups::delete_group))
        .routes(routes!(caps::list_caps))
        .routes(routes!(caps::get_cap, caps::put_cap, caps::delete_cap))
        .routes(routes!(required_tags::get_required_tags, required_tags::put_required_tags))
        .routes(routes!(plans::get_plan, plans::put_plan))
        .routes(routes!(agreements::list_agreements))
        .routes(routes!(agreements::get_agreement, agreements::put_agreement, agreements::delete_agreement))
        .routes(routes!(credits::list_credits))
        .routes(routes!(credits::get_credits, credits::put_credits))
        .routes(routes!(orders::list_orders))
        .routes(routes!(orders::get_order, orders::put_order))
        .routes(routes!(orders::record_payment))
        .routes(routes!(balance::get_balance))
        .routes(routes!(charges::list_charges))
        .routes(routes!(charges::get_charge))
        .routes(routes!(charges::explain_charge))
        .routes(routes!(entries::list_entries))
        .routes(routes!(exports::export_team))
        .routes(routes!(usage::get_usage))
        .routes(routes!(events::stream_events))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::quote_session))
        .routes(routes!(sessions::get_session, sessions::open_session))
        .routes(routes!(sessions::heartbeat_session))
        .routes(routes!(sessions::close_session))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::quote_job))
        .routes(routes!(jobs::get_job, jobs::hold_job))
        .routes(routes!(jobs::commit_job))
        .routes(routes!(jobs::extend_job))
        .routes(routes!(jobs::release_job))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::get_api_key, api_keys::revoke_api_key))
        .routes(routes!(checkpoint::get_checkpoint))
        .routes(routes!(sandbox::get_sandbox_clock, sandbox::put_sandbox_clock))
        .routes(routes!(lease_keys::get_lease_keys))
        .routes(routes!(document::get_openapi))
        .routes(routes!(health::get_liveness))
        .routes(routes!(health::get_readiness))
        .routes(routes!(health::get_metrics))
}
