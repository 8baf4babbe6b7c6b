//! Events that arrived while a workflow task was out, and the numbers they get when it ends.
//!
//! Temporal's `HistoryBuilder.reorderBuffer`: completions of activities and children go last, and refer
//! to the start events that were buffered with them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Event, EventId, EventKind};

/// The buffered events in their final order, numbered from `next`.
pub(crate) fn number(buffered: &[Arc<Event>], next: EventId) -> Vec<Event> {
    let (last, first): (Vec<_>, Vec<_>) =
        buffered.iter().map(|event| (**event).clone()).partition(is_completion);
    let mut started = BTreeMap::new();
    let mut numbered = Vec::with_capacity(buffered.len());
    for (id, mut event) in (next..).zip(first.into_iter().chain(last)) {
        event.id = id;
        if let Some(key) = starts(&event.kind) {
            started.insert(key, id);
        }
        refer(&mut event.kind, &started);
        numbered.push(event);
    }
    numbered
}

fn is_completion(event: &Event) -> bool {
    use EventKind as E;
    matches!(
        event.kind,
        E::ActivityTaskCompleted(_)
            | E::ActivityTaskFailed(_)
            | E::ActivityTaskTimedOut(_)
            | E::ActivityTaskCanceled(_)
            | E::ChildWorkflowExecutionCompleted(_)
            | E::ChildWorkflowExecutionFailed(_)
            | E::ChildWorkflowExecutionCanceled(_)
            | E::ChildWorkflowExecutionTimedOut(_)
            | E::ChildWorkflowExecutionTerminated(_)
    )
}

/// The scheduled or initiated event that this event starts.
fn starts(kind: &EventKind) -> Option<EventId> {
    if let EventKind::ActivityTaskStarted(started) = kind {
        return Some(started.scheduled_event_id);
    }
    if let EventKind::ChildWorkflowExecutionStarted(started) = kind {
        return Some(started.initiated_event_id);
    }
    None
}

/// Fills in the started event of a completion whose start was buffered too.
fn refer(kind: &mut EventKind, started: &BTreeMap<EventId, EventId>) {
    macro_rules! fill {
        ($attributes:expr, $key:ident) => {
            if $attributes.started_event_id == 0 {
                $attributes.started_event_id =
                    started.get(&$attributes.$key).copied().unwrap_or_default();
            }
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind refers to a start")]
    match kind {
        EventKind::ActivityTaskCompleted(a) => fill!(a, scheduled_event_id),
        EventKind::ActivityTaskFailed(a) => fill!(a, scheduled_event_id),
        EventKind::ActivityTaskTimedOut(a) => fill!(a, scheduled_event_id),
        EventKind::ActivityTaskCanceled(a) => fill!(a, scheduled_event_id),
        EventKind::ChildWorkflowExecutionCompleted(a) => fill!(a, initiated_event_id),
        EventKind::ChildWorkflowExecutionFailed(a) => fill!(a, initiated_event_id),
        EventKind::ChildWorkflowExecutionCanceled(a) => fill!(a, initiated_event_id),
        EventKind::ChildWorkflowExecutionTimedOut(a) => fill!(a, initiated_event_id),
        EventKind::ChildWorkflowExecutionTerminated(a) => fill!(a, initiated_event_id),
        _ => {}
    }
}
