//! Tests of commands that cannot be done: each fails its workflow task, with Temporal's cause and
//! words, and the run goes on.

use crate::{
    Failure, RetryPolicy, Span,
    command::{
        CommandKind as C, ContinueAsNew, RecordMarker, RequestCancelExternalWorkflow,
        ScheduleActivity, SignalExternalWorkflow, StartChildWorkflow,
    },
    event::WorkflowTaskFailedCause as Cause,
    fixture::World,
    input::Reply,
};

fn long() -> String {
    "x".repeat(1_001)
}

fn timer(timer_id: &str) -> C {
    C::StartTimer { timer_id: timer_id.into(), start_to_fire_timeout: Span::from_secs(1) }
}

fn activity(change: impl FnOnce(&mut ScheduleActivity)) -> C {
    let mut activity = ScheduleActivity {
        activity_id: "1".into(),
        activity_type: "charge".into(),
        start_to_close_timeout: Span::from_secs(1),
        ..ScheduleActivity::default()
    };
    change(&mut activity);
    C::ScheduleActivity(Box::new(activity))
}

fn child(change: impl FnOnce(&mut StartChildWorkflow)) -> C {
    let mut child = StartChildWorkflow {
        workflow_id: "child".into(),
        workflow_type: "sub".into(),
        ..StartChildWorkflow::default()
    };
    change(&mut child);
    C::StartChildWorkflow(Box::new(child))
}

fn signal(change: impl FnOnce(&mut SignalExternalWorkflow)) -> C {
    let mut signal = SignalExternalWorkflow {
        signal_name: "go".to_owned(),
        execution: crate::Execution { workflow_id: "other".into(), run_id: "".into() },
        ..SignalExternalWorkflow::default()
    };
    change(&mut signal);
    C::SignalExternalWorkflow(Box::new(signal))
}

fn cancel(workflow_id: &str, run_id: &str) -> C {
    let execution = crate::Execution { workflow_id: workflow_id.into(), run_id: run_id.into() };
    C::RequestCancelExternalWorkflow(Box::new(RequestCancelExternalWorkflow {
        execution,
        ..RequestCancelExternalWorkflow::default()
    }))
}

fn bad_policy() -> Option<RetryPolicy> {
    Some(RetryPolicy { backoff_coefficient: 0.5, ..RetryPolicy::default() })
}

/// Commands that no run can do, with the cause and the words of their failed task.
type Bad = Vec<(Vec<C>, Cause, &'static str)>;

/// Activities and timers that cannot be.
fn bad_work() -> Bad {
    let of_activity = Cause::BadScheduleActivityAttributes;
    vec![
        (vec![activity(|a| a.activity_id = "".into())], of_activity, "activityId is not set"),
        (vec![activity(|a| a.activity_type = "".into())], of_activity, "activityType is not set"),
        (
            vec![activity(|a| a.activity_type = long().into())],
            of_activity,
            "Length=1001 Limit=1000",
        ),
        (vec![activity(|a| a.task_queue = "/_sys/own".into())], of_activity, "reserved prefix"),
        (
            vec![activity(|a| a.start_to_close_timeout = Span::ZERO)],
            of_activity,
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set",
        ),
        (
            vec![activity(|a| a.retry_policy = bad_policy())],
            of_activity,
            "BackoffCoefficient cannot be less than 1 on retry policy.",
        ),
        (
            vec![activity(|_| {}), activity(|_| {})],
            Cause::ScheduleActivityDuplicateId,
            "ActivityID: 1",
        ),
        (
            vec![C::RequestCancelActivity { scheduled_event_id: 99 }],
            Cause::BadRequestCancelActivityAttributes,
            "ScheduledEventID: 99",
        ),
        (
            vec![timer("")],
            Cause::BadStartTimerAttributes,
            "TimerId is not set on StartTimerCommand.",
        ),
        (vec![timer(&long())], Cause::BadStartTimerAttributes, "exceeds length limit"),
        (vec![timer("t"), timer("t")], Cause::StartTimerDuplicateId, "TimerID: t"),
        (
            vec![C::CancelTimer { timer_id: "no".into() }],
            Cause::BadCancelTimerAttributes,
            "TimerID: no",
        ),
    ]
}

/// Everything else that cannot be.
fn bad_rest() -> Bad {
    let marker = |marker_name: String| {
        C::RecordMarker(Box::new(RecordMarker { marker_name, ..RecordMarker::default() }))
    };
    let go_on = |change: fn(&mut ContinueAsNew)| {
        let mut command = ContinueAsNew::default();
        change(&mut command);
        C::ContinueAsNew(Box::new(command))
    };
    let of_child = Cause::BadStartChildExecutionAttributes;
    let of_signal = Cause::BadSignalWorkflowExecutionAttributes;
    let of_cancel = Cause::BadRequestCancelExternalAttributes;
    let of_next = Cause::BadContinueAsNewAttributes;
    vec![
        (vec![marker(String::new())], Cause::BadRecordMarkerAttributes, "MarkerName is not set"),
        (vec![child(|c| c.workflow_id = "".into())], of_child, "WorkflowId is not set"),
        (vec![child(|c| c.workflow_type = "".into())], of_child, "WorkflowType is not set"),
        (vec![child(|c| c.workflow_id = long().into())], of_child, "exceeds length limit"),
        (vec![child(|c| c.cron_schedule = "soon".to_owned())], of_child, "CronSchedule"),
        (vec![child(|c| c.retry_policy = bad_policy())], of_child, "BackoffCoefficient"),
        (vec![signal(|s| s.signal_name = String::new())], of_signal, "SignalName is not set"),
        (vec![signal(|s| s.execution.workflow_id = "".into())], of_signal, "WorkflowId is not set"),
        (vec![signal(|s| s.execution.run_id = "no".into())], of_signal, "Invalid RunId"),
        (vec![cancel("", "")], of_cancel, "WorkflowId is not set"),
        (vec![cancel("other", "no")], of_cancel, "Invalid RunId"),
        (vec![child(|_| {}), cancel("child", "")], of_cancel, "not allowed in same workflow task"),
        (
            vec![C::UpsertSearchAttributes { search_attributes: Default::default() }],
            Cause::BadSearchAttributes,
            "IndexedFields is not set",
        ),
        (
            vec![C::ModifyProperties { upserted_memo: Default::default() }],
            Cause::BadModifyWorkflowPropertiesAttributes,
            "UpsertedMemo.Fields is not set",
        ),
        (vec![go_on(|c| c.workflow_type = long().into())], of_next, "exceeds length limit"),
        (vec![go_on(|c| c.cron_schedule = "soon".to_owned())], of_next, "CronSchedule"),
        (vec![go_on(|c| c.retry_policy = bad_policy())], of_next, "BackoffCoefficient"),
    ]
}

#[test]
fn each_bad_command_fails_its_task_with_the_cause_and_the_words_of_temporal() {
    for (commands, cause, words) in bad_work().into_iter().chain(bad_rest()) {
        let mut world = World::default();
        let refused = world.complete(commands).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert!(refused.starts_with(&format!("{}: ", cause.name())), "{refused}");
        let history = world.history();
        let failed = history.lines().last().unwrap_or_default();
        assert!(failed.starts_with("4 WorkflowTaskFailed "), "{history}");
        assert!(failed.contains(&format!(r#""cause":"{cause:?}""#)), "{failed}");
        assert!(failed.contains(words), "{failed}");
        assert_eq!(world.run.pending_task().unwrap().attempt, 2);
        let events = world.run.next_event_id;
        world.complete([timer("")]).unwrap_err();
        assert_eq!(world.run.next_event_id, events, "the second failure is not history");
        world.complete([timer("fine")]).unwrap();
    }
}

#[test]
fn a_closing_command_must_be_the_last_and_else_the_task_stays_out() {
    let mut world = World::default();
    let task = world.poll().unwrap();
    let finish = C::CompleteWorkflow { result: Vec::new() };
    let refused = world.complete([finish.clone(), timer("late")]).unwrap_err().to_string();
    assert!(refused.contains("must be the last command"), "{refused}");
    assert_eq!(world.run.session.task_out.as_ref().map(|out| &out.task), Some(&task.task));
    world.complete([timer("first"), finish]).unwrap();
    assert!(!world.run.status.is_open());
}

#[test]
fn a_workflow_that_fails_its_tasks_for_ever_gets_ever_longer_ones() {
    let mut world = World::default();
    let mut timeouts = Vec::new();
    for _ in 0..14 {
        timeouts.push(world.poll().unwrap().timeout.0 / 1_000_000_000);
        world.pass(
            world
                .run
                .session
                .task_out
                .as_ref()
                .map_or(Span::ZERO, |out| out.deadline.since(out.started_at)),
        );
    }
    assert_eq!(timeouts, [10, 10, 10, 15, 20, 30, 50, 90, 170, 330, 610, 610, 610, 610]);
    assert_eq!(world.history().lines().count(), 4, "only the first timeout is history");
    world.complete([C::FailWorkflow { failure: Box::new(Failure::default()) }]).unwrap();
}

#[test]
fn thousands_of_signals_are_taken() {
    let mut world = World::default();
    world.poll().unwrap();
    for batch in 0..40 {
        let signals = (0..250).map(|n| {
            crate::Input::Signal(Box::new(crate::input::Signal {
                name: "s".to_owned(),
                request_id: format!("{batch}-{n}").into(),
                ..crate::input::Signal::default()
            }))
        });
        let answers = world.feed_unchecked(signals);
        assert!(answers.iter().all(|answer| *answer == Ok(Reply::Done)));
        if batch % 10 == 9 {
            world.complete::<C>([]).unwrap();
            world.poll().unwrap();
        }
    }
    assert_eq!(world.run.signal_count, 10_000);
    world.complete([C::CompleteWorkflow { result: Vec::new() }]).unwrap();
}
