//! The OpenAPI document: what handlers say of themselves, completed by what holds for all of them.
//!
//! What always holds: which keys an operation takes comes from the application's table, the problems that every
//! operation of its kind can answer are added here, and every body has an example, which is the example of its type.
//!
//! What it does not do: describe a single operation. Handlers do, beside their code.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use jeton_app::{Access, Failure, NotNow, Operation as Row, Over};
use jeton_client::{Event, Problem, ScopeName};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Response};

use crate::Face;
use crate::schemas::{self, CODE, ID};

const PROBLEM_JSON: &str = "application/problem+json";
const BEARER: &str = "bearer";
/// What to send as `If-Match`: `*`, or an entity tag.
const CONDITION: &str = r#"^(\*|"[0-9]+")$"#;
/// What an idempotency key is.
const IDEMPOTENCY_KEY: &str = "^[!-~]{1,255}$";

const ABOUT: &str = "\
Jeton meters products by the day: a team buys tokens, its members open products, and each product that a member keeps \
open is charged once per 24 hours. Every charge can be explained.

Tokens, money and prices are decimal strings (`\"7\"`, `\"0.5\"`, `\"16250.00\"`); quantities of orders are integers; \
instants are RFC 3339 in UTC. An unknown field is refused by its name in configuration; in metering bodies it is passed \
over and named in `ignored`.

What is not done is answered as a problem (RFC 9457) with a stable `code`, the `rule` that refused where one did, and \
the figures that explain it. Every answer has an `x-request-id`; send one (up to 64 letters, digits, `.`, `_`, `-`) to \
find your request in the log.

Configuration has an `ETag`; with `If-Match` it is written only if it still stands so. Sessions and orders are done once: \
sent again in the same words, the same id is told again what was decided, and in other words `id_reused`.";

/// The OpenAPI document
///
/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operating",
    responses((
        status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json",
        example = json!({"openapi": "3.1.0", "info": {"title": "Jeton", "version": "0.1.0"}, "paths": {}})
    ))
)]
pub(crate) async fn get_openapi(State(face): State<Face>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], face.document)
}

/// The document before any operation is in it.
pub(crate) fn begin() -> OpenApi {
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("jtn_…")
        .description(Some("An API key of this installation. What it may do follows from its scope."))
        .build();
    let (problem_name, problem_schema) = (Problem::name().into_owned(), <Problem as utoipa::PartialSchema>::schema());
    let components = ComponentsBuilder::new()
        .schema(problem_name, problem_schema)
        // Of a stream of them only the text is described by its operation.
        .schema(Event::name(), <Event as utoipa::PartialSchema>::schema())
        .security_scheme(BEARER, SecurityScheme::Http(scheme));
    let components = common_problems().into_iter().fold(components, |components, (_, name, text, example)| {
        components.response(name, problem_response(text, example))
    });
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Jeton")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .license(Some(LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build()))
                .build(),
        )
        .tags(Some([
            tag("Catalogue and prices", "What can be had, and what it costs. The vendor writes, every key reads."),
            tag("Teams", "Customers: their members, access, orders, balance, charges and ledger."),
            tag("Metering", "Opening products and proving their use."),
            tag("Events", "What happens, as it happens."),
            tag("Sandbox", "The clock of an installation that is for trying."),
            tag("Operating", "Keys, settings, checkpoints, health."),
        ]))
        .components(Some(components.build()))
        .build()
}

/// Adds to every operation what it does not say itself.
pub(crate) fn complete(document: &mut OpenApi) {
    schemas::complete(document);
    let examples = examples_of_schemas(document);
    for item in document.paths.paths.values_mut() {
        let has_etag = item.put.as_ref().is_some_and(is_conditional);
        for (method, operation) in operations_of_mut(item) {
            let row = operation.operation_id.as_deref().and_then(Row::with_id);
            add_keys(operation, row);
            add_problems(operation, row);
            if is_conditional(operation) {
                add_if_match(operation);
            }
            if has_etag && (method == Method::GET || method == Method::PUT) {
                add_etag(operation);
            }
            narrow_parameters(operation);
            add_examples(operation, &examples);
        }
    }
}

/// The operations of a path, with their methods.
pub(crate) fn operations_of(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

pub(crate) fn operations_of_mut(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Says which keys the operation takes.
fn add_keys(operation: &mut Operation, row: Option<Row>) {
    let keys = match row.map(Row::access) {
        Some(Access::Open) => {
            operation.security = Some(Vec::new());
            return;
        }
        Some(Access::EveryKey) => "Takes every key.".to_owned(),
        Some(Access::Own([])) => "Takes vendor keys.".to_owned(),
        Some(Access::Own(scopes)) => {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope_name(*scope)).collect();
            format!("Takes vendor keys, and keys of these scopes for what is their own: {}.", scopes.join(", "))
        }
        None => "Takes no key.".to_owned(),
    };
    operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    let said = operation.description.take().filter(|text| !text.is_empty());
    operation.description = Some(said.map_or_else(|| keys.clone(), |text| format!("{text}\n\n{keys}")));
}

const fn scope_name(scope: ScopeName) -> &'static str {
    match scope {
        ScopeName::Vendor => "vendor",
        ScopeName::Partner => "partner",
        ScopeName::Team => "team",
        ScopeName::Product => "product",
        ScopeName::Member => "member",
    }
}

/// The problems that operations have in common: status, name, text, example.
fn common_problems() -> [(&'static str, &'static str, &'static str, Option<Failure>); 8] {
    let bad_request = Failure::bad_request("limit", "`limit` is a whole number from 1 to 100");
    let body_limit = Failure::Limit { name: "body", value: 65_536, over: Over::Body };
    let not_now =
        Failure::NotNow { reason: NotNow::QueueFull, detail: "Too much is asked at once. Ask again.".to_owned() };
    [
        (
            "400",
            "BadRequest",
            "`bad_request`, with the `field` that cannot be read; or `limit`, with its `name` and `value`.",
            Some(bad_request),
        ),
        (
            "401",
            "Unauthorised",
            "`unauthorised`: there is no key, or it is altered, ended or revoked.",
            Some(Failure::Unauthorised),
        ),
        ("403", "Forbidden", "`forbidden`: the scope of the key is too small.", Some(Failure::Forbidden)),
        ("413", "BodyLimit", "`limit`: the body is larger than 64 kB.", Some(body_limit)),
        ("415", "UnsupportedMediaType", "`unsupported_media_type`: the body is not said to be JSON.", None),
        (
            "429",
            "TooFast",
            "`too_fast`, with `Retry-After`, `RateLimit-Policy` and `RateLimit`.",
            Some(Failure::TooFast { retry_after_s: 1 }),
        ),
        (
            "500",
            "Internal",
            "`internal`: the server failed; the vendor finds it by the `x-request-id`.",
            Some(Failure::Internal),
        ),
        (
            "503",
            "NotNow",
            "Not now, and nothing was decided: `queue_full`, `storage_full`, `storage_low`, `storage_unavailable`, \
             `clock_jumped` (W9), `rebuilding`, `behind`, `shutting_down`; or `timed_out`: ask again to be told.",
            Some(not_now),
        ),
    ]
}

/// Adds the problems that every operation of its kind can answer, and the form of those that it names itself.
fn add_problems(operation: &mut Operation, row: Option<Row>) {
    let takes_key = row.is_none_or(|row| row.access() != Access::Open);
    let has_body = operation.request_body.is_some();
    let reads = has_body || operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let responses = &mut operation.responses.responses;
    for (status, name, _, _) in common_problems() {
        let is_possible = match status {
            "400" => reads,
            "401" | "403" | "429" => takes_key,
            "413" | "415" => has_body,
            _ => true,
        };
        if is_possible {
            responses.entry(status.to_owned()).or_insert_with(|| Ref::from_response_name(name).into());
        }
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
            && response.content.is_empty()
        {
            let example = (status == "412").then_some(Failure::PreconditionFailed);
            response.content.insert(PROBLEM_JSON.to_owned(), problem_content(example).into());
        }
    }
}

fn problem_response(text: &str, example: Option<Failure>) -> Response {
    let mut response = Response::new(text);
    response.content.insert(PROBLEM_JSON.to_owned(), problem_content(example).into());
    response
}

fn problem_content(example: Option<Failure>) -> Content {
    let example = example.map(|failure| json!(failure.problem()));
    ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).example(example).build()
}

/// Whether it may be refused because it has changed.
fn is_conditional(operation: &Operation) -> bool {
    operation.responses.responses.contains_key("412")
}

fn add_if_match(operation: &mut Operation) {
    let parameter = ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .description(Some("The `ETag` that it must still have, or `*`: it must exist."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some(CONDITION))))
        .example(Some(json!("\"12\"")))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
}

fn add_etag(operation: &mut Operation) {
    for code in ["200", "201"] {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(code) {
            let header = HeaderBuilder::new()
                .description(Some("Its revision, for `If-Match`."))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([json!("\"12\"")])))
                .build();
            response.headers.insert("ETag".to_owned(), header.into());
        }
    }
}

/// Says of the ids in a path what an id is, and of an idempotency key what one is.
fn narrow_parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && (parameter.parameter_in == ParameterIn::Path || parameter.name == "Idempotency-Key")
        {
            narrow(parameter);
        }
    }
}

fn narrow(parameter: &mut Parameter) {
    if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema {
        match parameter.name.as_str() {
            "effective_at" => {
                object.format =
                    Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime));
            }
            "product" | "use" => object.pattern = Some(CODE.to_owned()),
            "Idempotency-Key" => object.pattern = Some(IDEMPOTENCY_KEY.to_owned()),
            _ => object.pattern = Some(ID.to_owned()),
        }
    }
}

/// The example of each schema, by its reference; of a page, one with the example of its rows.
fn examples_of_schemas(document: &OpenApi) -> BTreeMap<String, Value> {
    let schemas = document.components.as_ref().map(|components| json!(components.schemas)).unwrap_or_default();
    let example_of = |reference: &str| {
        let name = reference.strip_prefix("#/components/schemas/")?;
        schemas.get(name)?.get("example").cloned()
    };
    let mut examples = BTreeMap::new();
    for name in schemas.as_object().into_iter().flat_map(|schemas| schemas.keys()) {
        let reference = format!("#/components/schemas/{name}");
        let rows = schemas[name].pointer("/properties/items/items/$ref").and_then(Value::as_str);
        let example = example_of(&reference)
            .or_else(|| rows.and_then(example_of).map(|row| json!({"items": [row], "next": null})));
        if let Some(example) = example {
            examples.insert(reference, example);
        }
    }
    examples
}

fn add_examples(operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    let requests = match &mut operation.request_body {
        Some(RefOr::T(body)) => Some(body.content.values_mut()),
        Some(RefOr::Ref(_)) | None => None,
    };
    let responses = operation.responses.responses.values_mut().filter_map(|response| match response {
        // The example of a problem fits one status; those that have their own are given it above.
        RefOr::T(response) => (!response.content.contains_key(PROBLEM_JSON)).then(|| response.content.values_mut()),
        RefOr::Ref(_) => None,
    });
    let contents = requests.into_iter().flatten().chain(responses.flatten());
    for content in contents {
        if let RefOr::T(content) = content
            && content.example.is_none()
            && let Some(RefOr::Ref(reference)) = &content.schema
        {
            content.example = examples.get(&reference.ref_location).cloned();
        }
    }
}
