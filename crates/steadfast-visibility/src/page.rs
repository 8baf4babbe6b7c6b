//! Page tokens: where a list goes on. A token holds the sort keys of the last run that was answered, so
//! it survives restarts and what is written in between; it belongs to one query.

use bytes::Bytes;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use crate::{error::QueryError, query::Bind};

const VERSION: u8 = 1;

/// A token's content.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    version: u8,
    query: u32,
    keys: Vec<Key>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Key {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// The token after a run with these sort keys.
pub(crate) fn encode(namespace: &str, query: &str, keys: Vec<Bind>) -> Result<Bytes, QueryError> {
    let keys = keys.into_iter().map(|value| match value {
        Value::Integer(int) => Key::Int(int),
        Value::Real(real) => Key::Real(real),
        Value::Text(text) => Key::Text(text),
        // No sort key is a blob.
        Value::Null | Value::Blob(_) => Key::Null,
    });
    let token = Token { version: VERSION, query: mark(namespace, query), keys: keys.collect() };
    let token = rmp_serde::to_vec(&token);
    token.map(Bytes::from).map_err(|error| QueryError::Unavailable(error.into()))
}

/// The sort keys that a token names; nothing for the first page.
pub(crate) fn decode(
    namespace: &str,
    query: &str,
    token: &[u8],
    keys: usize,
) -> Result<Option<Vec<Bind>>, QueryError> {
    if token.is_empty() {
        return Ok(None);
    }
    let malformed = QueryError::PageToken("it cannot be read");
    let Ok(token) = rmp_serde::from_slice::<Token>(token) else {
        return Err(malformed);
    };
    if token.version != VERSION {
        return Err(QueryError::PageToken("it is of another version"));
    }
    if token.query != mark(namespace, query) {
        return Err(QueryError::PageToken("it belongs to another query"));
    }
    if token.keys.len() != keys {
        return Err(malformed);
    }
    let binds = token.keys.into_iter().map(|key| match key {
        Key::Null => Value::Null,
        Key::Int(int) => Value::Integer(int),
        Key::Real(real) => Value::Real(real),
        Key::Text(text) => Value::Text(text),
    });
    Ok(Some(binds.collect()))
}

/// Tells queries apart; a token is not a secret, and a forged one only begins elsewhere.
fn mark(namespace: &str, query: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(namespace.as_bytes());
    hasher.update(&[0]);
    hasher.update(query.trim().as_bytes());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_its_query() {
        let keys = vec![Value::Integer(7), Value::Null, Value::Text("x".to_owned())];
        let token = encode("n", "q", keys.clone()).unwrap();
        assert_eq!(decode("n", "q", &token, 3).unwrap(), Some(keys));
        assert_eq!(decode("n", "q", b"", 3).unwrap(), None);
        for (namespace, query, token, keys) in [
            ("n", "other", token.as_ref(), 3),
            ("other", "q", token.as_ref(), 3),
            ("n", "q", token.as_ref(), 2),
            ("n", "q", b"forged".as_slice(), 3),
            ("n", "q", &token[..4], 3),
        ] {
            let decoded = decode(namespace, query, token, keys);
            assert!(matches!(decoded, Err(QueryError::PageToken(_))), "{decoded:?}");
        }
    }
}
