//! What a condition says of a thing with a name, an empty text, a moment and one that is not set.

use super::*;

const NOON: &str = "2026-11-25T12:00:00Z";

fn kind(name: &str) -> Option<Kind> {
    match name {
        "Name" | "Nothing" => Some(Kind::Text),
        "At" | "Never" => Some(Kind::Time),
        _ => None,
    }
}

fn property(name: &str) -> Option<Property> {
    match name {
        "Name" => Some(Property::Text("shop-7".to_owned())),
        "Nothing" => Some(Property::Text(String::new())),
        "At" => Some(Property::Time(datetime(NOON))),
        "Never" => Some(Property::Time(None)),
        _ => None,
    }
}

fn holds(text: &str) -> bool {
    Condition::parse(text, kind).expect(text).holds(property)
}

#[test]
fn what_holds() {
    for text in [
        "Name = 'shop-7'",
        "Name = \"shop-7\"",
        "`Name` != 'x'",
        "Name starts_with 'shop'",
        "Name NOT STARTS_WITH 'x'",
        "Nothing IS NULL",
        "Name IS NOT NULL",
        "Never is null",
        "At IS NOT NULL",
        "At = '2026-11-25T13:00:00+01:00'",
        "At >= '2026-11-25T12:00:00Z' AND At <= '2026-11-25T12:00:00Z'",
        "At > 0",
        "Never < '2026-11-25T12:00:00Z'",
        "At between '2026-11-25T11:00:00Z' and '2026-11-25T13:00:00Z'",
        "At not between '2026-11-25T13:00:00Z' and '2026-11-25T14:00:00Z'",
        "Name = 'x' OR (Name = 'shop-7' AND Nothing != 'y')",
        "Name = 'x' OR Name = 'y' OR Name = 'shop-7'",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_does_not_hold() {
    for text in [
        "Name = 'shop'",
        "Name STARTS_WITH 'x'",
        "Nothing IS NOT NULL",
        "At != '2026-11-25T12:00:00Z'",
        "At < '2026-11-25T12:00:00Z'",
        "Never between '2026-11-25T11:00:00Z' and '2026-11-25T13:00:00Z'",
        "Never not between '2026-11-25T11:00:00Z' and '2026-11-25T13:00:00Z'",
        "Name = 'shop-7' AND Name = 'x'",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    for text in [
        "Name =",
        "Name",
        "'x' = Name",
        "name = 'shop-7'",
        "Other = 'x'",
        "Name = 7",
        "Name = ''",
        "Name > 'a'",
        "Name BETWEEN 'a' AND 'b'",
        "At = 'noon'",
        "At STARTS_WITH '2026'",
        "NOT Name = 'x'",
        "upper(Name) = 'X'",
        "Name IN ('x')",
        "Name = 'x' ORDER BY Name",
        "Name = 'x' LIMIT 1",
        "",
        "; DROP TABLE workers",
    ] {
        assert!(Condition::parse(text, kind).is_err(), "{text}");
    }
}

#[test]
fn a_long_chain_is_read() {
    let chain = vec!["Name = 'x'"; 5_000].join(" OR ");
    assert!(!holds(&chain));
}
