//! Visibility: the list of runs, kept in an embedded SQLite file and asked in Temporal's filter language.
//!
//! Start reading at [`handle::Visibility`], what front doors hold. `projection` follows the history
//! streams into the file, `query` turns a filter into bound SQL, `store` is the file.
//!
//! **Invariants:** the file is a projection: it may be deleted at any time and is built anew from the
//! streams; what was applied and up to where is written in one transaction; no value of a query ever
//! becomes part of SQL text; blocking work never runs on a thread that serves others.

pub mod api;
pub mod conditions;
pub mod config;
pub mod error;
pub mod handle;
pub mod metrics;

mod page;
mod projection;
mod query;
mod row;
mod store;

pub use api::{Count, Group, ListPage, ListRequest, Paused, RunInfo};
pub use config::VisibilityConfig;
pub use error::{InvalidQuery, OpenError, QueryError};
pub use handle::Visibility;
pub use projection::Projection;
