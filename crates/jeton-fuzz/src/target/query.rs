//! Queries of lists, their pages and cursors.

use jeton_api::fuzzing::{cursor, query};
use jeton_app::UsageRequest;
use jeton_client::{AtQuery, ChargesQuery, SessionsQuery, UsageQuery};
use serde::de::DeserializeOwned;

use super::is_told;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    read::<ChargesQuery>(text);
    read::<SessionsQuery>(text);
    read::<AtQuery>(text);
    if let Some(usage) = read::<UsageQuery>(text) {
        match UsageRequest::try_from(usage) {
            Ok(request) => {
                let mut names: Vec<String> = request.by.iter().map(jeton_app::UsageBy::name).collect();
                assert!((1..=8).contains(&names.len()), "{names:?}");
                names.sort();
                names.dedup();
                assert_eq!(names.len(), request.by.len(), "a group is there twice");
            }
            Err(failure) => is_told(&failure, "page"),
        }
    }
    // Whatever a use case says of the next page leads back to it.
    let (page, _) = query::<SessionsQuery>(&format!("cursor={}", cursor(text))).expect("a cursor is good");
    assert_eq!(page.after.as_deref(), Some(text));
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    match query::<T>(text) {
        Ok((page, filter)) => {
            assert!((1..=100).contains(&page.limit), "{}", page.limit);
            Some(filter)
        }
        Err(failure) => {
            is_told(&failure, "page");
            None
        }
    }
}
