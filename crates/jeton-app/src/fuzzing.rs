//! The forms of API keys and leases as functions of text, for jeton-fuzz.
//!
//! What always holds: these are the functions that the use cases use, and nothing is added to them. Only built with
//! the feature `fuzzing`, so not into what is shipped.

use ed25519_dalek::SigningKey;
use jeton_core::presence::LeaseGiven;

use crate::LeaseAlgorithm;
use crate::leases::{Holder, Leases};
use crate::secret;

/// The hash of what was shown as a key; `None` when it cannot be one.
pub fn hash_of_shown_key(shown: &str) -> Option<[u8; 32]> {
    secret::hash_of_shown(shown)
}

/// A lease for team, member, product, device and session, in this order.
pub fn lease(
    key: SigningKey,
    issuer: &str,
    algorithm: LeaseAlgorithm,
    given: LeaseGiven,
    [team, member, product, device, session]: [&str; 5],
) -> String {
    let holder = Holder { team, member, product, device, session };
    Leases::new(key, issuer.to_owned(), algorithm).sign(given, &holder)
}
