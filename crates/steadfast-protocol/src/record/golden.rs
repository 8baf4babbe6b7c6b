//! The bytes of every kind of event, change and failure, pinned in `golden/`.
//!
//! Golden files are only ever added. A kind whose newest bytes changed (a field was added) gets a
//! further file, with `STEADFAST_GOLDEN=write`; the older ones must be readable forever.

use std::{collections::BTreeMap, fs, path::PathBuf};

use bytes::Bytes;
use steadfast_core::{Change, Entry, Event, Record, Timestamp};

use super::{decode, encode, encode_object};
use crate::sample::{Sampler, variants};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden"))
}

fn record(entry: Entry) -> Bytes {
    let record = Record { at: Timestamp(1_700_000_000_123_456_789), entries: vec![entry] };
    encode(&record).unwrap()
}

/// The current bytes of every kind, by file name without number.
fn current() -> BTreeMap<String, Bytes> {
    let mut files = BTreeMap::new();
    for (index, name) in variants::<Event>("EventKind").iter().enumerate() {
        let event = Sampler::choosing("EventKind", index).sample();
        files.insert(format!("event-{name}"), record(Entry::Event(event)));
    }
    for (index, name) in variants::<Change>("Change").iter().enumerate() {
        let change = Sampler::choosing("Change", index).sample();
        files.insert(format!("change-{name}"), record(Entry::Change(change)));
    }
    let kinds = variants::<Event>("EventKind");
    let failed = kinds.iter().position(|kind| *kind == "WorkflowExecutionFailed").unwrap();
    let sampler = |info| {
        let mut sampler = Sampler::choosing("EventKind", failed);
        sampler.choices.insert("FailureInfo", info);
        sampler
    };
    sampler(0).sample::<Event>();
    for (index, name) in variants::<steadfast_core::Failure>("FailureInfo").iter().enumerate() {
        let event = sampler(index).sample();
        files.insert(format!("failure-{name}"), record(Entry::Flushed(event)));
    }
    let object = super::ObjectRef::of("record/1", b"bytes");
    files.insert("object".to_owned(), encode_object(&object).unwrap());
    files
}

/// All golden files: name without number, number, bytes.
fn golden() -> Vec<(String, u32, Vec<u8>)> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let Some((name, number)) = stem.rsplit_once('-') else { panic!("golden file {stem}") };
        files.push((name.to_owned(), number.parse().unwrap(), fs::read(&path).unwrap()));
    }
    files.sort();
    files
}

#[test]
fn every_kind_has_its_golden_bytes() {
    let write = std::env::var("STEADFAST_GOLDEN").is_ok_and(|mode| mode == "write");
    let golden = golden();
    for (name, bytes) in current() {
        if golden.iter().any(|(found, _, old)| *found == name && *old == bytes) {
            continue;
        }
        let number = 1 + golden.iter().filter(|(found, ..)| *found == name).count();
        assert!(
            write,
            "the bytes of {name} changed: if that is meant (only additions are), run this test with \
             STEADFAST_GOLDEN=write, which adds {name}-{number}.bin"
        );
        fs::write(folder().join(format!("{name}-{number}.bin")), &bytes).unwrap();
    }
}

#[test]
fn every_golden_file_stays_readable() {
    for (name, number, bytes) in golden() {
        let contents = super::read(&bytes).unwrap_or_else(|error| {
            panic!("{name}-{number}.bin must stay readable forever: {error}")
        });
        if let super::Contents::Record(record) = contents {
            assert_eq!(decode(&encode(&record).unwrap()).unwrap(), record, "{name}-{number}.bin");
        }
    }
}
