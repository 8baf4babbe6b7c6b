//! What nobody should send to Temporal's gRPC API: each ends as on Temporal's own server, or better, with
//! its error types; and what is merely much is served.
//!
//! `SF_E2E_SIGNALS` says how many signals one run gets (12,000: Temporal ends at 10,000).

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_e2e::{
    compat::grpc,
    engine::{Engine, Home, Options},
    temporal::{Temporal, command, execution, finish, is_transient, payloads, queue, timer},
    wait,
};
use steadfast_temporal_api::api::{
    command::v1::{self as commands, command::Attributes},
    common::v1 as common,
    enums::v1::{self as enums, CommandType, EventType, WorkflowTaskFailedCause as Cause},
    failure::v1 as failure,
    history::v1::history_event::Attributes as Event,
    query::v1 as query,
    workflowservice::v1 as proto,
};
use tonic::{Code, Status};

const MIB: usize = 1 << 20;

struct World {
    _home: Home,
    engine: Engine,
    temporal: Temporal,
}

impl World {
    async fn begin(settings: &[&str]) -> Result<Self> {
        let home = Home::new()?;
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let engine = Engine::start(&home, Options { settings, ..Options::default() }).await?;
        let temporal = Temporal::new(&grpc(&engine)?)?;
        Ok(Self { _home: home, engine, temporal })
    }

    /// After all that: it works, it did not panic, it stops cleanly.
    async fn end(self) -> Result<()> {
        self.temporal.start("still-well").await?;
        self.temporal.turn("still-well", &[finish(None)]).await?;
        ensure!(!self.engine.log().contains("panicked"), "the engine panicked");
        ensure!(self.engine.stop().await?.success());
        Ok(())
    }
}

/// The code, the message, and the name of the typed detail, if there is one.
fn told<A>(answer: Result<A, Status>) -> (Code, String) {
    match answer {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => {
            let details = String::from_utf8_lossy(status.details());
            let detail = details.split("errordetails.v1.").nth(1).unwrap_or_default();
            let end = detail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(detail.len());
            (status.code(), format!("{} {}", status.message(), &detail[..end]))
        }
    }
}

fn expect<A>(what: &str, answer: Result<A, Status>, code: Code, words: &str) -> Result<()> {
    let (found, text) = told(answer);
    ensure!(found == code && text.contains(words), "{what}: {found:?} {text:?}");
    Ok(())
}

type Start = proto::StartWorkflowExecutionRequest;
type Started = proto::StartWorkflowExecutionResponse;

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_cannot_be() -> Result<()> {
    let world = World::begin(&[]).await?;
    let temporal = &world.temporal;
    let long = "x".repeat(1_001);
    let base = || temporal.start_request("bad-start");
    let second = |seconds| Some(steadfast_temporal_api::well_known::Duration { seconds, nanos: 0 });
    let default = common::RetryPolicy::default;
    let kind = |name: &str| Some(common::WorkflowType { name: name.to_owned() });
    let cases: Vec<(&str, Start)> = vec![
        ("Namespace", Start { namespace: String::new(), ..base() }),
        ("WorkflowId is not set", Start { workflow_id: String::new(), ..base() }),
        ("WorkflowId exceeds", Start { workflow_id: long.clone(), ..base() }),
        ("WorkflowType is not set", Start { workflow_type: None, ..base() }),
        ("WorkflowType exceeds", Start { workflow_type: kind(&long), ..base() }),
        ("taskQueue is not set", Start { task_queue: None, ..base() }),
        ("missing task queue name", Start { task_queue: queue(""), ..base() }),
        ("TaskQueue exceeds", Start { task_queue: queue(&long), ..base() }),
        ("reserved prefix", Start { task_queue: queue("/_sys/x"), ..base() }),
        ("RequestId exceeds", Start { request_id: long.clone(), ..base() }),
        ("WorkflowRunTimeout", Start { workflow_run_timeout: second(-1), ..base() }),
        ("CronSchedule", Start { cron_schedule: "no".to_owned(), ..base() }),
        (
            "BackoffCoefficient",
            Start {
                retry_policy: Some(common::RetryPolicy { backoff_coefficient: 0.5, ..default() }),
                ..base()
            },
        ),
        (
            "MaximumAttempts",
            Start {
                retry_policy: Some(common::RetryPolicy { maximum_attempts: -1, ..default() }),
                ..base()
            },
        ),
        ("size limit", Start { input: payloads(17 * MIB), ..base() }),
    ];
    for (words, start) in cases {
        let answer = temporal.call::<_, Started>(start).await;
        expect(words, answer, Code::InvalidArgument, words)?;
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_that_are_not_there() -> Result<()> {
    let world = World::begin(&[]).await?;
    let namespace = || "nowhere".to_owned();
    let run = || execution("nobody", "");
    let temporal = &world.temporal;
    macro_rules! refused {
        ($($request:ident $answer:ident { $($field:ident: $value:expr),* })*) => {$(
            let request =
                proto::$request { namespace: namespace(), $($field: $value,)* ..Default::default() };
            let answer = temporal.call::<_, proto::$answer>(request).await;
            expect(stringify!($request), answer, Code::NotFound, "NamespaceNotFoundFailure")?;
        )*};
    }
    let mut there = temporal.clone();
    there.namespace = namespace();
    let answer = there.describe("nobody", "").await;
    expect("describe", answer, Code::NotFound, "NamespaceNotFoundFailure")?;
    let query = || Some(query::WorkflowQuery { query_type: "q".into(), ..Default::default() });
    refused! {
        SignalWorkflowExecutionRequest SignalWorkflowExecutionResponse
            { workflow_execution: run(), signal_name: "s".to_owned() }
        QueryWorkflowRequest QueryWorkflowResponse { execution: run(), query: query() }
        TerminateWorkflowExecutionRequest TerminateWorkflowExecutionResponse
            { workflow_execution: run() }
        RequestCancelWorkflowExecutionRequest RequestCancelWorkflowExecutionResponse
            { workflow_execution: run() }
        GetWorkflowExecutionHistoryRequest GetWorkflowExecutionHistoryResponse { execution: run() }
        ListWorkflowExecutionsRequest ListWorkflowExecutionsResponse {}
        PollWorkflowTaskQueueRequest PollWorkflowTaskQueueResponse { task_queue: queue("q") }
        PollActivityTaskQueueRequest PollActivityTaskQueueResponse { task_queue: queue("q") }
        DescribeTaskQueueRequest DescribeTaskQueueResponse { task_queue: queue("q") }
        ListWorkersRequest ListWorkersResponse {}
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_frames_that_nobody_made() -> Result<()> {
    let world = World::begin(&["gateway.request_bytes_max=2MiB"]).await?;
    let temporal = &world.temporal;
    let namespace = || temporal.namespace.clone();
    temporal.start("tokens").await?;
    for token in [b"junk".to_vec(), vec![0xff, 0xff, 1], br#"{"RunId":"x"}"#.to_vec()] {
        macro_rules! refused {
            ($($request:ident $answer:ident $field:ident { $($more:ident: $value:expr),* })*) => {$(
                let request = proto::$request {
                    namespace: namespace(), $field: token.clone(), $($more: $value,)*
                    ..Default::default()
                };
                let answer = temporal.call::<_, proto::$answer>(request).await;
                expect(stringify!($request), answer, Code::InvalidArgument, "")?;
            )*};
        }
        let run = || execution("tokens", "");
        refused! {
            GetWorkflowExecutionHistoryRequest GetWorkflowExecutionHistoryResponse next_page_token
                { execution: run() }
            GetWorkflowExecutionHistoryReverseRequest GetWorkflowExecutionHistoryReverseResponse
                next_page_token { execution: run() }
            ListWorkflowExecutionsRequest ListWorkflowExecutionsResponse next_page_token {}
            RespondWorkflowTaskCompletedRequest RespondWorkflowTaskCompletedResponse task_token {}
            RespondActivityTaskCompletedRequest RespondActivityTaskCompletedResponse task_token {}
            RespondQueryTaskCompletedRequest RespondQueryTaskCompletedResponse task_token {}
        }
    }
    let large = Start { input: payloads(3 * MIB), ..temporal.start_request("frame") };
    let answer = temporal.call::<_, Started>(large).await;
    let words = "grpc: received message larger than max (";
    expect("a frame over the limit", answer, Code::ResourceExhausted, words)?;
    world.end().await
}

fn activity(id: &str, queue_name: &str) -> commands::Command {
    let attributes = commands::ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(common::ActivityType { name: "A".to_owned() }),
        task_queue: queue(queue_name),
        start_to_close_timeout: Some(steadfast_temporal_api::well_known::Duration {
            seconds: 60,
            nanos: 0,
        }),
        ..Default::default()
    };
    let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
    command(CommandType::ScheduleActivityTask, attributes)
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_make_no_sense() -> Result<()> {
    let world = World::begin(&[]).await?;
    let temporal = &world.temporal;
    let nothing = commands::Command {
        command_type: CommandType::StartTimer.into(),
        ..commands::Command::default()
    };
    let unknown = commands::CancelTimerCommandAttributes { timer_id: "none".to_owned() };
    let unknown =
        command(CommandType::CancelTimer, Attributes::CancelTimerCommandAttributes(unknown));
    let cases: Vec<(Vec<commands::Command>, &str, Option<Cause>)> = vec![
        (vec![finish(None), timer("t", 1)], "invalid command sequence", None),
        (vec![finish(None), finish(None)], "invalid command sequence", None),
        (vec![timer("", 1)], "TimerId", Some(Cause::BadStartTimerAttributes)),
        (vec![timer("t", -1)], "StartToFireTimeout", Some(Cause::BadStartTimerAttributes)),
        (vec![timer("t", 9), timer("t", 9)], "add-timer", Some(Cause::StartTimerDuplicateId)),
        (vec![unknown], "TimerID: none", Some(Cause::BadCancelTimerAttributes)),
        (vec![nothing], "is not set", Some(Cause::BadStartTimerAttributes)),
        (
            vec![activity("", "q")],
            "activityId is not set",
            Some(Cause::BadScheduleActivityAttributes),
        ),
        (vec![activity("a", "")], "queue", Some(Cause::BadScheduleActivityAttributes)),
        (
            vec![activity("a", "q"), activity("a", "q")],
            "ActivityID: a",
            Some(Cause::ScheduleActivityDuplicateId),
        ),
    ];
    for (number, (bad, words, cause)) in cases.into_iter().enumerate() {
        let id = format!("commands-{number}");
        temporal.start(&id).await?;
        let task = temporal.task(&id).await?;
        let answer = temporal.complete(&task, bad).await;
        expect(words, answer, Code::InvalidArgument, words)?;
        let events = temporal.history(&id, "").await?;
        let failed = events.iter().find(|e| e.event_type() == EventType::WorkflowTaskFailed);
        let found = failed.and_then(|event| {
            let Some(Event::WorkflowTaskFailedEventAttributes(failed)) = &event.attributes else {
                return None;
            };
            Some(failed.cause())
        });
        ensure!(found == cause, "{words}: {found:?}");
        // A good answer ends it all the same; a task whose answer was no answer is still out.
        if cause.is_some() {
            temporal.turn(&id, &[finish(None)]).await?;
        } else {
            temporal.complete(&task, vec![finish(None)]).await?;
        }
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_task_that_fails_for_ever() -> Result<()> {
    let world = World::begin(&[]).await?;
    let temporal = &world.temporal;
    temporal.start("ever").await?;
    for attempt in 1..=5 {
        let task = temporal.task("ever").await?;
        ensure!(task.attempt == attempt, "attempt {} instead of {attempt}", task.attempt);
        let request = proto::RespondWorkflowTaskFailedRequest {
            namespace: temporal.namespace.clone(),
            task_token: task.task_token,
            cause: Cause::NonDeterministicError.into(),
            failure: Some(failure::Failure { message: "no".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        temporal.call::<_, proto::RespondWorkflowTaskFailedResponse>(request).await?;
    }
    // However often it fails, history says so once; and the run says what is the matter.
    let described = temporal.describe("ever", "").await?;
    let attempt = described.pending_workflow_task.as_ref().map(|task| task.attempt);
    ensure!(attempt == Some(6), "{attempt:?}");
    let info = described.workflow_execution_info.context("a description")?;
    let attributes = info.search_attributes.context("search attributes")?;
    let problems = attributes.indexed_fields.get("TemporalReportedProblems");
    let problems = problems.context("reported problems")?;
    ensure!(String::from_utf8_lossy(&problems.data).contains("WorkflowTaskFailed"));
    let failed = temporal.history("ever", "").await?;
    let failed = failed.iter().filter(|e| e.event_type() == EventType::WorkflowTaskFailed);
    ensure!(failed.count() == 1);
    temporal.turn("ever", &[finish(None)]).await?;
    ensure!(temporal.status("ever", "").await? == enums::WorkflowExecutionStatus::Completed);
    world.end().await
}

/// Many signals to one run: more events than Temporal lets a run have. They are all there, the run
/// answers, its worker is told to continue as new, its operator is warned, and it ends as it should.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_very_many_signals() -> Result<()> {
    let signals = std::env::var("SF_E2E_SIGNALS").ok().and_then(|text| text.parse().ok());
    let signals: usize = signals.unwrap_or(12_000);
    let world = World::begin(&["engine.history_events_warn=10000"]).await?;
    let temporal = &world.temporal;
    temporal.start("many").await?;
    let send = |number: usize| async move {
        let request = proto::SignalWorkflowExecutionRequest {
            namespace: temporal.namespace.clone(),
            workflow_execution: execution("many", ""),
            signal_name: "s".to_owned(),
            request_id: format!("signal {number}"),
            ..Default::default()
        };
        loop {
            match temporal.insist::<_, proto::SignalWorkflowExecutionResponse>(&request).await {
                Ok(_) => return Ok(()),
                // An inbox that is full says so, and takes the next try.
                Err(status)
                    if status.code() == Code::ResourceExhausted || is_transient(&status) => {}
                Err(status) => return Err(status),
            }
        }
    };
    let sending = stream::iter((0..signals).map(send)).buffer_unordered(200);
    sending.try_collect::<Vec<()>>().await?;
    let described = temporal.describe("many", "").await?;
    let info = described.workflow_execution_info.context("a description")?;
    ensure!(info.history_length >= i64::try_from(signals)?, "{}", info.history_length);
    let events = temporal.history("many", "").await?;
    let kind = EventType::WorkflowExecutionSignaled;
    ensure!(events.iter().filter(|e| e.event_type() == kind).count() == signals);
    ensure!(events.iter().zip(1..).all(|(event, id)| event.event_id == id));

    let task = temporal.task("many").await?;
    let mut page = task.next_page_token.clone();
    let mut seen = task.history.clone().unwrap_or_default().events;
    while !page.is_empty() {
        let request = proto::GetWorkflowExecutionHistoryRequest {
            namespace: temporal.namespace.clone(),
            execution: execution("many", ""),
            next_page_token: page,
            ..Default::default()
        };
        let answer: proto::GetWorkflowExecutionHistoryResponse = temporal.call(request).await?;
        seen.extend(answer.history.unwrap_or_default().events);
        page = answer.next_page_token;
    }
    let last = seen.last().context("a started task")?;
    ensure!(last.event_id == task.started_event_id && seen.len() == signals + 3);
    let suggested = format!("{last:?}").contains("suggest_continue_as_new: true");
    ensure!(suggested, "{last:?}");
    temporal.complete(&task, vec![finish(None)]).await?;
    ensure!(temporal.status("many", "").await? == enums::WorkflowExecutionStatus::Completed);
    ensure!(world.engine.log().contains("history is very long"), "nobody was warned");
    world.end().await
}

/// As large as `DescribeNamespace` promises to take.
fn large() -> Option<common::Payloads> {
    payloads(16 * MIB - 1_024)
}

/// Payloads of the promised size, wherever there may be one.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_as_large_as_promised() -> Result<()> {
    let world = World::begin(&[]).await?;
    let temporal = &world.temporal;
    let payload = || large().and_then(|list| list.payloads.into_iter().next()).unwrap_or_default();
    let memo = Some(common::Memo { fields: [("m".to_owned(), payload())].into() });
    let start = Start { input: large(), memo, ..temporal.start_request("large") };
    temporal.call::<_, Started>(start).await?;
    let mut scheduled = activity("a", "large");
    if let Some(Attributes::ScheduleActivityTaskCommandAttributes(a)) = &mut scheduled.attributes {
        a.input = large();
    }
    temporal.turn("large", &[scheduled]).await?;
    large_activity(temporal).await?;
    signal(temporal, "s", large()).await?;
    temporal.turn("large", &[timer("t", 3_600)]).await?;
    large_query(temporal).await?;
    signal(temporal, "end", None).await?;
    temporal.turn("large", &[finish(large())]).await?;

    let described = temporal.describe("large", "").await?;
    let memo = described.workflow_execution_info.and_then(|info| info.memo).unwrap_or_default();
    ensure!(memo.fields.get("m") == Some(&payload()), "the memo");
    let events = temporal.history("large", "").await?;
    let bytes: usize = events.iter().map(steadfast_temporal_api::prost::Message::encoded_len).sum();
    ensure!(bytes > 6 * 15 * MIB, "{bytes} bytes of history");
    wait::until("the list to show the run", std::time::Duration::from_secs(60), || async {
        temporal.runs("large").await.ok().filter(|runs| runs.len() == 1)
    })
    .await?;
    world.end().await
}

async fn signal(temporal: &Temporal, name: &str, input: Option<common::Payloads>) -> Result<()> {
    let signal = proto::SignalWorkflowExecutionRequest {
        namespace: temporal.namespace.clone(),
        workflow_execution: execution("large", ""),
        signal_name: name.to_owned(),
        input,
        ..Default::default()
    };
    temporal.call::<_, proto::SignalWorkflowExecutionResponse>(signal).await?;
    Ok(())
}

/// The activity's input, its heartbeat and its result.
async fn large_activity(temporal: &Temporal) -> Result<()> {
    let poll = proto::PollActivityTaskQueueRequest {
        namespace: temporal.namespace.clone(),
        task_queue: queue("large"),
        ..Default::default()
    };
    let attempt: proto::PollActivityTaskQueueResponse = temporal.call(poll).await?;
    ensure!(attempt.input == large(), "the activity's input");
    let beat = proto::RecordActivityTaskHeartbeatRequest {
        namespace: temporal.namespace.clone(),
        task_token: attempt.task_token.clone(),
        details: large(),
        ..Default::default()
    };
    temporal.call::<_, proto::RecordActivityTaskHeartbeatResponse>(beat).await?;
    let done = proto::RespondActivityTaskCompletedRequest {
        namespace: temporal.namespace.clone(),
        task_token: attempt.task_token,
        result: large(),
        ..Default::default()
    };
    temporal.call::<_, proto::RespondActivityTaskCompletedResponse>(done).await?;
    Ok(())
}

/// A query's arguments and its answer.
async fn large_query(temporal: &Temporal) -> Result<()> {
    let asked = query::WorkflowQuery {
        query_type: "q".to_owned(),
        query_args: large(),
        ..Default::default()
    };
    let asked = proto::QueryWorkflowRequest {
        namespace: temporal.namespace.clone(),
        execution: execution("large", ""),
        query: Some(asked),
        ..Default::default()
    };
    let answering = async {
        let task = temporal.task("large").await?;
        ensure!(task.query.is_some_and(|query| query.query_args == large()), "the query's args");
        let answer = proto::RespondQueryTaskCompletedRequest {
            namespace: temporal.namespace.clone(),
            task_token: task.task_token,
            completed_type: enums::QueryResultType::Answered.into(),
            query_result: large(),
            ..Default::default()
        };
        anyhow::Ok(temporal.call::<_, proto::RespondQueryTaskCompletedResponse>(answer).await?)
    };
    let query =
        async { anyhow::Ok(temporal.call::<_, proto::QueryWorkflowResponse>(asked).await?) };
    let (answered, _) = tokio::try_join!(query, answering)?;
    ensure!(answered.query_result == large(), "the query's answer");
    Ok(())
}
