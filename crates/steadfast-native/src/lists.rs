//! Who lists and counts runs with a query: the binary puts visibility here. Without it, runs are listed from
//! the engine's log, and queries are refused.

use futures::future::BoxFuture;
use steadfast_core::Namespace;
use steadfast_engine::Deadline;
use steadfast_protocol::{
    ErrorCode,
    message::{Counted, ListPage},
};

use crate::fault::Fault;

/// The list of runs.
pub trait Lists: Send + Sync + 'static {
    /// A page of a namespace's runs.
    fn list(
        &self,
        request: ListRuns,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<ListPage, ListError>>;

    /// How many of a namespace's runs there are.
    fn count(
        &self,
        namespace: Namespace,
        query: String,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Counted, ListError>>;
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRuns {
    /// The namespace.
    pub namespace: Namespace,
    /// The filter.
    pub query: String,
    /// At most so many.
    pub max_runs: usize,
    /// The last page's token, or empty.
    pub page: bytes::Bytes,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The query or the page is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The deadline passed.
    #[error("the list was not there in time")]
    Deadline,
    /// It cannot be read now.
    #[error("the list cannot be read: {0}")]
    Unavailable(String),
}

impl From<ListError> for Fault {
    fn from(error: ListError) -> Self {
        let code = match &error {
            ListError::Invalid(_) => ErrorCode::InvalidArgument,
            ListError::Deadline => ErrorCode::DeadlineExceeded,
            ListError::Unavailable(_) => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}
