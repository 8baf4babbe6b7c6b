//! The end of a turn: deadlines are armed, snapshots saved, and a run with nothing to do leaves
//! memory.

use std::time::Duration;

use steadfast_core::{Effect, Span, Timestamp, effect::OutboundMessage, start::CurrentRun};

use super::{Arguments, Live, Next};
use crate::{
    ports::{AppendError, Snapshot},
    request::{Current, answer},
    slot::Batch,
    supervise::RunFailure,
    sync::lock,
    trace::{self, log::log_run},
};

/// A deadline that a tick did not move is looked at again after this.
const FRUITLESS_TICK: Span = Span::from_millis(200);

impl Live {
    /// Ends a turn.
    pub(super) async fn settle(&mut self, ctx: &Arguments) -> Result<Next, RunFailure> {
        self.ask_again(ctx);
        if self.run.status.is_open() {
            if let Some(reply) = self.expire.take() {
                answer(reply, Ok(false));
            }
            self.settle_open(ctx).await
        } else {
            self.settle_closed(ctx).await
        }
    }

    async fn settle_open(&mut self, ctx: &Arguments) -> Result<Next, RunFailure> {
        let config = &ctx.shared.config;
        let now = ctx.now();
        if self.unsaved >= config.snapshot_records {
            self.save_snapshot(ctx).await?;
        }
        let idle_after = Span::from(Duration::from_millis(config.idle_ms));
        let idle = now.since(self.busy_at) >= idle_after;
        if idle && self.may_sleep() && self.fell_asleep(ctx).await? {
            return Ok(Next::Stop);
        }
        let look_again = if idle { now + idle_after } else { self.busy_at + idle_after };
        self.arm(ctx, now, look_again);
        Ok(Next::Continue)
    }

    fn arm(&self, ctx: &Arguments, now: Timestamp, look_again: Timestamp) {
        let deadline = self.deadline(&self.run);
        let deadline = deadline.into_iter().chain(self.queries.next_deadline()).min();
        let deadline = deadline.map(|at| if at <= now { now + FRUITLESS_TICK } else { at });
        let at = deadline.map_or(look_again, |at| at.min(look_again));
        ctx.partition.timers.arm(&ctx.slot, Some(at));
    }

    /// Whether the process holds nothing of the run that the log does not.
    fn may_sleep(&mut self) -> bool {
        let session = &self.run.session;
        session.task_out.is_none()
            && session.speculative.is_none()
            && session.admitted.is_empty()
            && session.heartbeats.is_empty()
            && self.waiters.is_empty()
            && self.queries.is_empty()
    }

    async fn save_snapshot(&mut self, ctx: &Arguments) -> Result<(), RunFailure> {
        let run = self.run.as_ref().clone();
        let snapshot =
            Snapshot { traceparent: Some(trace::traceparent(&run)), run, sequence: self.sequence };
        match ctx.shared.world.log.save_snapshot(&ctx.slot.address, snapshot).await {
            Ok(()) => {
                self.unsaved = 0;
                lock(&ctx.partition.watermark).clean(ctx.slot.id);
            }
            // Another owner took the partition over.
            Err(AppendError::WrongSequence) => return Err(RunFailure::Fenced),
            // A snapshot is a cache: the next turn tries again.
            Err(error) => {
                log_run!(warn, &self.run, %error, "failed to save a snapshot");
            }
        }
        Ok(())
    }

    /// A closed run that is written to again: without a snapshot a takeover would not look at it.
    pub(super) async fn unretire(&mut self, ctx: &Arguments) -> Result<(), RunFailure> {
        self.unsaved += 1;
        self.save_snapshot(ctx).await?;
        if self.unsaved > 0 {
            return Err(RunFailure::Unreachable("a snapshot cannot be saved".to_owned()));
        }
        self.retired = false;
        Ok(())
    }

    async fn settle_closed(&mut self, ctx: &Arguments) -> Result<Next, RunFailure> {
        let expire = self.expire.take();
        let is_due = self.run.deleting || (expire.is_some() && self.retired);
        let gone = self.owed == 0 && is_due && self.purge(ctx).await;
        if gone {
            super::open::leave(ctx, Batch { requests: Vec::new() })?;
        }
        if let Some(reply) = expire {
            answer(reply, Ok(gone));
        }
        if gone {
            return Ok(Next::Stop);
        }
        let settled = self.owed == 0 && self.run.callbacks_settled();
        if settled && !self.retired && !self.run.deleting {
            match ctx.shared.world.log.retire(&ctx.slot.address).await {
                Ok(()) => {
                    self.retired = true;
                    lock(&ctx.partition.watermark).clean(ctx.slot.id);
                }
                Err(error) => {
                    log_run!(warn, &self.run, %error, "failed to retire a run");
                }
            }
        }
        let now = ctx.now();
        let linger = Span::from(Duration::from_millis(ctx.shared.config.closed_linger_ms));
        let lingered = now.since(self.busy_at) >= linger;
        let unused = self.waiters.is_empty() && self.queries.is_empty();
        if lingered && self.retired && unused && ctx.partition.remove(&ctx.slot) {
            return Ok(Next::Stop);
        }
        let look_again = if lingered { now + linger } else { self.busy_at + linger };
        if lingered && unused && self.only_waits_to_call_back() && self.fell_asleep(ctx).await? {
            return Ok(Next::Stop);
        }
        self.arm(ctx, now, look_again);
        Ok(Next::Continue)
    }

    /// Whether all that is left of the closed run is a callback that is tried again later.
    fn only_waits_to_call_back(&self) -> bool {
        let run = &self.run;
        self.owed == 0 && !run.callbacks_settled() && run.session.callbacks_out.is_empty()
    }

    /// Leaves memory with its next deadline, if the snapshot is saved and nothing waits in the inbox.
    async fn fell_asleep(&mut self, ctx: &Arguments) -> Result<bool, RunFailure> {
        // Runs that fall idle together must not fill the log with their snapshots: who finds no
        // room stays, and looks again later.
        if self.unsaved > 0
            && let Ok(_room) = ctx.partition.passivations.try_acquire()
        {
            self.save_snapshot(ctx).await?;
        }
        if self.unsaved > 0 || !ctx.slot.fall_asleep(self.sequence) {
            return Ok(false);
        }
        ctx.partition.timers.arm(&ctx.slot, self.run.next_deadline());
        ctx.shared.metrics.passivations.add(1, &[]);
        Ok(true)
    }

    /// Removes everything of the run; a failure is tried again later.
    async fn purge(&self, ctx: &Arguments) -> bool {
        match ctx.shared.world.log.purge(&ctx.slot.address).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(run = %ctx.slot.key(), %error, "failed to remove a run");
                false
            }
        }
    }

    /// What a start of the same workflow must know.
    pub(super) fn current(&self) -> Current {
        let owes_successor = self.owed > 0
            && self.run.pending_effects().iter().any(|effect| {
                matches!(effect, Effect::Send(outbound)
                if matches!(
                    outbound.message,
                    OutboundMessage::StartSuccessor { .. } | OutboundMessage::StartReset { .. }
                ))
            });
        Current {
            run: CurrentRun {
                key: self.run.key().clone(),
                status: self.run.status,
                start_request_id: self.run.opened.request_id.clone(),
                attached: self.run.requests_attached.keys().cloned().collect(),
                started_at: self.run.started_at,
            },
            sequence: self.sequence,
            awaits_successor: !self.run.status.is_open() && owes_successor,
            first_run_id: self.run.started.first_execution_run_id.clone(),
        }
    }
}
