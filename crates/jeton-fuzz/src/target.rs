//! The targets, a file each.

pub(crate) mod body;
pub(crate) mod checkpoint;
pub(crate) mod configuration;
pub(crate) mod csv;
pub(crate) mod headers;
pub(crate) mod ids;
pub(crate) mod keys;
pub(crate) mod lease;
pub(crate) mod money;
pub(crate) mod query;
pub(crate) mod stored;
pub(crate) mod times;
pub(crate) mod tokens;

use jeton_app::Failure;

/// Refused with the field or the limit, in words that are no longer than somebody reads, whatever was sent.
fn is_told(failure: &Failure, limit: &str) {
    if let Failure::BadRequest { field, detail } = failure {
        assert!(!field.is_empty() && !detail.is_empty(), "{failure:?}");
        assert!(field.chars().count() <= 300 && detail.chars().count() <= 1_000, "{failure:?}");
    } else {
        assert!(matches!(failure, Failure::Limit { name, .. } if *name == limit), "{failure:?}");
    }
}
