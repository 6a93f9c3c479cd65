//! The usage report of a team, as JSON by pages or as CSV in one go (W10).
//!
//! What always holds: no cell of the CSV is a formula to a spreadsheet. What begins like one has an apostrophe before it.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jeton_app::{App, Caller, Failure, PageRequest, UsageBy, UsageReport, UsageRequest};
use jeton_client::{PageQuery, Usage, UsageQuery, UsageRow};

use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::path::Path;
use crate::query::{Paged, cursor_of};
use crate::teams::TeamPath;

/// Rows that are asked for at a time for CSV.
const CSV_ROWS: u16 = 1_000;

/// Report usage
///
/// Tokens, their worth per currency, launches, days and members, by what one groups it by. A member key sees its own
/// use. With `Accept: text/csv` all rows come as CSV, `limit` and `cursor` left aside, with a column `amount_…` for
/// each currency; a cell that begins like a formula (`=`, `+`, `-`, `@`) has an apostrophe before it.
#[utoipa::path(
    get, path = "/v1/teams/{team}/usage", tag = "Teams",
    params(TeamPath, PageQuery, UsageQuery),
    responses(
        (
            status = 200, description = "A page of the report, or all of it as CSV.",
            content(
                (Usage = "application/json"),
                (String = "text/csv", example = json!("product,tokens,amount_EUR,launches,days,members\r\nautocad,14,45.50,5,2,1\r\n"))
            )
        ),
        (status = 404, description = "`unknown_team`, `unknown_member`, `unknown_product`"),
    )
)]
pub(crate) async fn get_usage(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    headers: HeaderMap,
    query: Paged<UsageQuery>,
) -> Answer {
    let request = UsageRequest::try_from(query.filter)?;
    let mut response = if wants_csv(&headers) {
        csv(Walk { app, caller, team: path.team, request, after: None }).await?
    } else {
        let report = app.usage(&caller, &path.team, &request, query.page).await?;
        answer::told(Usage {
            from: request.from,
            to: request.to,
            time_zone: report.time_zone,
            currencies: report.currencies,
            items: report.rows.items,
            next: report.rows.next.as_deref().map(cursor_of),
        })
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Whether of the two media types there are CSV is named first.
fn wants_csv(headers: &HeaderMap) -> bool {
    let ranges =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let first = ranges
        .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .find(|range| ["text/csv", "text/*", "application/json", "application/*", "*/*"].contains(&range.as_str()));
    first.is_some_and(|range| range.starts_with("text/"))
}

/// A walk over the report.
struct Walk {
    app: App,
    caller: Caller,
    team: String,
    request: UsageRequest,
    after: Option<String>,
}

impl Walk {
    async fn next(&mut self) -> Result<UsageReport, Failure> {
        let page = PageRequest { limit: CSV_ROWS, after: self.after.take() };
        self.app.usage(&self.caller, &self.team, &self.request, page).await
    }
}

/// The whole report. The first page is read before the answer begins, so that what fails is a problem; what fails
/// later breaks the answer off, so that nobody takes a part for the whole.
async fn csv(mut walk: Walk) -> Result<Response, Failure> {
    let first = walk.next().await?;
    let currencies = first.currencies.clone();
    let head = written(&[column_names(&walk.request.by, &currencies)]);
    let rows = stream::try_unfold((walk, Some(first)), move |(mut walk, ready)| {
        let currencies = currencies.clone();
        async move {
            let report = match (ready, &walk.after) {
                (Some(report), _) => report,
                (None, Some(_)) => walk.next().await?,
                (None, None) => return Ok::<_, Failure>(None),
            };
            walk.after = report.rows.next;
            let records: Vec<_> =
                report.rows.items.iter().map(|row| columns(row, &walk.request.by, &currencies)).collect();
            Ok(Some((written(&records), (walk, None))))
        }
    });
    let body = stream::StreamExt::chain(stream::iter([Ok(head)]), rows);
    let kind = [(CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
    Ok((kind, Body::from_stream(body)).into_response())
}

fn column_names(by: &[UsageBy], currencies: &[String]) -> Vec<String> {
    let mut names: Vec<String> = by.iter().map(UsageBy::name).collect();
    names.push("tokens".to_owned());
    names.extend(currencies.iter().map(|currency| format!("amount_{currency}")));
    names.extend(["launches", "days", "members"].map(str::to_owned));
    names
}

/// What spreadsheets take the beginning of a formula for, wide forms included.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A text of somebody's as a cell that is no formula.
pub(crate) fn cell(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

fn columns(row: &UsageRow, by: &[UsageBy], currencies: &[String]) -> Vec<String> {
    let group = |by: &UsageBy| match by {
        UsageBy::Product => row.product.clone(),
        UsageBy::Member => row.member.clone(),
        UsageBy::Day => row.day.clone(),
        UsageBy::Month => row.month.clone(),
        UsageBy::Tag(tag) => row.tags.get(tag).cloned().flatten(),
    };
    let mut columns: Vec<String> = by.iter().map(|by| cell(group(by).unwrap_or_default())).collect();
    columns.push(row.tokens.to_string());
    columns.extend(
        currencies.iter().map(|currency| row.amount.get(currency).map(ToString::to_string).unwrap_or_default()),
    );
    columns.extend([row.launches, row.days, row.members].map(|count| count.to_string()));
    columns
}

/// Records as CSV (RFC 4180).
pub(crate) fn written(records: &[Vec<String>]) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        writer
            .write_record(record)
            .expect("records of one report have as many columns as its first, and memory takes them");
    }
    Bytes::from(writer.into_inner().expect("memory takes what is left"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jeton_client::Decimal;

    use super::*;

    fn accepting(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))])
    }

    #[test]
    fn csv_is_for_those_who_name_it_first() {
        for csv in ["text/csv", "TEXT/CSV; charset=utf-8", "text/html, text/csv, application/json"] {
            assert!(wants_csv(&accepting(csv)), "{csv}");
        }
        for json in ["application/json", "*/*", "application/json, text/csv", "text/html"] {
            assert!(!wants_csv(&accepting(json)), "{json}");
        }
        assert!(!wants_csv(&HeaderMap::new()));
    }

    #[test]
    fn w10_a_row_has_its_groups_first_and_a_column_for_each_currency() {
        let row = UsageRow {
            product: Some("autocad".to_owned()),
            member: None,
            day: Some("2026-03-02".to_owned()),
            month: None,
            tags: BTreeMap::new(),
            tokens: Decimal::new("14"),
            amount: BTreeMap::from([("EUR".to_owned(), Decimal::new("45.50"))]),
            launches: 5,
            days: 2,
            members: 1,
        };
        let by = [UsageBy::Day, UsageBy::Product];
        let currencies = ["EUR".to_owned(), "USD".to_owned()];
        let text = written(&[column_names(&by, &currencies), columns(&row, &by, &currencies)]);
        let expected =
            "day,product,tokens,amount_EUR,amount_USD,launches,days,members\r\n2026-03-02,autocad,14,45.50,,5,2,1\r\n";
        assert_eq!(text, expected);
    }
}
