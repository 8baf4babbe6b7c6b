//! Runs that an operator pauses.

use expect_test::expect;

use crate::{
    Input, Rejection, Span,
    command::{CommandKind, ScheduleActivity},
    fixture::World,
    input::{PauseWorkflow, Reply},
    run::{Status, pause::PAUSE_ATTRIBUTE},
};

fn request(id: &str) -> Box<PauseWorkflow> {
    Box::new(PauseWorkflow {
        identity: "operator".into(),
        reason: "look \"here\"".to_owned(),
        request_id: id.into(),
    })
}

fn pause(world: &mut World, id: &str) -> Result<Reply, Rejection> {
    world.feed(Input::Pause(request(id)))
}

fn unpause(world: &mut World) -> Result<Reply, Rejection> {
    world.feed(Input::Unpause(request("go")))
}

fn work() -> CommandKind {
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: "a".into(),
        activity_type: "work".into(),
        start_to_close_timeout: Span::from_secs(60),
        ..ScheduleActivity::default()
    }))
}

#[test]
fn a_paused_run_hands_nothing_out_and_goes_on_later() {
    let mut world = World::default();
    world.complete([work()]).unwrap();
    world.effects();
    assert_eq!(pause(&mut world, "p"), Ok(Reply::Done));
    assert_eq!(pause(&mut world, "p"), Ok(Reply::Duplicate));
    assert!(matches!(pause(&mut world, "q"), Err(Rejection::Paused(_))));
    assert_eq!(world.run.status, Status::Paused);
    let shown = world.run.search_attributes[PAUSE_ATTRIBUTE].data.clone();
    assert_eq!(shown, r#"["Workflow:workflow","Reason:look \"here\""]"#);
    world.signal("news").unwrap();
    assert!(matches!(world.update("u"), Err(Rejection::Paused(_))));
    assert!(world.start_activity(5).is_err());
    world.pass(Span::from_secs(30));
    assert_eq!(world.effects(), "");
    world.crash();
    assert_eq!(world.run.pause.as_ref().map(|pause| pause.identity.as_str()), Some("operator"));
    world.effects();
    assert_eq!(unpause(&mut world), Ok(Reply::Done));
    assert!(matches!(unpause(&mut world), Err(Rejection::Paused(_))));
    expect![[r#"
        OfferWorkflowTask queue 9 attempt 1
        OfferActivity queue 5 attempt 1
    "#]]
    .assert_eq(&world.effects());
    assert!(!world.run.search_attributes.contains_key(PAUSE_ATTRIBUTE));
    world.start_activity(5).unwrap();
    world.complete(Vec::<crate::Command>::new()).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 ActivityTaskScheduled {"activity_id":"a","activity_type":"work","retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue"}
        6 WorkflowExecutionPaused {"reason":"look \"here\""}
        7 WorkflowExecutionSignaled {"signal_name":"news"}
        8 WorkflowExecutionUnpaused {"reason":"look \"here\""}
        9 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        10 WorkflowTaskStarted {"scheduled_event_id":9}
        11 WorkflowTaskCompleted {"scheduled_event_id":9,"started_event_id":10}
    "#]].assert_eq(&world.history());
}

#[test]
fn what_a_worker_has_it_may_answer() {
    let mut world = World::default();
    world.poll().unwrap();
    pause(&mut world, "p").unwrap();
    world.effects();
    world.complete([work()]).unwrap();
    assert!(world.run.pending_task().is_none());
    assert!(world.start_activity(5).is_err());
    world.effects();
    unpause(&mut world).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 8 attempt 1
        OfferActivity queue 5 attempt 1
    "#]]
    .assert_eq(&world.effects());
}

#[test]
fn a_task_that_waits_goes_on_waiting() {
    let mut world = World::default();
    pause(&mut world, "p").unwrap();
    assert!(world.poll().is_err());
    unpause(&mut world).unwrap();
    world.complete([CommandKind::CompleteWorkflow { result: Vec::new() }]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionPaused {"reason":"look \"here\""}
        4 WorkflowExecutionUnpaused {"reason":"look \"here\""}
        5 WorkflowTaskStarted {"scheduled_event_id":2}
        6 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":5}
        7 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_paused_run_can_be_terminated_and_timed_out() {
    let mut request = crate::fixture::request();
    request.workflow_run_timeout = Span::from_secs(10);
    let mut world = World::start(request);
    pause(&mut world, "p").unwrap();
    world.pass(Span::from_secs(11));
    assert_eq!(world.run.status, Status::TimedOut);
    assert_eq!(pause(&mut world, "p"), Err(Rejection::Closed));
}
