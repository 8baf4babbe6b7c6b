//! What is due for an activity, and when.

use std::sync::Arc;

use super::Activity;
use crate::{Run, Timestamp, Transition, failure::TimeoutType};

impl Run {
    /// The activity's next deadline, and which timeout it is.
    pub(super) fn activity_deadline(
        &self,
        activity: &Activity,
    ) -> Option<(Timestamp, TimeoutType)> {
        if activity.paused.is_some() {
            return None;
        }
        let scheduled = &activity.scheduled;
        let to_close = scheduled
            .schedule_to_close_timeout
            .set()
            .map(|timeout| (activity.scheduled_at + timeout, TimeoutType::ScheduleToClose));
        let others = match &activity.started {
            None => [
                scheduled.schedule_to_start_timeout.set().map(|timeout| {
                    (activity.attempt_scheduled_at + timeout, TimeoutType::ScheduleToStart)
                }),
                None,
            ],
            Some(started) => [
                scheduled
                    .start_to_close_timeout
                    .set()
                    .map(|timeout| (started.at + timeout, TimeoutType::StartToClose)),
                scheduled.heartbeat_timeout.set().map(|timeout| {
                    (self.last_sign_of_life(activity, started.at) + timeout, TimeoutType::Heartbeat)
                }),
            ],
        };
        others.into_iter().chain([to_close]).flatten().min_by_key(|(at, _)| *at)
    }

    fn last_sign_of_life(&self, activity: &Activity, started_at: Timestamp) -> Timestamp {
        let heard = self.session.heartbeats.get(&activity.scheduled_event_id).map(|beat| beat.at);
        let written = activity.heartbeat_at.unwrap_or(started_at);
        let heard = heard.unwrap_or(started_at);
        // Heartbeats just before a takeover may be lost: the worker gets its whole time again.
        started_at.max(written).max(heard).max(self.session.resumed_at)
    }

    /// When the earliest thing is due for any activity.
    pub(in crate::run) fn next_activity_deadline(&self) -> Option<Timestamp> {
        let timeouts = self.activities.values().filter_map(|a| self.activity_deadline(a));
        let backoffs = self.activities.values().filter(|activity| self.awaits_offer(activity));
        timeouts
            .map(|(at, _)| at)
            .chain(backoffs.map(|activity| activity.attempt_scheduled_at))
            .min()
    }

    /// Whether its delay before the next attempt has not ended in an offer yet.
    pub(in crate::run) fn awaits_offer(&self, activity: &Activity) -> bool {
        let offered = self.session.activities_offered.get(&activity.scheduled_event_id);
        activity.in_backoff() && offered != Some(&activity.attempt)
    }
}

impl Transition<'_> {
    /// Offers every activity whose delay before the next attempt is over.
    pub(in crate::run) fn offer_due_activities(&mut self) {
        let due: Vec<Arc<Activity>> = self
            .run
            .activities
            .values()
            .filter(|activity| self.run.awaits_offer(activity))
            .filter(|activity| activity.attempt_scheduled_at <= self.now)
            .cloned()
            .collect();
        for activity in due {
            let id = activity.scheduled_event_id;
            self.run.session.activities_offered.insert(id, activity.attempt);
            let offer = self.run.activity_offer(&activity);
            self.effect(offer);
        }
    }

    /// Ends or repeats every activity of which a deadline passed.
    pub(in crate::run) fn time_out_activities(&mut self) {
        let late: Vec<(Arc<Activity>, TimeoutType)> = self
            .run
            .activities
            .values()
            .filter_map(|activity| {
                let (at, timeout) = self.run.activity_deadline(activity)?;
                (at <= self.now).then(|| (activity.clone(), timeout))
            })
            .collect();
        for (activity, timeout) in late {
            self.activity_timed_out(&activity, timeout);
        }
    }
}
