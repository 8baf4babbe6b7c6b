//! Tests of what operators do to activities.

use std::collections::BTreeSet;

use expect_test::expect;

use crate::{
    ActivityType, Failure, Input, Payload, Priority, Rejection, RetryPolicy, Span,
    command::{CommandKind, ScheduleActivity},
    fixture::World,
    input::{
        ActivityOptions, ActivityOutcome, ActivityRef, ActivitySelector, HeartbeatActivity,
        HeartbeatReply, Jitter, OptionField, OptionsChange, PauseActivity, Reply, ResetActivity,
        ResolveActivity, UnpauseActivity, UpdateActivityOptions,
    },
    run::activity::PendingState,
};

const ACTIVITY: i64 = 5;

fn scheduled() -> World {
    let mut world = World::default();
    let charge = ScheduleActivity {
        activity_id: "1".into(),
        activity_type: "charge".into(),
        start_to_close_timeout: Span::from_secs(100),
        ..ScheduleActivity::default()
    };
    let ship = ScheduleActivity {
        activity_id: "2".into(),
        activity_type: "ship".into(),
        ..charge.clone()
    };
    let both = [charge, ship].map(|activity| CommandKind::ScheduleActivity(Box::new(activity)));
    world.complete(both).unwrap();
    world.take_effects();
    world
}

fn by_id() -> ActivitySelector {
    ActivitySelector::Id("1".into())
}

fn pause_by(
    world: &mut World,
    activity: ActivitySelector,
    request_id: &str,
) -> Result<Reply, Rejection> {
    let (identity, reason) = ("operator".into(), "look first".to_owned());
    let request_id = request_id.into();
    let input = PauseActivity { activity, identity, reason, request_id };
    world.feed(Input::PauseActivity(Box::new(input)))
}

fn pause(world: &mut World) {
    pause_by(world, by_id(), "p").unwrap();
}

fn unpause(world: &mut World, reset_attempts: bool, jitter: Jitter) {
    let activity = ActivitySelector::All;
    let input = UnpauseActivity { activity, reset_attempts, reset_heartbeat: true, jitter };
    world.feed(Input::UnpauseActivity(Box::new(input))).unwrap();
}

fn reset_with(world: &mut World, keep_paused: bool, restore_original_options: bool) {
    let input = ResetActivity {
        activity: by_id(),
        reset_heartbeat: true,
        keep_paused,
        restore_original_options,
        jitter: Jitter::default(),
    };
    world.feed(Input::ResetActivity(Box::new(input))).unwrap();
}

fn reset(world: &mut World) {
    reset_with(world, false, false);
}

fn set(
    world: &mut World,
    options: ActivityOptions,
    fields: impl IntoIterator<Item = OptionField>,
) -> Result<Reply, Rejection> {
    let (options, fields) = (Box::new(options), fields.into_iter().collect());
    let change = OptionsChange::Set { options, fields };
    let input = UpdateActivityOptions { activity: by_id(), change };
    world.feed(Input::UpdateActivityOptions(Box::new(input)))
}

fn running(world: &World) -> ActivityRef {
    let activity = &world.run.activities[&ACTIVITY];
    let request_id = activity.started.as_ref().map(|started| started.request_id.clone());
    ActivityRef::Attempt {
        scheduled_event_id: ACTIVITY,
        attempt: activity.attempt,
        request_id: request_id.unwrap_or_default(),
    }
}

fn fail(world: &mut World, activity: ActivityRef) {
    let failure = Failure::application("Flaky", "once");
    let outcome = ActivityOutcome::Failed { failure, last_heartbeat: None };
    let input = ResolveActivity { activity, outcome, identity: "worker".into() };
    world.feed(Input::ResolveActivity(Box::new(input))).unwrap();
}

fn heartbeat(world: &mut World, activity: ActivityRef) -> HeartbeatReply {
    let details = vec![Payload::new("json/plain", "30")];
    let input = HeartbeatActivity { activity, details, identity: "worker".into() };
    let Reply::Heartbeat(reply) = world.feed(Input::HeartbeatActivity(Box::new(input))).unwrap()
    else {
        panic!("a heartbeat's reply")
    };
    reply
}

fn state(world: &World) -> PendingState {
    world.run.pending_activities(world.now)[0].state
}

#[test]
fn what_waits_is_taken_back_and_offered_again_when_it_may_go_on() {
    let mut world = scheduled();
    pause(&mut world);
    expect!["WithdrawActivity queue 5\n"].assert_eq(&world.effects());
    assert_eq!(state(&world), PendingState::Paused);
    assert_eq!(world.start_activity(ACTIVITY), Err(Rejection::ActivityNotFound));
    world.crash();
    expect!["OfferActivity queue 6 attempt 1\n"].assert_eq(&world.effects());
    unpause(&mut world, false, Jitter::default());
    expect!["OfferActivity queue 5 attempt 1\n"].assert_eq(&world.effects());
    world.start_activity(ACTIVITY).unwrap();
}

#[test]
fn who_pauses_is_shown_and_a_repeat_is_no_error() {
    let mut world = scheduled();
    pause(&mut world);
    pause(&mut world);
    assert_eq!(pause_by(&mut world, by_id(), "other"), Err(Rejection::ActivityAlreadyPaused));
    let pause = world.run.pending_activities(world.now)[0].paused.clone().unwrap();
    assert_eq!((pause.identity.as_str(), pause.reason.as_str()), ("operator", "look first"));
    assert_eq!(world.run.paused_activity_types(), BTreeSet::from([ActivityType::from("charge")]));
}

#[test]
fn nobody_is_meant() {
    let mut world = scheduled();
    let unknown = ActivitySelector::Type("bake".into());
    assert_eq!(pause_by(&mut world, unknown, "p"), Err(Rejection::NoPendingActivity));
    pause_by(&mut world, ActivitySelector::Type("ship".into()), "p").unwrap();
    assert!(world.run.activities[&ACTIVITY].paused.is_none());
}

#[test]
fn what_runs_goes_on_and_its_failure_waits_for_the_operator() {
    let mut world = scheduled();
    world.start_activity(ACTIVITY).unwrap();
    pause(&mut world);
    assert_eq!(state(&world), PendingState::PauseRequested);
    let attempt = running(&world);
    assert!(heartbeat(&mut world, attempt.clone()).paused);
    fail(&mut world, attempt);
    world.pass(Span::from_secs(1_000));
    assert_eq!(world.effects(), "", "neither retried nor timed out");
    let shown = world.run.pending_activities(world.now).remove(0);
    assert_eq!((shown.state, shown.attempt), (PendingState::Paused, 2));
    assert!(shown.last_failure.is_some() && shown.last_attempt_completed_at.is_some());
    unpause(&mut world, true, Jitter::default());
    expect!["OfferActivity queue 5 attempt 1\n"].assert_eq(&world.effects());
}

#[test]
fn those_who_go_on_are_spread() {
    let mut world = scheduled();
    pause_by(&mut world, ActivitySelector::Type("charge".into()), "p").unwrap();
    world.take_effects();
    unpause(&mut world, false, Jitter { max: Span::from_secs(60), seed: 1 });
    assert_eq!(world.effects(), "");
    let due = world.run.activities[&ACTIVITY].attempt_scheduled_at;
    assert!(due > world.now && due < world.now + Span::from_secs(60));
    assert_eq!(world.start_activity(ACTIVITY), Err(Rejection::ActivityNotFound));
    world.crash();
    world.take_effects();
    world.pass(Span::from_secs(60));
    expect!["OfferActivity queue 5 attempt 1\n"].assert_eq(&world.effects());
}

#[test]
fn a_reset_does_not_wait_for_the_backoff() {
    let mut world = scheduled();
    for _ in 0..3 {
        world.start_activity(ACTIVITY).unwrap();
        let attempt = running(&world);
        fail(&mut world, attempt);
        world.pass(Span::from_secs(5));
    }
    world.take_effects();
    reset(&mut world);
    let effects = world.effects();
    assert!(effects.ends_with("OfferActivity queue 5 attempt 1\n"), "{effects}");
    assert_eq!(world.run.activities[&ACTIVITY].attempt, 1);
}

#[test]
fn a_running_attempt_hears_of_its_reset_and_may_still_answer() {
    let mut world = scheduled();
    world.start_activity(ACTIVITY).unwrap();
    let attempt = running(&world);
    fail(&mut world, attempt);
    world.pass(Span::from_secs(1));
    world.start_activity(ACTIVITY).unwrap();
    let second = running(&world);
    heartbeat(&mut world, second.clone());
    reset(&mut world);
    assert!(heartbeat(&mut world, second.clone()).reset);
    assert_eq!(world.run.activities[&ACTIVITY].attempt, 1);
    fail(&mut world, second);
    let activity = &world.run.activities[&ACTIVITY];
    assert_eq!((activity.attempt, activity.reset), (2, false));
    assert!(activity.heartbeat_details.is_empty(), "asked for with the reset");
}

#[test]
fn a_reset_may_leave_it_paused() {
    let mut world = scheduled();
    pause(&mut world);
    world.take_effects();
    reset_with(&mut world, true, false);
    assert_eq!((state(&world), world.effects().as_str()), (PendingState::Paused, ""));
    reset(&mut world);
    expect!["OfferActivity queue 5 attempt 1\n"].assert_eq(&world.effects());
}

#[test]
fn options_change_as_the_mask_says_and_can_be_restored() {
    let mut world = scheduled();
    let options = ActivityOptions {
        task_queue: "other".into(),
        heartbeat_timeout: Span::from_secs(7),
        retry_policy: RetryPolicy { maximum_attempts: 9, ..RetryPolicy::default() },
        priority: Some(Priority { priority_key: 1, ..Priority::default() }),
        ..ActivityOptions::default()
    };
    let fields = ["task_queue.name", "retryPolicy.maximumAttempts", "priority.priority_key"];
    let fields = fields.map(|path| OptionField::from_path(path).unwrap());
    let Reply::ActivityOptions(now) = set(&mut world, options, fields).unwrap() else {
        panic!("options")
    };
    assert_eq!((now.task_queue.as_str(), now.retry_policy.maximum_attempts), ("other", 9));
    assert_eq!(now.heartbeat_timeout, Span::ZERO, "not in the mask");
    assert_eq!(now.retry_policy.initial_interval, Span::from_secs(1));
    expect![[r#"
        WithdrawActivity queue 5
        OfferActivity other 5 attempt 1
    "#]]
    .assert_eq(&world.effects());
    assert_eq!(*now, world.run.pending_activities(world.now)[0].options);
    reset_with(&mut world, false, true);
    let restored = world.run.pending_activities(world.now).remove(0).options;
    assert_eq!(restored.task_queue.as_str(), "queue");
    assert_eq!(restored.retry_policy.maximum_attempts, 0);
}

#[test]
fn a_shorter_backoff_counts_at_once() {
    let mut world = scheduled();
    world.start_activity(ACTIVITY).unwrap();
    let attempt = running(&world);
    fail(&mut world, attempt);
    let policy = RetryPolicy { initial_interval: Span::from_millis(100), ..Default::default() };
    let options = ActivityOptions { retry_policy: policy, ..ActivityOptions::default() };
    set(&mut world, options, [OptionField::InitialInterval]).unwrap();
    let due = world.run.activities[&ACTIVITY].attempt_scheduled_at;
    assert_eq!(due, world.now + Span::from_millis(100));
}

#[test]
fn options_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = scheduled();
    let before = world.run.clone();
    let fields = [OptionField::StartToCloseTimeout];
    let refused = set(&mut world, ActivityOptions::default(), fields).unwrap_err();
    assert!(matches!(refused, Rejection::Invalid(_)), "{refused}");
    let policy = RetryPolicy { backoff_coefficient: 0.5, ..RetryPolicy::default() };
    let options = ActivityOptions { retry_policy: policy, ..ActivityOptions::default() };
    let refused = set(&mut world, options, [OptionField::BackoffCoefficient]).unwrap_err();
    assert!(matches!(refused, Rejection::Invalid(_)), "{refused}");
    assert_eq!(world.run, before);
}
