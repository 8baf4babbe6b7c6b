//! Versions and subjects are looked at before anything is decoded.

use super::*;

fn message(subject: &str, version: Option<&str>) -> Message {
    let headers = version.map(|version| {
        let mut headers = HeaderMap::new();
        headers.insert(header::PROTOCOL, version);
        headers
    });
    Message {
        subject: subject.to_owned().into(),
        reply: None,
        payload: Bytes::new(),
        headers,
        status: None,
        description: None,
        length: 0,
    }
}

fn code(door: Door, subject: &str, version: Option<&str>) -> Option<ErrorCode> {
    Incoming::parse(door, &message(subject, version)).err().map(|fault| fault.code)
}

#[test]
fn versions_are_checked() {
    assert_eq!(code(Door::Api, "sf.api.shop.start", None), None);
    assert_eq!(code(Door::Api, "sf.api.shop.start", Some("1")), None);
    for other in ["2", "01", "", "one"] {
        let found = code(Door::Api, "sf.api.shop.start", Some(other));
        assert_eq!(found, Some(ErrorCode::UnsupportedVersion), "{other}");
    }
}

#[test]
fn verbs_are_looked_up() {
    let unknown = Some(ErrorCode::UnknownVerb);
    assert_eq!(code(Door::Api, "sf.api.shop.strat", None), unknown);
    assert_eq!(code(Door::Task, "sf.task.shop.start", None), unknown);
    assert_eq!(code(Door::Poll, "sf.poll.shop.q.activities", None), unknown);
    assert_eq!(code(Door::Poll, "sf.poll.shop.q.activity", None), None);
    assert_eq!(code(Door::Api, "sf.api.=zz.start", None), Some(ErrorCode::InvalidArgument));
}

#[test]
fn waits_are_told_apart() {
    let wait = |subject| Incoming::parse(Door::Api, &message(subject, None)).unwrap().wait();
    assert_eq!(wait("sf.api.shop.start"), Wait::Short);
    assert_eq!(wait("sf.api.shop.result"), Wait::Long);
}

#[test]
fn an_empty_message_is_an_empty_map() {
    assert!(read::<steadfast_protocol::message::Poll>(b"").is_ok());
    let fault = read::<steadfast_protocol::message::Start>(b"").unwrap_err();
    assert_eq!(fault.code, ErrorCode::InvalidArgument);
}
