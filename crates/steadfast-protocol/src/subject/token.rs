//! Escaping: any text as one NATS subject token, and back.
//!
//! Letters, digits, `-` and `_` stand for themselves; every other byte of the UTF-8 text is `=XX` with
//! two upper-case hexadecimal digits; empty text is a lone `=`. An escape longer than
//! [`TOKEN_BYTES_MAX`] is replaced by `=h` and the SHA-256 of the text in lower-case hexadecimal: such
//! a token still names its id uniquely, and the id itself is inside the message. Exactly one token
//! stands for a text, so equal ids always meet on the same subject.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::SubjectError;

/// The longest escape that is written out; ids with longer ones are hashed.
pub const TOKEN_BYTES_MAX: usize = 200;

const HASH_PREFIX: &str = "=h";
const HASH_DIGITS: usize = 64;

/// What a subject's token says of an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// The id.
    Text(String),
    /// The token of an id that is too long for subjects.
    Hashed(String),
}

/// The token of a text.
pub fn escape(text: &str) -> String {
    let mut token = String::with_capacity(text.len() + 8);
    push_escaped(&mut token, text);
    token
}

/// Appends the token of a text.
pub fn push_escaped(subject: &mut String, text: &str) {
    if text.is_empty() {
        subject.push('=');
        return;
    }
    let start = subject.len();
    for &byte in text.as_bytes() {
        if stands_for_itself(byte) {
            subject.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(subject, "={byte:02X}");
        }
        if subject.len() - start > TOKEN_BYTES_MAX {
            subject.truncate(start);
            subject.push_str(HASH_PREFIX);
            for byte in Sha256::digest(text.as_bytes()) {
                let _ = write!(subject, "{byte:02x}");
            }
            return;
        }
    }
}

/// What a token stands for.
pub fn unescape(token: &str) -> Result<Token, SubjectError> {
    let illegal = || SubjectError::Escape(token.to_owned());
    if token == "=" {
        return Ok(Token::Text(String::new()));
    }
    if let Some(digits) = token.strip_prefix(HASH_PREFIX) {
        let lower_hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        let legal = digits.len() == HASH_DIGITS && digits.as_bytes().iter().all(lower_hex);
        return if legal { Ok(Token::Hashed(token.to_owned())) } else { Err(illegal()) };
    }
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Err(illegal());
    }
    let mut text = Vec::with_capacity(token.len());
    let mut bytes = token.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let high = bytes.next().and_then(upper_hex).ok_or_else(illegal)?;
            let low = bytes.next().and_then(upper_hex).ok_or_else(illegal)?;
            let escaped = high << 4 | low;
            if stands_for_itself(escaped) {
                return Err(illegal());
            }
            text.push(escaped);
        } else if stands_for_itself(byte) {
            text.push(byte);
        } else {
            return Err(illegal());
        }
    }
    String::from_utf8(text).map(Token::Text).map_err(|_| illegal())
}

impl Token {
    /// The id, when the token itself holds it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Hashed(_) => None,
        }
    }

    /// The token as it stands in subjects.
    pub fn as_subject_token(&self) -> String {
        match self {
            Self::Text(text) => escape(text),
            Self::Hashed(token) => token.clone(),
        }
    }

    /// The id, with what the message says of it: needed for a hash, and checked when given.
    pub fn resolve(self, field: &'static str, named: Option<&str>) -> Result<String, SubjectError> {
        match (self, named) {
            (Self::Text(text), None) => Ok(text),
            (Self::Hashed(_), None) => Err(SubjectError::Hashed { field }),
            (token, Some(named)) if token.as_subject_token() == escape(named) => {
                Ok(named.to_owned())
            }
            (_, Some(_)) => Err(SubjectError::Mismatch { field }),
        }
    }
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
