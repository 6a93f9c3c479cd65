//! Verifying: everything is recomputed from nothing, and compared with what is stored (V1–V3).
//!
//! The hash chains and checkpoints are the store's to check. Here every entry is decoded and folded, which asserts
//! V3 for each lot that it touches, and the views are made again and compared with those that are kept.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton_store::verify::{self, Unverified, Verified};
use jeton_store::{Checkpoint, Difference, Reader, ViewsReader, Watch};

use crate::house::House;

/// How many checkpoints are looked at at a time.
const PAGE: usize = 1_000;

/// Verifies a whole installation. `signer` is the public half of the folder's checkpoint key, where that is known:
/// a checkpoint of another key proves nothing. `expected` is a checkpoint that was kept outside. `watch` is told how far
/// it is, and may break it off.
pub fn verify(
    log: &Reader,
    views: Option<&ViewsReader>,
    signer: Option<[u8; 32]>,
    expected: Option<&Checkpoint>,
    watch: &Watch,
) -> Result<Verified, Unverified> {
    if let Some(signer) = signer {
        signed_by(signer, log, expected)?;
    }
    let mut house = House::empty();
    let verified = verify::chain_check(log, views, watch, |sealed| {
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
        verify::expect(log, expected).map_err(|unverified| of_another_life(&house, expected, unverified))?;
    }
    if let Some(views) = views {
        verify::views_check(log, views, watch)?;
    }
    Ok(verified)
}

/// After a restore, what was signed in the life before, later than the copy was made, does not fit: that is said.
fn of_another_life(house: &House, expected: &Checkpoint, unverified: Unverified) -> Unverified {
    let begun = house.epochs.iter().rev().find(|begun| begun.position <= expected.position);
    match (unverified, begun) {
        (Unverified::Difference(difference), Some(begun)) => {
            let what = format!(
                "{}; epoch {} began at position {} from a copy, and what was decided and signed elsewhere after that                  copy is not in this log",
                difference.what, begun.epoch.epoch, begun.position
            );
            Unverified::Difference(Difference { what, ..difference })
        }
        (unverified, _) => unverified,
    }
}

/// Every stored checkpoint, and the one kept outside, is of this key.
fn signed_by(signer: [u8; 32], log: &Reader, expected: Option<&Checkpoint>) -> Result<(), Unverified> {
    let of_another = |checkpoint: &Checkpoint| Difference {
        stream: checkpoint.stream.clone(),
        seq: checkpoint.seq,
        position: checkpoint.position,
        what: "the checkpoint there is signed by another key than the folder's".to_owned(),
    };
    if let Some(foreign) = expected.filter(|checkpoint| checkpoint.public_key != signer) {
        return Err(of_another(foreign).into());
    }
    let mut after = 0;
    loop {
        let page = log.checkpoints(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        if let Some(foreign) = page.iter().find(|checkpoint| checkpoint.public_key != signer) {
            return Err(of_another(foreign).into());
        }
    }
}
