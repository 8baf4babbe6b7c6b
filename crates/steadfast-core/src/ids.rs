//! Typed names. Two strings in one signature are a bug, so every id is its own type.
//!
//! Ids are cheap to clone (shared text). Length and emptiness are checked once, at admission, by
//! [`crate::limits`]; any Unicode text is legal.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the text is empty, which clients use for "not given".
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(Arc::from(""))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    )*};
}

text_ids! {
    /// A tenant: workflow ids are unique within it.
    Namespace,
    /// The client's name for a workflow; at most one of its runs is open.
    WorkflowId,
    /// One execution of a workflow; a UUID.
    RunId,
    /// The name of the workflow code.
    WorkflowType,
    /// The workflow's name for one activity.
    ActivityId,
    /// The name of the activity code.
    ActivityType,
    /// The workflow's name for one timer.
    TimerId,
    /// Where tasks wait for workers.
    TaskQueue,
    /// A client's id for a request, so that a repeated request changes nothing.
    RequestId,
    /// A client's id for an update, unique within its run.
    UpdateId,
    /// Who asked: a client's or worker's self-description.
    Identity,
}

/// The number of an event in a run's history; the first is 1, and 0 means "none".
pub type EventId = i64;

/// A workflow: what a client addresses when it does not name a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkflowKey {
    /// The tenant.
    pub namespace: Namespace,
    /// The workflow's id in it.
    pub workflow_id: WorkflowId,
}

/// One run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The tenant.
    pub namespace: Namespace,
    /// The workflow's id in it.
    pub workflow_id: WorkflowId,
    /// The run.
    pub run_id: RunId,
}

impl RunKey {
    /// The workflow this is a run of.
    pub fn workflow(&self) -> WorkflowKey {
        WorkflowKey { namespace: self.namespace.clone(), workflow_id: self.workflow_id.clone() }
    }

    /// Workflow id and run id, as they stand inside one namespace.
    pub fn execution(&self) -> Execution {
        Execution { workflow_id: self.workflow_id.clone(), run_id: self.run_id.clone() }
    }
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.workflow_id, self.run_id)
    }
}

/// A run named inside its namespace; an empty run id means the current run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Execution {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run, or empty.
    pub run_id: RunId,
}
