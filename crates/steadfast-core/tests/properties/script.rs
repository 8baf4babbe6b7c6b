//! What can happen to a run: random steps, and the inputs and commands they become.

use proptest::{collection::vec, prelude::*};
use steadfast_core::{
    ActivityId, Command, EventId, EventKind, Execution, Failure, Input, Payload, RetryPolicy, Run,
    Span, TimerId, UpdateId,
    command::{
        AcceptUpdate, CommandKind, ContinueAsNew, RecordMarker, RequestCancelExternalWorkflow,
        ScheduleActivity, SignalExternalWorkflow, StartChildWorkflow,
    },
    event::{ExternalFailedCause, StartChildFailedCause, UpdateOutcome},
    failure::RetryState,
    fixture::update,
    input::{
        ActivityOptions, ActivityOutcome, ActivityRef, ActivitySelector, ChildFate, ChildReport,
        ExternalReport, HeartbeatActivity, Jitter, OptionField, OptionsChange, OptionsUpdate,
        PauseActivity, PauseWorkflow, RequestCancel, ResetActivity, ResolveActivity, Signal,
        UnpauseActivity, UpdateActivityOptions,
    },
};

/// One thing that happens to a run. Numbers pick one of what is there, or of what is not any more.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Poll,
    StalePoll(EventId),
    Complete(Vec<Order>, bool),
    CompleteStale(usize, Vec<Order>),
    FailTask,
    Pass(u64),
    Crash,
    StartActivity(EventId),
    Outside(Vec<News>),
}

/// What can arrive at any time; several make one record.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Tick,
    Signal(u8),
    Update(u8),
    RequestCancel(u8),
    Pause(u8),
    Unpause,
    Attach(u8),
    Terminate,
    ResetSticky,
    Resolve(EventId, i32, u8),
    ResolveByName(u8, u8),
    Heartbeat(EventId, u8),
    Child(EventId, u8),
    External(EventId, bool),
    Operate(u8, u8, bool),
}

/// What a workflow may ask for, sensible or not.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    ScheduleActivity(u8, bool),
    CancelActivity(u8),
    StartTimer(u8, u64),
    CancelTimer(u8),
    StartChild(u8),
    SignalOther,
    CancelOther,
    Marker,
    Accept(u8, bool),
    Reject(u8),
    Answer(u8),
    Finish,
    Fail,
    ContinueAsNew,
}

fn order() -> impl Strategy<Value = Order> {
    let nth = || any::<u8>();
    prop_oneof![
        20 => (0..4_u8, any::<bool>()).prop_map(|(id, again)| Order::ScheduleActivity(id, again)),
        10 => nth().prop_map(Order::CancelActivity),
        20 => (0..6_u8, 0..20_u64).prop_map(|(id, seconds)| Order::StartTimer(id, seconds)),
        20 => nth().prop_map(Order::CancelTimer),
        15 => (0..3_u8).prop_map(Order::StartChild),
        8 => Just(Order::SignalOther),
        8 => Just(Order::CancelOther),
        4 => Just(Order::Marker),
        20 => (nth(), any::<bool>()).prop_map(|(nth, at_once)| Order::Accept(nth, at_once)),
        5 => nth().prop_map(Order::Reject),
        20 => nth().prop_map(Order::Answer),
        2 => Just(Order::Finish),
        1 => Just(Order::Fail),
        1 => Just(Order::ContinueAsNew),
    ]
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        2 => Just(News::Tick),
        4 => (0..6_u8).prop_map(News::Signal),
        4 => (0..3_u8).prop_map(News::Update),
        1 => (0..3_u8).prop_map(News::RequestCancel),
        1 => Just(News::ResetSticky),
        1 => (0..2_u8).prop_map(News::Pause),
        2 => Just(News::Unpause),
        1 => (0..3_u8).prop_map(News::Attach),
        4 => (1..30_i64, 1..3_i32, 0..4_u8).prop_map(|(id, n, end)| News::Resolve(id, n, end)),
        2 => (0..4_u8, 0..4_u8).prop_map(|(id, end)| News::ResolveByName(id, end)),
        2 => (1..30_i64, 0..3_u8).prop_map(|(id, progress)| News::Heartbeat(id, progress)),
        4 => (1..30_i64, 0..7_u8).prop_map(|(id, fate)| News::Child(id, fate)),
        2 => (1..30_i64, any::<bool>()).prop_map(|(id, arrived)| News::External(id, arrived)),
        4 => (0..5_u8, 0..5_u8, any::<bool>())
            .prop_map(|(id, verb, also)| News::Operate(id, verb, also)),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let orders = || vec(order(), 0..4);
    prop_oneof![
        80 => Just(Step::Poll),
        10 => (1..30_i64).prop_map(Step::StalePoll),
        80 => (orders(), any::<bool>()).prop_map(|(orders, sticky)| Step::Complete(orders, sticky)),
        10 => (any::<usize>(), orders()).prop_map(|(nth, orders)| Step::CompleteStale(nth, orders)),
        10 => Just(Step::FailTask),
        30 => (0..8_000_u64).prop_map(Step::Pass),
        15 => Just(Step::Crash),
        60 => (0..30_i64).prop_map(Step::StartActivity),
        120 => vec(news(), 1..4).prop_map(Step::Outside),
        1 => Just(Step::Outside(vec![News::Terminate])),
    ]
}

/// What a workflow asks for. Mostly it speaks of what is there; one time in eight of nothing known,
/// and its task fails.
pub(crate) fn commands(run: &Run, orders: Vec<Order>) -> Vec<Command> {
    orders.into_iter().flat_map(|order| command(run, order)).map(Command::from).collect()
}

/// The `nth` of the names that are there, or in one case of eight an unknown one.
fn among<T: Clone>(known: impl Iterator<Item = T>, nth: u8, unknown: T) -> Option<T> {
    let known: Vec<T> = known.collect();
    if nth % 8 == 7 {
        return Some(unknown);
    }
    known.get(usize::from(nth) % known.len().max(1)).cloned()
}

fn command(run: &Run, order: Order) -> Vec<CommandKind> {
    let kind = match order {
        Order::CancelActivity(nth) => among(run.activities.keys().copied(), nth, 99)
            .map(|scheduled_event_id| CommandKind::RequestCancelActivity { scheduled_event_id }),
        Order::CancelTimer(nth) => {
            let buffered = run.buffered.iter().filter_map(|event| {
                let EventKind::TimerFired(fired) = &event.kind else {
                    return None;
                };
                Some(fired.timer_id.clone())
            });
            let known = run.timers.keys().cloned().chain(buffered);
            among(known, nth, timer(99)).map(|timer_id| CommandKind::CancelTimer { timer_id })
        }
        Order::Accept(nth, at_once) => {
            let Some(id) = among(run.session.admitted.keys().cloned(), nth, update_id(99)) else {
                return Vec::new();
            };
            let accept = AcceptUpdate { update_id: id.clone(), ..AcceptUpdate::default() };
            let mut kinds = vec![CommandKind::AcceptUpdate(Box::new(accept))];
            kinds.extend(at_once.then(|| answer(id)));
            return kinds;
        }
        Order::Reject(nth) => {
            among(run.session.admitted.keys().cloned(), nth, update_id(99)).map(|update_id| {
                let failure = Box::new(broken());
                CommandKind::RejectUpdate { update_id, failure }
            })
        }
        Order::Answer(nth) => {
            let open = run.updates.iter().filter(|(_, update)| update.completed.is_none());
            among(open.map(|(id, _)| id.clone()), nth, update_id(99)).map(answer)
        }
        order @ (Order::ScheduleActivity(..)
        | Order::StartTimer(..)
        | Order::StartChild(_)
        | Order::SignalOther
        | Order::CancelOther
        | Order::Marker
        | Order::Finish
        | Order::Fail
        | Order::ContinueAsNew) => Some(free_command(order)),
    };
    kind.into_iter().collect()
}

fn answer(update_id: UpdateId) -> CommandKind {
    CommandKind::CompleteUpdate { update_id, outcome: UpdateOutcome::default() }
}

/// A command that needs nothing to be there.
fn free_command(order: Order) -> CommandKind {
    match order {
        Order::ScheduleActivity(id, retried) => schedule(id, retried),
        Order::StartTimer(id, seconds) => {
            let start_to_fire_timeout = Span::from_secs(seconds);
            CommandKind::StartTimer { timer_id: timer(id), start_to_fire_timeout }
        }
        Order::StartChild(id) => CommandKind::StartChildWorkflow(Box::new(StartChildWorkflow {
            workflow_id: format!("child-{id}").into(),
            workflow_type: "sub".into(),
            ..StartChildWorkflow::default()
        })),
        Order::SignalOther => {
            let (execution, signal_name) = (other(), "hello".to_owned());
            let command = SignalExternalWorkflow { execution, signal_name, ..Default::default() };
            CommandKind::SignalExternalWorkflow(Box::new(command))
        }
        Order::CancelOther => {
            let execution = other();
            let command = RequestCancelExternalWorkflow { execution, ..Default::default() };
            CommandKind::RequestCancelExternalWorkflow(Box::new(command))
        }
        Order::Marker => {
            let marker_name = "Version".to_owned();
            let marker = RecordMarker { marker_name, ..RecordMarker::default() };
            CommandKind::RecordMarker(Box::new(marker))
        }
        Order::Finish => CommandKind::CompleteWorkflow { result: Vec::new() },
        Order::Fail => CommandKind::FailWorkflow { failure: Box::new(broken()) },
        Order::ContinueAsNew => CommandKind::ContinueAsNew(Box::<ContinueAsNew>::default()),
        Order::CancelActivity(_)
        | Order::CancelTimer(_)
        | Order::Accept(..)
        | Order::Reject(_)
        | Order::Answer(_) => CommandKind::RecordMarker(Box::default()),
    }
}

fn schedule(id: u8, retried: bool) -> CommandKind {
    let maximum_attempts = if retried { 3 } else { 1 };
    let retry_policy = RetryPolicy { maximum_attempts, ..RetryPolicy::default() };
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: activity(id),
        activity_type: "work".into(),
        start_to_close_timeout: Span::from_secs(10),
        schedule_to_start_timeout: Span::from_secs(20),
        heartbeat_timeout: Span::from_secs(4),
        retry_policy: Some(retry_policy),
        ..ScheduleActivity::default()
    }))
}

fn activity(id: u8) -> ActivityId {
    format!("activity-{id}").into()
}

fn timer(id: u8) -> TimerId {
    format!("timer-{id}").into()
}

fn update_id(id: u8) -> UpdateId {
    format!("update-{id}").into()
}

fn other() -> Execution {
    Execution { workflow_id: "other".into(), run_id: "".into() }
}

fn broken() -> Failure {
    Failure::application("Broken", "broke")
}

fn outcome(number: u8) -> ActivityOutcome {
    match number {
        0 => ActivityOutcome::Completed(Vec::new()),
        1 => ActivityOutcome::Canceled(Vec::new()),
        _ => ActivityOutcome::Failed { failure: broken(), last_heartbeat: None },
    }
}

fn fate(number: u8) -> ChildFate {
    match number {
        0 => ChildFate::Started { workflow_type: "sub".into(), header: Default::default() },
        1 => ChildFate::StartFailed(StartChildFailedCause::WorkflowAlreadyExists),
        2 => ChildFate::Completed(Vec::new()),
        3 => ChildFate::Failed(Box::new(broken()), RetryState::RetryPolicyNotSet),
        4 => ChildFate::Canceled(Vec::new()),
        5 => ChildFate::TimedOut(RetryState::Timeout),
        _ => ChildFate::Terminated,
    }
}

/// The `nth` of what is pending, so that reports often hit; else the number itself.
pub(crate) fn pick<'a>(mut pending: impl Iterator<Item = &'a EventId>, nth: EventId) -> EventId {
    let skip = usize::try_from(nth).unwrap_or(0) % 8 / 3;
    pending.nth(skip).copied().unwrap_or(nth)
}

/// The input that news become, aimed at what the run waits for.
pub(crate) fn input(run: &Run, news: News) -> Input {
    match news {
        News::Tick => Input::Tick,
        News::Signal(id) => Input::Signal(Box::new(Signal {
            name: "go".to_owned(),
            request_id: format!("signal-{id}").into(),
            ..Signal::default()
        })),
        News::Update(id) => Input::AdmitUpdate(Box::new(update(&format!("update-{id}")))),
        News::RequestCancel(id) => {
            let request_id = format!("cancel-{id}").into();
            let request = RequestCancel { request_id, ..RequestCancel::default() };
            Input::RequestCancel(Box::new(request))
        }
        News::Pause(id) => {
            let request_id = format!("pause-{id}").into();
            Input::Pause(Box::new(PauseWorkflow { request_id, ..PauseWorkflow::default() }))
        }
        News::Unpause => Input::Unpause(Box::default()),
        News::Attach(id) => {
            let mut update = OptionsUpdate::default();
            update.event.attached_request_id = format!("attached-{id}").into();
            Input::UpdateOptions(Box::new(update))
        }
        News::Terminate => Input::Terminate(Box::default()),
        News::ResetSticky => Input::ResetSticky,
        News::Resolve(id, attempt, end) => {
            let scheduled_event_id = pick(run.activities.keys(), id);
            resolve(attempt_of(scheduled_event_id, attempt), end)
        }
        News::ResolveByName(id, end) => resolve(ActivityRef::Id(activity(id)), end),
        News::Heartbeat(id, progress) => {
            let scheduled_event_id = pick(run.activities.keys(), id);
            let details = vec![Payload::new("json/plain", vec![b'0' + progress])];
            let activity = attempt_of(scheduled_event_id, 1);
            let identity = "worker".into();
            Input::HeartbeatActivity(Box::new(HeartbeatActivity { activity, details, identity }))
        }
        News::Child(id, number) => {
            let initiated_event_id = pick(run.children.keys(), id);
            let known = run.children.get(&initiated_event_id);
            let workflow_id = known.map(|known| known.initiated.workflow_id.clone());
            let workflow_id = workflow_id.unwrap_or_default();
            let child = Execution { workflow_id, run_id: "run".into() };
            Input::Child(Box::new(ChildReport { initiated_event_id, child, fate: fate(number) }))
        }
        News::External(id, arrived) => {
            let initiated_event_id = pick(run.external.keys(), id);
            let gone = ExternalFailedCause::ExternalWorkflowExecutionNotFound;
            let outcome = if arrived { Ok(()) } else { Err(gone) };
            Input::External(Box::new(ExternalReport { initiated_event_id, outcome }))
        }
        News::Operate(id, verb, also) => operate(id, verb, also),
    }
}

fn attempt_of(scheduled_event_id: EventId, attempt: i32) -> ActivityRef {
    ActivityRef::Attempt { scheduled_event_id, attempt, request_id: "".into() }
}

/// What an operator does to one activity, or to all.
fn operate(id: u8, verb: u8, also: bool) -> Input {
    let selected = if id == 4 { ActivitySelector::All } else { ActivitySelector::Id(activity(id)) };
    let jitter = Jitter { max: Span::from_secs(u64::from(id)), seed: u64::from(verb) };
    match verb {
        0 | 1 => Input::PauseActivity(Box::new(PauseActivity {
            activity: selected,
            identity: "operator".into(),
            reason: String::new(),
            request_id: "pause".into(),
        })),
        2 => Input::UnpauseActivity(Box::new(UnpauseActivity {
            activity: selected,
            reset_attempts: also,
            reset_heartbeat: !also,
            jitter,
        })),
        3 => Input::ResetActivity(Box::new(ResetActivity {
            activity: selected,
            reset_heartbeat: also,
            keep_paused: !also,
            restore_original_options: also,
            jitter,
        })),
        _ => {
            let options = Box::new(ActivityOptions {
                heartbeat_timeout: Span::from_secs(3),
                retry_policy: RetryPolicy { maximum_attempts: 5, ..RetryPolicy::default() },
                ..ActivityOptions::default()
            });
            let fields = [OptionField::HeartbeatTimeout, OptionField::MaximumAttempts].into();
            let set = OptionsChange::Set { options, fields };
            let change = if also { OptionsChange::Restore } else { set };
            let update = UpdateActivityOptions { activity: selected, change };
            Input::UpdateActivityOptions(Box::new(update))
        }
    }
}

fn resolve(activity: ActivityRef, end: u8) -> Input {
    let (outcome, identity) = (outcome(end), "worker".into());
    Input::ResolveActivity(Box::new(ResolveActivity { activity, outcome, identity }))
}
