//! What an operator does to a run's pending activities: hold back, let go on, reset, change options.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    ActivityId, ActivityType, Identity, Priority, RequestId, RetryPolicy, Span, TaskQueue,
    event::ActivityTaskScheduled,
};

/// Which of a run's pending activities are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivitySelector {
    /// The one of that name.
    Id(ActivityId),
    /// All of that type.
    Type(ActivityType),
    /// All.
    All,
}

/// Holds activities back: what runs goes on, and no further attempt starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseActivity {
    /// Which.
    pub activity: ActivitySelector,
    /// Who.
    pub identity: Identity,
    /// Why, for people.
    pub reason: String,
    /// Repeats carry the same id.
    pub request_id: RequestId,
}

/// Lets activities go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpauseActivity {
    /// Which.
    pub activity: ActivitySelector,
    /// Their attempts are counted from 1 again.
    pub reset_attempts: bool,
    /// Their progress is forgotten.
    pub reset_heartbeat: bool,
    /// How they are spread.
    pub jitter: Jitter,
}

/// Counts activities' attempts from 1 again, and starts waiting ones at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetActivity {
    /// Which.
    pub activity: ActivitySelector,
    /// Their progress is forgotten, for the next attempt where one runs.
    pub reset_heartbeat: bool,
    /// What is held back stays so.
    pub keep_paused: bool,
    /// They get the options they were scheduled with.
    pub restore_original_options: bool,
    /// How they are spread.
    pub jitter: Jitter,
}

/// Delays for activities that would otherwise all start at the same moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// The delays are shorter than this.
    pub max: Span,
    /// Where they come from: chance is the caller's.
    pub seed: u64,
}

impl Jitter {
    /// The delay of one activity.
    pub fn delay(self, scheduled_event_id: i64) -> Span {
        if self.max.is_zero() {
            return Span::ZERO;
        }
        // The mixing of SplitMix64, by which near numbers come out far apart.
        let mut mixed =
            self.seed ^ scheduled_event_id.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Span((mixed ^ (mixed >> 31)) % self.max.0)
    }
}

/// Changes activities' options.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateActivityOptions {
    /// Which.
    pub activity: ActivitySelector,
    /// How.
    pub change: OptionsChange,
}

/// How options change.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionsChange {
    /// They are again what they were when the activity was scheduled.
    Restore,
    /// The named ones become these.
    Set {
        /// The new values.
        options: Box<ActivityOptions>,
        /// Which of them count.
        fields: BTreeSet<OptionField>,
    },
}

/// What can be changed of a pending activity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityOptions {
    /// Where its attempts are offered.
    pub task_queue: TaskQueue,
    /// Limit for all attempts together.
    pub schedule_to_close_timeout: Span,
    /// Limit for waiting for a worker.
    pub schedule_to_start_timeout: Span,
    /// Limit for one attempt.
    pub start_to_close_timeout: Span,
    /// Limit for a worker's silence.
    pub heartbeat_timeout: Span,
    /// How failed attempts are repeated; which failures are not is never changed.
    pub retry_policy: RetryPolicy,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// One changeable option.
#[expect(missing_docs, reason = "the names are those of temporal.api.activity.v1.ActivityOptions")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionField {
    TaskQueue,
    ScheduleToCloseTimeout,
    ScheduleToStartTimeout,
    StartToCloseTimeout,
    HeartbeatTimeout,
    RetryPolicy,
    InitialInterval,
    BackoffCoefficient,
    MaximumInterval,
    MaximumAttempts,
    Priority,
    PriorityKey,
    FairnessKey,
    FairnessWeight,
}

impl OptionField {
    /// The option that a field mask's path names, in snake or camel case.
    pub fn from_path(path: &str) -> Option<Self> {
        let plain: String =
            path.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
        Some(match plain.as_str() {
            "taskqueue.name" | "taskqueue" => Self::TaskQueue,
            "scheduletoclosetimeout" => Self::ScheduleToCloseTimeout,
            "scheduletostarttimeout" => Self::ScheduleToStartTimeout,
            "starttoclosetimeout" => Self::StartToCloseTimeout,
            "heartbeattimeout" => Self::HeartbeatTimeout,
            "retrypolicy" => Self::RetryPolicy,
            "retrypolicy.initialinterval" => Self::InitialInterval,
            "retrypolicy.backoffcoefficient" => Self::BackoffCoefficient,
            "retrypolicy.maximuminterval" => Self::MaximumInterval,
            "retrypolicy.maximumattempts" => Self::MaximumAttempts,
            "priority" => Self::Priority,
            "priority.prioritykey" => Self::PriorityKey,
            "priority.fairnesskey" => Self::FairnessKey,
            "priority.fairnessweight" => Self::FairnessWeight,
            _ => return None,
        })
    }

    /// Whether it is part of the retry policy.
    pub fn is_of_retry_policy(self) -> bool {
        match self {
            Self::RetryPolicy
            | Self::InitialInterval
            | Self::BackoffCoefficient
            | Self::MaximumInterval
            | Self::MaximumAttempts => true,
            Self::TaskQueue
            | Self::ScheduleToCloseTimeout
            | Self::ScheduleToStartTimeout
            | Self::StartToCloseTimeout
            | Self::HeartbeatTimeout
            | Self::Priority
            | Self::PriorityKey
            | Self::FairnessKey
            | Self::FairnessWeight => false,
        }
    }
}

impl ActivityOptions {
    /// The options of an activity.
    pub fn of(scheduled: &ActivityTaskScheduled) -> Self {
        let policy = scheduled.retry_policy.clone().unwrap_or_default();
        Self {
            task_queue: scheduled.task_queue.clone(),
            schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
            schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
            start_to_close_timeout: scheduled.start_to_close_timeout,
            heartbeat_timeout: scheduled.heartbeat_timeout,
            retry_policy: RetryPolicy { non_retryable_error_types: Vec::new(), ..policy },
            priority: scheduled.priority.clone(),
        }
    }

    /// Makes them an activity's.
    pub fn apply(&self, scheduled: &mut ActivityTaskScheduled) {
        scheduled.task_queue = self.task_queue.clone();
        scheduled.schedule_to_close_timeout = self.schedule_to_close_timeout;
        scheduled.schedule_to_start_timeout = self.schedule_to_start_timeout;
        scheduled.start_to_close_timeout = self.start_to_close_timeout;
        scheduled.heartbeat_timeout = self.heartbeat_timeout;
        let known = scheduled.retry_policy.take().unwrap_or_default();
        let non_retryable_error_types = known.non_retryable_error_types;
        let policy = self.retry_policy.clone();
        scheduled.retry_policy = Some(RetryPolicy { non_retryable_error_types, ..policy });
        scheduled.priority = self.priority.clone();
    }

    /// Takes the named options over from others.
    pub fn set(&mut self, from: &Self, fields: &BTreeSet<OptionField>) {
        use OptionField as F;
        let other = from.priority.clone().unwrap_or_default();
        for field in fields {
            let policy = &mut self.retry_policy;
            match field {
                F::TaskQueue => self.task_queue = from.task_queue.clone(),
                F::ScheduleToCloseTimeout => {
                    self.schedule_to_close_timeout = from.schedule_to_close_timeout;
                }
                F::ScheduleToStartTimeout => {
                    self.schedule_to_start_timeout = from.schedule_to_start_timeout;
                }
                F::StartToCloseTimeout => self.start_to_close_timeout = from.start_to_close_timeout,
                F::HeartbeatTimeout => self.heartbeat_timeout = from.heartbeat_timeout,
                F::RetryPolicy => *policy = from.retry_policy.clone(),
                F::InitialInterval => policy.initial_interval = from.retry_policy.initial_interval,
                F::BackoffCoefficient => {
                    policy.backoff_coefficient = from.retry_policy.backoff_coefficient;
                }
                F::MaximumInterval => policy.maximum_interval = from.retry_policy.maximum_interval,
                F::MaximumAttempts => policy.maximum_attempts = from.retry_policy.maximum_attempts,
                F::Priority => self.priority = from.priority.clone(),
                F::PriorityKey => self.own_priority().priority_key = other.priority_key,
                F::FairnessKey => {
                    self.own_priority().fairness_key.clone_from(&other.fairness_key);
                }
                F::FairnessWeight => self.own_priority().fairness_weight = other.fairness_weight,
            }
        }
    }

    fn own_priority(&mut self) -> &mut Priority {
        self.priority.get_or_insert_default()
    }
}
