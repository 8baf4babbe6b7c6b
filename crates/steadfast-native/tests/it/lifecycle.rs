//! A workflow from start to end, by a worker that is nothing but these messages.

use anyhow::Result;
use steadfast_core::{
    Command, EventKind, Span,
    command::{CommandKind, ScheduleActivity},
    input::HeartbeatReply,
    run::Status,
};
use steadfast_protocol::message::{
    self, AwaitResult, Complete, Completed, Done, Fail, History, HistoryPage, WorkflowResult,
};

use steadfast_native::NativeConfig;

use crate::world::{World, json};

fn activity(id: &str) -> Command {
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: id.into(),
        activity_type: "charge".into(),
        input: json("1"),
        start_to_close_timeout: Span::from_secs(20),
        ..ScheduleActivity::default()
    }))
    .into()
}

fn returns(text: &'static str) -> Command {
    CommandKind::CompleteWorkflow { result: json(text) }.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_with_an_activity_runs_to_its_end() -> Result<()> {
    let world = World::start().await?;
    let started = world.start_workflow("order-1").await?;
    assert!(started.started && started.status == Status::Running);

    let task = world.poll_workflow("order-1").await?;
    assert_eq!((task.attempt, task.previous_started_event_id), (1, 0));
    assert_eq!(task.history.len() + task.tail.len(), 3, "{task:?}");
    assert!(matches!(task.history[0].kind, EventKind::WorkflowExecutionStarted(_)));
    let commands = vec![activity("a")];
    let complete = Complete { token: task.token.clone(), commands, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;

    let task = world.poll_activity("order-1").await?;
    assert_eq!((task.activity_type.as_str(), task.attempt), ("charge", 1));
    assert_eq!((task.input, task.start_to_close_timeout_ms), (json("1"), 20_000));
    let heartbeat =
        message::Heartbeat { token: task.token.clone(), ..message::Heartbeat::default() };
    let reply: HeartbeatReply = world.task("heartbeat", &heartbeat).await?;
    assert_eq!(reply, HeartbeatReply::default());
    let complete = Complete { token: task.token, result: json("\"paid\""), ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;

    let task = world.poll_workflow("order-1").await?;
    let kinds = task.history.iter().chain(&task.tail).map(|event| event.kind.name());
    assert!(kinds.clone().any(|kind| kind == "ActivityTaskCompleted"));
    let commands = vec![returns("\"done\"")];
    let complete = Complete { token: task.token, commands, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;

    let wait = AwaitResult { workflow_id: "order-1".into(), ..AwaitResult::default() };
    let result: WorkflowResult = world.api("result", &wait).await?;
    assert_eq!((result.status, result.result), (Status::Completed, json("\"done\"")));
    assert_eq!(result.run_id, started.run_id);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_read() -> Result<()> {
    let world = World::start().await?;
    let started = world.start_workflow("order-2").await?;
    let describe =
        message::Describe { workflow_id: "order-2".into(), ..message::Describe::default() };
    let description: message::Description = world.api("describe", &describe).await?;
    assert_eq!(description.run_id, started.run_id);
    assert_eq!((description.history_events, description.status), (2, Status::Running));
    let history = History { workflow_id: "order-2".into(), max_events: 1, ..History::default() };
    let page: HistoryPage = world.api("history", &history).await?;
    assert_eq!((page.events.len(), page.next_event_id), (1, Some(2)));
    let list: message::ListPage = world.api("list", &message::List::default()).await?;
    assert_eq!(list.runs.len(), 1);
    assert_eq!(list.runs[0].workflow_id.as_str(), "order-2");
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_cancellation_and_the_end_arrive() -> Result<()> {
    let world = World::start().await?;
    world.start_workflow("order-3").await?;
    let signal = message::Signal {
        workflow_id: "order-3".into(),
        name: "approve".to_owned(),
        request_id: "once".into(),
        ..message::Signal::default()
    };
    for _ in 0..2 {
        let _: Done = world.api("signal", &signal).await?;
    }
    let cancel = message::Cancel { workflow_id: "order-3".into(), ..message::Cancel::default() };
    let _: Done = world.api("cancel", &cancel).await?;
    let terminate = message::Terminate {
        workflow_id: "order-3".into(),
        reason: "enough".to_owned(),
        ..message::Terminate::default()
    };
    let _: Done = world.api("terminate", &terminate).await?;
    let wait = AwaitResult { workflow_id: "order-3".into(), ..AwaitResult::default() };
    let result: WorkflowResult = world.api("result", &wait).await?;
    assert_eq!((result.status, result.reason.as_str()), (Status::Terminated, "enough"));
    let history = History { workflow_id: "order-3".into(), ..History::default() };
    let page: HistoryPage = world.api("history", &history).await?;
    let signals = page.events.iter().filter(|e| e.kind.name() == "WorkflowExecutionSignaled");
    assert_eq!(signals.count(), 1, "a repeated signal counts once");
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_task_comes_again_and_an_activity_ends_by_name() -> Result<()> {
    let world = World::start().await?;
    world.start_workflow("order-4").await?;
    let task = world.poll_workflow("order-4").await?;
    let fail = Fail { token: task.token, ..Fail::default() };
    let _: Done = world.task("fail", &fail).await?;
    let task = world.poll_workflow("order-4").await?;
    assert_eq!(task.attempt, 2);
    let commands = vec![activity("b")];
    let complete = Complete { token: task.token, commands, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;
    world.poll_activity("order-4").await?;
    let name = message::ActivityName {
        workflow_id: "order-4".into(),
        activity_id: "b".into(),
        ..message::ActivityName::default()
    };
    let complete = Complete { activity: Some(name), ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;
    let task = world.poll_workflow("order-4").await?;
    let kinds = task.history.iter().map(|event| event.kind.name());
    assert!(kinds.clone().any(|kind| kind == "ActivityTaskCompleted"));
    world.stop().await
}

/// A history larger than a page comes with the task in parts.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_read_in_pages() -> Result<()> {
    let config = NativeConfig { page_bytes_max: 200, ..NativeConfig::default() };
    let world = World::with(config).await?;
    let run_id = world.start_workflow("order-5").await?.run_id;
    for name in ["a", "b", "c", "d", "e"] {
        let signal = message::Signal {
            workflow_id: "order-5".into(),
            name: name.to_owned(),
            ..message::Signal::default()
        };
        let _: Done = world.api("signal", &signal).await?;
    }
    let task = world.poll_workflow("order-5").await?;
    let first_of_tail = task.tail.first().map(|event| event.id);
    let (mut events, mut next) = (task.history, task.next_event_id);
    assert!(next.is_some(), "{events:?}");
    let mut pages = 0;
    while let Some(from_event_id) = next.filter(|id| Some(*id) != first_of_tail) {
        let history = History {
            workflow_id: "order-5".into(),
            run_id: run_id.clone(),
            from_event_id,
            ..History::default()
        };
        let page: HistoryPage = world.api("history", &history).await?;
        if page.events.is_empty() {
            break;
        }
        events.extend(page.events);
        next = page.next_event_id;
        pages += 1;
    }
    assert!(pages > 1);
    events.extend(task.tail);
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=8).collect::<Vec<_>>());
    world.stop().await
}
