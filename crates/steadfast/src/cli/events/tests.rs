//! Where the feed is read from.

use super::*;

#[test]
fn from_is_read_in_all_its_forms() {
    assert_eq!(parse_from("now"), Ok(From::Now));
    assert_eq!(parse_from("beginning"), Ok(From::Beginning));
    assert_eq!(parse_from("1h30m"), Ok(From::Ago(Time::secs(5_400))));
    assert!(matches!(parse_from("2026-11-23T10:00:00Z"), Ok(From::At(_))));
    assert!(parse_from("yesterday").unwrap_err().contains("a duration such as `1h`"));
}
