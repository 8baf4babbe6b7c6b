//! The rules that no compiler checks. One file per rule; each finding says where, and what to do.
//!
//! To add a rule: a function from a [`Source`] to findings in a file of its own, a line in
//! [`RULES`], and a test that shows it firing on a bad sample.

mod blank;
mod edges;
mod hosts;
mod licences;
mod logs;
mod names;
mod openings;
mod purity;
mod sizes;
mod sources;
mod waits;
mod words;

use std::fmt;

use sources::Source;

/// Something that is not tidy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    advice: String,
}

impl Finding {
    /// Whether this is about a file of the crate: in its folder, which has its name.
    fn is_in(&self, package: &str) -> bool {
        let tests = package.strip_prefix("steadfast-").unwrap_or(package);
        let folders = [format!("crates/{package}/"), format!("tests/{tests}/")];
        folders.iter().any(|folder| self.path.starts_with(folder))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// Every rule about one file.
const RULES: [fn(&Source) -> Vec<Finding>; 8] = [
    names::check,
    openings::check,
    purity::check,
    sizes::check,
    words::check,
    waits::check,
    logs::check,
    hosts::check,
];

/// Checks these crates, or the whole tree, and prints what it finds; false when it finds something.
pub(crate) fn run(packages: &[String]) -> anyhow::Result<bool> {
    let mut findings = tree()?;
    findings.extend(licences::check()?);
    findings.retain(|finding| packages.is_empty() || packages.iter().any(|p| finding.is_in(p)));
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} finding(s)", findings.len());
    Ok(findings.is_empty())
}

/// Everything but the licences, which need every dependency to be downloaded.
fn tree() -> anyhow::Result<Vec<Finding>> {
    let sources = sources::read_all()?;
    let mut findings: Vec<Finding> =
        sources.iter().flat_map(|source| RULES.iter().flat_map(move |rule| rule(source))).collect();
    findings.extend(sizes::check_ratchet(&sources));
    findings.extend(edges::check()?);
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    //! The tree itself is tidy.

    #[test]
    fn the_tree_is_tidy() {
        let findings = super::tree().unwrap();
        let text: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(text.is_empty(), "\n{}\n", text.join("\n"));
    }
}
