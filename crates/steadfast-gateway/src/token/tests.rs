//! Tokens come back from outside: what was not made here is refused, and nothing panics.

use steadfast_core::RunKey;

use super::*;

fn token() -> TaskToken {
    TaskToken {
        run: RunKey {
            namespace: "shop".into(),
            workflow_id: "order \u{1f4e6} 1".into(),
            run_id: "r".into(),
        },
        scheduled_event_id: 5,
        attempt: 2,
        started_event_id: 6,
        request_id: "poll".into(),
    }
}

#[test]
fn a_token_comes_back_as_it_was() {
    for kind in [Kind::Workflow, Kind::Query, Kind::Activity] {
        let encoded = encode(kind, &token());
        assert_eq!(decode(kind, "shop", &encoded).unwrap(), token());
        assert_eq!(decode(kind, "", &encoded).unwrap(), token());
    }
}

#[test]
fn a_token_of_another_kind_or_namespace_is_refused() {
    let encoded = encode(Kind::Activity, &token());
    assert!(decode(Kind::Workflow, "shop", &encoded).unwrap_err().message.contains("task token"));
    let foreign = decode(Kind::Activity, "bank", &encoded).unwrap_err();
    assert!(foreign.message.contains("different namespace"), "{}", foreign.message);
}

#[test]
fn no_bytes_make_the_decoders_panic() {
    let encoded = encode(Kind::Activity, &token());
    for end in 0..encoded.len() {
        // A prefix may happen to be a whole message, never one with everything in it.
        let _ = decode(Kind::Activity, "shop", &encoded[..end]);
    }
    let mut bytes = vec![0_u8; 64];
    for seed in 0..2_000_u32 {
        for (at, byte) in bytes.iter_mut().enumerate() {
            let mixed = seed.wrapping_mul(2_654_435_761).rotate_left(at as u32 % 31);
            *byte = (mixed >> 7) as u8;
        }
        let _ = decode(Kind::Activity, "shop", &bytes);
        let _ = HistoryPlace::from_token(&bytes);
    }
    assert!(decode(Kind::Activity, "shop", b"").unwrap_err().message.contains("not set"));
}

#[test]
fn a_page_token_keeps_its_place() {
    let place = HistoryPlace::new("run".to_owned(), 40).until(90, vec![1, 2]);
    let read = HistoryPlace::from_token(&place.at(60).to_token()).unwrap();
    assert_eq!((read.event_id, read.through, read.tail), (60, 90, vec![1, 2]));
    assert!(HistoryPlace::from_token(b"forged").is_err());
}
