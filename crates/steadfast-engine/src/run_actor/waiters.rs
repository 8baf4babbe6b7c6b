//! Who waits for news of a run: long polls of its history, callers of its updates.

use std::collections::HashMap;

use steadfast_core::{
    Run, UpdateId, effect::UpdateStage, event::UpdateOutcome, input::UpdateReply,
};

use super::{
    Arguments, Live,
    history::{EventTail, closing_page, page_of},
};
use crate::{
    api::*,
    request::{Answer, Read, answer},
};

/// Everybody who waits.
#[derive(Default)]
pub(super) struct Waiters {
    history: Vec<(HistoryRequest, Answer<HistoryPage>)>,
    updates: HashMap<UpdateId, Vec<(UpdateWait, Answer<UpdateAnswer>)>>,
}

impl Waiters {
    /// Whether anybody still waits; forgets who went away.
    pub(super) fn is_empty(&mut self) -> bool {
        self.history.retain(|(_, reply)| !reply.is_closed());
        self.updates.retain(|_, waiting| {
            waiting.retain(|(_, reply)| !reply.is_closed());
            !waiting.is_empty()
        });
        self.history.is_empty() && self.updates.is_empty()
    }

    fn count(&self) -> usize {
        self.history.len() + self.updates.values().map(Vec::len).sum::<usize>()
    }

    /// The run went on: answers the long polls that waited for it.
    pub(super) fn wake(&mut self, run: &Run, events: &EventTail) {
        if self.history.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.history);
        for (request, reply) in waiting {
            if request.close_event_only {
                if run.close_event.is_some() {
                    answer(reply, Ok(closing_page(run)));
                } else {
                    self.history.push((request, reply));
                }
                continue;
            }
            match events.from(request.from_event_id) {
                Some(mut news) if !news.is_empty() => {
                    news.truncate(request.max_events.max(1));
                    answer(reply, Ok(page_of(run, request.from_event_id, news)));
                }
                Some(_) if !run.status.is_open() => {
                    answer(reply, Ok(page_of(run, request.from_event_id, Vec::new())));
                }
                Some(_) => self.history.push((request, reply)),
                // Dropped from memory meanwhile: the caller asks again.
                None => drop(reply),
            }
        }
    }
}

impl Live {
    /// Answers a question about the state, or lets it wait.
    pub(super) async fn read(&mut self, ctx: &Arguments, read: Read) {
        match read {
            Read::Describe(reply) => answer(reply, Ok(self.run.clone())),
            Read::Current(reply) => answer(reply, Ok(self.current())),
            Read::History(request, reply) => self.read_history(ctx, request, reply).await,
            Read::Query(query, until, reply) => self.query(ctx, *query, until, reply).await,
            Read::AnswerQuery(id, result, reply) => {
                let known = self.queries.answer(&id, result);
                let missing = || EngineError::QueryFailed("query task not found".to_owned());
                answer(reply, if known { Ok(()) } else { Err(missing()) });
            }
            Read::WaitUpdate(update_id, wait, reply) => {
                self.wait_update(ctx, update_id, wait, reply);
            }
            // The turn's end decides. Two sweeps at a time are one.
            Read::Expire(reply) => self.expire = Some(reply),
        }
    }

    async fn read_history(
        &mut self,
        ctx: &Arguments,
        request: HistoryRequest,
        reply: Answer<HistoryPage>,
    ) {
        let Some(page) = self.page(ctx, &request).await else {
            let error = EngineError::Unavailable("the log does not answer".to_owned());
            return answer(reply, Err(error));
        };
        let nothing_new = page.events.is_empty() && page.next_event_id.is_some();
        if !(request.wait_new && nothing_new) {
            return answer(reply, Ok(page));
        }
        if let Some(reply) = self.room_to_wait(ctx, reply) {
            self.waiters.history.push((request, reply));
        }
    }

    fn room_to_wait<T>(&self, ctx: &Arguments, reply: Answer<T>) -> Option<Answer<T>> {
        let max = ctx.shared.config.waiters_max;
        if self.waiters.count() < max {
            return Some(reply);
        }
        answer(reply, Err(EngineError::Exhausted { what: "the run's waiters", max }));
        None
    }

    /// Answers with the update's stage, once it is as far as asked for.
    pub(super) fn wait_update(
        &mut self,
        ctx: &Arguments,
        update_id: UpdateId,
        wait: UpdateWait,
        reply: Answer<UpdateAnswer>,
    ) {
        let Some(stage) = self.run.update_state(&update_id) else {
            return answer(reply, Err(steadfast_core::Rejection::NothingPending.into()));
        };
        let (stage, outcome) = match stage {
            UpdateReply::Admitted => (UpdateWait::Admitted, None),
            UpdateReply::Accepted => (UpdateWait::Accepted, None),
            UpdateReply::Completed(outcome) => (UpdateWait::Completed, Some(outcome)),
        };
        if stage >= wait {
            return answer(reply, Ok(self.update_answer(update_id, stage, outcome)));
        }
        self.await_effect(ctx, update_id, wait, reply);
    }

    /// Answers when an effect says that the update went on.
    pub(super) fn await_effect(
        &mut self,
        ctx: &Arguments,
        update_id: UpdateId,
        wait: UpdateWait,
        reply: Answer<UpdateAnswer>,
    ) {
        if let Some(reply) = self.room_to_wait(ctx, reply) {
            self.waiters.updates.entry(update_id).or_default().push((wait, reply));
        }
    }

    fn update_answer(
        &self,
        update_id: UpdateId,
        stage: UpdateWait,
        outcome: Option<UpdateOutcome>,
    ) -> UpdateAnswer {
        UpdateAnswer { update_id, run: self.run.key().clone(), stage, outcome }
    }

    /// An update went a stage further.
    pub(super) fn update_went_on(&mut self, update_id: &UpdateId, stage: UpdateStage) {
        let Some(waiting) = self.waiters.updates.remove(update_id) else {
            return;
        };
        let (reached, outcome) = match stage {
            UpdateStage::Accepted => (UpdateWait::Accepted, None),
            UpdateStage::Rejected(failure) => {
                (UpdateWait::Completed, Some(UpdateOutcome::Failure(failure)))
            }
            UpdateStage::Completed(outcome) => (UpdateWait::Completed, Some(outcome)),
            UpdateStage::Aborted => {
                for (_, reply) in waiting {
                    answer(reply, Err(steadfast_core::Rejection::UpdateAborted.into()));
                }
                return;
            }
        };
        let mut left = Vec::new();
        for (wait, reply) in waiting {
            if reached >= wait {
                let told = self.update_answer(update_id.clone(), reached, outcome.clone());
                answer(reply, Ok(told));
            } else {
                left.push((wait, reply));
            }
        }
        if !left.is_empty() {
            self.waiters.updates.insert(update_id.clone(), left);
        }
    }
}
