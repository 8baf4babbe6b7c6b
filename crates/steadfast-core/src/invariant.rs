//! The invariants by name, and those that one run's state and records can be checked against.
//!
//! The same names are used in code, tests, simulation, metrics and documents.

use crate::{Record, Run, run::workflow_task::Kind};

/// What must hold, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// DUR-1: no effect and no reply leaves the process before its record is acknowledged.
    NothingBeforeAck,
    /// DUR-2: replaying the records gives the live state.
    ReplayIsLive,
    /// FENCE-1: at each sequence of a run's subject there is one writer.
    OneWriter,
    /// HIST-1: event ids are contiguous from 1.
    ContiguousIds,
    /// TASK-1: at most one workflow task is pending or out.
    OneWorkflowTask,
    /// TASK-2: a task's token is accepted once.
    TokenOnce,
    /// TIMER-1: a timer fires or is cancelled, once.
    TimerOnce,
    /// LIVE-1: after faults stop, every run progresses.
    Progress,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NothingBeforeAck,
        Self::ReplayIsLive,
        Self::OneWriter,
        Self::ContiguousIds,
        Self::OneWorkflowTask,
        Self::TokenOnce,
        Self::TimerOnce,
        Self::Progress,
    ];

    /// Its name in documents and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingBeforeAck => "DUR-1",
            Self::ReplayIsLive => "DUR-2",
            Self::OneWriter => "FENCE-1",
            Self::ContiguousIds => "HIST-1",
            Self::OneWorkflowTask => "TASK-1",
            Self::TokenOnce => "TASK-2",
            Self::TimerOnce => "TIMER-1",
            Self::Progress => "LIVE-1",
        }
    }
}

/// The invariants that a run, with everything that was ever appended for it, breaks.
pub fn check(run: &Run, records: &[Record]) -> Vec<Invariant> {
    let mut broken = Vec::new();
    let ids = records.iter().flat_map(Record::events).map(|event| event.id);
    if !ids.eq(1..run.next_event_id) {
        broken.push(Invariant::ContiguousIds);
    }
    if Run::replay(records).as_ref() != Ok(run) {
        broken.push(Invariant::ReplayIsLive);
    }
    if !one_workflow_task(run) {
        broken.push(Invariant::OneWorkflowTask);
    }
    if !timers_end_once(run, records) {
        broken.push(Invariant::TimerOnce);
    }
    if run.status.is_open() && stranded(run) {
        broken.push(Invariant::Progress);
    }
    broken
}

fn one_workflow_task(run: &Run) -> bool {
    let speculative = run.session.speculative.is_some();
    let written = run.workflow_task.is_some();
    let out = run.session.task_out.as_ref();
    let backed = out.is_none_or(|out| match out.kind {
        Kind::Normal | Kind::Transient => written,
        Kind::Speculative => speculative,
    });
    !(written && speculative) && backed
}

fn timers_end_once(run: &Run, records: &[Record]) -> bool {
    use crate::EventKind as E;
    let (mut started, mut ended) = (0_usize, 0_usize);
    for event in records.iter().flat_map(Record::events) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only timers are counted")]
        match &event.kind {
            E::TimerStarted(_) => started += 1,
            E::TimerFired(_) | E::TimerCanceled(_) => ended += 1,
            _ => {}
        }
    }
    let buffered = run.buffered.iter().filter(|event| matches!(event.kind, E::TimerFired(_)));
    let ended = ended + buffered.count();
    if run.status.is_open() { started == ended + run.timers.len() } else { started >= ended }
}

/// Whether the workflow has news but nothing that would ever tell it.
fn stranded(run: &Run) -> bool {
    let task_comes = run.pending_task().is_some()
        || run.first_task_not_before.is_some()
        || run.status == crate::run::Status::Paused;
    let flush_is_due = run.next_deadline().is_some_and(|due| due <= run.last_at);
    let flush_comes = run.session.task_out.is_some() || flush_is_due;
    let unheard = !run.buffered.is_empty() && !flush_comes;
    let unseen = !run.session.admitted.is_empty() && !task_comes;
    unheard || unseen
}
