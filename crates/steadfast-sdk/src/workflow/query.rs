//! Queries: looking at a workflow without changing it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Failure, Payloads};

use super::{
    error::{ApplicationError, WorkflowError},
    executor::panic_text,
    state::{State, StateHandle},
};
use crate::payload;

/// What a handler looks like once its types are erased.
pub(crate) type QueryHandler =
    Arc<dyn Fn(&Payloads) -> Result<Payloads, WorkflowError> + Send + Sync>;

/// A question to a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Gives the answer its question.
    pub id: String,
    /// Which handler.
    pub name: String,
    /// Its arguments.
    pub args: Payloads,
}

/// Erases a handler's types.
pub(crate) fn handler<I, O>(
    answer: impl Fn(I) -> Result<O, WorkflowError> + Send + Sync + 'static,
) -> QueryHandler
where
    I: DeserializeOwned,
    O: Serialize,
{
    Arc::new(move |args| {
        let answer = answer(payload::decode_list(args)?)?;
        Ok(vec![payload::encode(&answer)?])
    })
}

/// Asks the workflow; a panic or a wish to change something is a failed query, nothing else.
pub(crate) fn ask(shared: &StateHandle, question: &Question) -> Result<Payloads, Box<Failure>> {
    if question.name == "__stack_trace" {
        let waiting = waiting_for(&shared.lock());
        return Ok(payload::encode_list(&waiting).unwrap_or_default());
    }
    let handler = shared.lock().queries.get(&question.name).cloned();
    let Some(handler) = handler else {
        let known: Vec<_> = shared.lock().queries.keys().cloned().collect();
        let message = format!(
            "unknown query {:?}, this workflow answers [{}]",
            question.name,
            known.join(", ")
        );
        return Err(Box::new(ApplicationError::new("UnknownQuery", message).into_failure()));
    };
    shared.lock().read_only = true;
    let answer = catch_unwind(AssertUnwindSafe(|| handler(&question.args)));
    shared.lock().read_only = false;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Box::new(error.into_failure())),
        Err(panic) => {
            let error = ApplicationError::new("Panic", panic_text(&*panic));
            Err(Box::new(error.into_failure()))
        }
    }
}

/// What the workflow waits for, for people.
fn waiting_for(state: &State) -> String {
    let mut lines = Vec::new();
    for (_, activity) in state.activities.iter() {
        lines.push(format!("activity {:?} {:?}", activity.activity_type, activity.activity_id));
    }
    for (number, _) in state.timers.iter() {
        lines.push(format!("timer \"{number}\""));
    }
    for (_, child) in state.children.iter() {
        lines.push(format!("child {:?} {:?}", child.workflow_type, child.execution.workflow_id));
    }
    let conditions = state.conditions.iter().count();
    if conditions > 0 {
        lines.push(format!("{conditions} conditions"));
    }
    lines.join("\n")
}
