//! Children in scripted runs.

use expect_test::expect;

use crate::{
    EventId, Execution, Failure, Input, Rejection,
    command::{CommandKind, StartChildWorkflow},
    event::{StartChildFailedCause, WorkflowTaskFailedCause},
    failure::RetryState,
    fixture::World,
    input::{ChildFate, ChildReport, Reply, Terminate},
    start::ParentClosePolicy,
};

fn child(id: &str) -> StartChildWorkflow {
    StartChildWorkflow {
        workflow_id: id.into(),
        workflow_type: "sub".into(),
        ..StartChildWorkflow::default()
    }
}

fn start(child: StartChildWorkflow) -> CommandKind {
    CommandKind::StartChildWorkflow(Box::new(child))
}

fn done() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

fn report(initiated_event_id: EventId, run_id: &str, fate: ChildFate) -> Input {
    let child = Execution { workflow_id: "child".into(), run_id: run_id.into() };
    Input::Child(Box::new(ChildReport { initiated_event_id, child, fate }))
}

fn started() -> ChildFate {
    ChildFate::Started { workflow_type: "sub".into(), header: Default::default() }
}

#[test]
fn a_child_starts_and_ends() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    assert_eq!(world.feed(report(5, "first", started())), Ok(Reply::Done));
    assert_eq!(world.feed(report(5, "first", started())), Ok(Reply::Duplicate));
    let end = ChildFate::Completed(Vec::new());
    assert_eq!(world.feed(report(5, "last", end.clone())), Ok(Reply::Done));
    assert_eq!(world.feed(report(5, "last", end)), Ok(Reply::Duplicate));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 StartChildWorkflowExecutionInitiated {"parent_close_policy":"Terminate","task_queue":"queue","workflow_id_reuse_policy":"AllowDuplicate"}
        6 ChildWorkflowExecutionStarted {"execution":{"run_id":"first"},"initiated_event_id":5}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 ChildWorkflowExecutionCompleted {"execution":{"run_id":"last"},"initiated_event_id":5,"started_event_id":6}
    "#]].assert_eq(&world.history());
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send StartChild child/eb01d5a3 for 5
        OfferWorkflowTask queue 7 attempt 1
    "#]]
    .assert_eq(&world.effects());
}

#[test]
fn an_end_that_is_heard_of_first_brings_its_start_along() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    world.signal("busy").unwrap();
    world.poll().unwrap();
    let failure = Box::new(Failure::application("Broken", "broke"));
    let fate = ChildFate::Failed(failure, RetryState::RetryPolicyNotSet);
    world.feed(report(5, "last", fate)).unwrap();
    world.signal("later").unwrap();
    world
        .complete([CommandKind::StartTimer {
            timer_id: "t".into(),
            start_to_fire_timeout: crate::Span::from_secs(1),
        }])
        .unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 StartChildWorkflowExecutionInitiated {"parent_close_policy":"Terminate","task_queue":"queue","workflow_id_reuse_policy":"AllowDuplicate"}
        6 WorkflowExecutionSignaled {"signal_name":"busy"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskCompleted {"scheduled_event_id":7,"started_event_id":8}
        10 TimerStarted {"start_to_fire_timeout":"1s","timer_id":"t"}
        11 ChildWorkflowExecutionStarted {"execution":{"run_id":"eb01d5a3"},"initiated_event_id":5}
        12 WorkflowExecutionSignaled {"signal_name":"later"}
        13 ChildWorkflowExecutionFailed {"execution":{"run_id":"last"},"failure":{"info":{"Application":{"type":"Broken"}},"message":"broke"},"initiated_event_id":5,"retry_state":"RetryPolicyNotSet","started_event_id":11}
        14 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_child_that_cannot_start_is_reported() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    let fate = ChildFate::StartFailed(StartChildFailedCause::WorkflowAlreadyExists);
    world.feed(report(5, "", fate)).unwrap();
    assert!(world.run.children.is_empty());
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 StartChildWorkflowExecutionInitiated {"parent_close_policy":"Terminate","task_queue":"queue","workflow_id_reuse_policy":"AllowDuplicate"}
        6 StartChildWorkflowExecutionFailed {"cause":"WorkflowAlreadyExists","initiated_event_id":5}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_start_that_nobody_answered_for_is_sent_again_under_the_same_run_id() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    let first = world.take_effects();
    world.crash();
    let again = world.take_effects();
    assert!(again.iter().all(|effect| first.contains(effect)), "{again:?}");
    assert_eq!(again.len(), 1);
}

#[test]
fn the_parent_close_policy_reaches_each_child() {
    let mut world = World::default();
    let with =
        |id, parent_close_policy| start(StartChildWorkflow { parent_close_policy, ..child(id) });
    world
        .complete([
            with("terminated", ParentClosePolicy::Terminate),
            with("cancelled", ParentClosePolicy::RequestCancel),
            with("abandoned", ParentClosePolicy::Abandon),
        ])
        .unwrap();
    world.effects();
    let terminate = Terminate { reason: "over".to_owned(), ..Terminate::default() };
    world.feed(Input::Terminate(Box::new(terminate))).unwrap();
    let sent = world.take_effects();
    world.crash();
    let again = world.take_effects();
    assert_eq!(sent[..sent.len() - 1], again[..], "a takeover owes the same");
    world.crash();
    expect![[r#"
        Send Terminate terminated/ for 5
        Send RequestCancel cancelled/ for 6
        Send StartChild abandoned/15c63196 for 7
    "#]]
    .assert_eq(&world.effects());
    assert_eq!(world.feed(report(5, "first", started())), Ok(Reply::Duplicate));
}

#[test]
fn a_child_whose_start_crosses_the_parents_close_meets_its_policy() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    let terminate = Terminate::default();
    world.feed(Input::Terminate(Box::new(terminate))).unwrap();
    world.effects();
    assert_eq!(world.feed(report(5, "first", started())), Ok(Reply::Duplicate));
    assert_eq!(world.effects(), "Send Terminate child/ for 5\n");
    let records = world.records.len();
    let end = ChildFate::Terminated;
    assert_eq!(world.feed(report(5, "first", end)), Ok(Reply::Duplicate));
    assert_eq!(world.effects(), "");
    assert_eq!(world.records.len(), records);
}

#[test]
fn a_child_that_is_asked_for_by_the_last_task_is_not_started_unless_abandoned() {
    let mut world = World::default();
    let abandoned = StartChildWorkflow {
        parent_close_policy: ParentClosePolicy::Abandon,
        ..child("abandoned")
    };
    let commands = [start(child("child")), start(abandoned), done()];
    world.complete(commands).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send Terminate child/ for 5
        Send StartChild abandoned/d6de2c1e for 6
        Closed
    "#]]
    .assert_eq(&world.effects());
}

#[test]
fn a_child_reports_to_its_parent_when_its_chain_ends() {
    let mut world = World::default();
    world.complete([start(child("child"))]).unwrap();
    let Some(mut child) = world.child() else { panic!("no child is to start") };
    child.complete([done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"blanks":4,"parent":{"execution":{"run_id":"run-1"},"initiated_event_id":5},"root":{"run_id":"run-1"},"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionCompleted
    "#]].assert_eq(&child.history());
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send ReportToParent workflow/run-1 Completed for 5
        Closed
    "#]]
    .assert_eq(&child.effects());
}

#[test]
fn bad_child_commands_fail_the_workflow_task() {
    let mut world = World::default();
    world.limits.pending_children_max = 1;
    for (commands, expected) in [
        (vec![child("")], WorkflowTaskFailedCause::BadStartChildExecutionAttributes),
        (
            vec![StartChildWorkflow { cron_schedule: "never".to_owned(), ..child("a") }],
            WorkflowTaskFailedCause::BadStartChildExecutionAttributes,
        ),
        (vec![child("a"), child("b")], WorkflowTaskFailedCause::PendingChildWorkflowsLimitExceeded),
    ] {
        let refused = world.complete(commands.into_iter().map(start));
        let Err(Rejection::BadCompletion { cause, .. }) = refused else {
            panic!("accepted: {refused:?}");
        };
        assert_eq!(cause, expected);
        world.pass(crate::Span::from_secs(1));
    }
}
