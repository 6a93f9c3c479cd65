//! Leases (W11): verified without the server, by the public keys alone (RFC 7515, RFC 8037, RFC 9864).
//!
//! What always holds: nothing of a lease is believed before its signature is verified; the algorithm is that of the
//! key and never one that the lease chooses; every way of not holding has its own reason. What is asked is always
//! "for this team, member, product and device, at this instant".

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Jwks;

/// How long a product may run on after its lease has ended, to save and stop (W11).
pub const GRACE: Duration = Duration::from_mins(15);

/// By how much the server's clock may be ahead of what is known of it here.
const AHEAD: Duration = Duration::from_mins(1);

/// What a lease says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseClaims {
    /// The installation that signed it.
    pub iss: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    pub jti: String,
    pub team: String,
    pub member: String,
    pub product: String,
    pub device: String,
    pub session: String,
    /// What pays for it: `tokens`, `window`, `seat`.
    pub cover: String,
}

impl LeaseClaims {
    /// When it ends.
    pub fn ends_at(&self) -> Timestamp {
        Timestamp::from_second(self.exp).unwrap_or(Timestamp::MIN)
    }
}

/// For whom a lease has to be, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder<'a> {
    pub team: &'a str,
    pub member: &'a str,
    pub product: &'a str,
    pub device: &'a str,
}

/// How a lease that is true stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It holds: a product may start, and run.
    Holds,
    /// It has ended, by less than the grace: a product that runs may save and stop, and none may start.
    InGrace,
}

/// Why a lease does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaseRefusal {
    #[error("it is no lease")]
    Malformed,
    #[error("it names an algorithm that is not the key's")]
    WrongAlgorithm,
    #[error("it names a key that the installation does not have")]
    UnknownKey,
    #[error("it is not as it was signed")]
    Altered,
    #[error("it was issued later than now")]
    NotYet,
    #[error("it has ended")]
    Ended,
    #[error("it is of another team")]
    OtherTeam,
    #[error("it is of another member")]
    OtherMember,
    #[error("it is for another product")]
    OtherProduct,
    #[error("it is for another device")]
    OtherDevice,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that have to be understood (RFC 7515, 4.1.11). We understand none.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// What a lease says and how it stands at an instant, when it is true and for this holder; else why not.
pub fn verify(
    lease: &str,
    keys: &Jwks,
    holder: Holder<'_>,
    at: Timestamp,
    grace: Duration,
) -> Result<(LeaseClaims, Standing), LeaseRefusal> {
    let claims = read(lease, keys)?;
    for (claimed, asked, refusal) in [
        (&claims.team, holder.team, LeaseRefusal::OtherTeam),
        (&claims.member, holder.member, LeaseRefusal::OtherMember),
        (&claims.product, holder.product, LeaseRefusal::OtherProduct),
        (&claims.device, holder.device, LeaseRefusal::OtherDevice),
    ] {
        if claimed != asked {
            return Err(refusal);
        }
    }
    let now = at.as_second();
    if claims.iat > now.saturating_add(seconds(AHEAD)) {
        return Err(LeaseRefusal::NotYet);
    }
    if now < claims.exp {
        Ok((claims, Standing::Holds))
    } else if now < claims.exp.saturating_add(seconds(grace)) {
        Ok((claims, Standing::InGrace))
    } else {
        Err(LeaseRefusal::Ended)
    }
}

/// What a lease says, when one of the keys has signed it.
pub(crate) fn read(lease: &str, keys: &Jwks) -> Result<LeaseClaims, LeaseRefusal> {
    let (signed, signature) = lease.rsplit_once('.').ok_or(LeaseRefusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(LeaseRefusal::Malformed)?;
    let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| LeaseRefusal::Malformed)?;
    if header.crit.is_some() {
        return Err(LeaseRefusal::Malformed);
    }
    if !["Ed25519", "EdDSA"].contains(&header.alg.as_str()) {
        return Err(LeaseRefusal::WrongAlgorithm);
    }
    let kid = header.kid.ok_or(LeaseRefusal::UnknownKey)?;
    let key = keys.keys.iter().find(|key| key.kid == kid).ok_or(LeaseRefusal::UnknownKey)?;
    if key.alg != header.alg {
        return Err(LeaseRefusal::WrongAlgorithm);
    }
    if (key.kty.as_str(), key.crv.as_str()) != ("OKP", "Ed25519") {
        return Err(LeaseRefusal::UnknownKey);
    }
    let public = URL_SAFE_NO_PAD.decode(&key.x).map_err(|_| LeaseRefusal::UnknownKey)?;
    let public: [u8; 32] = public.try_into().map_err(|_| LeaseRefusal::UnknownKey)?;
    let public = VerifyingKey::from_bytes(&public).map_err(|_| LeaseRefusal::UnknownKey)?;
    // Whatever is no signature at all is a signature that was altered.
    let signature = bytes(signature).map_err(|_| LeaseRefusal::Altered)?;
    let signature = Signature::from_slice(&signature).map_err(|_| LeaseRefusal::Altered)?;
    public.verify_strict(signed.as_bytes(), &signature).map_err(|_| LeaseRefusal::Altered)?;
    serde_json::from_slice(&bytes(claims)?).map_err(|_| LeaseRefusal::Malformed)
}

fn bytes(part: &str) -> Result<Vec<u8>, LeaseRefusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| LeaseRefusal::Malformed)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
