//! Where everything lies on NATS: subjects, streams and buckets, built and parsed in this one place.
//!
//! Any text is a legal id, so ids are escaped into tokens by [`token`]. A parsed subject gives
//! [`Token`]s back: the id itself, or, for an id too long for a subject, its hash.

pub mod history;
pub mod names;
pub mod native;
pub mod token;

pub use self::{history::*, names::*, native::*, token::Token};

/// A subject that is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It has another shape than this kind of subject.
    #[error("subject {subject:?} is not of the form {form}")]
    Form {
        /// What was parsed.
        subject: String,
        /// What was expected.
        form: &'static str,
    },
    /// A token is not the escape of any id.
    #[error("subject token {0:?} is not a legal escape")]
    Escape(String),
    /// A token holds only a hash, and the id that came beside it is missing.
    #[error("the subject holds only the hash of {field}: the message must name it")]
    Hashed {
        /// Which id.
        field: &'static str,
    },
    /// The id in the message is another than the one in the subject.
    #[error("{field} in the message is not the one in the subject")]
    Mismatch {
        /// Which id.
        field: &'static str,
    },
}

/// Splits a subject into exactly `N` tokens.
fn split<const N: usize>(subject: &str) -> Option<[&str; N]> {
    let mut tokens = subject.split('.');
    let mut found = [""; N];
    for slot in &mut found {
        *slot = tokens.next()?;
    }
    tokens.next().is_none().then_some(found)
}

/// The error for a subject of another form.
fn form(subject: &str, form: &'static str) -> SubjectError {
    SubjectError::Form { subject: subject.to_owned(), form }
}

#[cfg(test)]
mod tests;
