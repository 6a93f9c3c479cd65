//! Secrets: the one place where randomness is drawn, and the form of API keys.
//!
//! A key is `jtn_`, 43 characters of base 62 for 32 random bytes, and 6 for a CRC-32 of what stands before, so that
//! a scanner recognises it and a typing error is told from a wrong key. Only its SHA-256 is ever stored.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PREFIX: &str = "jtn_";
const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key in the clear; shown once, and wiped when it is dropped.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// A fresh one.
    pub(crate) fn fresh() -> Self {
        let body = format!("{PREFIX}{}", base62(&random::<32>(), SECRET_CHARS));
        let checksum = checksum(&body);
        Self(Zeroizing::new(format!("{body}{checksum}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

/// The hash of what was shown as a key; `None` when it cannot be one.
pub(crate) fn hash_of_shown(shown: &str) -> Option<[u8; 32]> {
    let well_formed = shown.is_ascii() && shown.len() == PREFIX.len() + SECRET_CHARS + CHECKSUM_CHARS;
    let (body, given) = well_formed.then(|| shown.split_at(shown.len() - CHECKSUM_CHARS))?;
    (body.starts_with(PREFIX) && checksum(body) == given).then(|| hash(shown))
}

/// The public id of a fresh key.
pub(crate) fn fresh_key_id() -> String {
    format!("key_{}", base62(&random::<16>(), 16))
}

/// The public id of the key that this caller makes under this idempotency key.
pub(crate) fn key_id_for(caller: &str, idempotency_key: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(u64::try_from(caller.len()).unwrap_or_default().to_be_bytes());
    digest.update(caller);
    digest.update(idempotency_key);
    let digest = digest.finalize();
    format!("key_{}", base62(&digest[..16], 16))
}

/// The public id of a fresh enrolment.
pub(crate) fn fresh_enrolment_id() -> String {
    format!("enr_{}", base62(&random::<16>(), 16))
}

/// The public id of the enrolment that is made from these, each with its length before it.
pub(crate) fn enrolment_id_for(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        digest.update(part);
    }
    format!("enr_{}", base62(&digest.finalize()[..16], 16))
}

/// The ledger's number of a device: a keyed hash, so that without the member's salt nobody can tell its name (V5).
pub fn device_key(salt: &[u8; 16], name: &str) -> u64 {
    keyed_hash(salt, name)
}

/// 63 bits that tell nothing of a name to who has not the salt.
pub(crate) fn keyed_hash(salt: &[u8; 16], name: &str) -> u64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("a key of any length will do");
    mac.update(name.as_bytes());
    let tag = mac.finalize().into_bytes();
    let mut first = [0; 8];
    first.copy_from_slice(&tag[..8]);
    // One bit less, so that it is also a number of the store.
    u64::from_be_bytes(first) >> 1
}

/// Random bytes of the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the one place where randomness is drawn")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

fn hash(shown: &str) -> [u8; 32] {
    Sha256::digest(shown.as_bytes()).into()
}

fn checksum(body: &str) -> String {
    base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_CHARS)
}

/// Big-endian bytes in base 62, in at most so many characters, with leading zeros.
fn base62(bytes: &[u8], chars: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; chars];
    for place in text.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        *place = ALPHABET[usize::try_from(rest).unwrap_or_default()];
    }
    String::from_utf8(text).expect("the alphabet is ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_and_an_altered_one_is_not() {
        let secret = Secret::fresh();
        assert_eq!(hash_of_shown(secret.as_str()), Some(secret.hash()));
        let other = if secret.as_str().ends_with('0') { "1" } else { "0" };
        let altered = format!("{}{other}", &secret.as_str()[..secret.as_str().len() - 1]);
        for bad in ["", "jtn_", &altered, &secret.as_str()[1..], &secret.as_str().replace("jtn_", "jtn-")] {
            assert_eq!(hash_of_shown(bad), None, "{bad}");
        }
        assert_ne!(Secret::fresh().as_str(), secret.as_str());
    }

    #[test]
    fn base_62_counts_as_numbers_do() {
        assert_eq!(base62(&[0], 2), "00");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[255, 255, 255, 255], 6), "4gfFC3");
    }

    #[test]
    fn v5_a_device_has_another_number_for_another_member() {
        assert_eq!(device_key(&[1; 16], "laptop"), device_key(&[1; 16], "laptop"));
        assert_ne!(device_key(&[1; 16], "laptop"), device_key(&[2; 16], "laptop"));
    }
}
