//! What a workflow function holds: its only door to the world.

use std::{future::Future, ops::Range, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Payload, PayloadMap, Payloads, Timestamp, WorkflowId,
    command::{CommandKind, ContinueAsNew},
    event::Initiator,
};

use super::{
    activity::Activity,
    cell::Shared,
    child::Child,
    condition::WaitUntil,
    error::{Canceled, WorkflowError},
    external::ExternalWorkflow,
    info::WorkflowInfo,
    local::Local,
    log::Logger,
    marker::SideEffect,
    query,
    signal::SignalChannel,
    slot::Slot,
    spawn::{Spawned, spawned},
    state::{Origin, StateHandle},
    timer::Sleep,
    update,
};
use crate::payload::{self, ConversionError};

/// What a workflow function holds: its only door to the world. Cheap to clone.
///
/// Everything that it gives is the same in every replay. Workflow code must not look at clocks,
/// randomness, threads or the network in any other way.
#[derive(Clone)]
pub struct WorkflowContext {
    pub(super) shared: StateHandle,
    /// Not touched by the workflow's cancellation.
    pub(super) shielded: bool,
}

impl WorkflowContext {
    pub(super) fn new(shared: StateHandle) -> Self {
        Self { shared, shielded: false }
    }

    /// What the workflow knows of its run.
    pub fn info(&self) -> WorkflowInfo {
        (*self.shared.lock().info).clone()
    }

    /// The time at which the current workflow task started.
    pub fn now(&self) -> Timestamp {
        self.shared.lock().now
    }

    /// A number in `[0, 1)`.
    pub fn random(&self) -> f64 {
        self.shared.lock().random.next_f64()
    }

    /// A number of the range.
    ///
    /// # Panics
    /// When the range is empty.
    pub fn random_in(&self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end, "the range {range:?} is empty");
        range.start + self.shared.lock().random.below(range.end - range.start)
    }

    /// A fresh UUID.
    pub fn uuid(&self) -> uuid::Uuid {
        self.shared.lock().random.uuid()
    }

    /// Whether the code runs only to get back to where it was.
    pub fn is_replaying(&self) -> bool {
        self.shared.lock().replaying
    }

    /// Logs that are silent in replays.
    pub fn log(&self) -> Logger {
        Logger::new(self.shared.clone())
    }

    /// Waits. Ends early, with [`Canceled`], when the workflow is cancelled.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.clone(), duration)
    }

    /// Waits until the condition is true. It is looked at whenever the workflow has moved, so it
    /// must be quick and must only look at the workflow's own state, such as a [`Shared`].
    pub fn wait_until(&self, check: impl Fn() -> bool + Send + Sync + 'static) -> WaitUntil {
        WaitUntil::new(self.clone(), std::sync::Arc::new(check))
    }

    /// Waits until the condition is true, for a limited time; whether it became true.
    pub async fn wait_until_for(
        &self,
        limit: Duration,
        check: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<bool, Canceled> {
        match futures::future::select(self.wait_until(check), self.sleep(limit)).await {
            futures::future::Either::Left((result, _)) => result.map(|()| true),
            futures::future::Either::Right((result, _)) => result.map(|()| false),
        }
    }

    /// State that the main function shares with its handlers.
    pub fn shared<T>(&self, value: T) -> Shared<T> {
        Shared::new(value)
    }

    /// An activity with one argument (`()` for none).
    pub fn activity<O: DeserializeOwned>(
        &self,
        activity_type: impl Into<String>,
        input: impl Serialize,
    ) -> Activity<O> {
        Activity::new(self.clone(), activity_type.into(), payload::encode_list(&input))
    }

    /// An activity with any number of arguments.
    pub fn activity_with<O: DeserializeOwned>(
        &self,
        activity_type: impl Into<String>,
        input: Payloads,
    ) -> Activity<O> {
        Activity::new(self.clone(), activity_type.into(), Ok(input))
    }

    /// A short activity that the workflow's own worker runs within the workflow task.
    pub fn local_activity<O: DeserializeOwned>(
        &self,
        activity_type: impl Into<String>,
        input: impl Serialize,
    ) -> Local<O> {
        Local::new(self.clone(), activity_type.into(), payload::encode_list(&input))
    }

    /// Runs a function once in the life of the run; replays get its value from the history. It must
    /// not wait, nor use this context.
    pub fn side_effect<T, F>(&self, effect: F) -> SideEffect<T, F>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> T + Unpin,
    {
        SideEffect::new(self.clone(), effect)
    }

    /// A child workflow with one argument (`()` for none).
    pub fn child<O: DeserializeOwned>(
        &self,
        workflow_type: impl Into<String>,
        input: impl Serialize,
    ) -> Child<O> {
        Child::new(self.clone(), workflow_type.into(), payload::encode_list(&input))
    }

    /// Another workflow of the same namespace, to signal or cancel.
    pub fn external(&self, workflow_id: impl Into<WorkflowId>) -> ExternalWorkflow {
        ExternalWorkflow::new(self.clone(), workflow_id.into())
    }

    /// The signals of one name. What arrived before this call is not lost.
    pub fn signal<T: DeserializeOwned>(&self, name: impl Into<String>) -> SignalChannel<T> {
        SignalChannel::new(self.clone(), name.into())
    }

    /// Handles every signal of one name as it arrives; one that cannot be decoded is logged.
    pub fn on_signal<T>(&self, name: impl Into<String>, handle: impl Fn(T) + Send + 'static)
    where
        T: DeserializeOwned + 'static,
    {
        let channel = self.shielded().signal::<T>(name);
        let log = self.log();
        self.spawn_detached(async move {
            loop {
                match channel.recv().await {
                    Ok(value) => handle(value),
                    Err(error) => log.warn(&format!("signal is dropped: {error}")),
                }
            }
        });
    }

    /// Answers a query. The handler must only look.
    pub fn on_query<I, O>(
        &self,
        name: impl Into<String>,
        answer: impl Fn(I) -> O + Send + Sync + 'static,
    ) where
        I: DeserializeOwned,
        O: Serialize,
    {
        self.on_query_fallible(name, move |input| Ok(answer(input)));
    }

    /// Answers a query that can fail. The handler must only look.
    pub fn on_query_fallible<I, O>(
        &self,
        name: impl Into<String>,
        answer: impl Fn(I) -> Result<O, WorkflowError> + Send + Sync + 'static,
    ) where
        I: DeserializeOwned,
        O: Serialize,
    {
        self.shared.lock().queries.insert(name.into(), query::handler(answer));
    }

    /// Handles an update: the validator may refuse it and must only look; the handler may do all
    /// that a workflow may.
    pub fn on_update<I, O, V, F, Fut>(&self, name: impl Into<String>, validate: V, handle: F)
    where
        I: DeserializeOwned,
        O: Serialize,
        V: Fn(&I) -> Result<(), WorkflowError> + Send + Sync + 'static,
        F: Fn(I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
    {
        self.shared.lock().updates.handle(name.into(), update::handler(validate, handle));
    }

    /// Waits until no accepted update is being handled: a good thing to do before returning.
    pub fn all_updates_handled(&self) -> WaitUntil {
        let shared = self.shared.clone();
        self.wait_until(move || shared.lock().updates.running() == 0)
    }

    /// Runs a future beside the main function, until it ends or the workflow does.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Spawned<T> {
        let (task, result) = spawned(future);
        self.shared.lock().spawned.push(task);
        result
    }

    fn spawn_detached(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.shared.lock().spawned.push(Box::pin(future));
    }

    /// Whether the workflow was asked to cancel.
    pub fn is_cancelled(&self) -> bool {
        self.shared.lock().cancel.reason.is_some()
    }

    /// Waits until the workflow is asked to cancel; its reason.
    pub async fn cancelled(&self) -> String {
        let mut waiting = CancelWait { ctx: self, number: None };
        futures::future::poll_fn(|cx| waiting.poll(cx)).await
    }

    /// A context that the workflow's cancellation does not touch: for cleaning up.
    pub fn shielded(&self) -> Self {
        Self { shared: self.shared.clone(), shielded: true }
    }

    /// Whether to take the new way. Runs that passed this place in older code keep the old way.
    pub fn patched(&self, id: &str) -> bool {
        self.shared.lock().patched(id, false)
    }

    /// Says that the old way is gone from the code. Once no run is left that began before, the call
    /// may go as well.
    pub fn deprecate_patch(&self, id: &str) {
        self.shared.lock().patched(id, true);
    }

    /// Sets memo fields; a `binary/null` payload removes one.
    pub fn upsert_memo(&self, upserted_memo: PayloadMap) {
        let command = CommandKind::ModifyProperties { upserted_memo };
        self.shared.lock().issue(command, Origin::Other);
    }

    /// Sets one memo field.
    pub fn upsert_memo_field(
        &self,
        name: impl Into<String>,
        value: impl Serialize,
    ) -> Result<(), ConversionError> {
        let fields = PayloadMap::from([(name.into(), payload::encode(&value)?)]);
        self.upsert_memo(fields);
        Ok(())
    }

    /// Sets search attributes; a `binary/null` payload removes one. See
    /// [`payload::search_attribute`].
    pub fn upsert_search_attributes(
        &self,
        attributes: impl IntoIterator<Item = (String, Payload)>,
    ) {
        let search_attributes = attributes.into_iter().collect();
        let command = CommandKind::UpsertSearchAttributes { search_attributes };
        self.shared.lock().issue(command, Origin::Other);
    }

    /// Ends this run and goes on as a new one of the same workflow: return what this returns.
    pub fn continue_as_new<T>(&self, input: impl Serialize) -> Result<T, WorkflowError> {
        let input = payload::encode_list(&input)?;
        let workflow_type = self.shared.lock().info.workflow_type.clone();
        let options = ContinueAsNew { workflow_type, input, ..ContinueAsNew::default() };
        self.continue_as_new_with(options)
    }

    /// Ends this run and goes on as the run described; empty fields are taken over from this run.
    pub fn continue_as_new_with<T>(&self, options: ContinueAsNew) -> Result<T, WorkflowError> {
        let options = ContinueAsNew { initiator: Initiator::Workflow, ..options };
        Err(WorkflowError::ContinueAsNew(Box::new(options)))
    }
}

/// Waits for the workflow's cancellation.
struct CancelWait<'a> {
    ctx: &'a WorkflowContext,
    number: Option<u64>,
}

impl CancelWait<'_> {
    fn poll(&mut self, cx: &std::task::Context<'_>) -> std::task::Poll<String> {
        let mut state = self.ctx.shared.lock();
        if let Some(reason) = &state.cancel.reason {
            return std::task::Poll::Ready(reason.clone());
        }
        let waiters = &mut state.cancel.waiters;
        let number = *self.number.get_or_insert_with(|| waiters.add(Slot::Empty));
        if let Some(slot) = waiters.get_mut(number) {
            let _ = slot.poll(cx).is_ready();
        }
        std::task::Poll::Pending
    }
}

impl Drop for CancelWait<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.ctx.shared.lock().cancel.waiters.remove(number, None);
        }
    }
}
