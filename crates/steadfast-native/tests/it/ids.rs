//! Any text is a legal id, and payloads may be empty or large.

use anyhow::Result;
use bytes::Bytes;
use steadfast_core::{Payload, command::CommandKind};
use steadfast_protocol::{
    ErrorCode, codec,
    message::{self, Complete, Completed, Started, WorkflowTask},
    subject::{PollKind, api_subject, poll_subject, task_subject},
};

use crate::world::{SHOP, World, start};

#[tokio::test(flavor = "multi_thread")]
async fn odd_ids_are_ids_like_others() -> Result<()> {
    let world = World::start().await?;
    let long = "x".repeat(1_000);
    for id in ["a.b", "a b", "*", ">", "\"'\\", "\u{1F980}", "sf.h.>", "\r\n", &long] {
        let started = world.start_workflow(id).await?;
        let describe = message::Describe { workflow_id: id.into(), ..message::Describe::default() };
        let description: message::Description = world.api("describe", &describe).await?;
        assert_eq!(description.run_id, started.run_id, "{id:?}");
        assert_eq!(description.workflow_id.as_str(), id);
    }
    let list: message::ListPage = world.api("list", &message::List::default()).await?;
    assert_eq!(list.runs.len(), 9);
    world.stop().await
}

/// Long names do not fit into subjects: their hashes do, and the message says them.
#[tokio::test(flavor = "multi_thread")]
async fn long_namespaces_and_queues_are_named_in_the_message() -> Result<()> {
    let world = World::start().await?;
    let (namespace, queue) = ("n.".repeat(300), "q ".repeat(300));
    let mut start = start("order");
    start.task_queue = queue.as_str().into();
    let subject = api_subject(&namespace, "start");
    let code = world.refusal(subject.clone(), codec::encode(&start)?).await?;
    assert_eq!(code, ErrorCode::InvalidArgument);
    start.namespace = Some("another".into());
    let code = world.refusal(subject.clone(), codec::encode(&start)?).await?;
    assert_eq!(code, ErrorCode::WrongNamespace);
    start.namespace = Some(namespace.as_str().into());
    let _: Option<Started> = world.ask(subject, &start).await?;
    let poll = message::Poll {
        namespace: start.namespace.clone(),
        task_queue: Some(queue.as_str().into()),
        ..message::Poll::default()
    };
    let subject = poll_subject(&namespace, &queue, PollKind::Workflow);
    let task: Option<WorkflowTask> = world.ask(subject, &poll).await?;
    let commands = vec![CommandKind::CompleteWorkflow { result: Vec::new() }.into()];
    let complete = Complete {
        namespace: start.namespace,
        token: task.expect("the task").token,
        commands,
        ..Complete::default()
    };
    let subject = task_subject(&namespace, "complete");
    let completed: Option<Completed> = world.ask(subject, &complete).await?;
    assert!(completed.is_some());
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_may_be_empty_or_large() -> Result<()> {
    let world = World::start().await?;
    let large = Bytes::from(vec![7; 15 << 20]);
    for (id, data) in [("empty", Bytes::new()), ("large", large)] {
        let mut start = start(id);
        start.input = vec![Payload::new("binary/plain", data)];
        let _: Started = world.api("start", &start).await?;
        let task = world.poll_workflow(id).await?;
        let steadfast_core::EventKind::WorkflowExecutionStarted(started) = &task.history[0].kind
        else {
            panic!("the first event is the start")
        };
        assert_eq!(started.input, start.input);
    }
    let mut start = start("too-large");
    start.input = vec![Payload::new("binary/plain", vec![7; 20 << 20])];
    let code = world.refusal(api_subject(SHOP, "start"), codec::encode(&start)?).await?;
    assert_eq!(code, ErrorCode::PayloadTooLarge);
    world.stop().await
}
