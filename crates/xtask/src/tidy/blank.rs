//! Rust source without the insides of its comments and literals, so that rules can search for code
//! with plain string functions. Every byte keeps its place; what is not ASCII becomes a space.

/// Blanks comments, strings and characters; newlines stay.
pub(crate) fn blank(text: &str) -> String {
    let mut blanker = Blanker { input: text.as_bytes(), output: String::with_capacity(text.len()) };
    while blanker.at() < blanker.input.len() {
        blanker.step();
    }
    blanker.output
}

struct Blanker<'a> {
    input: &'a [u8],
    output: String,
}

impl Blanker<'_> {
    fn at(&self) -> usize {
        self.output.len()
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.input.get(self.at() + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        &self.input[self.at()..]
    }

    fn keep(&mut self, bytes: usize) {
        for _ in 0..bytes {
            let byte = self.peek(0);
            let shown = if byte.is_ascii() { byte } else { b' ' };
            self.output.push(char::from(shown));
        }
    }

    fn hide(&mut self, bytes: usize) {
        for _ in 0..bytes.min(self.rest().len()) {
            let shown = if self.peek(0) == b'\n' { '\n' } else { ' ' };
            self.output.push(shown);
        }
    }

    fn step(&mut self) {
        let in_word = self.output.bytes().last().is_some_and(is_word);
        match self.peek(0) {
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'"' => self.string(),
            b'r' | b'b' | b'c' if !in_word && self.raw_hashes().is_some() => self.raw_string(),
            b'\'' => self.quote(),
            _ => self.keep(1),
        }
    }

    fn line_comment(&mut self) {
        let end = self.rest().iter().position(|byte| *byte == b'\n');
        self.hide(end.unwrap_or(self.rest().len()));
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            let step = match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    2
                }
                (b'*', b'/') => {
                    depth -= 1;
                    2
                }
                _ => 1,
            };
            self.hide(step);
            if depth == 0 || self.rest().is_empty() {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep(1);
        while !self.rest().is_empty() && self.peek(0) != b'"' {
            let step = if self.peek(0) == b'\\' { 2 } else { 1 };
            self.hide(step);
        }
        self.keep(self.rest().len().min(1));
    }

    /// Where a raw string begins here: the bytes up to its quote, and the number of its hashes.
    fn raw_hashes(&self) -> Option<(usize, usize)> {
        let prefix = match (self.peek(0), self.peek(1)) {
            (b'r', _) => 1,
            (b'b' | b'c', b'r') => 2,
            _ => return None,
        };
        let rest = self.rest().get(prefix..)?;
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some((prefix + hashes, hashes))
    }

    fn raw_string(&mut self) {
        let Some((opening, hashes)) = self.raw_hashes() else {
            return self.keep(1);
        };
        self.keep(opening + 1);
        let closing: Vec<u8> = [&b"\""[..], &b"#".repeat(hashes)].concat();
        while !self.rest().is_empty() && !self.rest().starts_with(&closing) {
            self.hide(1);
        }
        self.keep(closing.len().min(self.rest().len()));
    }

    /// A character literal, or the mark of a lifetime.
    fn quote(&mut self) {
        let body = match self.peek(1) {
            b'\\' => {
                let from = self.rest().get(3..).unwrap_or_default();
                from.iter().position(|byte| *byte == b'\'').map(|at| at + 2)
            }
            _ => (1..=4).find(|length| self.peek(length + 1) == b'\''),
        };
        match body {
            // `'a, 'b` are lifetimes, not the character `a, `.
            Some(length) if length == 1 || !is_word(self.peek(1)) => {
                self.keep(1);
                self.hide(length);
                self.keep(1);
            }
            _ => self.keep(1),
        }
    }
}

/// Whether a byte can be part of a name.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    //! Literals and comments go, everything else keeps its place.

    use super::blank;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let blanked = blank(text);
        assert_eq!(blanked, expected);
        assert_eq!(blanked.len(), text.len());
    }

    #[test]
    fn comments_go() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
    }

    #[test]
    fn strings_go_and_their_quotes_stay() {
        check(r#"f("a \" b", x)"#, r#"f("      ", x)"#);
        check(r###"r#"a " b"# c"###, r###"r#"     "# c"###);
        check(r#"br"a\" c"#, r#"br"  " c"#);
        check("\"a\nb\"", "\" \n \"");
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        check("'{' '\\'' '\\u{7d}'", "' ' '  ' '      '");
        check("fn f<'a, 'b>(x: &'a str)", "fn f<'a, 'b>(x: &'a str)");
        check("b'\"' x", "b' ' x");
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_file() {
        check("\"abc\\", "\"    ");
        check("/* abc", "      ");
    }
}
