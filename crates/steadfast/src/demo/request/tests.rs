//! What is accepted, what is refused, and what must become of the built-in requests.

use super::*;

fn problem(text: &str) -> String {
    let error = parse("test.json", text).expect_err("it is refused");
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn the_built_in_requests_cover_every_end() {
    let purchases = load(None).expect("the built-in requests are right");
    let ends: Vec<_> = purchases.iter().map(Purchase::expected).collect();
    for end in [
        Outcome::Completed,
        Outcome::PapersRefused,
        Outcome::LoanScreenedOut,
        Outcome::LoanRefused,
        Outcome::Compensated,
    ] {
        assert!(ends.contains(&end), "{end}");
    }
    assert!(purchases.iter().any(|p| p.portals == Portals::Down));
}

#[test]
fn bad_files_are_refused_by_what_is_wrong_with_them() {
    assert!(problem("").contains("EOF"));
    assert!(problem("[]").contains("not a file of purchase requests"));
    assert!(problem(r#"{"purchases": [], "more": 1}"#).contains("unknown field `more`"));
    assert_eq!(problem(r#"{"purchases": []}"#), "0 purchases: there must be 1 to 200");
    let missing = load(Some(Path::new("/nowhere/purchases.json"))).expect_err("it is not there");
    assert_eq!(missing.to_string(), "read /nowhere/purchases.json");
}

#[test]
fn impossible_values_name_their_purchase() {
    let edited = |from: &str, to: &str| problem(&BUILT_IN.replacen(from, to, 1));
    assert_eq!(edited("410000", "0"), r#"purchase "P-1001": its price must not be zero"#);
    assert!(edited("P-1002", "P-1001").contains("there twice"));
    assert!(edited("118000", "1").contains("less than price minus loan"));
    assert!(edited("300000", "410001").contains("larger than its price"));
}
