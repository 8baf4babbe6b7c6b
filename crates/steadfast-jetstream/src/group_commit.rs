//! Many records, one fsync: an atomic batch (NATS ADR-50) when many appends wait for one stream.
//!
//! With `sync_interval: always` and one copy, a server pays one fsync per message, but also only one
//! for a whole batch. A batch costs about as much as twenty single appends, so few appends are still
//! written one by one. While a batch is under way the next one gathers.
//!
//! The server checks a batch's expected sequences against the stream as it was before the batch. So no
//! batch holds two records of the same workflow. One failed check refuses the whole batch, without
//! saying which: its records are then written one by one.

mod batch;
mod lane;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use steadfast_engine::ports::{AppendError, Sequence};
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::Instant,
};

use self::lane::{Lane, Single};
use crate::{
    append::{Outgoing, Writer},
    config,
};

/// Appends that may wait in front of one stream; more wait in their callers.
const WAITING_MAX: usize = 16_384;
/// A batch waits so long for as many records as the last one had: those who waited for the last one
/// are about to write again, and a batch twice as large costs hardly more.
const LINGER: Duration = Duration::from_millis(1);

/// Where appends to one stream gather.
#[derive(Debug)]
pub(crate) struct GroupCommit {
    writer: Writer,
    lane: Arc<Lane>,
    waiting: mpsc::Sender<Waiting>,
    task: AbortHandle,
}

/// A record, and who waits for it.
#[derive(Debug)]
struct Waiting {
    message: Outgoing,
    /// Namespace and workflow id, as they stand in the subject.
    workflow: String,
    answer: oneshot::Sender<Result<Sequence, AppendError>>,
}

impl GroupCommit {
    /// Starts the task that writes; it ends with this value.
    pub(crate) fn start(writer: &Writer, bounds: config::GroupCommit) -> Self {
        let (waiting, arriving) = mpsc::channel(WAITING_MAX);
        let lane = Lane::new(bounds.records_min);
        let task = tokio::spawn(run(writer.clone(), bounds, lane.clone(), arriving)).abort_handle();
        Self { writer: writer.clone(), lane, waiting, task }
    }

    /// Writes a record, alone or with others.
    pub(crate) async fn append(&self, message: Outgoing) -> Result<Sequence, AppendError> {
        // The short way where there is room: the task below only costs time.
        if let Some(_single) = self.lane.pass() {
            return self.writer.exchange(message).await;
        }
        let (answer, answered) = oneshot::channel();
        self.lane.queued();
        let workflow = workflow_of(&message.subject);
        let sent = self.waiting.send(Waiting { message, workflow, answer }).await;
        sent.map_err(|_| AppendError::Unavailable("the log is closed".into()))?;
        answered.await.unwrap_or_else(|closed| Err(AppendError::Unknown(closed.into())))
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Namespace and workflow id of `sf.h.<partition>.<namespace>.<type>.<workflow>.<run>`.
fn workflow_of(subject: &str) -> String {
    let mut tokens = subject.split('.').skip(3);
    let namespace = tokens.next().unwrap_or("");
    let workflow = tokens.nth(1).unwrap_or("");
    format!("{namespace}.{workflow}")
}

/// What came back.
enum Landed {
    Single,
    Batch { records: usize, refused: Vec<Waiting> },
}

/// Something on its way to the server.
type Flight<'a> = BoxFuture<'a, Landed>;

async fn run(
    writer: Writer,
    bounds: config::GroupCommit,
    lane: Arc<Lane>,
    mut arriving: mpsc::Receiver<Waiting>,
) {
    let mut gate = Gate::new(bounds, lane.clone());
    let mut flights: FuturesUnordered<Flight<'_>> = FuturesUnordered::new();
    let mut arrived = Vec::new();
    loop {
        gate.depart(&writer, &flights, Instant::now());
        let linger_until = gate.linger_until;
        tokio::select! {
            Some(landed) = flights.next(), if !flights.is_empty() => match landed {
                Landed::Single => {}
                Landed::Batch { records, refused } => {
                    gate.batch_out = false;
                    lane.departed(records);
                    for waiting in refused {
                        gate.alone(&writer, &flights, waiting, lane.extra());
                    }
                }
            },
            () = lane.landed(), if !gate.queue.is_empty() => {}
            count = arriving.recv_many(&mut arrived, WAITING_MAX) => {
                if count == 0 {
                    return;
                }
                gate.queue.extend(arrived.drain(..));
            }
            () = until(linger_until) => {}
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Decides what departs when.
struct Gate {
    bounds: config::GroupCommit,
    lane: Arc<Lane>,
    queue: VecDeque<Waiting>,
    batch_out: bool,
    /// How many records the last batch had.
    last_batch: usize,
    /// When the next batch departs though it is smaller than the last one.
    linger_until: Option<Instant>,
}

impl Gate {
    fn new(bounds: config::GroupCommit, lane: Arc<Lane>) -> Self {
        let queue = VecDeque::new();
        Self { bounds, lane, queue, batch_out: false, last_batch: 0, linger_until: None }
    }

    fn depart<'a>(
        &mut self,
        writer: &'a Writer,
        flights: &FuturesUnordered<Flight<'a>>,
        now: Instant,
    ) {
        while !self.batch_out {
            if self.queue.len() >= self.bounds.records_min {
                if !self.lingered(now) {
                    return;
                }
                let group = self.gather();
                if group.len() >= self.bounds.records_min {
                    self.batch_out = true;
                    self.last_batch = group.len();
                    let records = group.len();
                    let landed = move |refused| Landed::Batch { records, refused };
                    flights.push(batch::write(writer, group).map(landed).boxed());
                } else {
                    // Mostly records of the same few workflows: they must follow each other.
                    self.lane.departed(group.len());
                    for waiting in group {
                        self.alone(writer, flights, waiting, self.lane.extra());
                    }
                }
            } else {
                if self.queue.is_empty() {
                    return;
                }
                let Some(single) = self.lane.board() else { return };
                let Some(waiting) = self.queue.pop_front() else { return };
                self.lane.departed(1);
                self.alone(writer, flights, waiting, single);
            }
        }
    }

    /// Whether a batch may depart: it is as large as the last one, or has waited long enough.
    fn lingered(&mut self, now: Instant) -> bool {
        let until = *self.linger_until.get_or_insert(now + LINGER);
        let departs = self.queue.len() >= self.last_batch || now >= until;
        if departs {
            self.linger_until = None;
        }
        departs
    }

    /// A batch's records: the longest waiting first, no two of one workflow.
    fn gather(&mut self) -> Vec<Waiting> {
        let (mut group, mut bytes, mut workflows) = (Vec::new(), 0, HashSet::new());
        let mut later = VecDeque::new();
        while let Some(waiting) = self.queue.pop_front() {
            let full = group.len() == self.bounds.records_max
                || bytes + waiting.message.body.len() > self.bounds.bytes_max;
            if full {
                self.queue.push_front(waiting);
                break;
            }
            // Nobody waits any more: it is known not to be written.
            if waiting.answer.is_closed() {
                self.lane.departed(1);
                continue;
            }
            if workflows.insert(waiting.workflow.clone()) {
                bytes += waiting.message.body.len();
                group.push(waiting);
            } else {
                later.push_back(waiting);
            }
        }
        later.append(&mut self.queue);
        self.queue = later;
        group
    }

    fn alone<'a>(
        &self,
        writer: &'a Writer,
        flights: &FuturesUnordered<Flight<'a>>,
        waiting: Waiting,
        single: Single,
    ) {
        if waiting.answer.is_closed() {
            return;
        }
        let write = async move {
            let _single = single;
            let result = writer.exchange(waiting.message).await;
            // A caller that is gone does not want to know.
            drop(waiting.answer.send(result));
            Landed::Single
        };
        flights.push(write.boxed());
    }
}

#[cfg(test)]
mod tests;
