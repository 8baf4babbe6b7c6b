//! Long waits: they end empty at their deadline, are bounded in number, and give way to the end.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::StreamExt;
use steadfast_core::{command::CommandKind, event::UpdateOutcome};
use steadfast_native::NativeConfig;
use steadfast_protocol::{
    ErrorCode, codec, header,
    message::{
        self, AwaitResult, Complete, Completed, Poll, TaskQueryAnswer, UpdateAnswer, UpdateStage,
        WorkflowResult,
    },
    subject::{PollKind, api_subject, poll_subject},
};

use crate::world::{SHOP, World, header_of, json};

fn poll(timeout_ms: u64) -> Poll {
    Poll { timeout_ms, ..Poll::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_ends_empty_at_its_deadline() -> Result<()> {
    let world = World::start().await?;
    for kind in [PollKind::Activity, PollKind::Workflow] {
        let begun = Instant::now();
        let subject = poll_subject(SHOP, "nobody", kind);
        let answer = world.raw(subject, codec::encode(&poll(300))?).await?;
        assert_eq!(header_of(&answer, header::EMPTY), Some("1"));
        assert!(answer.payload.is_empty());
        assert!(begun.elapsed() >= Duration::from_millis(300));
    }
    world.start_workflow("order").await?;
    let wait =
        AwaitResult { workflow_id: "order".into(), timeout_ms: 300, ..AwaitResult::default() };
    let result: Option<WorkflowResult> = world.ask(api_subject(SHOP, "result"), &wait).await?;
    assert_eq!(result, None);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_polls_are_refused() -> Result<()> {
    let world = World::with(NativeConfig { long_polls_max: 1, ..NativeConfig::default() }).await?;
    let subject = || poll_subject(SHOP, "nobody", PollKind::Activity);
    let long = codec::encode(&poll(30_000))?;
    // Whichever of two comes second is refused; the other goes on waiting.
    let inbox = world.client.new_inbox();
    let mut answers = world.client.subscribe(inbox.clone()).await?;
    for _ in 0..2 {
        world.client.publish_with_reply(subject(), inbox.clone(), long.clone()).await?;
    }
    let answer = answers.next().await.expect("an answer");
    let error = crate::world::error(&answer)?.expect("a refusal");
    assert_eq!(error.known_code(), Some(ErrorCode::ResourceExhausted));
    assert!(error.retryable);
    // A short request is not in their way, and the end of the server is.
    world.start_workflow("order").await?;
    world.begin_stop();
    let answer = answers.next().await.expect("an answer");
    assert_eq!(header_of(&answer, header::EMPTY), Some("1"));
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_answered_by_the_worker() -> Result<()> {
    let world = World::start().await?;
    world.start_workflow("order").await?;
    let task = world.poll_workflow("order").await?;
    let complete = Complete { token: task.token, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;

    let query = message::Query {
        workflow_id: "order".into(),
        name: "state".to_owned(),
        ..message::Query::default()
    };
    let answering = async {
        let task = world.poll_workflow("order").await?;
        let query = task.lone_query.expect("nothing but the query");
        assert_eq!(query.name, "state");
        let answer = TaskQueryAnswer { id: query.id, result: Some(json("7")), failure: None };
        let query_answers = vec![answer];
        let complete = Complete { token: task.token, query_answers, ..Complete::default() };
        world.task::<Completed>("complete", &complete).await
    };
    let (answer, answered) =
        tokio::join!(world.api::<message::QueryAnswer>("query", &query), answering);
    answered?;
    assert_eq!(answer?.result, Some(json("7")));
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_answered_by_the_worker() -> Result<()> {
    let world = World::start().await?;
    world.start_workflow("order").await?;
    let task = world.poll_workflow("order").await?;
    let complete = Complete { token: task.token, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;

    let update = message::Update {
        workflow_id: "order".into(),
        name: "add".to_owned(),
        update_id: "u".into(),
        ..message::Update::default()
    };
    let answering = async {
        let task = world.poll_workflow("order").await?;
        assert_eq!(task.updates[0].name, "add");
        let update_id = task.updates[0].update_id.clone();
        let accept = steadfast_core::command::AcceptUpdate {
            update_id: update_id.clone(),
            ..Default::default()
        };
        let outcome = UpdateOutcome::Success(json("8"));
        let commands = vec![
            CommandKind::AcceptUpdate(Box::new(accept)).into(),
            CommandKind::CompleteUpdate { update_id, outcome }.into(),
        ];
        let complete = Complete { token: task.token, commands, ..Complete::default() };
        world.task::<Completed>("complete", &complete).await
    };
    let (answer, answered) = tokio::join!(world.api::<UpdateAnswer>("update", &update), answering);
    answered?;
    let answer = answer?;
    assert_eq!(answer.stage, UpdateStage::Completed);
    assert_eq!(answer.outcome, Some(UpdateOutcome::Success(json("8"))));
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_as_a_micro_service() -> Result<()> {
    let world = World::start().await?;
    let info = world.raw("$SRV.INFO.steadfast".to_owned(), "").await?;
    let info = String::from_utf8(info.payload.to_vec())?;
    for subject in ["sf.api.*.*", "sf.poll.*.*.*", "sf.task.*.*"] {
        assert!(info.contains(subject), "{info}");
    }
    world.stop().await
}

/// Whoever polled is gone when the task comes: the next poll gets it, at once and as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_for_a_dead_poller_goes_to_the_next() -> Result<()> {
    let world = World::start().await?;
    let dead_poll = async |kind| {
        let (subject, body) = (poll_subject(SHOP, "order", kind), codec::encode(&poll(30_000))?);
        anyhow::Ok(world.client.publish_with_reply(subject, "nobody.there", body).await?)
    };
    let begun = Instant::now();
    for _ in 0..3 {
        dead_poll(PollKind::Workflow).await?;
    }
    world.start_workflow("order").await?;
    let task = world.poll_workflow("order").await?;
    assert_eq!(task.attempt, 1);
    assert!(begun.elapsed() < Duration::from_secs(8), "before the task's timeout");
    let activity = steadfast_core::command::ScheduleActivity {
        activity_id: "a".into(),
        activity_type: "charge".into(),
        start_to_close_timeout: steadfast_core::Span::from_secs(60),
        retry_policy: Some(steadfast_core::RetryPolicy {
            maximum_attempts: 1,
            ..Default::default()
        }),
        ..Default::default()
    };
    let commands = vec![CommandKind::ScheduleActivity(Box::new(activity)).into()];
    let complete = Complete { token: task.token, commands, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;
    dead_poll(PollKind::Activity).await?;
    let describe = message::Describe { workflow_id: "order".into(), ..Default::default() };
    loop {
        let found: message::Description = world.api("describe", &describe).await?;
        if found.pending_activities[0].started {
            break;
        }
    }
    let task = world.poll_activity("order").await?;
    assert_eq!((task.attempt, task.activity_id.as_str()), (1, "a"));
    let complete = Complete { token: task.token, ..Complete::default() };
    let _: Completed = world.task("complete", &complete).await?;
    assert!(begun.elapsed() < Duration::from_secs(20));
    world.stop().await
}
