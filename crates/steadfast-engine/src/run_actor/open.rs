//! How a run begins: its first record, with whatever else waits already.

use steadfast_core::Transition;

use super::{
    Arguments, Live,
    append::{self, Outcome},
    draft::Draft,
    history::EventTail,
    recover,
};
use crate::{
    api::EngineError,
    matching::{self, Handed},
    request::{Begin, Open, Opened, Request, answer},
    slot::Batch,
    supervise::RunFailure,
};

/// Takes the first request to open the run out of a batch.
pub(super) fn first_open(batch: &mut Batch) -> Option<Box<Open>> {
    let mut first = None;
    for request in std::mem::take(&mut batch.requests) {
        if first.is_none()
            && let Request::Open(open) = request
        {
            first = Some(open);
        } else {
            batch.requests.push(request);
        }
    }
    first
}

/// Opens the run; answers it, or nothing when there is none.
#[tracing::instrument(
    level = "debug",
    skip_all,
    fields(
        namespace = %ctx.slot.key().namespace,
        workflow_id = %ctx.slot.key().workflow_id,
        run_id = %ctx.slot.key().run_id,
        task_queue = %open.begin.task_queue(),
    )
)]
pub(super) async fn open(
    ctx: &Arguments,
    open: Box<Open>,
    batch: Batch,
) -> Result<Option<Live>, RunFailure> {
    let Open { begin, expected, update, answer: reply } = *open;
    let limits = &ctx.shared.config.limits;
    let key = ctx.slot.key().clone();
    let begun = match begin {
        Begin::Start(start) => Transition::start(key, *start, limits, ctx.now()),
        Begin::Reset(start) => Transition::start_reset(key, *start, limits, ctx.now()),
    };
    let transition = match begun {
        Ok(transition) => transition,
        Err(rejection) => {
            answer(reply, Err(rejection.into()));
            return leave(ctx, batch);
        }
    };
    let mut live = Live::new(transition.run.clone(), 0, EventTail::starting_at(1), ctx);
    let mut draft = Draft::new(transition);
    if let Some(update) = update
        && let Err(rejection) = draft.feed_companion(update)
    {
        answer(reply, Err(rejection.into()));
        drop((draft, live));
        return leave(ctx, batch);
    }
    let eager = draft.first_task_at_once();
    for request in batch.requests {
        draft.feed(ctx, request);
    }
    live.extend(ctx, &mut draft);
    let decided = draft.finish();
    let record = decided.record.clone();
    match append::append(ctx, record, &decided.run, expected).await? {
        Outcome::Durable(sequence) => {
            ctx.partition.set_current(&ctx.slot);
            ctx.shared.metrics.runs_started.add(1, &[]);
            let Some(task) = eager else {
                answer(reply, Ok(Opened::Started(None)));
                live.commit(ctx, decided, Some(sequence)).await?;
                return Ok(Some(live));
            };
            live.commit(ctx, decided, Some(sequence)).await?;
            let task = live.polled_workflow_task(ctx, *task).await;
            if let Err(Ok(Opened::Started(Some(task)))) = reply.send(Ok(Opened::Started(task))) {
                matching::give_back(&ctx.shared, Handed::Workflow(task));
            }
            Ok(Some(live))
        }
        Outcome::WrongSequence => {
            drop((decided, live));
            taken(ctx, reply).await
        }
        Outcome::TooLarge { bytes, max } => {
            let limit =
                steadfast_core::limits::LimitError::PayloadTooLarge { field: "Input", bytes, max };
            answer(reply, Err(steadfast_core::Rejection::Limit(limit).into()));
            leave(ctx, Batch { requests: Vec::new() })
        }
    }
}

/// The workflow has another record: perhaps this very run exists already.
async fn taken(
    ctx: &Arguments,
    reply: crate::request::Answer<Opened>,
) -> Result<Option<Live>, RunFailure> {
    let nothing = Batch { requests: Vec::new() };
    match recover::read(ctx).await? {
        Some(live) => {
            if live.run.status.is_open() {
                ctx.partition.set_current(&ctx.slot);
            }
            answer(reply, Ok(Opened::AlreadyThere));
            Ok(Some(live))
        }
        None => {
            let left = leave(ctx, nothing);
            answer(reply, Ok(Opened::Taken));
            left
        }
    }
}

/// There is no such run: the slot leaves, and whoever waits is told.
pub(super) fn leave(ctx: &Arguments, batch: Batch) -> Result<Option<Live>, RunFailure> {
    let mut waiting = batch.requests;
    while !ctx.partition.remove(&ctx.slot) {
        waiting.extend(ctx.slot.take(usize::MAX).requests);
    }
    crate::sync::lock(&ctx.partition.watermark).clean(ctx.slot.id);
    for request in waiting {
        let key = ctx.slot.key();
        let (workflow_id, run_id) = (key.workflow_id.clone(), key.run_id.clone());
        request.refuse(EngineError::NotFound { workflow_id, run_id });
    }
    Ok(None)
}
