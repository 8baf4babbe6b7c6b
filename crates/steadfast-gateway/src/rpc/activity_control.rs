//! What an operator does to a run's pending activities: pause, unpause, reset, other options.

use std::collections::BTreeSet;

use steadfast_core::{
    ActivityId, ActivityType, Span,
    input::{
        ActivityOptions, ActivitySelector, Jitter, OptionField, OptionsChange, PauseActivity,
        ResetActivity, UnpauseActivity, UpdateActivityOptions,
    },
};
use steadfast_temporal_api::{
    api::{activity::v1 as activity, workflowservice::v1 as proto},
    well_known::Duration,
};

use crate::{
    context::{Context, Patience, request_id},
    convert::{priority, retry, task_queue, time},
    fault::Fault,
};

/// The activity of that name.
fn by_id(id: String) -> Result<ActivitySelector, Fault> {
    if id.is_empty() {
        return Err(Fault::invalid("ActivityID is not set on request."));
    }
    Ok(ActivitySelector::Id(ActivityId::new(id)))
}

/// All activities of that type.
fn by_type(name: String) -> ActivitySelector {
    ActivitySelector::Type(ActivityType::new(name))
}

fn none_named() -> Fault {
    Fault::invalid("either activity id or activity type must be provided")
}

fn jitter(jitter: Option<Duration>) -> Result<Jitter, Fault> {
    Ok(Jitter { max: time::span("jitter", jitter)?, ..Jitter::default() })
}

pub(crate) async fn pause_activity(
    context: &Context,
    _patience: Patience,
    request: proto::PauseActivityRequest,
) -> Result<proto::PauseActivityResponse, Fault> {
    use proto::pause_activity_request::Activity;
    let target = context.target(request.namespace, request.execution).await?;
    let activity = match request.activity.ok_or_else(none_named)? {
        Activity::Id(id) => by_id(id)?,
        Activity::Type(name) => by_type(name),
    };
    let pause = PauseActivity {
        activity,
        identity: request.identity.into(),
        reason: request.reason,
        request_id: request_id(request.request_id),
    };
    context.engine.pause_activity(&target, pause, context.soon()).await?;
    Ok(proto::PauseActivityResponse {})
}

pub(crate) async fn unpause_activity(
    context: &Context,
    _patience: Patience,
    request: proto::UnpauseActivityRequest,
) -> Result<proto::UnpauseActivityResponse, Fault> {
    use proto::unpause_activity_request::Activity;
    let target = context.target(request.namespace, request.execution).await?;
    let activity = match request.activity.ok_or_else(none_named)? {
        Activity::Id(id) => by_id(id)?,
        Activity::Type(name) => by_type(name),
        Activity::UnpauseAll(_) => ActivitySelector::All,
    };
    let unpause = UnpauseActivity {
        activity,
        reset_attempts: request.reset_attempts,
        reset_heartbeat: request.reset_heartbeat,
        jitter: jitter(request.jitter)?,
    };
    context.engine.unpause_activity(&target, unpause, context.soon()).await?;
    Ok(proto::UnpauseActivityResponse {})
}

pub(crate) async fn reset_activity(
    context: &Context,
    _patience: Patience,
    request: proto::ResetActivityRequest,
) -> Result<proto::ResetActivityResponse, Fault> {
    use proto::reset_activity_request::Activity;
    let target = context.target(request.namespace, request.execution).await?;
    let activity = match request.activity.ok_or_else(none_named)? {
        Activity::Id(id) => by_id(id)?,
        Activity::Type(name) => by_type(name),
        Activity::MatchAll(_) => ActivitySelector::All,
    };
    let reset = ResetActivity {
        activity,
        reset_heartbeat: request.reset_heartbeat,
        keep_paused: request.keep_paused,
        restore_original_options: request.restore_original_options,
        jitter: jitter(request.jitter)?,
    };
    context.engine.reset_activity(&target, reset, context.soon()).await?;
    Ok(proto::ResetActivityResponse {})
}

pub(crate) async fn update_activity_options(
    context: &Context,
    _patience: Patience,
    request: proto::UpdateActivityOptionsRequest,
) -> Result<proto::UpdateActivityOptionsResponse, Fault> {
    use proto::update_activity_options_request::Activity;
    let target = context.target(request.namespace, request.execution).await?;
    let activity = match request.activity.ok_or_else(none_named)? {
        Activity::Id(id) => by_id(id)?,
        Activity::Type(name) => by_type(name),
        Activity::MatchAll(_) => ActivitySelector::All,
    };
    let mask = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    let change = match (request.restore_original, request.activity_options) {
        (true, None) if mask.is_empty() => OptionsChange::Restore,
        (true, _) => {
            let message = "Both UpdateMask and RestoreOriginal are provided";
            return Err(Fault::invalid(message));
        }
        (false, None) => return Err(Fault::invalid("ActivityOptions are not provided")),
        (false, Some(options)) => {
            OptionsChange::Set { options: Box::new(from_proto(options)?), fields: fields(mask)? }
        }
    };
    let update = UpdateActivityOptions { activity, change };
    let options = context.engine.update_activity_options(&target, update, context.soon()).await?;
    Ok(proto::UpdateActivityOptionsResponse { activity_options: Some(to_proto(&options)) })
}

fn fields(paths: Vec<String>) -> Result<BTreeSet<OptionField>, Fault> {
    if paths.is_empty() {
        return Err(Fault::invalid("UpdateMask is not provided"));
    }
    let known = |path: String| {
        OptionField::from_path(&path)
            .ok_or_else(|| Fault::invalid(format!("unknown field in UpdateMask: {path:?}")))
    };
    paths.into_iter().map(known).collect()
}

fn from_proto(options: activity::ActivityOptions) -> Result<ActivityOptions, Fault> {
    let span =
        |name, duration: Option<Duration>| -> Result<Span, Fault> { time::span(name, duration) };
    Ok(ActivityOptions {
        task_queue: options.task_queue.unwrap_or_default().name.into(),
        schedule_to_close_timeout: span(
            "ScheduleToCloseTimeout",
            options.schedule_to_close_timeout,
        )?,
        schedule_to_start_timeout: span(
            "ScheduleToStartTimeout",
            options.schedule_to_start_timeout,
        )?,
        start_to_close_timeout: span("StartToCloseTimeout", options.start_to_close_timeout)?,
        heartbeat_timeout: span("HeartbeatTimeout", options.heartbeat_timeout)?,
        retry_policy: retry::from_proto(options.retry_policy)?.unwrap_or_default(),
        priority: options.priority.map(priority::from_proto),
    })
}

/// An activity's options, in Temporal's form.
pub(super) fn to_proto(options: &ActivityOptions) -> activity::ActivityOptions {
    activity::ActivityOptions {
        task_queue: task_queue(&options.task_queue),
        schedule_to_close_timeout: time::duration(options.schedule_to_close_timeout),
        schedule_to_start_timeout: time::duration(options.schedule_to_start_timeout),
        start_to_close_timeout: time::duration(options.start_to_close_timeout),
        heartbeat_timeout: time::duration(options.heartbeat_timeout),
        retry_policy: Some(retry::to_proto(&options.retry_policy)),
        priority: options.priority.as_ref().map(priority::to_proto),
        start_delay: None,
    }
}
