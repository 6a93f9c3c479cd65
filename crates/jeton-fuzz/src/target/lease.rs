//! Leases (W11): what is signed for texts of anybody's is what a strict reader of JWS reads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use jeton_app::LeaseAlgorithm;
use jeton_core::presence::LeaseGiven;
use jeton_core::time::{Elapsed, Instant};
use serde_json::{Value, json};

/// Issuer, team, member, product, device and session, a line each; what is not there is empty.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n').chain(std::iter::repeat(""));
    let mut line = || lines.next().unwrap_or_default();
    let issuer = line();
    let holder: [&str; 5] = std::array::from_fn(|_| line());
    let length = u32::try_from(text.len()).unwrap_or_default();
    let issued_at = Instant::FIRST.plus(Elapsed::seconds(length.saturating_mul(40_503)));
    let given = LeaseGiven { issued_at, until: issued_at.plus(Elapsed::seconds(length)), cover: "window" };
    let key = SigningKey::from_bytes(&[2; 32]);
    let algorithm = if length.is_multiple_of(2) { LeaseAlgorithm::Ed25519 } else { LeaseAlgorithm::EdDsa };

    let lease = jeton_app::fuzzing::lease(key.clone(), issuer, algorithm, given, holder);
    assert_eq!(lease, jeton_app::fuzzing::lease(key.clone(), issuer, algorithm, given, holder), "V4");
    let (header, claims) = read(&lease, &key.verifying_key()).expect("what was signed is a lease");
    assert_eq!((&header["alg"], &header["typ"]), (&json!(algorithm.name()), &json!("JWT")));
    let [team, member, product, device, session] = holder;
    let expected = json!({
        "iss": issuer, "iat": given.issued_at.seconds(), "exp": given.until.seconds(),
        "jti": format!("{session}.{}", given.issued_at.micros()), "team": team, "member": member, "product": product,
        "device": device, "session": session, "cover": "window"
    });
    assert_eq!(claims, expected);

    // What anybody else wrote is none: the input itself, and the lease with one byte of the input in it.
    assert_eq!(read(text, &key.verifying_key()), None, "{text:?}");
    let place = text.len() % lease.len();
    let mut altered = lease.clone().into_bytes();
    altered[place] = bytes.last().copied().unwrap_or(b'A');
    if altered != lease.as_bytes()
        && let Ok(altered) = std::str::from_utf8(&altered)
    {
        assert_eq!(read(altered, &key.verifying_key()), None, "{altered} has the signature of {lease}");
    }
}

/// Header and claims of a lease that was signed with this key.
fn read(lease: &str, key: &VerifyingKey) -> Option<(Value, Value)> {
    let (signed, signature) = lease.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    key.verify_strict(signed.as_bytes(), &signature).ok()?;
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((json(header)?, json(claims)?))
}
