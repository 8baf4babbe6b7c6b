//! What an operator does to pending activities: hold back, let go on, reset, change options.
//!
//! Follows `service/history/workflow/activity.go`. An attempt that runs goes on whatever the operator
//! does; what waits is offered anew, and offers made before are refused when they are taken.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Activity;
use crate::{
    Change, Effect, EventId, Rejection, Run, Timestamp, Transition,
    input::{
        ActivityOptions, ActivitySelector, Jitter, OptionField, OptionsChange, PauseActivity,
        Reply, ResetActivity, UnpauseActivity, UpdateActivityOptions,
    },
    run::ReplayError,
};

/// What an operator changed of a pending activity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adjusted {
    /// Which activity.
    pub scheduled_event_id: EventId,
    /// It is not held back any more.
    pub unpaused: bool,
    /// The attempt that waits or runs has this number from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
    /// The worker of a running attempt hears that it was reset.
    pub reset: bool,
    /// What becomes of its progress.
    pub progress: Progress,
    /// Its new options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Box<ActivityOptions>>,
    /// Nothing runs: its attempt waits anew, until this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// What becomes of an activity's progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// It is kept.
    #[default]
    Kept,
    /// It is forgotten.
    Forgotten,
    /// It is forgotten when the next attempt begins.
    ForgottenByNext,
}

impl Run {
    fn select(&self, selector: &ActivitySelector) -> Result<Vec<Arc<Activity>>, Rejection> {
        let found: Vec<_> = match selector {
            ActivitySelector::Id(id) => {
                let activity = self.activity_ids.get(id).and_then(|id| self.activities.get(id));
                activity.cloned().into_iter().collect()
            }
            ActivitySelector::Type(kind) => {
                let all = self.activities.values();
                all.filter(|activity| activity.scheduled.activity_type == *kind).cloned().collect()
            }
            ActivitySelector::All => self.activities.values().cloned().collect(),
        };
        if found.is_empty() { Err(Rejection::NoPendingActivity) } else { Ok(found) }
    }

    pub(in crate::run) fn on_activity_adjusted(
        &mut self,
        adjusted: &Adjusted,
    ) -> Result<(), ReplayError> {
        let id = adjusted.scheduled_event_id;
        let activity = self.activity_mut(id, "ActivityAdjusted")?;
        if adjusted.unpaused {
            activity.paused = None;
        }
        activity.attempt = adjusted.attempt.unwrap_or(activity.attempt);
        activity.reset |= adjusted.reset;
        match adjusted.progress {
            Progress::Kept => {}
            Progress::Forgotten => activity.forget_progress(),
            Progress::ForgottenByNext => activity.forgets_progress = true,
        }
        if let Some(options) = &adjusted.options {
            let mut scheduled = (*activity.scheduled).clone();
            options.apply(&mut scheduled);
            let before = std::mem::replace(&mut activity.scheduled, Arc::new(scheduled));
            activity.original.get_or_insert(before);
        }
        if let Some(not_before) = adjusted.not_before {
            activity.attempt_scheduled_at = not_before;
            activity.begin_next();
        }
        if adjusted.reset && activity.started.is_none() {
            activity.last_failure = None;
        }
        if adjusted.progress == Progress::Forgotten
            && let Some(heartbeat) = self.session.heartbeats.get_mut(&id)
        {
            heartbeat.details.clear();
        }
        self.session.activities_offered.remove(&id);
        Ok(())
    }
}

impl Activity {
    fn forget_progress(&mut self) {
        self.heartbeat_details.clear();
        self.heartbeat_at = None;
    }

    /// What an operator said of the attempt before is over.
    pub(super) fn begin_next(&mut self) {
        self.reset = false;
        if std::mem::take(&mut self.forgets_progress) {
            self.forget_progress();
        }
    }
}

impl Transition<'_> {
    pub(in crate::run) fn pause_activity(
        &mut self,
        input: PauseActivity,
    ) -> Result<Reply, Rejection> {
        self.require_open()?;
        let selected = self.run.select(&input.activity)?;
        let held = selected.iter().filter_map(|activity| activity.paused.as_ref());
        if held.into_iter().any(|pause| pause.request_id != input.request_id) {
            return Err(Rejection::ActivityAlreadyPaused);
        }
        for activity in selected.iter().filter(|activity| activity.paused.is_none()) {
            let (identity, reason) = (input.identity.clone(), input.reason.clone());
            self.change(Change::ActivityPaused {
                scheduled_event_id: activity.scheduled_event_id,
                identity,
                reason,
                request_id: input.request_id.clone(),
            });
            if activity.started.is_none() {
                self.withdraw(activity);
            }
        }
        Ok(Reply::Done)
    }

    pub(in crate::run) fn unpause_activity(
        &mut self,
        input: &UnpauseActivity,
    ) -> Result<Reply, Rejection> {
        self.require_open()?;
        for activity in self.run.select(&input.activity)? {
            if activity.paused.is_none() {
                continue;
            }
            self.adjust(
                &activity,
                Adjusted {
                    scheduled_event_id: activity.scheduled_event_id,
                    unpaused: true,
                    attempt: input.reset_attempts.then_some(1),
                    progress: if input.reset_heartbeat {
                        Progress::Forgotten
                    } else {
                        Progress::Kept
                    },
                    not_before: self.anew(&activity, input.jitter),
                    ..Adjusted::default()
                },
            );
        }
        Ok(Reply::Done)
    }

    pub(in crate::run) fn reset_activity(
        &mut self,
        input: &ResetActivity,
    ) -> Result<Reply, Rejection> {
        self.require_open()?;
        for activity in self.run.select(&input.activity)? {
            let stays_paused = activity.paused.is_some() && input.keep_paused;
            let not_before = if stays_paused { None } else { self.anew(&activity, input.jitter) };
            let progress = match (input.reset_heartbeat, not_before) {
                (false, _) => Progress::Kept,
                (true, Some(_)) => Progress::Forgotten,
                (true, None) => Progress::ForgottenByNext,
            };
            let original = input.restore_original_options.then(|| activity.original_options());
            self.adjust(
                &activity,
                Adjusted {
                    scheduled_event_id: activity.scheduled_event_id,
                    unpaused: activity.paused.is_some() && !input.keep_paused,
                    attempt: Some(1),
                    reset: true,
                    progress,
                    options: original.map(Box::new),
                    not_before,
                },
            );
        }
        Ok(Reply::Done)
    }

    pub(in crate::run) fn update_activity_options(
        &mut self,
        input: &UpdateActivityOptions,
    ) -> Result<Reply, Rejection> {
        self.require_open()?;
        let selected = self.run.select(&input.activity)?;
        let mut changed = Vec::with_capacity(selected.len());
        for activity in &selected {
            changed.push(self.changed_options(activity, &input.change)?);
        }
        let answer = changed.last().cloned().unwrap_or_default();
        for (activity, options) in selected.iter().zip(changed) {
            let waits = activity.started.is_none();
            let policy = &options.retry_policy;
            let not_before = match activity.last_attempt_completed_at {
                Some(ended) if activity.attempt > 1 => ended + policy.delay(activity.attempt - 1),
                Some(_) | None => activity.attempt_scheduled_at,
            };
            self.adjust(
                activity,
                Adjusted {
                    scheduled_event_id: activity.scheduled_event_id,
                    options: Some(Box::new(options)),
                    not_before: waits.then_some(not_before),
                    ..Adjusted::default()
                },
            );
        }
        Ok(Reply::ActivityOptions(Box::new(answer)))
    }

    fn changed_options(
        &self,
        activity: &Activity,
        change: &OptionsChange,
    ) -> Result<ActivityOptions, Rejection> {
        let OptionsChange::Set { options: from, fields } = change else {
            return Ok(activity.original_options());
        };
        let mut options = ActivityOptions::of(&activity.scheduled);
        options.set(from, fields);
        if fields.iter().any(|field: &OptionField| field.is_of_retry_policy()) {
            options.retry_policy.check().map_err(Rejection::Invalid)?;
        }
        if let Some(priority) = &options.priority {
            priority.check()?;
        }
        let mut scheduled = (*activity.scheduled).clone();
        options.apply(&mut scheduled);
        self.complete_attributes(&mut scheduled, crate::Span::ZERO).map_err(Rejection::Invalid)?;
        Ok(ActivityOptions {
            retry_policy: options.retry_policy,
            ..ActivityOptions::of(&scheduled)
        })
    }

    /// When an activity that nobody runs starts its attempt anew; nothing when one runs.
    fn anew(&self, activity: &Activity, jitter: Jitter) -> Option<Timestamp> {
        let delay = jitter.delay(activity.scheduled_event_id);
        activity.started.is_none().then(|| self.now + delay)
    }

    fn adjust(&mut self, before: &Activity, adjusted: Adjusted) {
        let id = adjusted.scheduled_event_id;
        let waits_anew = adjusted.not_before.is_some();
        self.change(Change::ActivityAdjusted(Box::new(adjusted)));
        if !waits_anew {
            return;
        }
        if before.paused.is_none() {
            self.withdraw(before);
        }
        let Some(activity) = self.run.activities.get(&id).cloned() else {
            return;
        };
        if activity.paused.is_none() && activity.attempt_scheduled_at <= self.now {
            self.run.session.activities_offered.insert(id, activity.attempt);
            let offer = self.run.activity_offer(&activity);
            self.effect(offer);
        }
    }

    fn withdraw(&mut self, activity: &Activity) {
        let (task_queue, scheduled_event_id) = (activity.queue(), activity.scheduled_event_id);
        self.effect(Effect::WithdrawActivity { task_queue, scheduled_event_id });
    }
}

#[cfg(test)]
mod tests;
