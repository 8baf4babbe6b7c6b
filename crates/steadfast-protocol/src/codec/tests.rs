//! Strictness at any depth, and a bound on depth that a small stack survives.

use serde::Deserialize;
use steadfast_core::{Failure, Payload};

use super::*;

fn nested(levels: usize) -> Failure {
    (0..levels).fold(Failure::default(), |cause, _| Failure {
        cause: Some(Box::new(cause)),
        ..Failure::default()
    })
}

fn on_stack<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(bytes).spawn(work).unwrap().join().unwrap()
}

/// A worker thread of tokio has 2 MiB, and a debug build takes 11 KiB of it per level of failure.
#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    let [deepest, too_deep, far_too_deep] = [DEPTH_MAX - 2, DEPTH_MAX, 600]
        .map(|levels| on_stack(64 << 20, move || encode(&nested(levels)).unwrap()));
    let check = move || {
        assert!(decode::<Failure>(&deepest).is_ok());
        assert_eq!(decode_request::<Failure>(&deepest), Err(DecodeError::TooDeep));
        for bytes in [too_deep, far_too_deep] {
            assert_eq!(decode::<Failure>(&bytes), Err(DecodeError::TooDeep));
        }
        let lists = vec![0x91; 100_000];
        assert!(decode::<Failure>(&lists).is_err());
        assert!(decode::<serde::de::IgnoredAny>(&lists).is_err());
    };
    on_stack(2 << 20, check);
}

#[test]
fn text_is_accepted_where_bytes_are_meant() {
    // {"metadata": {"encoding": "json/plain"}, "data": "1"}
    let bytes = b"\x82\xA8metadata\x81\xA8encoding\xAAjson/plain\xA4data\xA11";
    assert_eq!(decode(bytes), Ok(Payload::new("json/plain", "1")));
    // {"data": bin}
    let plain = decode::<Payload>(b"\x81\xA4data\xC4\x011").unwrap();
    assert_eq!(plain.data, "1");
}

#[derive(Debug, Deserialize, PartialEq)]
struct Outer {
    inner: Vec<Payload>,
}

#[test]
fn unknown_fields_are_named_with_their_path() {
    let bytes = b"\x81\xA5inner\x91\x82\xA4data\xA0\xA4more\x01";
    assert_eq!(decode::<Outer>(bytes), Err(DecodeError::UnknownField("inner.0.more".to_owned())));
    assert!(matches!(decode::<Outer>(b"\x80"), Err(DecodeError::MissingField(_))));
    assert!(matches!(decode::<Outer>(b"\xC1"), Err(DecodeError::Malformed(_))));
}
