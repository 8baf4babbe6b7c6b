//! Listing a namespace's runs from the logs' heads, until visibility does it.

use std::{cmp::Reverse, collections::HashMap};

use crate::{
    api::*,
    context::Shared,
    handle::ask::{require_namespace, unreadable},
    ports::{Head, Sequence},
};

/// A page, newest first over all partitions.
pub(super) async fn list(shared: &Shared, request: ListRequest) -> Result<ListPage, EngineError> {
    let ListRequest { namespace, limit, cursor } = request;
    require_namespace(shared, &namespace).await?;
    let limit = limit.clamp(1, shared.config.history_page_max);
    let mut before: HashMap<u32, Sequence> =
        cursor.map(|cursor| cursor.0.into_iter().collect()).unwrap_or_default();
    let mut heads: Vec<Head> = Vec::new();
    for partition in &shared.partitions {
        let number = partition.number;
        let from = before.get(&number.0).copied().unwrap_or(0);
        // A cursor at 1 has nothing below it, and 0 would begin anew.
        if from == 1 {
            continue;
        }
        let log = &shared.world.log;
        heads.extend(log.list(number, &namespace, from, limit).await.map_err(unreadable)?);
    }
    heads.sort_by_key(|head| Reverse((head.at, head.sequence)));
    let is_full = heads.len() >= limit;
    heads.truncate(limit);
    for head in &heads {
        let below = before.entry(head.address.partition.0).or_insert(head.sequence);
        *below = if *below == 0 { head.sequence } else { (*below).min(head.sequence) };
    }
    let next = is_full.then(|| {
        let mut places: Vec<_> = before.into_iter().collect();
        places.sort_unstable();
        ListCursor(places)
    });
    let runs = heads.into_iter().map(listed).collect();
    Ok(ListPage { runs, next })
}

fn listed(head: Head) -> Listed {
    Listed {
        key: head.address.key,
        workflow_type: head.address.workflow_type,
        status: head.status,
        last_at: head.at,
    }
}
