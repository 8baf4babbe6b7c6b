//! Timers in scripted runs.

use expect_test::expect;

use crate::{
    Rejection, Span, command::CommandKind, event::WorkflowTaskFailedCause, fixture::World,
};

fn start(id: &str, seconds: u64) -> CommandKind {
    CommandKind::StartTimer { timer_id: id.into(), start_to_fire_timeout: Span::from_secs(seconds) }
}

fn cancel(id: &str) -> CommandKind {
    CommandKind::CancelTimer { timer_id: id.into() }
}

fn done() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

#[test]
fn a_timer_fires_when_its_time_has_come_and_wakes_the_workflow() {
    let mut world = World::default();
    world.complete([start("t", 5), start("u", 3)]).unwrap();
    world.pass(Span::from_secs(2));
    assert_eq!(world.run.timers.len(), 2);
    world.pass(Span::from_secs(10));
    world.complete([done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"5s","timer_id":"t"}
        6 TimerStarted {"start_to_fire_timeout":"3s","timer_id":"u"}
        7 TimerFired {"started_event_id":6,"timer_id":"u"}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        9 TimerFired {"started_event_id":5,"timer_id":"t"}
        10 WorkflowTaskStarted {"scheduled_event_id":8}
        11 WorkflowTaskCompleted {"scheduled_event_id":8,"started_event_id":10}
        12 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn timers_due_at_once_fire_in_order_and_make_one_task() {
    let mut world = World::default();
    world.complete([start("late", 3), start("early", 2)]).unwrap();
    world.now = world.now + Span::from_secs(9);
    world.tick();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"3s","timer_id":"late"}
        6 TimerStarted {"start_to_fire_timeout":"2s","timer_id":"early"}
        7 TimerFired {"started_event_id":6,"timer_id":"early"}
        8 TimerFired {"started_event_id":5,"timer_id":"late"}
        9 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_cancelled_timer_does_not_fire() {
    let mut world = World::default();
    world.complete([start("t", 5)]).unwrap();
    world.signal("stop").unwrap();
    world.complete([cancel("t")]).unwrap();
    world.pass(Span::from_secs(60));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"5s","timer_id":"t"}
        6 WorkflowExecutionSignaled {"signal_name":"stop"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskCompleted {"scheduled_event_id":7,"started_event_id":8}
        10 TimerCanceled {"started_event_id":5,"timer_id":"t"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_firing_that_waits_in_the_buffer_can_still_be_cancelled() {
    let mut world = World::default();
    world.complete([start("t", 5)]).unwrap();
    world.signal("stop").unwrap();
    world.poll().unwrap();
    world.pass(Span::from_secs(6));
    assert_eq!(world.run.buffered.len(), 1);
    world.complete([cancel("t"), done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"5s","timer_id":"t"}
        6 WorkflowExecutionSignaled {"signal_name":"stop"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskCompleted {"scheduled_event_id":7,"started_event_id":8}
        10 TimerCanceled {"started_event_id":5,"timer_id":"t"}
        11 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_buffered_firing_keeps_the_workflow_from_closing() {
    let mut world = World::default();
    world.complete([start("t", 5)]).unwrap();
    world.signal("stop").unwrap();
    world.poll().unwrap();
    world.pass(Span::from_secs(6));
    let refused = world.complete([done()]);
    let Err(Rejection::BadCompletion { cause, .. }) = refused else {
        panic!("closed over news: {refused:?}");
    };
    assert_eq!(cause, WorkflowTaskFailedCause::UnhandledCommand);
    world.complete([done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"5s","timer_id":"t"}
        6 WorkflowExecutionSignaled {"signal_name":"stop"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskFailed {"cause":"UnhandledCommand","failure":{"info":{"Server":{"non_retryable":true}},"message":"UnhandledCommand","source":"Server"},"scheduled_event_id":7,"started_event_id":8}
        10 TimerFired {"started_event_id":5,"timer_id":"t"}
        11 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        12 WorkflowTaskStarted {"scheduled_event_id":11}
        13 WorkflowTaskCompleted {"scheduled_event_id":11,"started_event_id":12}
        14 WorkflowExecutionCompleted
    "#]].assert_eq(&world.history());
}

#[test]
fn bad_timer_commands_fail_the_workflow_task() {
    use WorkflowTaskFailedCause as Cause;
    for (commands, expected) in [
        (vec![start("t", 1), start("t", 2)], Cause::StartTimerDuplicateId),
        (vec![start("", 1)], Cause::BadStartTimerAttributes),
        (vec![cancel("unknown")], Cause::BadCancelTimerAttributes),
        (vec![cancel("")], Cause::BadCancelTimerAttributes),
    ] {
        let mut world = World::default();
        match world.complete(commands) {
            Err(Rejection::BadCompletion { cause, .. }) => assert_eq!(cause, expected),
            other => panic!("accepted: {other:?}"),
        }
        assert!(world.run.timers.is_empty());
        assert_eq!(world.run.pending_task().map(|task| task.attempt), Some(2));
    }
}

#[test]
fn timers_survive_a_crash() {
    let mut world = World::default();
    world.complete([start("t", 5)]).unwrap();
    world.crash();
    world.pass(Span::from_secs(5));
    assert_eq!(world.effects(), "OfferWorkflowTask queue 7 attempt 1\n");
}
