//! Log lines about a run carry the standard keys: `namespace`, `workflow_id`, `run_id`, and where the
//! run is in memory also `task_queue` and `trace_id`.

/// A line about a run that is in memory: `log_run!(warn, run, %error, "failed to ...")`.
macro_rules! log_run {
    ($level:ident, $run:expr, $($rest:tt)*) => {{
        let run: &steadfast_core::Run = $run;
        let key = run.key();
        tracing::$level!(
            namespace = %key.namespace,
            workflow_id = %key.workflow_id,
            run_id = %key.run_id,
            task_queue = %run.started.task_queue,
            trace_id = %crate::trace::trace_id_of(run),
            $($rest)*
        )
    }};
}

/// A line about a run of which only the key is known.
macro_rules! log_key {
    ($level:ident, $key:expr, $($rest:tt)*) => {{
        let key: &steadfast_core::RunKey = $key;
        tracing::$level!(
            namespace = %key.namespace,
            workflow_id = %key.workflow_id,
            run_id = %key.run_id,
            $($rest)*
        )
    }};
}

pub(crate) use {log_key, log_run};
