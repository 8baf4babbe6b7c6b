//! The table is sound.

use std::collections::BTreeSet;

use super::*;

#[test]
fn names_and_numbers_are_unique() {
    let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    let numbers: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    assert_eq!(numbers.len(), ErrorCode::ALL.len());
    for &code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(code.name()), Some(code));
    }
}

#[test]
fn a_body_round_trips() {
    let body = ErrorBody::new(ErrorCode::AlreadyStarted, "taken").with("run_id", "r");
    let bytes = crate::codec::encode(&body).unwrap();
    assert_eq!(crate::codec::decode(&bytes), Ok(body.clone()));
    assert_eq!(body.known_code(), Some(ErrorCode::AlreadyStarted));
    assert_eq!(body.to_string(), "already_started: taken");
}
