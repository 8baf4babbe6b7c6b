//! What comes with the acknowledgement of a workflow task.

use steadfast_core::{
    Command, Span,
    command::{CommandKind, ScheduleActivity},
    input::Sticky,
    run::Status,
};
use steadfast_engine::api::*;

use crate::world::*;

fn eager(activity_id: &str) -> Command {
    let activity = ScheduleActivity {
        activity_id: activity_id.into(),
        activity_type: "Charge".into(),
        input: json("2"),
        start_to_close_timeout: Span::from_secs(10),
        request_eager_execution: true,
        ..ScheduleActivity::default()
    };
    CommandKind::ScheduleActivity(Box::new(activity)).into()
}

fn completion(commands: Vec<Command>) -> Completion {
    let sticky =
        Sticky { task_queue: "mine".into(), schedule_to_start_timeout: Span::from_secs(5) };
    Completion {
        commands,
        sticky: Some(sticky),
        eager_activities: true,
        return_new_task: true,
        ..Completion::default()
    }
}

async fn complete(world: &TestWorld, task: &PolledWorkflowTask, done: Completion) -> Completed {
    world.engine.complete_workflow_task(&task.token, done, soon()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_eager_activity_and_the_next_task_come_with_the_answer_and_survive_a_crash() {
    let mut world = TestWorld::new().await;
    world.start("eager").await;
    let task = world.workflow_task().await;
    world.signal("eager", "news").await;
    let told = complete(&world, &task, completion(vec![eager("a")])).await;
    let activity = &told.eager[0];
    assert_eq!((activity.task.attempt, activity.task.scheduled.input.clone()), (1, json("2")));
    let next = told.next.unwrap();
    assert!(next.history[0].id == 4 && next.task.sticky, "only what is new");
    world.resolve(activity, done()).await;
    let told = complete(&world, &next, completion(Vec::new())).await;
    let next = told.next.unwrap();
    world.crash().await;
    let stale = world.engine.complete_workflow_task(&next.token, completion(vec![]), soon()).await;
    assert!(stale.is_err(), "a workflow task does not outlive its process");
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("eager").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn who_went_away_leaves_the_tasks_to_others() {
    let world = TestWorld::new().await;
    world.start("gone").await;
    let task = world.workflow_task().await;
    world.signal("gone", "news").await;
    let done_with = complete(&world, &task, completion(vec![eager("a")])).await;
    world.engine.give_back_workflow_task(done_with.next.unwrap().token);
    for activity in done_with.eager {
        world.engine.give_back_activity_task(activity.token);
    }
    let again = world.activity_task().await;
    assert_eq!(again.task.attempt, 1);
    world.resolve(&again, done()).await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("gone").await, Status::Completed);
}
