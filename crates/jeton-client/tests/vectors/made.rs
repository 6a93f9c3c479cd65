//! Makes the vectors of leases: what every reader of a lease has to believe, and what it has to refuse and why.
//!
//! What always holds: the keys are made from fixed bytes and Ed25519 is deterministic, so the same vectors come out
//! each time. Nothing of the SDK is used here, so that what it reads was written by another hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// 2026-03-02T08:00:00Z, when the leases are issued.
const ISSUED: i64 = 1_772_438_400;
/// A day later they end.
const ENDS: i64 = ISSUED + 86_400;

/// A key of an installation, and how it calls its algorithm.
struct Key {
    kid: &'static str,
    alg: &'static str,
    secret: [u8; 32],
}

const FIRST: Key = Key { kid: "first", alg: "Ed25519", secret: [1; 32] };
/// Of an installation that is set for older libraries.
const OLDER: Key = Key { kid: "older", alg: "EdDSA", secret: [2; 32] };
/// In no set of keys.
const STRANGE: Key = Key { kid: "strange", alg: "Ed25519", secret: [3; 32] };

/// All of them, as the file has them.
pub(crate) fn vectors() -> Value {
    let good = lease(&FIRST, &claims());
    let with = |change: fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        lease(&FIRST, &claims)
    };
    let noon = "2026-03-02T12:00:00Z";
    let cases = [
        case("issued this morning", &good, noon, "valid"),
        case("by a key that is called EdDSA", &lease(&OLDER, &claims()), noon, "valid"),
        case("in the second in which it was issued", &good, "2026-03-02T08:00:00Z", "valid"),
        case("a minute before it was issued, since clocks differ", &good, "2026-03-02T07:59:00Z", "valid"),
        case("more than a minute before it was issued", &good, "2026-03-02T07:58:59Z", "not_yet"),
        case("in its last second", &good, "2026-03-03T07:59:59Z", "valid"),
        case("when it has just ended", &good, "2026-03-03T08:00:00Z", "in_grace"),
        case("in the last second of the grace", &good, "2026-03-03T08:14:59Z", "in_grace"),
        case("when the grace is over", &good, "2026-03-03T08:15:00Z", "ended"),
        case("a year later", &good, "2027-03-02T12:00:00Z", "ended"),
        case(
            "with a later end written in",
            &altered(&good, |claims| claims["exp"] = json!(ENDS + 86_400)),
            noon,
            "altered",
        ),
        case(
            "with another product written in",
            &altered(&good, |claims| claims["product"] = json!("revit")),
            noon,
            "altered",
        ),
        case("with another header", &with_header(&good, r#"{"alg":"Ed25519","kid":"first"}"#), noon, "altered"),
        case("with one bit of its signature turned", &turned(&good), noon, "altered"),
        case("with half of its signature", &good[..good.len() - 43], noon, "altered"),
        case("without a signature", &good[..=good.rfind('.').expect("three parts")], noon, "altered"),
        case(
            "signed by another key under the name of ours",
            &lease(&Key { kid: FIRST.kid, ..STRANGE }, &claims()),
            noon,
            "altered",
        ),
        case("of no algorithm", &unsigned("none"), noon, "wrong_algorithm"),
        case("of no algorithm, in capitals", &unsigned("NONE"), noon, "wrong_algorithm"),
        case("of HS256, with the public key as its secret", &by_hmac(), noon, "wrong_algorithm"),
        case(
            "of the other name of the algorithm than the key's",
            &lease(&Key { alg: "EdDSA", ..FIRST }, &claims()),
            noon,
            "wrong_algorithm",
        ),
        case("by a key that is not in the set", &lease(&STRANGE, &claims()), noon, "unknown_key"),
        case("that names no key", &signed(&FIRST, r#"{"alg":"Ed25519","typ":"JWT"}"#, &claims()), noon, "unknown_key"),
        case("of another team", &with(|claims| claims["team"] = json!("other")), noon, "other_team"),
        case("of another member", &with(|claims| claims["member"] = json!("ben")), noon, "other_member"),
        case("for another product", &with(|claims| claims["product"] = json!("revit")), noon, "other_product"),
        case("for another device", &with(|claims| claims["device"] = json!("desktop")), noon, "other_device"),
        case("of two parts", "eyJhbGciOiJFZDI1NTE5In0.e30", noon, "malformed"),
        case("of nothing", "", noon, "malformed"),
        case("with a header that is no JSON", &with_header(&good, "alg"), noon, "malformed"),
        case(
            "that asks for an extension to be understood",
            &signed(&FIRST, r#"{"alg":"Ed25519","kid":"first","crit":["x"],"x":1}"#, &claims()),
            noon,
            "malformed",
        ),
        case(
            "without an end",
            &with(|claims| {
                claims.as_object_mut().expect("claims").remove("exp");
            }),
            noon,
            "malformed",
        ),
    ];
    json!({"jwks": {"keys": [jwk(&FIRST), jwk(&OLDER)]}, "grace_s": 900, "leases": cases})
}

fn case(name: &str, lease: &str, at: &str, outcome: &str) -> Value {
    let expects = json!({"team": "acme", "member": "ana", "product": "autocad", "device": "laptop"});
    json!({"name": name, "lease": lease, "at": at, "expects": expects, "outcome": outcome})
}

fn claims() -> Value {
    json!({
        "iss": "jeton", "iat": ISSUED, "exp": ENDS, "jti": "s1.1772438400000000", "team": "acme", "member": "ana",
        "product": "autocad", "device": "laptop", "session": "s1", "cover": "tokens"
    })
}

fn jwk(key: &Key) -> Value {
    let x = encoded(SigningKey::from_bytes(&key.secret).verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "alg": key.alg, "use": "sig", "kid": key.kid, "x": x})
}

fn lease(key: &Key, claims: &Value) -> String {
    signed(key, &format!(r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#, key.alg, key.kid), claims)
}

fn signed(key: &Key, header: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.to_string().as_bytes()));
    let signature = SigningKey::from_bytes(&key.secret).sign(signed.as_bytes());
    format!("{signed}.{}", encoded(&signature.to_bytes()))
}

fn unsigned(alg: &str) -> String {
    let header = format!(r#"{{"alg":"{alg}","kid":"first","typ":"JWT"}}"#);
    format!("{}.{}.", encoded(header.as_bytes()), encoded(claims().to_string().as_bytes()))
}

fn by_hmac() -> String {
    let header = r#"{"alg":"HS256","kid":"first","typ":"JWT"}"#;
    let signed = format!("{}.{}", encoded(header.as_bytes()), encoded(claims().to_string().as_bytes()));
    let public = SigningKey::from_bytes(&FIRST.secret).verifying_key();
    let mut mac = Hmac::<Sha256>::new_from_slice(public.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", encoded(&mac.finalize().into_bytes()))
}

fn altered(lease: &str, change: fn(&mut Value)) -> String {
    let [header, claims, signature] = parts(lease);
    let decoded = URL_SAFE_NO_PAD.decode(claims).expect("a lease");
    let mut claims: Value = serde_json::from_slice(&decoded).expect("claims");
    change(&mut claims);
    format!("{header}.{}.{signature}", encoded(claims.to_string().as_bytes()))
}

fn with_header(lease: &str, header: &str) -> String {
    let [_, claims, signature] = parts(lease);
    format!("{}.{claims}.{signature}", encoded(header.as_bytes()))
}

fn turned(lease: &str) -> String {
    let [header, claims, signature] = parts(lease);
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("a signature");
    signature[40] ^= 1;
    format!("{header}.{claims}.{}", encoded(&signature))
}

fn parts(lease: &str) -> [&str; 3] {
    let parts: Vec<&str> = lease.split('.').collect();
    parts.try_into().expect("three parts")
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
