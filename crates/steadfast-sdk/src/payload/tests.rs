//! Payload conversions.

use std::collections::BTreeMap;

use bytes::Bytes;
use steadfast_core::Payload;

use super::{ConversionError, decode, decode_list, encode, encode_list};

#[test]
fn json_bytes_and_nothing_have_their_own_encodings() {
    let map = BTreeMap::from([("a", 1)]);
    assert_eq!(encode(&map).unwrap().encoding(), Some("json/plain"));
    assert_eq!(encode("text").unwrap().data, Bytes::from_static(b"\"text\""));
    let bytes = encode(&Some(Bytes::from_static(b"\0\xff"))).unwrap();
    assert_eq!((bytes.encoding(), &*bytes.data), (Some("binary/plain"), &b"\0\xff"[..]));
    assert_eq!(encode(&()).unwrap().encoding(), Some("binary/null"));
    assert_eq!(encode(&None::<u8>).unwrap().encoding(), Some("binary/null"));
}

#[test]
fn values_come_back() {
    let bytes = Bytes::from_static(b"\0\xff");
    assert_eq!(decode::<Bytes>(&encode(&bytes).unwrap()).unwrap(), bytes);
    assert_eq!(decode::<Vec<u8>>(&encode(&bytes).unwrap()).unwrap(), bytes);
    assert_eq!(decode::<Option<Bytes>>(&encode(&bytes).unwrap()).unwrap(), Some(bytes));
    assert_eq!(decode_list::<Option<u8>>(&[]).unwrap(), None);
    decode_list::<()>(&encode_list(&()).unwrap()).unwrap();
}

#[test]
fn wrong_types_and_encodings_are_errors() {
    let error = decode::<u32>(&encode("text").unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("payload cannot be decoded as u32: "), "{error}");
    let error = decode::<u32>(&Payload::new("binary/encrypted", "x")).unwrap_err();
    assert!(matches!(error, ConversionError::Encoding(_)));
    decode_list::<u32>(&[]).unwrap_err();
}
