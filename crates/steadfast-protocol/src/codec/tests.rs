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

/// A worker thread of tokio has 2 MiB; half of it must do, in a debug build.
#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    let check = || {
        let deep = nested(100);
        assert_eq!(decode::<Failure>(&encode(&deep).unwrap()), Ok(deep));
        assert_eq!(decode::<Failure>(&encode(&nested(600)).unwrap()), Err(DecodeError::TooDeep));
        let lists = vec![0x91; 100_000];
        assert!(decode::<Failure>(&lists).is_err());
        assert!(decode::<serde::de::IgnoredAny>(&lists).is_err());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(check).unwrap().join().unwrap();
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
    assert_eq!(
        decode::<Outer>(bytes),
        Err(DecodeError::UnknownField("inner.0.more".to_owned()))
    );
    assert!(matches!(decode::<Outer>(b"\x80"), Err(DecodeError::MissingField(_))));
    assert!(matches!(decode::<Outer>(b"\xC1"), Err(DecodeError::Malformed(_))));
}
