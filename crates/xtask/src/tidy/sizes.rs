//! Files of one theme and functions of one screen.
//!
//! A function may be longer only by an entry in [`RATCHET`], with the reason why it reads better
//! whole; the entry goes when the function shrinks.

use super::{Finding, blank::is_word, sources::Source};

const FILE_LINES_MAX: usize = 500;
const TEST_FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

/// A function that may be longer, and by how much.
struct Exception {
    path: &'static str,
    function: &'static str,
    lines_max: usize,
    reason: &'static str,
}

/// Functions that read better long.
const RATCHET: [Exception; 1] = [Exception {
    path: "crates/steadfast-core/src/run/evolve.rs",
    function: "apply",
    lines_max: 85,
    reason: "an exhaustive table of events, one line each",
}];

/// Checks one file's length and its functions'.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let limit = if source.is_test() { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
    let lines = source.text.lines().count();
    if lines > limit {
        let advice = format!("the file has {lines} lines, at most {limit}: split it by theme");
        findings.push(source.finding(1, advice));
    }
    for function in functions(source) {
        let limit = exception(source, &function).map_or(FUNCTION_LINES_MAX, |e| e.lines_max);
        if function.lines > limit {
            let advice = format!(
                "`fn {}` has {} lines, at most {limit}: split it, parents branch and leaves compute",
                function.name, function.lines
            );
            findings.push(source.finding(function.line, advice));
        }
    }
    findings
}

/// Finds exceptions that nothing needs any more.
pub(crate) fn check_ratchet(sources: &[Source]) -> Vec<Finding> {
    let needed = |exception: &Exception| {
        sources
            .iter()
            .filter(|source| source.path == exception.path)
            .flat_map(functions)
            .any(|f| f.name == exception.function && f.lines > FUNCTION_LINES_MAX)
    };
    RATCHET
        .iter()
        .filter(|exception| !needed(exception))
        .map(|exception| Finding {
            path: "crates/xtask/src/tidy/sizes.rs".to_owned(),
            line: 1,
            advice: format!(
                "remove `{}` in {} from RATCHET ({}): it is short now",
                exception.function, exception.path, exception.reason
            ),
        })
        .collect()
}

fn exception(source: &Source, function: &Function) -> Option<&'static Exception> {
    RATCHET.iter().find(|e| e.path == source.path && e.function == function.name)
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

fn functions(source: &Source) -> Vec<Function> {
    let code = source.code.as_bytes();
    let starts = source.code.match_indices("fn ").map(|(at, _)| at);
    starts
        .filter(|at| *at == 0 || !is_word(code[at - 1]))
        .filter_map(|at| function(source, at))
        .collect()
}

/// The function whose `fn` is at `start`; `None` for a declaration without a body.
fn function(source: &Source, start: usize) -> Option<Function> {
    let code = source.code.get(start..)?;
    let name = code.get(3..)?.trim_start();
    let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let body = start + body_offset(code)?;
    let end = body + block_length(source.code.get(body..)?)?;
    let line = source.line_of(start);
    Some(Function { name, line, lines: source.line_of(end) - line + 1 })
}

/// Where the body's brace is, before any semicolon, outside the parameters.
fn body_offset(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// How far the block reaches that begins at the first byte.
fn block_length(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    //! Sizes at the limit and one above.

    use super::*;

    fn lines(count: usize) -> String {
        "//! x\n".repeat(count)
    }

    fn function_of(lines: usize) -> String {
        format!("fn long(a: [u8; 3]) {{\n{}}}\n", "    \"}\";\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_above_its_limit_is_found() {
        let found = |path: &str, count| check(&Source::new(path, &lines(count))).len();
        assert_eq!(found("crates/a/src/b.rs", FILE_LINES_MAX), 0);
        assert_eq!(found("crates/a/src/b.rs", FILE_LINES_MAX + 1), 1);
        assert_eq!(found("crates/a/src/b/tests.rs", TEST_FILE_LINES_MAX), 0);
        assert_eq!(found("tests/e2e/tests/it/main.rs", TEST_FILE_LINES_MAX + 1), 1);
        assert_eq!(found("a.json", 10_000), 0);
    }

    #[test]
    fn a_function_above_its_limit_is_found_with_its_line() {
        let at_limit = Source::new("a.rs", &function_of(FUNCTION_LINES_MAX));
        assert_eq!(check(&at_limit), []);
        let text = format!("//! x\n\n{}", function_of(FUNCTION_LINES_MAX + 1));
        let findings = check(&Source::new("a.rs", &text));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].to_string().starts_with("a.rs:3: `fn long` has 71 lines"));
    }

    #[test]
    fn declarations_and_function_types_are_no_functions() {
        let text = "trait T { fn f(&self); }\ntype F = fn (u8) -> u8;\nfn g() {}\n";
        let names: Vec<String> = functions(&Source::new("a.rs", text))
            .into_iter()
            .map(|function| function.name)
            .collect();
        assert_eq!(names, ["g"]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_found() {
        assert_eq!(check_ratchet(&[]).len(), RATCHET.len());
    }
}
