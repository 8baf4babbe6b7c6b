//! What operators do to a run's pending activities.

use steadfast_core::{
    Input,
    input::{
        ActivityOptions, Jitter, PauseActivity, Reply, ResetActivity, UnpauseActivity,
        UpdateActivityOptions,
    },
};

use super::{
    Deadline, Engine,
    ask::{Retry, ask},
};
use crate::{
    api::{EngineError, Target},
    request::Request,
};

impl Engine {
    /// Holds activities back: what runs goes on, and no further attempt starts.
    pub async fn pause_activity(
        &self,
        target: &Target,
        request: PauseActivity,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let retry = if request.request_id.is_empty() { Retry::Never } else { Retry::Again };
        self.feed(target, Input::PauseActivity(Box::new(request)), retry, deadline).await
    }

    /// Lets activities go on. The jitter's seed is drawn here.
    pub async fn unpause_activity(
        &self,
        target: &Target,
        mut request: UnpauseActivity,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        request.jitter = self.drawn(request.jitter);
        self.feed(target, Input::UnpauseActivity(Box::new(request)), Retry::Never, deadline).await
    }

    /// Counts activities' attempts from 1 again. The jitter's seed is drawn here.
    pub async fn reset_activity(
        &self,
        target: &Target,
        mut request: ResetActivity,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        request.jitter = self.drawn(request.jitter);
        self.feed(target, Input::ResetActivity(Box::new(request)), Retry::Never, deadline).await
    }

    /// Changes activities' options; answers with those of the last one.
    pub async fn update_activity_options(
        &self,
        target: &Target,
        request: UpdateActivityOptions,
        deadline: Deadline,
    ) -> Result<ActivityOptions, EngineError> {
        let reply = ask(&self.shared, target, deadline, Retry::Never, |reply| {
            let input = Input::UpdateActivityOptions(Box::new(request.clone()));
            Request::Input(Box::new(input), Some(reply))
        });
        Ok(match reply.await? {
            Reply::ActivityOptions(options) => *options,
            Reply::Done
            | Reply::Duplicate
            | Reply::WorkflowTask(_)
            | Reply::WorkflowTaskCompleted { .. }
            | Reply::Activity(_)
            | Reply::Heartbeat(_)
            | Reply::Update(_) => ActivityOptions::default(),
        })
    }

    fn drawn(&self, jitter: Jitter) -> Jitter {
        let id = self.shared.world.entropy.uuid();
        let seed = id.bytes().fold(0, |seed: u64, byte| seed.rotate_left(7) ^ u64::from(byte));
        Jitter { seed, ..jitter }
    }
}
