//! The SDK's reading of leases (W11), held against the vectors that readers in other languages are held against, too.

#![cfg(feature = "sdk")]

#[path = "vectors/made.rs"]
mod made;

use jeton_client::Jwks;
use jeton_client::sdk::{GRACE, Holder, LeaseRefusal, LeaseStanding, verify};
use serde::Deserialize;

const FILE: &str = include_str!("vectors/leases.json");

#[derive(Deserialize)]
struct Vectors {
    jwks: Jwks,
    grace_s: u64,
    leases: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    lease: String,
    at: jiff::Timestamp,
    expects: Expects,
    outcome: String,
}

#[derive(Deserialize)]
struct Expects {
    team: String,
    member: String,
    product: String,
    device: String,
}

#[test]
fn the_vectors_are_current() {
    let file: serde_json::Value = serde_json::from_str(FILE).unwrap();
    assert_eq!(file, made::vectors(), "write it anew by the example `lease_vectors`");
}

#[test]
fn w11_a_lease_holds_or_is_refused_for_its_own_reason() {
    let vectors: Vectors = serde_json::from_str(FILE).unwrap();
    assert_eq!(vectors.grace_s, GRACE.as_secs());
    for Vector { name, lease, at, expects, outcome } in vectors.leases {
        let Expects { team, member, product, device } = &expects;
        let holder = Holder { team, member, product, device };
        let found = match verify(&lease, &vectors.jwks, holder, at, GRACE) {
            Ok((claims, standing)) => {
                assert_eq!(claims.device, *device, "{name}");
                match standing {
                    LeaseStanding::Holds => "valid",
                    LeaseStanding::InGrace => "in_grace",
                }
            }
            Err(refusal) => told(refusal),
        };
        assert_eq!(found, outcome, "a lease {name}");
    }
}

fn told(refusal: LeaseRefusal) -> &'static str {
    match refusal {
        LeaseRefusal::Malformed => "malformed",
        LeaseRefusal::WrongAlgorithm => "wrong_algorithm",
        LeaseRefusal::UnknownKey => "unknown_key",
        LeaseRefusal::Altered => "altered",
        LeaseRefusal::NotYet => "not_yet",
        LeaseRefusal::Ended => "ended",
        LeaseRefusal::OtherTeam => "other_team",
        LeaseRefusal::OtherMember => "other_member",
        LeaseRefusal::OtherProduct => "other_product",
        LeaseRefusal::OtherDevice => "other_device",
    }
}
