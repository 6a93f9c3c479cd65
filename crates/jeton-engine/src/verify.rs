//! Verifying: everything is recomputed from nothing, and compared with what is stored (V1–V3).
//!
//! The hash chains and checkpoints are the store's to check. Here every entry is decoded and folded, which asserts
//! V3 for each lot that it touches, and the views are made again and compared with those that are kept.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton_store::verify::{self, Unverified, Verified};
use jeton_store::{Checkpoint, Difference, Reader, ViewsReader};

use crate::house::House;

/// How many checkpoints are looked at at a time.
const PAGE: usize = 1_000;

/// Verifies a whole installation. `signer` is the public half of the folder's checkpoint key, where that is known:
/// a checkpoint of another key proves nothing. `expected` is a checkpoint that was kept outside.
pub fn verify(
    log: &Reader,
    views: Option<&ViewsReader>,
    signer: Option<[u8; 32]>,
    expected: Option<&Checkpoint>,
) -> Result<Verified, Unverified> {
    if let Some(signer) = signer {
        signed_by(signer, log, expected)?;
    }
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
