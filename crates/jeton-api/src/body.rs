//! Reading JSON bodies, with problems that name the field.
//!
//! What always holds: of a body at most 64 kB is read, and nothing nested deeper than 8; what is not UTF-8, not
//! JSON, or not of the expected form is a 400 whose `field` is the field as the sender knows it. A metering body that
//! is not there is read as `{}`; what is configured has to be said.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jeton_app::{Failure, Over};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::problem::Rejection;

/// Bytes of a body, at most.
const BODY_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive; less than the whole request may.
const ARRIVAL: Duration = Duration::from_secs(8);
/// Objects and arrays inside each other, at most.
const DEPTH: usize = 8;
/// Characters of a reader's message, and of a field's name, that are told; both may quote the sender's own text.
const TOLD_CHARS: usize = 300;

/// A body of configuration: an unknown field is refused by its name.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A body of metering: an unknown field is passed over, and named in `ignored`.
#[derive(Debug)]
pub(crate) struct MeteringJson<T> {
    pub(crate) body: T,
    /// Paths of the fields that were passed over.
    pub(crate) ignored: Vec<String>,
}

impl<S: Send + Sync, T: DeserializeOwned + Serialize> FromRequest<S> for Json<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, Rejection> {
        let bytes = read(request).await?;
        if bytes.is_empty() {
            let detail = "The body is missing. What is to have its default everywhere is said by `{}`.";
            return Err(Rejection::from(Failure::bad_request("body", detail)));
        }
        Ok(Self(decode(&bytes, |_| {})?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Serialize> FromRequest<S> for MeteringJson<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, Rejection> {
        let bytes = read(request).await?;
        let mut ignored = Vec::new();
        let body = decode(&bytes, |path| ignored.push(path))?;
        Ok(Self { body, ignored })
    }
}

/// The bytes of a body that is said to be JSON.
async fn read(request: Request) -> Result<Bytes, Rejection> {
    let (parts, body) = request.into_parts();
    let arrived = timeout(ARRIVAL, Limited::new(body, BODY_BYTES).collect()).await;
    let arrived = arrived.map_err(|_| {
        let seconds = ARRIVAL.as_secs();
        Failure::bad_request("body", format!("The body was not there after {seconds} seconds. Send it at once."))
    })?;
    let collected = arrived.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let value = u64::try_from(BODY_BYTES).expect("64 kB fit in 64 bits");
            Failure::Limit { name: "body", value, over: Over::Body }
        } else {
            Failure::bad_request("body", "The body broke off before its end.")
        }
    })?;
    let bytes = collected.to_bytes();
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(Rejection::UnsupportedMediaType);
    }
    Ok(bytes)
}

/// `application/json` or `application/…+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Reads JSON as `T`, telling `ignored` the path of each field that `T` does not know and does not refuse.
pub(crate) fn decode<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    mut ignored: impl FnMut(String),
) -> Result<T, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::bad_request("body", "The body is not UTF-8."))?;
    let text = if text.is_empty() { "{}" } else { text };
    if depth(text) > DEPTH {
        let value = u64::try_from(DEPTH).expect("8 fits in 64 bits");
        return Err(Failure::Limit { name: "depth", value, over: Over::Request });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let mut tell = |path: serde_ignored::Path<'_>| ignored(field_at(&path));
    let body = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(&mut json, &mut tell))
        .map_err(|error| unreadable("body", &error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| unreadable("body", "", &error))?;
    if text.contains('[') {
        objects_by_name(text, &body)?;
    }
    Ok(body)
}

/// A field as problems name it.
fn field_at(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", field_at(parent)),
        Path::Map { parent, key } => match field_at(parent) {
            above if above.is_empty() => key.clone(),
            above => format!("{above}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => field_at(parent),
    }
}

/// Refuses a list where an object is meant: its reader would take the items for the fields in their order, which is no
/// part of the contract.
fn objects_by_name<T: Serialize>(text: &str, body: &T) -> Result<(), Failure> {
    // In a field that is passed over there may stand what can be no value: half a character, a number without end.
    let sent: Value = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))
        .map_err(|error| unreadable("body", &error.path().to_string(), error.inner()))?;
    let read = serde_json::to_value(body).map_err(|_| Failure::Internal)?;
    match list_for_an_object(&sent, &read, "") {
        None => Ok(()),
        Some(path) => {
            let error = "invalid type: sequence, expected an object";
            Err(unreadable("body", path.trim_start_matches('.'), &error))
        }
    }
}

/// Where a list was sent and an object read.
fn list_for_an_object(sent: &Value, read: &Value, path: &str) -> Option<String> {
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(path.to_owned()),
        (Value::Object(sent), Value::Object(read)) => sent.iter().find_map(|(name, sent)| {
            read.get(name).and_then(|read| list_for_an_object(sent, read, &format!("{path}.{name}")))
        }),
        (Value::Array(sent), Value::Array(read)) => {
            let mut pairs = sent.iter().zip(read).enumerate();
            pairs.find_map(|(index, (sent, read))| list_for_an_object(sent, read, &format!("{path}[{index}]")))
        }
        (_, _) => None,
    }
}

/// How deep objects and arrays are inside each other, at most. Looks at brackets alone: whether it is JSON, the
/// reader says.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The problem of a reader that stopped at `path`, `.` or nothing being the whole, which is called `whole`.
pub(crate) fn unreadable(whole: &str, path: &str, error: &impl std::fmt::Display) -> Failure {
    let message = told(&error.to_string());
    // Where it stopped between two fields, or in what is not JSON, the last step is not known.
    let path = path.strip_suffix('?').unwrap_or(path).trim_end_matches('.');
    // Of a field that is missing, unknown or there twice, readers know the object as path, and the name as text.
    let name = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next())
        .filter(|name| path.rsplit('.').next() != Some(name));
    let field = match (path, name) {
        ("", None) => whole.to_owned(),
        ("", Some(name)) => name.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    let field = told(&field);
    let detail = format!("`{field}`: {message}");
    Failure::BadRequest { field, detail }
}

fn told(text: &str) -> String {
    text.chars().take(TOLD_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::routing::put;
    use jeton_client::{PriceListPut, SessionOpen};
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    async fn price_list(Json(list): Json<PriceListPut>) -> String {
        list.currency
    }

    async fn session(body: MeteringJson<SessionOpen>) -> String {
        body.ignored.join(" ")
    }

    /// Status and body of a PUT, the body as JSON where it is.
    async fn sent(path: &str, media_type: Option<&str>, body: impl Into<Body>) -> (u16, Value) {
        let router = Router::new().route("/price-list", put(price_list)).route("/session", put(session));
        let mut request = Request::put(path);
        if let Some(media_type) = media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn refused_field(body: &str) -> String {
        let (status, problem) = sent("/price-list", Some("application/json"), body.to_owned()).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_request")), "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(problem["field"].as_str().unwrap()), "{problem}");
        problem["field"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named() {
        for (body, field) in [
            (r#"{"currency": "EUR", "tiers": [], "tax": 1}"#, "tax"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1, "unit_price": "3", "until": 9}]}"#, "tiers[0].until"),
            (r#"{"tiers": []}"#, "currency"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1}]}"#, "tiers[0].unit_price"),
            (r#"{"currency": "EUR", "currency": "USD", "tiers": []}"#, "currency"),
            (r#"{"currency": 7, "tiers": []}"#, "currency"),
            (r#"{"currency": "EUR", "tiers": [{"from": "1", "unit_price": "3"}]}"#, "tiers[0].from"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1.5, "unit_price": "3"}]}"#, "tiers[0].from"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1e3, "unit_price": "3"}]}"#, "tiers[0].from"),
            (r#"{"currency": "EUR", "tiers": [{"from": -1, "unit_price": "3"}]}"#, "tiers[0].from"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1, "unit_price": 3.33}]}"#, "tiers[0].unit_price"),
            ("[]", "body"),
            (r#"["EUR", []]"#, "body"),
            (r#"{"currency": "EUR", "tiers": [{"from": 1, "unit_price": "3"}, [2, "2"]]}"#, "tiers[1]"),
            ("7", "body"),
            ("", "body"),
            ("{}", "currency"),
            (r#"{"currency": "EUR", "tiers": []} {}"#, "body"),
            ("\u{feff}{}", "body"),
            ("{", "body"),
        ] {
            assert_eq!(refused_field(body).await, field, "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_told_of_a_long_name_is_short() {
        for body in
            [format!(r#"{{"{}": 1}}"#, "é".repeat(20_000)), format!(r#"{{"currency": "{}", 7"#, "x".repeat(20_000))]
        {
            let (status, problem) = sent("/price-list", Some("application/json"), body).await;
            assert_eq!((status, &problem["code"]), (400, &json!("bad_request")));
            assert!(problem.to_string().len() < 2_000, "{problem}");
        }
    }

    #[tokio::test]
    async fn a_good_body_is_read() {
        let (status, answer) = sent(
            "/price-list",
            Some("application/json; charset=utf-8"),
            r#"{"currency": "EUR", "tiers": [{"from": 1, "unit_price": "3.33"}]}"#,
        )
        .await;
        assert_eq!((status, answer), (200, json!("EUR")));
    }

    #[tokio::test]
    async fn metering_names_what_it_passed_over() {
        let body =
            r#"{"team": "acme", "member": "alice", "product": "autocad", "device": "d", "weather": {}, "mood": 1}"#;
        assert_eq!(sent("/session", Some("application/json"), body).await, (200, json!("weather mood")));
        let (status, problem) = sent("/session", Some("application/json"), r#"{"team": 7}"#).await;
        assert_eq!((status, &problem["field"]), (400, &json!("team")));
    }

    #[tokio::test]
    async fn what_can_be_no_value_is_no_failure_where_it_is_passed_over() {
        let known = r#""team": "acme", "member": "alice", "product": "autocad", "device": "d""#;
        for (unknown, told) in [
            (r#""mood": "\ud800""#, (200, json!("mood"))),
            (r#""mood": 1e400"#, (200, json!("mood"))),
            (r#""mood": ["\ud800"]"#, (400, json!("mood[0]"))),
            (r#""moods": [], "mood": 1e400"#, (400, json!("mood"))),
        ] {
            let body = format!("{{{known}, {unknown}}}");
            let (status, answer) = sent("/session", Some("application/json"), body).await;
            let about = if status == 200 { &answer } else { &answer["field"] };
            assert_eq!((status, about), (told.0, &told.1), "{unknown}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_body_past_64_kb_is_past_a_limit() {
        let body = vec![b' '; BODY_BYTES + 1];
        let (status, problem) = sent("/price-list", Some("application/json"), body).await;
        assert_eq!((status, &problem["code"]), (413, &json!("limit")));
        assert_eq!((&problem["name"], &problem["value"]), (&json!("body"), &json!(65_536)));
        let full = vec![b' '; BODY_BYTES];
        assert_eq!(sent("/price-list", Some("application/json"), full).await.0, 400);
    }

    #[tokio::test]
    async fn a_body_nested_deeper_than_8_is_past_a_limit() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let (status, problem) = sent("/price-list", Some("application/json"), nested(9)).await;
        assert_eq!((status, &problem["code"], &problem["name"]), (400, &json!("limit"), &json!("depth")));
        assert_eq!(sent("/price-list", Some("application/json"), nested(8)).await.1["code"], json!("bad_request"));
        let brackets_in_text = r#"{"currency": "[[[[[[[[[[\"[[[", "tiers": []}"#;
        assert_eq!(sent("/price-list", Some("application/json"), brackets_in_text).await.0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_refused() {
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        let never = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
        let (status, problem) = sent("/price-list", Some("application/json"), Body::from_stream(never)).await;
        assert_eq!((status, &problem["code"], &problem["field"]), (400, &json!("bad_request"), &json!("body")));
    }

    #[tokio::test]
    async fn a_body_that_is_not_utf_8_is_refused() {
        let (status, problem) = sent("/price-list", Some("application/json"), vec![b'"', 0xff, b'"']).await;
        assert_eq!((status, &problem["field"]), (400, &json!("body")));
    }

    #[tokio::test]
    async fn a_body_that_is_not_said_to_be_json_is_refused() {
        for media_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let (status, problem) = sent("/price-list", media_type, "{}").await;
            assert_eq!((status, &problem["code"]), (415, &json!("unsupported_media_type")));
        }
        assert_eq!(sent("/price-list", Some("application/merge-patch+json"), "{}").await.0, 400);
    }
}
