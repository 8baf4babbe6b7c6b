//! Tests wait for conditions, never for time: a sleep is too short on one machine and too long on
//! all others. The helper that polls for a condition, and a stand-in for slow work, say so.

use super::{Finding, sources::Source};

const SLEEPS: [&str; 3] = ["thread::sleep(", "time::sleep(", " sleep("];
const MARKS: [&str; 3] =
    ["// tidy: poll interval", "// tidy: simulated work", "// tidy: paused clock"];
/// Benchmarks offer load at a rate, which is a matter of time.
const EXEMPT: &str = "tests/bench/";

/// Checks one test file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || !source.is_test() || source.path.starts_with(EXEMPT) {
        return Vec::new();
    }
    let sleeps = |code: &str| SLEEPS.iter().any(|sleep| code.contains(sleep));
    let marked = |text: &str| MARKS.iter().any(|mark| text.trim_end().ends_with(mark));
    source
        .lines()
        .filter(|(_, code, text)| sleeps(code) && !marked(text))
        .map(|(line, _, _)| {
            source.finding(
                line,
                "wait for a condition with a deadline instead of sleeping; in the helper that does, \
                 end the line with `// tidy: poll interval`",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! Sleeps in tests fire; elsewhere, or with their mark, they do not.

    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_sleep_in_a_test_is_found() {
        for sleep in ["tokio::time::sleep(ONE).await;", "std::thread::sleep(ONE);"] {
            assert_eq!(found("crates/a/src/b/tests.rs", sleep), 1, "{sleep}");
            assert_eq!(found("tests/e2e/src/lib.rs", sleep), 1, "{sleep}");
            assert_eq!(found("crates/a/src/b.rs", sleep), 0, "{sleep}");
            assert_eq!(found("tests/bench/src/load.rs", sleep), 0, "{sleep}");
        }
    }

    #[test]
    fn a_marked_one_is_not() {
        let line = "tokio::time::sleep(ONE).await; // tidy: poll interval";
        assert_eq!(found("tests/e2e/src/wait.rs", line), 0);
    }
}
