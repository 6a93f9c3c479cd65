//! The hashes of the stored form (rule V2) are a promise: these values, made by another program
//! from the description in `chain.rs`, must never change.

use jeton_store::chain::{ORIGIN, commit, link};
use jeton_store::{Checkpoint, Sealed};

fn entry(position: u64, stream: &str, seq: u64, hash: [u8; 32]) -> Sealed {
    Sealed { position, stream: stream.into(), seq, at: 0, body: b"{}".as_slice().into(), hash, commit: None }
}

#[test]
fn links_keep_their_values() {
    let first = link(&ORIGIN, "team:acme", 1, 1_772_438_400_000_000, br#"{"v":1,"kind":"team_created"}"#);
    assert_eq!(hex::encode(first), "04d7631b5b0a014107548ddb9e55cb5c3dfab6ba7833ef75613a247c438464b5");
    let second = link(&first, "team:acme", 2, -1, "{\"v\":1,\"kind\":\"größer\"}".as_bytes());
    assert_eq!(hex::encode(second), "39779b73172e27989853d1e9e04fa42a2601bb8c5e9412f8456be697e915f0c4");
}

#[test]
fn commits_keep_their_values() {
    let first = commit(&ORIGIN, &[entry(1, "vendor", 1, [0x11; 32]), entry(2, "team:acme", 1, [0x22; 32])]);
    assert_eq!(hex::encode(first), "4539f7dd0c05f3b07ba0cc059c8b676e694c16c28f163130dc270945eaf0e2a7");
    let second = commit(&first, &[entry(3, "team:acme", 2, [0x33; 32])]);
    assert_eq!(hex::encode(second), "6bbb2e419e291586029c62356b9ef1ff54e368573cc688ea4d0ede7ecd9ff55a");
}

#[test]
fn no_field_runs_into_the_next() {
    let at = 5;
    assert_ne!(link(&ORIGIN, "team:a", 1, at, b"bc"), link(&ORIGIN, "team:ab", 1, at, b"c"));
    assert_ne!(link(&ORIGIN, "team:a", 1, 2, b""), link(&ORIGIN, "team:a", 2, 1, b""));
}

#[test]
fn checkpoints_keep_their_form() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let checkpoint = Checkpoint::sign(&key, 1_772_438_400_000_000, 3, [0xab; 32], "team:acme", 2);
    let json = serde_json::to_string(&checkpoint).unwrap();
    let golden = concat!(
        r#"{"position":3,"at":1772438400000000,"commit":"abababababababababababababababababababababababababababababababab","#,
        r#""stream":"team:acme","seq":2,"public_key":"fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618","signature":"e130c0c5be6d197100b7e158454534da99d97d3d53654e896a3ef7a89b54890d3e3530a59df06a36ace2e52b44ca1c7febb8bbe67df1d006ef531b2fb409ea07"}"#
    );
    assert_eq!(json, golden);
    let read: Checkpoint = serde_json::from_str(golden).unwrap();
    assert_eq!(read, checkpoint);
    assert_eq!(read.verify(), Ok(()));
}

#[test]
fn a_checkpoint_with_any_part_changed_is_forged() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let genuine = Checkpoint::sign(&key, 5, 3, [0xab; 32], "team:acme", 2);
    let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let mut forged = vec![genuine.clone(); 7];
    forged[0].position += 1;
    forged[1].at += 1;
    forged[2].commit[0] ^= 1;
    forged[3].stream.push('x');
    forged[4].seq += 1;
    forged[5].public_key = other.verifying_key().to_bytes();
    forged[6].signature[63] ^= 1;
    for checkpoint in forged {
        assert!(checkpoint.verify().is_err(), "{checkpoint:?}");
    }
}
