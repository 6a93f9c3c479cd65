//! Leases: the signed proof that a client holds of its right to run (W11), as JWS compact (RFC 7515, RFC 9864).
//!
//! A lease is made from stored facts alone, and the signature of Ed25519 is deterministic, so that the same facts
//! give the same bytes (V4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use jeton_core::presence::LeaseGiven;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::contract::{Jwk, Jwks};

/// The algorithm's name in the header: the one of RFC 9864, or the older one for older libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseAlgorithm {
    Ed25519,
    EdDsa,
}

impl LeaseAlgorithm {
    /// As in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Signs leases.
pub(crate) struct Leases {
    key: SigningKey,
    issuer: String,
    algorithm: LeaseAlgorithm,
    header: String,
}

/// Whose right to run what, where.
pub(crate) struct Holder<'a> {
    pub(crate) team: &'a str,
    pub(crate) member: &'a str,
    pub(crate) product: &'a str,
    pub(crate) device: &'a str,
    pub(crate) session: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    team: &'a str,
    member: &'a str,
    product: &'a str,
    device: &'a str,
    session: &'a str,
    cover: &'a str,
}

impl Leases {
    pub(crate) fn new(key: SigningKey, issuer: String, algorithm: LeaseAlgorithm) -> Self {
        let header = format!(r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#, algorithm.name(), kid(&key));
        Self { key, issuer, algorithm, header: URL_SAFE_NO_PAD.encode(header) }
    }

    /// The lease that was given, in its bytes.
    pub(crate) fn sign(&self, given: LeaseGiven, holder: &Holder<'_>) -> String {
        let claims = Claims {
            iss: &self.issuer,
            iat: given.issued_at.seconds(),
            exp: given.until.seconds(),
            jti: &format!("{}.{}", holder.session, given.issued_at.micros()),
            team: holder.team,
            member: holder.member,
            product: holder.product,
            device: holder.device,
            session: holder.session,
            cover: given.cover,
        };
        let claims = serde_json::to_vec(&claims).expect("texts and numbers are JSON");
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The public keys that leases are verified with.
    pub(crate) fn jwks(&self) -> Jwks {
        let key = Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: self.algorithm.name().to_owned(),
            key_use: "sig".to_owned(),
            kid: kid(&self.key),
            x: URL_SAFE_NO_PAD.encode(self.key.verifying_key().to_bytes()),
        };
        Jwks { keys: vec![key] }
    }
}

/// What the key is known by: the beginning of its public half's SHA-256.
fn kid(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(key.verifying_key().to_bytes())[..9])
}
