//! Local activities: short ones that the workflow's own worker runs within the workflow task.
//!
//! The driver hands them out when the code has nothing else to do, and their results come back one
//! at a time; a marker (`core_local_activity`, as Temporal's SDKs write it) keeps each result. In a
//! replay the markers of the task give the results, in their order.

use std::{
    collections::BTreeMap,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use steadfast_core::{
    ActivityType, Failure, Payload, Payloads,
    command::{CommandKind, RecordMarker},
    event::MarkerRecorded,
};

use super::{
    context::WorkflowContext,
    error::ActivityFailed,
    slot::Slot,
    state::{Origin, State},
};
use crate::payload::{self, ConversionError};

pub(crate) const MARKER: &str = "core_local_activity";

/// A local activity that the code waits for.
pub(crate) struct PendingLocal {
    activity_type: ActivityType,
    input: Payloads,
    handed_out: bool,
    slot: Slot<Result<Payloads, Failure>>,
}

impl PendingLocal {
    /// Whether its result has not come.
    pub(crate) fn is_open(&self) -> bool {
        self.slot.is_open()
    }
}

/// A local activity for the worker to run now.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivity {
    /// Gives the result its place.
    pub number: u64,
    /// Which activity.
    pub activity_type: ActivityType,
    /// Its arguments.
    pub input: Payloads,
}

/// The part of the marker that says which local activity it is.
#[derive(Serialize, Deserialize)]
struct MarkerData {
    seq: u64,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    activity_id: String,
    #[serde(default)]
    activity_type: String,
}

/// Which local activity a marker belongs to.
pub(crate) fn marker_number(marker: &MarkerRecorded) -> Option<u64> {
    let data = marker.details.get("data")?.first()?;
    payload::decode::<MarkerData>(data).ok().map(|data| data.seq)
}

/// What a marker says of the result.
pub(crate) fn marker_result(marker: &MarkerRecorded) -> Result<Payloads, Box<Failure>> {
    match &marker.failure {
        Some(failure) => Err(Box::new(failure.clone())),
        None => Ok(marker.details.get("result").cloned().unwrap_or_default()),
    }
}

impl State {
    /// The local activities that nobody runs yet.
    pub(crate) fn hand_out_locals(&mut self) -> Vec<LocalActivity> {
        let mut locals = Vec::new();
        for (number, local) in self.locals.iter_mut() {
            if local.slot.is_open() && !std::mem::replace(&mut local.handed_out, true) {
                locals.push(LocalActivity {
                    number,
                    activity_type: local.activity_type.clone(),
                    input: local.input.clone(),
                });
            }
        }
        locals
    }

    /// A local activity ended: its marker is written, and the code goes on.
    pub(crate) fn resolve_local(
        &mut self,
        number: u64,
        result: Result<Payloads, Failure>,
    ) -> Result<bool, ConversionError> {
        let Some(local) = self.locals.get_mut(number) else {
            return Ok(false);
        };
        let data = payload::encode(&MarkerData {
            seq: number,
            attempt: 1,
            activity_id: number.to_string(),
            activity_type: local.activity_type.to_string(),
        })?;
        let mut details = BTreeMap::from([("data".to_owned(), vec![data])]);
        let mut failure = None;
        match &result {
            Ok(result) => {
                let result: Vec<Payload> = result.clone();
                details.insert("result".to_owned(), result);
            }
            Err(error) => failure = Some(error.clone()),
        }
        if !local.slot.fill(result) {
            return Ok(false);
        }
        let marker_name = MARKER.to_owned();
        let marker = RecordMarker { marker_name, details, failure, ..RecordMarker::default() };
        self.issue(CommandKind::RecordMarker(Box::new(marker)), Origin::Other);
        Ok(true)
    }
}

/// A local activity: await it. It has one attempt, which must fit into the workflow task.
#[must_use = "futures do nothing unless awaited"]
pub struct Local<O> {
    ctx: WorkflowContext,
    activity_type: ActivityType,
    input: Option<Result<Payloads, ConversionError>>,
    number: Option<u64>,
    output: PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> Local<O> {
    pub(super) fn new(
        ctx: WorkflowContext,
        activity_type: String,
        input: Result<Payloads, ConversionError>,
    ) -> Self {
        let activity_type = ActivityType::new(activity_type);
        Self { ctx, activity_type, input: Some(input), number: None, output: PhantomData }
    }
}

impl<O: DeserializeOwned> Future for Local<O> {
    type Output = Result<O, ActivityFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(input) = this.input.take() {
            let input = match input {
                Ok(input) => input,
                Err(error) => {
                    let failure = super::error::WorkflowError::from(error).into_failure();
                    return Poll::Ready(Err(ActivityFailed::new(failure)));
                }
            };
            let activity_type = this.activity_type.clone();
            let local = PendingLocal { activity_type, input, handed_out: false, slot: Slot::Empty };
            this.number = Some(this.ctx.shared.lock().locals.add(local));
        }
        let Some(number) = this.number else {
            return Poll::Pending;
        };
        let mut state = this.ctx.shared.lock();
        let Some(local) = state.locals.get_mut(number) else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = local.slot.poll(cx) else {
            return Poll::Pending;
        };
        state.locals.remove(number, None);
        drop(state);
        Poll::Ready(match result {
            Ok(result) => payload::decode_list(&result).map_err(|error| {
                ActivityFailed::new(super::error::WorkflowError::from(error).into_failure())
            }),
            Err(failure) => Err(ActivityFailed::new(failure)),
        })
    }
}

impl<O> Drop for Local<O> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.ctx.shared.lock().locals.remove(number, None);
        }
    }
}
