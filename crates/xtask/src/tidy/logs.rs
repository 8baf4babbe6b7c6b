//! Log messages are fixed text in lowercase without a full stop; what varies is in fields.

use super::{Finding, blank::is_word, sources::Source};

const MACROS: [&str; 5] = ["trace!(", "debug!(", "info!(", "warn!(", "error!("];

/// Checks one file's log messages.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for name in MACROS {
        for (at, _) in source.code.match_indices(name) {
            let whole_word = at == 0 || !is_word(source.code.as_bytes()[at - 1]);
            let message = message(source, at + name.len()).filter(|_| whole_word);
            if let Some(advice) = message.and_then(fault) {
                findings.push(source.finding(source.line_of(at), advice));
            }
        }
    }
    findings
}

/// The message among a macro's arguments: the argument that is a string literal and nothing else.
fn message(source: &Source, start: usize) -> Option<&str> {
    let code = source.code.get(start..)?;
    let mut depth = 0_i32;
    let mut argument = 0;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        let ends = depth < 0 || (depth == 0 && byte == b',');
        if !ends {
            continue;
        }
        let text = source.text.get(start + argument..start + at)?.trim();
        if let Some(message) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            return Some(message);
        }
        if depth < 0 {
            return None;
        }
        argument = at + 1;
    }
    None
}

/// What is wrong with a message.
fn fault(message: &str) -> Option<&'static str> {
    let word = message.split(' ').next().unwrap_or_default();
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    // One capital, in front, is a sentence; more are a name (NATS, JetStream).
    if capitals == 1 && word.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Some("begin a log message in lowercase");
    }
    if message.ends_with('.') {
        return Some("end a log message without a full stop");
    }
    None
}

#[cfg(test)]
mod tests {
    //! Messages that fire, and messages that do not.

    use super::*;

    fn found(text: &str) -> usize {
        check(&Source::new("a.rs", text)).len()
    }

    #[test]
    fn sentences_are_found() {
        assert_eq!(found("tracing::info!(\"Started\");"), 1);
        assert_eq!(found("warn!(pid, error = %chain(&e), \"it ended.\");"), 1);
        assert_eq!(found("tracing::error!(\n    pid,\n    \"Ended\",\n);"), 1);
    }

    #[test]
    fn fixed_lowercase_text_and_names_are_not() {
        assert_eq!(found("tracing::info!(name = \"Shop.\", \"started\");"), 0);
        assert_eq!(found("tracing::info!(\"NATS is ready\");"), 0);
        assert_eq!(found("tracing::info!(\"JetStream is ready\");"), 0);
        assert_eq!(found("my_info!(\"Started.\");"), 0);
    }
}
