//! Asking a run something.

use steadfast_core::{PayloadMap, Payloads, run::Status};

/// Asks the workflow something; changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Which handler.
    pub name: String,
    /// Its arguments.
    pub args: Payloads,
    /// Context for interceptors.
    pub header: PayloadMap,
    /// Refuse when the run is not open.
    pub reject_not_open: bool,
    /// Refuse when the run closed other than by completing.
    pub reject_not_completed_cleanly: bool,
}

/// A query's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryAnswer {
    /// The handler's result.
    Result(Payloads),
    /// The handler failed.
    Failed(Box<steadfast_core::Failure>),
    /// The run's status is not one that the caller accepts.
    Rejected(Status),
}
