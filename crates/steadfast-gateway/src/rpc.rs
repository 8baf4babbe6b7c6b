//! The RPCs, one file per family. Each function reads a request, calls the engine, and writes its
//! answer; the names are those of the RPCs.

pub(crate) mod activity_control;
pub(crate) mod activity_execution;
pub(crate) mod activity_task;
pub(crate) mod activity_task_by_id;
pub(crate) mod control;
pub(crate) mod describe;
pub(crate) mod history;
pub(crate) mod multi_operation;
pub(crate) mod namespace;
pub(crate) mod nexus_task;
pub(crate) mod operator;
pub(crate) mod query;
pub(crate) mod reset;
pub(crate) mod run_control;
pub(crate) mod start;
pub(crate) mod system;
pub(crate) mod task_queue;
pub(crate) mod update;
pub(crate) mod visibility;
pub(crate) mod worker;
pub(crate) mod workflow_task;
