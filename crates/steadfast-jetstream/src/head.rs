//! The last records of runs: of one workflow, and of a namespace, newest first.

use std::collections::{HashMap, HashSet};

use async_nats::jetstream::Context;
use steadfast_core::{Namespace, WorkflowKey, run::Status};
use steadfast_engine::ports::{Head, ReadError, Sequence};
use steadfast_protocol::{header, subject};

use crate::{
    direct::{DirectError, Found, SUBJECTS_MAX},
    read::Reader,
};

/// The first window of a walk back through the stream, in sequences.
const WINDOW: Sequence = 2_000;
/// A window with fewer matches than this is followed by a larger one.
const SPARSE: usize = 500;
/// A window with more matches than this is followed by a smaller one.
const DENSE: usize = 4_000;

impl Reader<'_> {
    /// The heads of all runs of a workflow, the run that began first first.
    pub(crate) async fn heads(self, workflow: &WorkflowKey) -> Result<Vec<Head>, ReadError> {
        let (namespace, id) = (workflow.namespace.as_str(), workflow.workflow_id.as_str());
        let filter = subject::history_filter_workflow(self.part.number, namespace, id);
        let stream = &self.part.history;
        let found = match self.direct.last_of_each(stream, &[&filter]).await {
            Ok(found) => found,
            // A workflow with very many runs (cron): the server wants them asked for in parts.
            Err(DirectError::TooMany) => self.last_of_many(&filter).await?,
            Err(error) => return Err(error.into()),
        };
        self.to_heads(self.in_order_of_runs(found).await?).await
    }

    /// Runs of one workflow come one after another, so their last records are in the runs' order, but
    /// for those that were written after their run's close: their runs' first records are.
    async fn in_order_of_runs(self, found: Vec<Found>) -> Result<Vec<Found>, ReadError> {
        if found.len() < 2 || !found.iter().any(is_late) {
            return Ok(found);
        }
        let mut placed = Vec::with_capacity(found.len());
        for found in found {
            let place = if is_late(&found) {
                let stream = &self.part.history;
                let first = self.direct.next_few(stream, &found.subject, 1, 1).await?;
                first.messages.first().map_or(found.sequence, |first| first.sequence)
            } else {
                found.sequence
            };
            placed.push((place, found));
        }
        placed.sort_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, found)| found).collect())
    }

    /// The heads of a namespace's runs, newest first.
    ///
    /// Up to 1,024 runs are one request. More are found by walking back through the stream in windows
    /// until there are enough; a few very long runs in front of them make that slow, as long as
    /// visibility does not list.
    pub(crate) async fn list(
        self,
        context: &Context,
        namespace: &Namespace,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Head>, ReadError> {
        let filter = subject::history_filter_namespace(self.part.number, namespace.as_str());
        let stream = &self.part.history;
        let mut found = match self.direct.last_of_each(stream, &[&filter]).await {
            Ok(found) => found,
            Err(DirectError::TooMany) => self.walk_back(context, &filter, before, limit).await?,
            Err(error) => return Err(error.into()),
        };
        found.retain(|found| before == 0 || found.sequence < before);
        found.sort_unstable_by_key(|found| std::cmp::Reverse(found.sequence));
        found.truncate(limit);
        self.to_heads(found).await
    }

    async fn walk_back(
        self,
        context: &Context,
        filter: &str,
        before: Sequence,
        limit: usize,
    ) -> Result<Vec<Found>, ReadError> {
        let info = context.get_stream(&self.part.history).await;
        let info = info.map_err(|error| ReadError::Unavailable(error.into()))?;
        let state = &info.cached_info().state;
        let mut end = if before == 0 { state.last_sequence + 1 } else { before };
        let (mut window, mut seen, mut heads) = (WINDOW, HashSet::new(), Vec::new());
        while heads.len() < limit && end > state.first_sequence {
            let start = end.saturating_sub(window).max(state.first_sequence);
            let (matches, subjects) = self.window(filter, start, end).await?;
            if matches < SPARSE {
                window = window.saturating_mul(4);
            } else if matches > DENSE {
                window = (window / 2).max(1);
            }
            let fresh: Vec<String> =
                subjects.into_iter().filter(|subject| seen.insert(subject.clone())).collect();
            let last = self.last_of(&fresh).await?;
            // A run with a later record was listed before, or is newer than what is asked for.
            heads.extend(last.into_iter().filter(|f| before == 0 || f.sequence < before));
            end = start;
        }
        Ok(heads)
    }

    /// How many messages match in a part of the stream, and their subjects.
    async fn window(
        self,
        filter: &str,
        start: Sequence,
        end: Sequence,
    ) -> Result<(usize, HashSet<String>), ReadError> {
        let (mut matches, mut subjects, mut from) = (0, HashSet::new(), start);
        loop {
            let page = self.direct.next(&self.part.history, filter, from).await?;
            let last = page.messages.last().map(|message| message.sequence);
            for message in page.messages.into_iter().take_while(|m| m.sequence < end) {
                matches += 1;
                subjects.insert(message.subject);
            }
            match last {
                Some(last) if page.pending > 0 && last + 1 < end => from = last + 1,
                Some(_) | None => return Ok((matches, subjects)),
            }
        }
    }

    /// The last messages of the given subjects.
    async fn last_of(self, subjects: &[String]) -> Result<Vec<Found>, ReadError> {
        let mut found = Vec::new();
        for part in subjects.chunks(SUBJECTS_MAX) {
            let part: Vec<&str> = part.iter().map(String::as_str).collect();
            found.append(&mut self.direct.last_of_each(&self.part.history, &part).await?);
        }
        Ok(found)
    }

    /// The last messages of more subjects than the server lists at once: all their messages are read.
    async fn last_of_many(self, filter: &str) -> Result<Vec<Found>, ReadError> {
        let (mut last, mut from) = (HashMap::new(), 1);
        loop {
            let page = self.direct.next(&self.part.history, filter, from).await?;
            let end = page.messages.last().map(|message| message.sequence);
            for message in page.messages {
                last.insert(message.subject.clone(), message);
            }
            let (1.., Some(end)) = (page.pending, end) else {
                break;
            };
            from = end + 1;
        }
        let mut found: Vec<Found> = last.into_values().collect();
        found.sort_unstable_by_key(|found| found.sequence);
        Ok(found)
    }

    async fn to_heads(self, found: Vec<Found>) -> Result<Vec<Head>, ReadError> {
        let mut heads = Vec::with_capacity(found.len());
        for found in found {
            let address = self.address(&found.subject).await?;
            let status = status(&found)?;
            heads.push(Head { address, sequence: found.sequence, status, at: found.stored_at() });
        }
        Ok(heads)
    }
}

/// Whether a record may have been written after its run's close: the close itself is an event.
fn is_late(found: &Found) -> bool {
    found.header(header::EVENTS).is_none() && status(found).is_ok_and(|status| !status.is_open())
}

/// The run's status after a record.
pub(crate) fn status(found: &Found) -> Result<Status, ReadError> {
    let name = found.header(header::STATUS).unwrap_or("");
    Status::from_name(name).ok_or_else(|| ReadError::Corrupt {
        sequence: found.sequence,
        reason: format!("unknown status {name:?} in header {}", header::STATUS),
    })
}
