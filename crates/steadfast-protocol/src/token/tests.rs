//! Tokens round-trip, and garbage is refused.

use proptest::prelude::*;

use super::*;
use crate::sample::Sampler;

#[test]
fn a_token_round_trips() {
    let token: TaskToken = Sampler::default().sample();
    assert_eq!(TaskToken::decode(&token.encode().unwrap()), Ok(token));
}

#[test]
fn garbage_is_refused() {
    assert_eq!(TaskToken::decode(b""), Err(DecodeError::Truncated));
    assert!(matches!(TaskToken::decode(b"garbage"), Err(DecodeError::Malformed(_))));
    let token: TaskToken = Sampler::default().sample();
    let mut bytes = token.encode().unwrap().to_vec();
    bytes[3] = 9;
    let unknown = DecodeError::UnknownVersion { found: 9, known: 1 };
    assert_eq!(TaskToken::decode(&bytes), Err(unknown));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = TaskToken::decode(&bytes);
        let mut prefixed = codec::versioned_prefix(VERSION, FIELD);
        prefixed.extend_from_slice(&bytes);
        let _ = TaskToken::decode(&prefixed);
    }
}
