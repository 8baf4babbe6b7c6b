//! Where callbacks may go.

use expect_test::expect;

use super::{AddressRule, CallbackRules, matches};

fn rules(allowed: &[&str]) -> CallbackRules {
    let allowed = allowed.iter().map(|rule| rule.parse().unwrap()).collect();
    CallbackRules { allowed, ..CallbackRules::default() }
}

#[test]
fn only_what_is_named_is_allowed_and_plain_http_only_where_it_says_so() {
    let rules = rules(&["https://*.example.com", "http://localhost:*"]);
    for allowed in [
        "https://a.example.com/x",
        "https://a.b.example.com?q=1",
        "http://localhost:80/x",
        "https://localhost:443",
    ] {
        assert_eq!(rules.admit(allowed), Ok(()), "{allowed}");
    }
    let refused = [
        "invalid",
        "ftp://x/",
        "http://",
        "http:///path",
        "http://a b/",
        "http://elsewhere/",
        "http://a.example.com/x",
        "https://example.com/",
        "https://a.example.com:8443/",
        "http://localhost/",
        "http://localhost:80@elsewhere/",
        "http://elsewhere/localhost:80",
        "http://elsewhere#localhost:80",
        "https://elsewhere?.example.com",
    ];
    let refusals = refused.map(|url| rules.admit(url).unwrap_err());
    expect![[r#"
        invalid url: unknown scheme: invalid
        invalid url: unknown scheme: ftp://x/
        invalid url: missing host
        invalid url: missing host
        invalid callback url: invalid uri character
        invalid url: url does not match any configured callback address: http://elsewhere/
        invalid url: callback address does not allow insecure connections: http://a.example.com/x
        invalid url: url does not match any configured callback address: https://example.com/
        invalid url: url does not match any configured callback address: https://a.example.com:8443/
        invalid url: url does not match any configured callback address: http://localhost/
        invalid url: user and password belong into a header
        invalid url: url does not match any configured callback address: http://elsewhere/localhost:80
        invalid url: url does not match any configured callback address: http://elsewhere#localhost:80
        invalid url: url does not match any configured callback address: https://elsewhere?.example.com
    "#]].assert_eq(&(refusals.join("\n") + "\n"));
}

#[test]
fn nothing_is_allowed_by_default() {
    assert!(CallbackRules::default().admit("https://localhost/").is_err());
}

#[test]
fn a_star_is_any_text() {
    assert!(matches("*", "") && matches("*", "anything:80"));
    assert!(matches("a*b*c", "a1b2c") && matches("a*b*c", "abc"));
    assert!(!matches("a*b*c", "acb") && !matches("ab*ba", "aba"));
    assert!(matches("exact", "exact") && !matches("exact", "exactly"));
}

#[test]
fn a_rule_is_a_scheme_and_a_host() {
    for text in ["localhost", "ftp://x", "https://", "https://host/path", ""] {
        assert!(text.parse::<AddressRule>().is_err(), "{text}");
    }
}
