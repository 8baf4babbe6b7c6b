//! What can go wrong, for whoever asks and for whoever starts.

use steadfast_engine::ports::{BoxError, ReadError};

/// Why a list or a count was not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The query says something that cannot be: the asker's mistake, worded as Temporal words it.
    #[error("invalid query: {0}")]
    Invalid(#[from] InvalidQuery),
    /// The page token is not one that this query was answered with.
    #[error("invalid page token: {0}")]
    PageToken(&'static str),
    /// The answer was not there before the deadline.
    #[error("the deadline has passed")]
    Deadline,
    /// The file or the log could not be read; trying again later is safe.
    #[error("visibility is not available")]
    Unavailable(#[source] BoxError),
}

impl From<ReadError> for QueryError {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
            return Self::Deadline;
        }
        Self::Unavailable(error.into())
    }
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// It cannot be parsed.
    #[error("malformed SQL query: {0}")]
    Malformed(String),
    /// It says something that makes no sense.
    #[error("invalid expression: {0}")]
    Expression(String),
    /// It says something that visibility cannot do.
    #[error("operation is not supported: {0}")]
    Unsupported(String),
}

/// Why visibility could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can be neither used nor made anew.
    #[error("the file cannot be opened")]
    File(#[source] BoxError),
    /// The log could not say what it holds.
    #[error("the log cannot be read")]
    Log(#[source] ReadError),
}
