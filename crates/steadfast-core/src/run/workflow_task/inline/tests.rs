//! Tests of what comes with the acknowledgement of a workflow task.

use expect_test::expect;

use crate::{
    ActivityId, Input, Span,
    command::{CommandKind, ScheduleActivity},
    fixture::{self, World},
    input::{ActivityTask, Reply, Sticky, WorkflowTask},
};

fn eager(activity_id: &str, task_queue: &str) -> CommandKind {
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: ActivityId::from(activity_id),
        activity_type: "charge".into(),
        task_queue: task_queue.into(),
        start_to_close_timeout: Span::from_secs(10),
        request_eager_execution: true,
        ..ScheduleActivity::default()
    }))
}

struct Told {
    new_task: bool,
    eager: Vec<ActivityTask>,
    next: Option<Box<WorkflowTask>>,
}

/// A worker that takes eager activities and the next task completes the task that is out.
fn complete(world: &mut World, commands: Vec<CommandKind>, force_new_task: bool) -> Told {
    let task = match &world.run.session.task_out {
        Some(out) => out.task.clone(),
        None => world.poll().unwrap().task,
    };
    let commands = commands.into_iter().map(Into::into).collect();
    let sticky =
        Sticky { task_queue: "sticky".into(), schedule_to_start_timeout: Span::from_secs(5) };
    let Input::CompleteWorkflowTask(mut input) = fixture::complete(task, commands, Some(sticky))
    else {
        panic!("a completion")
    };
    input.eager_activities = true;
    input.next_task = Some("next".into());
    input.force_new_task = force_new_task;
    let reply = world.feed(Input::CompleteWorkflowTask(input)).unwrap();
    let Reply::WorkflowTaskCompleted { new_task, eager, next, .. } = reply else {
        panic!("not {reply:?}")
    };
    Told { new_task, eager, next }
}

#[test]
fn an_eager_activity_is_started_in_the_record_that_schedules_it() {
    let mut world = World::default();
    world.poll().unwrap();
    world.take_effects();
    let records = world.records.len();
    let told = complete(&mut world, vec![eager("1", ""), eager("2", "nats:bank.charge")], false);
    assert_eq!(world.records.len(), records + 1);
    assert_eq!(told.eager.len(), 1, "a service needs no worker");
    assert_eq!(told.eager[0].scheduled.activity_id, "1".into());
    expect!["OfferActivity nats:bank.charge 6 attempt 1\n"].assert_eq(&world.effects());
    world.crash();
    expect!["OfferActivity nats:bank.charge 6 attempt 1\n"].assert_eq(&world.effects());
}

#[test]
fn who_does_not_ask_for_eager_activities_gets_none() {
    let mut world = World::default();
    world.complete([eager("1", "")]).unwrap();
    assert!(world.effects().ends_with("OfferActivity queue 5 attempt 1\n"));
}

#[test]
fn an_eager_activity_that_its_own_task_cancels_or_outlives_is_not_started() {
    let mut world = World::default();
    let cancel = CommandKind::RequestCancelActivity { scheduled_event_id: 5 };
    assert!(complete(&mut world, vec![eager("1", ""), cancel], false).eager.is_empty());
    let mut world = World::default();
    let finish = CommandKind::CompleteWorkflow { result: Vec::new() };
    assert!(complete(&mut world, vec![eager("1", ""), finish], false).eager.is_empty());
}

#[test]
fn the_next_task_comes_with_the_answer() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("news").unwrap();
    world.take_effects();
    let told = complete(&mut world, Vec::new(), false);
    let next = told.next.unwrap();
    assert!(told.new_task && next.sticky);
    assert_eq!(next.previous_started_event_id, 3);
    assert_eq!(world.effects(), "", "it is not offered to anybody else");
    world.complete([CommandKind::CompleteWorkflow { result: Vec::new() }]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"news"}
        6 WorkflowTaskScheduled {"attempt":1,"sticky":true,"task_queue":"sticky"}
        7 WorkflowTaskStarted {"scheduled_event_id":6}
        8 WorkflowTaskCompleted {"scheduled_event_id":6,"started_event_id":7}
        9 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_heartbeating_local_activity_gets_a_task_each_time() {
    let mut world = World::default();
    for _ in 0..3 {
        assert!(complete(&mut world, Vec::new(), true).next.is_some());
    }
    let told = complete(&mut world, Vec::new(), false);
    assert!(!told.new_task && told.next.is_none(), "nothing is left to do");
}

#[test]
fn an_update_that_waits_is_delivered_at_once() {
    let mut world = World::default();
    world.poll().unwrap();
    world.update("u").unwrap();
    let next = complete(&mut world, Vec::new(), false).next.unwrap();
    assert_eq!(next.updates.len(), 1);
}
