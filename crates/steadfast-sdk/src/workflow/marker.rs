//! What the code notes in its own history: side effects and versions.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use steadfast_core::{
    PayloadMap, Payloads,
    command::{CommandKind, RecordMarker},
    event::MarkerRecorded,
};

use super::{
    context::WorkflowContext,
    error::WorkflowError,
    local,
    matching::CHANGE_VERSION,
    state::{Origin, State},
};
use crate::payload;

pub(crate) const PATCH: &str = "core_patch";
/// A longer list of patches is not told any more.
const PATCHES_BYTES_MAX: usize = 2_048;
pub(crate) const SIDE_EFFECT: &str = "SideEffect";

/// The markers that the workflow task being replayed wrote: the code asks before their events come.
#[derive(Default)]
pub(crate) struct Peeked {
    patches: BTreeSet<String>,
    side_effects: BTreeMap<u64, Payloads>,
    pub(crate) locals: VecDeque<Arc<MarkerRecorded>>,
}

/// The content of a patch marker, as Temporal's core writes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PatchData {
    pub(crate) id: String,
    pub(crate) deprecated: bool,
}

/// What a patch marker says.
pub(crate) fn patch_data(details: &BTreeMap<String, Payloads>) -> Option<PatchData> {
    let data = details.get("patch-data")?.first()?;
    payload::decode(data).ok()
}

impl Peeked {
    /// Remembers a marker that is about to come.
    pub(crate) fn note(&mut self, marker: &Arc<MarkerRecorded>) {
        match marker.marker_name.as_str() {
            PATCH => {
                if let Some(data) = patch_data(&marker.details) {
                    self.patches.insert(data.id);
                }
            }
            SIDE_EFFECT => {
                let details = &marker.details;
                let id = details.get("side-effect-id").and_then(|id| payload::decode_list(id).ok());
                if let Some(id) = id {
                    self.side_effects.insert(id, details.get("data").cloned().unwrap_or_default());
                }
            }
            local::MARKER => self.locals.push_back(marker.clone()),
            _ => {}
        }
    }
}

impl State {
    /// Whether the code may take the new way; remembers the answer.
    pub(crate) fn patched(&mut self, id: &str, deprecated: bool) -> bool {
        if let Some(known) = self.patches.get(id) {
            return *known;
        }
        let recorded = self.peeked.patches.contains(id);
        let new_way = !self.replaying || recorded;
        if self.read_only {
            return new_way;
        }
        self.patches.insert(id.to_owned(), new_way);
        if new_way {
            let data = payload::encode(&PatchData { id: id.to_owned(), deprecated });
            let details = BTreeMap::from([(
                "patch-data".to_owned(),
                data.map(|data| vec![data]).unwrap_or_default(),
            )]);
            self.mark(PATCH, details);
            self.tell_patches(deprecated);
        }
        new_way
    }

    /// Lists the run's patches where visibility can search them, as Temporal's core does.
    fn tell_patches(&mut self, deprecated: bool) {
        if self.replaying || deprecated {
            return;
        }
        let taken = self.patches.iter().filter(|(_, new_way)| **new_way);
        let ids: BTreeSet<_> = taken.map(|(id, _)| id.as_str()).collect();
        let Ok(list) = payload::search_attribute("KeywordList", &ids) else {
            return;
        };
        if list.data.len() <= PATCHES_BYTES_MAX {
            let search_attributes = PayloadMap::from([(CHANGE_VERSION.to_owned(), list)]);
            let command = CommandKind::UpsertSearchAttributes { search_attributes };
            self.issue(command, Origin::Other);
        }
    }

    fn mark(&mut self, name: &str, details: BTreeMap<String, Payloads>) {
        let marker =
            RecordMarker { marker_name: name.to_owned(), details, ..RecordMarker::default() };
        self.issue(CommandKind::RecordMarker(Box::new(marker)), Origin::Other);
    }
}

/// Runs a function once in the life of the run; replays get its value from the history.
#[must_use = "futures do nothing unless awaited"]
pub struct SideEffect<T, F> {
    ctx: WorkflowContext,
    effect: Option<F>,
    value: PhantomData<fn() -> T>,
}

impl<T, F> SideEffect<T, F> {
    pub(super) fn new(ctx: WorkflowContext, effect: F) -> Self {
        Self { ctx, effect: Some(effect), value: PhantomData }
    }
}

impl<T, F> Future for SideEffect<T, F>
where
    T: Serialize + DeserializeOwned,
    F: FnOnce() -> T + Unpin,
{
    type Output = Result<T, WorkflowError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(effect) = self.effect.take() else {
            return Poll::Pending;
        };
        let mut state = self.ctx.shared.lock();
        state.side_effects += 1;
        let id = state.side_effects;
        let recorded = state.peeked.side_effects.remove(&id);
        let replaying = state.replaying;
        if replaying && recorded.is_none() {
            let event_id = state.task_started_id + 1;
            let history = format!("no side effect {id} was recorded by this workflow task");
            state.differs(event_id, format!("ran side effect {id}"), history);
            return Poll::Pending;
        }
        drop(state);
        let data = match recorded {
            Some(data) => data,
            None => payload::encode_list(&effect())?,
        };
        let details = BTreeMap::from([
            ("side-effect-id".to_owned(), payload::encode_list(&id)?),
            ("data".to_owned(), data.clone()),
        ]);
        self.ctx.shared.lock().mark(SIDE_EFFECT, details);
        Poll::Ready(payload::decode_list(&data).map_err(WorkflowError::from))
    }
}
