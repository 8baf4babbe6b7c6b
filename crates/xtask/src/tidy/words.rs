//! Words that mark unfinished work, and attributes that hide something without a reason.

use super::{Finding, sources::Source};

/// Code that must not be there, and what to do instead.
const BANNED: [(&str, &str); 5] = [
    ("todo!", "finish it"),
    ("unimplemented!", "finish it, or return a typed error"),
    ("#[allow(", "use `#[expect(lint, reason = \"...\")]`"),
    ("#![allow(", "use `#![expect(lint, reason = \"...\")]`"),
    ("#[ignore", "make the test run, or ask for STEADFAST_SLOW_TESTS inside it"),
];

/// The files whose words count.
const EXTENSIONS: [&str; 8] = [".rs", ".py", ".ts", ".go", ".java", ".sh", ".toml", ".yaml"];

/// Checks one file's words.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !EXTENSIONS.iter().any(|end| source.path.ends_with(end)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, code, text) in source.lines() {
        if text.contains(concat!("FIX", "ME")) {
            findings.push(source.finding(line, "fix it, or write an issue and drop the mark"));
        }
        if unnumbered_mark(text) {
            findings.push(source.finding(line, "name the issue: TO-DO(#12), without the dash"));
        }
        if source.is_rust() {
            let banned = BANNED.iter().filter(|(word, _)| code.contains(word));
            let said = |(word, advice): &(&str, &str)| format!("no `{word}`: {advice}");
            findings.extend(banned.map(|found| source.finding(line, said(found))));
        }
    }
    findings
}

/// Whether the line postpones something without saying to which issue.
fn unnumbered_mark(text: &str) -> bool {
    let mark = concat!("TO", "DO");
    let after = |(at, _): (usize, &str)| &text[at + mark.len()..];
    text.match_indices(mark)
        .map(after)
        .any(|rest| rest.starts_with([':', ' ', '(']) && !rest.starts_with("(#"))
}

#[cfg(test)]
mod tests {
    //! Each word firing where it is code, and not where it is text.

    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(found("a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(found("a.rs", "fn f() { unimplemented!(\"x\") }"), 1);
        assert_eq!(found("a.py", concat!("# FIX", "ME later")), 1);
        assert_eq!(found("a.rs", concat!("// TO", "DO: later")), 1);
        assert_eq!(found("a.rs", concat!("// TO", "DO(#7): later")), 0);
    }

    #[test]
    fn hidden_lints_and_tests_are_found() {
        assert_eq!(found("a.rs", "#[allow(dead_code)]\nfn f() {}"), 1);
        assert_eq!(found("a.rs", "#![allow(dead_code)]"), 1);
        assert_eq!(found("a.rs", "#[ignore = \"slow\"]\nfn f() {}"), 1);
        assert_eq!(found("a.rs", "#[expect(dead_code, reason = \"x\")]"), 0);
    }

    #[test]
    fn text_about_them_is_not() {
        assert_eq!(found("a.rs", "// never `todo!`\nlet a = \"#[allow(\";"), 0);
        assert_eq!(found("README.md", concat!("no FIX", "ME here")), 0);
    }
}
