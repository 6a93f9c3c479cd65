//! Checkpoints, as `jeton verify --expect` reads them from a file (V2).

use ed25519_dalek::SigningKey;
use jeton_store::Checkpoint;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(mut checkpoint) = serde_json::from_slice::<Checkpoint>(bytes) else { return };
    let written = serde_json::to_vec(&checkpoint).expect("a checkpoint is JSON");
    assert_eq!(serde_json::from_slice::<Checkpoint>(&written).ok().as_ref(), Some(&checkpoint));
    // Nobody but the tests of the store has signed one that this could be, and its number is not its own.
    let key = SigningKey::from_bytes(&[1; 32]);
    let Checkpoint { position, at, commit, stream, seq, .. } = &checkpoint;
    let signed = Checkpoint::sign(&key, *at, *position, *commit, stream, *seq);
    assert_eq!(signed.verify(), Ok(()));
    // A signature is over all of it.
    if checkpoint.verify().is_ok() {
        checkpoint.seq ^= 1;
        assert!(checkpoint.verify().is_err(), "another number has the same signature");
    }
}
