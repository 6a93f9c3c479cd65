//! Events as a stream of server-sent events (N1).
//!
//! What always holds: each event is one `id` and one line of `data`, its envelope, so that every reader of such streams
//! understands it, and its `type` is read in one place. Between events there are comments, so that nothing in between
//! takes the connection for dead. Nothing is made before the connection has taken what was made before: who reads
//! slowly costs no memory, and who does not read loses the connection.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jeton_app::{App, EventKind, EventStream, EventsRequest, Failure, Place, Said};
use jeton_client::EventsQuery;

use crate::answer::Answer;
use crate::authentication::Authenticated;
use crate::query::Query;

const LAST_EVENT_ID: &str = "last-event-id";
/// Tells nginx and what is like it to hand on what comes, as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Stream events
///
/// What happens, as it happens, in envelopes of CloudEvents 1.0 (`Event`), as server-sent events. The `id` of each is the
/// position in the log up to which everything has been told; sent as `Last-Event-ID` or `after`, it goes on from there,
/// with any server of this installation. A comment comes at least every 10 seconds. The stream ends when the server
/// stops, when the key does, and when it is not read: go on after the last `id`.
#[utoipa::path(
    get, path = "/v1/events", tag = "Events",
    params(
        EventsQuery,
        (
            "Last-Event-ID" = Option<String>, Header, example = "12",
            description = "The `id` of the last event that came. It goes before `after`."
        ),
    ),
    responses(
        (
            status = 200, description = "Events, for as long as they are read.", body = String,
            content_type = "text/event-stream",
            example = json!(": 11\n\nid: 12\ndata: {\"specversion\":\"1.0\",\"id\":\"team:acme/8\",\"type\":\"jeton.charge.made\",…}\n\n")
        ),
        (status = 404, description = "`unknown_team`"),
    )
)]
pub(crate) async fn stream_events(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Answer {
    let (name, after) = match last_event_id(&headers)? {
        Some(after) => ("Last-Event-ID", Some(after)),
        None => ("after", query.after),
    };
    let after = after.map(|text| place(name, &text)).transpose()?;
    let kinds = query.types.as_deref().map(kinds).transpose()?.unwrap_or_default();
    let events = app.events(&caller, EventsRequest { after, kinds, team: query.team }).await;
    Ok(told(events.map_err(|failure| about(name, failure))?))
}

/// The one that the client has seen last, if it says so.
fn last_event_id(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(String::from_utf8_lossy(value.as_bytes()).into_owned())),
        (Some(_), Some(_)) => Err(Failure::bad_request("Last-Event-ID", "`Last-Event-ID` is there twice")),
    }
}

fn place(name: &str, text: &str) -> Result<Place, Failure> {
    text.parse()
        .map_err(|_| Failure::bad_request(name, "it is the `id` of an event as it came, or 0 for the beginning"))
}

fn kinds(names: &str) -> Result<BTreeSet<EventKind>, Failure> {
    let kind = |name: &str| {
        EventKind::named(name).ok_or_else(|| {
            let shown: String = name.chars().take(64).collect();
            Failure::bad_request("types", format!("{shown:?} is no type of event"))
        })
    };
    names.split(',').map(kind).collect()
}

/// A place that the log has not come to is of the parameter that named it.
fn about(name: &str, failure: Failure) -> Failure {
    if let Failure::BadRequest { field, detail } = &failure
        && field == "after"
    {
        return Failure::bad_request(name, detail);
    }
    failure
}

fn told(events: EventStream) -> Response {
    // A first comment, so that whoever asked sees at once that it is being told.
    let begin = comment(events.place());
    let reader = Reader { events, _counted: Counted::one_more() };
    let frames = stream::unfold((reader, Some(begin)), |(mut reader, begin)| async move {
        let frame = match begin {
            Some(begin) => begin,
            None => match reader.events.next().await? {
                Said::Event(place, json) => Bytes::from(format!("id: {place}\ndata: {json}\n\n")),
                Said::Alive(place) => comment(place),
            },
        };
        Some((Ok::<_, std::convert::Infallible>(frame), (reader, None)))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

fn comment(place: Place) -> Bytes {
    Bytes::from(format!(": {place}\n\n"))
}

struct Reader {
    events: EventStream,
    _counted: Counted,
}

/// One of those that are counted as readers, for as long as it is there.
struct Counted;

impl Counted {
    fn one_more() -> Self {
        metrics::gauge!("jeton_event_readers").increment(1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("jeton_event_readers").decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(failure: Failure) -> (String, String) {
        let Failure::BadRequest { field, detail } = failure else { panic!("{failure:?}") };
        (field, detail)
    }

    #[test]
    fn types_are_named_and_one_that_is_not_there_is_said() {
        let some = kinds("jeton.session.refused,jeton.charge.made,jeton.charge.made").unwrap();
        assert_eq!(some, BTreeSet::from([EventKind::ChargeMade, EventKind::SessionRefused]));
        for bad in ["", ",", "jeton.charge.made,", "jeton.charge", "jeton.charge.made,jeton.lot", "JETON.CHARGE.MADE"] {
            assert_eq!(refused(kinds(bad).unwrap_err()).0, "types", "{bad}");
        }
        let (_, detail) = refused(kinds("jeton.charge.made,jeton.lot").unwrap_err());
        assert!(detail.contains("\"jeton.lot\""), "{detail}");
    }

    #[test]
    fn the_last_event_is_named_once() {
        let headers = |values: &[&'static str]| {
            values.iter().fold(HeaderMap::new(), |mut all, value| {
                all.append(LAST_EVENT_ID, HeaderValue::from_static(value));
                all
            })
        };
        assert_eq!(last_event_id(&headers(&[])), Ok(None));
        assert_eq!(last_event_id(&headers(&["12"])), Ok(Some("12".to_owned())));
        assert_eq!(refused(last_event_id(&headers(&["12", "13"])).unwrap_err()).0, "Last-Event-ID");
        assert_eq!(refused(place("Last-Event-ID", "x").unwrap_err()).0, "Last-Event-ID");
    }
}
