//! The core is given the time, ids and randomness; it does no input or output of its own.
//!
//! The dependency table keeps the libraries out; this keeps out what the standard library has.

use super::{Finding, sources::Source};

const CORE: &str = "crates/steadfast-core/src/";

/// What must not be named in the core.
const IMPURE: [&str; 14] = [
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "new_v4(",
    "now_v7(",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "println!",
    "thread_local!",
];

/// Checks one file of the core.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with(CORE) || source.is_test() {
        return Vec::new();
    }
    let impure = |code: &str| IMPURE.into_iter().find(|name| code.contains(name));
    source
        .lines()
        .filter_map(|(line, code, _)| Some((line, impure(code)?)))
        .map(|(line, name)| {
            let advice = format!("no `{name}` in the core: take what it gives as a parameter");
            source.finding(line, advice)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! What fires in the core and nowhere else.

    use super::*;

    #[test]
    fn clocks_and_input_are_found_in_the_core_alone() {
        for line in ["let now = SystemTime::now();", "use std::fs;", "let id = Uuid::new_v4();"] {
            let found = |path| check(&Source::new(path, line)).len();
            assert_eq!(found("crates/steadfast-core/src/run.rs"), 1, "{line}");
            assert_eq!(found("crates/steadfast-engine/src/run.rs"), 0, "{line}");
            assert_eq!(found("crates/steadfast-core/src/run/tests.rs"), 0, "{line}");
        }
    }
}
