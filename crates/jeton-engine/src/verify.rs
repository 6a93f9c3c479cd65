//! Verifying: everything is recomputed from nothing, and compared with what is stored (V1–V3).
//!
//! The hash chains and checkpoints are the store's to check. Here every entry is decoded and folded, which asserts
//! V3 for each lot that it touches, and the views are made again and compared with those that are kept.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton_store::verify::{self, Unverified, Verified};
use jeton_store::{Checkpoint, Difference, Reader, ViewsReader};

use crate::house::House;

/// Verifies a whole installation; `expected` is a checkpoint that was kept outside.
pub fn verify(
    log: &Reader,
    views: Option<&ViewsReader>,
    expected: Option<&Checkpoint>,
) -> Result<Verified, Unverified> {
    let mut house = House::empty();
    let verified = verify::chain_check(log, views, |sealed| {
        // What breaks an invariant stops the fold; here that is a finding, not a fault.
        match catch_unwind(AssertUnwindSafe(|| house.replay(sealed))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Difference::at(sealed, error.to_string())),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Err(Difference::at(sealed, text.unwrap_or("it cannot be folded")))
            }
        }
    })?;
    if let Some(expected) = expected {
        verify::expect(log, expected)?;
    }
    if let Some(views) = views {
        verify::views_check(log, views)?;
    }
    Ok(verified)
}
