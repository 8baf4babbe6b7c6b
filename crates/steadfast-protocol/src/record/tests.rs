//! Records round-trip, and every way of being broken has its typed error.

use proptest::prelude::*;
use steadfast_core::{Change, Entry, Event, Record};

use super::*;
use crate::sample::{Sampler, variants};

fn sample() -> Record {
    let event: Event = Sampler::choosing("EventKind", 10).sample();
    let change: Change = Sampler::choosing("Change", 5).sample();
    Record {
        at: steadfast_core::Timestamp(7),
        entries: vec![Entry::Event(event), Entry::Change(change)],
    }
}

/// The sample's bytes with one byte string replaced by another.
fn altered(from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = encode(&sample()).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn every_event_and_change_round_trips() {
    for index in 0..variants::<Event>("EventKind").len() {
        let event = Sampler::choosing("EventKind", index).sample();
        let record = Record { entries: vec![Entry::Flushed(event)], ..Record::default() };
        assert_eq!(decode(&encode(&record).unwrap()), Ok(record));
    }
    assert_eq!(decode(&encode(&sample()).unwrap()), Ok(sample()));
}

#[test]
fn a_record_starts_with_its_version() {
    assert_eq!(&encode(&sample()).unwrap()[..12], b"\x82\xA1v\x01\xA6record\x82");
}

#[test]
fn unknown_versions_kinds_and_fields_are_typed_errors() {
    let unknown = |found| Err(DecodeError::UnknownVersion { found, known: 1 });
    assert_eq!(decode(&altered(b"v\x01", b"v\x02")), unknown(2));
    assert_eq!(decode(&altered(b"v\x01", b"v\xCD\x01\x00")), unknown(256));
    assert_eq!(
        decode(&altered(b"entries", b"entriez")),
        Err(DecodeError::UnknownField("entriez".to_owned()))
    );
    assert_eq!(
        decode(&altered(b"\xA6record", b"\xA6recorX")),
        Err(DecodeError::UnknownField("recorX".to_owned()))
    );
    let kind = decode(&altered(b"\xA5Event", b"\xA5Evemt"));
    assert!(matches!(kind, Err(DecodeError::UnknownKind(_))), "{kind:?}");
    let nested = decode(&altered(b"scheduled_event_id", b"scheduled_event_ix"));
    assert!(matches!(nested, Err(DecodeError::UnknownField(_))), "{nested:?}");
}

#[test]
fn every_truncation_is_a_typed_error() {
    let bytes = encode(&sample()).unwrap();
    for end in 0..bytes.len() {
        assert_eq!(decode(&bytes[..end]), Err(DecodeError::Truncated), "at {end}");
    }
    let mut longer = bytes.to_vec();
    longer.push(0xC0);
    assert_eq!(decode(&longer), Err(DecodeError::Trailing));
}

#[test]
fn objects_are_named_and_checked() {
    let object = ObjectRef::of("a", b"bytes");
    let bytes = encode_object(&object).unwrap();
    assert_eq!(read(&bytes), Ok(Contents::Object(object.clone())));
    assert!(matches!(decode(&bytes), Err(DecodeError::Malformed(_))));
    assert_eq!(object.check(b"bytes"), Ok(()));
    assert_eq!(object.check(b"bytez"), Err(DecodeError::Checksum));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let mut prefixed = crate::codec::versioned_prefix(1, "record");
        prefixed.extend_from_slice(&bytes);
        let _ = read(&prefixed);
    }

    #[test]
    fn flipped_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&sample()).unwrap().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(record) = decode(&bytes) {
            // What can be read can be written and read again.
            prop_assert_eq!(decode(&encode(&record).unwrap()), Ok(record));
        }
    }
}
