//! The workflow port: caching, eviction, failures, queries.

use steadfast_core::{WorkflowType, command::CommandKind, event::WorkflowTaskFailedCause};
use steadfast_engine::{
    api::{Query, QueryAnswer},
    embedded::{Activated, Activation, WorkflowHost},
};

use super::EmbeddedWorkflows;
use crate::{
    testing::History,
    workflow::{WorkflowContext, WorkflowDefinition, WorkflowError, Workflows},
};

async fn order(ctx: WorkflowContext, cents: u64) -> Result<String, WorkflowError> {
    let stage = ctx.shared("charging");
    let look = stage.clone();
    ctx.on_query("stage", move |()| look.get());
    let receipt: String = ctx.activity("charge", cents).await?;
    stage.set("shipping");
    ctx.activity::<()>("ship", &receipt).await?;
    Ok(receipt)
}

fn host() -> EmbeddedWorkflows {
    let mut workflows = Workflows::new();
    workflows.add(WorkflowDefinition::new("Order", order));
    EmbeddedWorkflows::new(workflows)
}

fn activation(history: &History, from: i64, previous: i64) -> Activation {
    Activation {
        run: history.run(),
        workflow_type: WorkflowType::from("Order"),
        from_event_id: from,
        history: history.events()[from as usize - 1..].to_vec(),
        previous_started_event_id: previous,
        started_event_id: history.last_id(),
        updates: Vec::new(),
    }
}

fn scheduled(activated: Activated) -> String {
    let Activated::Commands(commands) = activated else { panic!("{activated:?}") };
    let [command] = &commands[..] else { panic!("not one command: {commands:?}") };
    let CommandKind::ScheduleActivity(command) = &command.kind else { panic!("{command:?}") };
    command.activity_type.to_string()
}

fn stage(host: &EmbeddedWorkflows, activation: Activation) -> Vec<u8> {
    let query = Query { name: "stage".to_owned(), ..Query::default() };
    let answer = host.query(activation, &query);
    let QueryAnswer::Result(result) = answer else { panic!("{answer:?}") };
    result[0].data.to_vec()
}

#[test]
fn a_run_goes_on_from_memory_and_after_eviction_from_its_history() {
    let host = host();
    let mut history = History::started("Order", 250);
    let first = history.task_started();
    assert_eq!(scheduled(host.activate(activation(&history, 1, 0))), "charge");
    assert_eq!(host.cached_through(&history.run()), first);

    history.task_completed();
    let charge = history.activity("1", "charge");
    history.activity_completed(charge, "paid");
    let second = history.task_started();
    assert_eq!(scheduled(host.activate(activation(&history, first + 1, first))), "ship");
    let nothing_new = Activation { history: Vec::new(), ..activation(&history, 1, second) };
    assert_eq!(stage(&host, nothing_new), b"\"shipping\"");

    host.evict(&history.run());
    assert_eq!(host.cached_through(&history.run()), 0);
    history.task_completed();
    history.activity("2", "ship");
    assert_eq!(stage(&host, activation(&history, 1, second)), b"\"shipping\"");
    assert_eq!(host.cached_through(&history.run()), history.last_id());
}

#[test]
fn what_does_not_fit_fails_the_task_and_is_forgotten() {
    let host = host();
    let mut history = History::started("Order", 250);
    history.task();
    history.activity("1", "refund");
    history.task_started();
    let Activated::Failed(failure) = host.activate(activation(&history, 1, 3)) else {
        panic!("refund is not what the code asks for")
    };
    assert_eq!(failure.cause, WorkflowTaskFailedCause::NonDeterministicError);
    assert_eq!(host.cached_through(&history.run()), 0);

    let unknown =
        Activation { workflow_type: WorkflowType::from("Other"), ..activation(&history, 1, 3) };
    assert!(matches!(host.activate(unknown), Activated::Failed(_)));
}
