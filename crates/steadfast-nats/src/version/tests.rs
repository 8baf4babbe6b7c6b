//! Versions parse, order and print.

use super::*;

#[test]
fn parses_what_nats_server_prints() {
    assert_eq!("v2.15.1".parse(), Ok(PINNED_VERSION));
    assert_eq!(" v2.12.0-RC.3\n".parse(), Ok(MIN_VERSION));
    assert_eq!("2.15.1".parse::<Version>().unwrap().to_string(), "2.15.1");
}

#[test]
fn orders_by_number_and_not_by_text() {
    let old: Version = "2.9.25".parse().unwrap();
    assert!(old < MIN_VERSION);
    assert!(MIN_VERSION < PINNED_VERSION);
}

#[test]
fn refuses_anything_else() {
    for text in ["", "v", "2.15", "2.15.x", "2.15.1.4", "latest"] {
        assert!(text.parse::<Version>().is_err(), "{text}");
    }
}
