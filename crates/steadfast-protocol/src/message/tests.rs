//! Every message round-trips, full and minimal, and refuses what it does not know.

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::{
    codec::{DecodeError, decode, encode},
    sample::Sampler,
};

fn round_trips<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>() {
    let full: T = Sampler::default().sample();
    let bytes = encode(&full).unwrap();
    assert_eq!(decode::<T>(&bytes), Ok(full));
    for end in 0..bytes.len() {
        assert_eq!(decode::<T>(&bytes[..end]), Err(DecodeError::Truncated), "at {end}");
    }
    // One more field: the map's header grows by one, and a pair follows at the end.
    let (header, rest) = match bytes[0] {
        small @ 0x80..0x8F => (vec![small + 1], &bytes[1..]),
        0x8F => (vec![0xDE, 0, 16], &bytes[1..]),
        0xDE => (vec![0xDE, bytes[1], bytes[2] + 1], &bytes[3..]),
        other => panic!("a message is a map, not {other:#x}"),
    };
    let more = [&header, rest, b"\xA7unknown\x01"].concat();
    assert_eq!(decode::<T>(&more), Err(DecodeError::UnknownField("unknown".to_owned())));
}

#[test]
fn every_message_round_trips() {
    round_trips::<Done>();
    round_trips::<Start>();
    round_trips::<Started>();
    round_trips::<Signal>();
    round_trips::<Cancel>();
    round_trips::<Terminate>();
    round_trips::<Query>();
    round_trips::<QueryAnswer>();
    round_trips::<Update>();
    round_trips::<PollUpdate>();
    round_trips::<UpdateAnswer>();
    round_trips::<Describe>();
    round_trips::<Description>();
    round_trips::<History>();
    round_trips::<HistoryPage>();
    round_trips::<AwaitResult>();
    round_trips::<WorkflowResult>();
    round_trips::<List>();
    round_trips::<ListPage>();
    round_trips::<Count>();
    round_trips::<Counted>();
    round_trips::<Poll>();
    round_trips::<ActivityTask>();
    round_trips::<WorkflowTask>();
    round_trips::<Complete>();
    round_trips::<Completed>();
    round_trips::<Fail>();
    round_trips::<CancelTask>();
    round_trips::<Heartbeat>();
    round_trips::<HeartbeatAnswer>();
}

#[test]
fn needed_fields_are_few() {
    let start = b"\x83\xABworkflow_id\xA1o\xADworkflow_type\xA1T\xAAtask_queue\xA1q";
    let start: Start = decode(start).unwrap();
    assert_eq!(start.workflow_id.as_str(), "o");
    assert_eq!(decode::<Poll>(b"\x80"), Ok(Poll::default()));
    assert_eq!(decode::<Complete>(b"\x80"), Ok(Complete::default()));
    let missing = decode::<Signal>(b"\x81\xA4name\xA1s");
    assert!(matches!(missing, Err(DecodeError::MissingField(_))), "{missing:?}");
}

#[test]
fn a_start_becomes_the_cores_request() {
    let start: Start = Sampler::default().sample();
    let (workflow_id, request, signal) = start.clone().into_request();
    assert_eq!(workflow_id, start.workflow_id);
    assert_eq!(request.start_delay.0, start.options.start_delay_ms * 1_000_000);
    assert_eq!(request.user_metadata.unwrap().summary, start.options.summary);
    assert_eq!(signal.unwrap().request_id, start.request_id);
}

#[test]
fn verbs_have_one_name_each() {
    for &verb in ApiVerb::ALL {
        assert_eq!(ApiVerb::from_name(verb.name()), Some(verb));
    }
    for &verb in TaskVerb::ALL {
        assert_eq!(TaskVerb::from_name(verb.name()), Some(verb));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = (decode::<Start>(&bytes), decode::<Complete>(&bytes), decode::<Fail>(&bytes));
        let _ = (decode::<Update>(&bytes), decode::<Poll>(&bytes), decode::<List>(&bytes));
    }

    #[test]
    fn flipped_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&Sampler::default().sample::<Complete>()).unwrap().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode::<Complete>(&bytes);
    }
}
