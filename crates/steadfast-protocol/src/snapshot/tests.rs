//! Snapshots round-trip; one flipped bit anywhere makes them unreadable, never wrong.

use proptest::prelude::*;

use super::*;
use crate::sample::Sampler;

fn sample() -> (Snapshot, Bytes) {
    let run: Run = Sampler::default().sample();
    let bytes = encode(&run, 42, Some("00-a-b-01")).unwrap();
    (Snapshot { sequence: 42, traceparent: Some("00-a-b-01".to_owned()), run }, bytes)
}

#[test]
fn a_snapshot_round_trips() {
    let (snapshot, bytes) = sample();
    assert_eq!(decode(&bytes), Ok(snapshot));
}

#[test]
fn another_version_is_unreadable() {
    let mut bytes = sample().1.to_vec();
    bytes[3] = 2;
    assert_eq!(decode(&bytes), Err(DecodeError::UnknownVersion { found: 2, known: 1 }));
}

proptest! {
    #[test]
    fn a_flipped_bit_is_noticed(at in any::<prop::sample::Index>(), bit in 0..8) {
        let (_, bytes) = sample();
        let mut bytes = bytes.to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(decode(&bytes).is_err(), "byte {} bit {}", at, bit);
        prop_assert!(decode(&bytes[..at]).is_err());
    }
}
