//! Task queues, for people: who polls, what waits, how fast it goes.

use std::collections::HashMap;

use steadfast_engine::api::{PollerInfo, QueueDescription, TaskKind};
use steadfast_temporal_api::api::{
    enums::v1 as enums, taskqueue::v1 as taskqueue, workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience},
    convert::{clear, time},
    fault::Fault,
};

#[expect(deprecated, reason = "older clients ask for and read the legacy fields")]
pub(crate) async fn describe_task_queue(
    context: &Context,
    _patience: Patience,
    request: proto::DescribeTaskQueueRequest,
) -> Result<proto::DescribeTaskQueueResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let task_queue = context.queue(request.task_queue)?;
    let describe = |kind| context.engine.describe_task_queue(&namespace, &task_queue, kind);
    if request.api_mode == i32::from(enums::DescribeTaskQueueMode::Enhanced) {
        let types = kinds(&request.task_queue_types)?.into_iter().map(|kind| {
            let described = describe(kind);
            let info = taskqueue::TaskQueueTypeInfo {
                pollers: described.pollers.iter().map(poller).collect(),
                stats: request.report_stats.then(|| stats(&described)),
            };
            (number(kind), info)
        });
        let version = taskqueue::TaskQueueVersionInfo {
            types_info: types.collect(),
            ..taskqueue::TaskQueueVersionInfo::default()
        };
        // Without versions of workers there is one, the unnamed.
        return Ok(proto::DescribeTaskQueueResponse {
            versions_info: HashMap::from([(String::new(), version)]),
            ..proto::DescribeTaskQueueResponse::default()
        });
    }
    let described = describe(kind(request.task_queue_type)?);
    let status = request.include_task_queue_status.then(|| taskqueue::TaskQueueStatus {
        backlog_count_hint: count(described.stats.backlog),
        ..taskqueue::TaskQueueStatus::default()
    });
    let by_priority = described.by_priority.iter().map(|(key, waiting, oldest)| {
        let stats = taskqueue::TaskQueueStats {
            approximate_backlog_count: count(*waiting),
            approximate_backlog_age: time::duration(*oldest),
            ..taskqueue::TaskQueueStats::default()
        };
        (*key, stats)
    });
    Ok(proto::DescribeTaskQueueResponse {
        pollers: described.pollers.iter().map(poller).collect(),
        stats: request.report_stats.then(|| stats(&described)),
        stats_by_priority_key: if request.report_stats {
            by_priority.collect()
        } else {
            HashMap::new()
        },
        task_queue_status: status,
        ..proto::DescribeTaskQueueResponse::default()
    })
}

pub(crate) async fn list_task_queue_partitions(
    context: &Context,
    _patience: Patience,
    request: proto::ListTaskQueuePartitionsRequest,
) -> Result<proto::ListTaskQueuePartitionsResponse, Fault> {
    context.namespace(request.namespace).await?;
    let key = context.queue(request.task_queue)?.to_string();
    // A queue lives in one place.
    let only = || {
        vec![taskqueue::TaskQueuePartitionMetadata {
            key: key.clone(),
            owner_host_name: String::new(),
        }]
    };
    Ok(proto::ListTaskQueuePartitionsResponse {
        activity_task_queue_partitions: only(),
        workflow_task_queue_partitions: only(),
    })
}

fn kinds(numbers: &[i32]) -> Result<Vec<TaskKind>, Fault> {
    if numbers.is_empty() {
        return Ok(vec![TaskKind::Workflow, TaskKind::Activity]);
    }
    numbers.iter().map(|number| kind(*number)).collect()
}

fn kind(number: i32) -> Result<TaskKind, Fault> {
    match enums::TaskQueueType::try_from(number) {
        Ok(enums::TaskQueueType::Unspecified | enums::TaskQueueType::Workflow) => {
            Ok(TaskKind::Workflow)
        }
        Ok(enums::TaskQueueType::Activity) => Ok(TaskKind::Activity),
        Ok(enums::TaskQueueType::Nexus) => Ok(TaskKind::Nexus),
        Err(_) => Err(Fault::invalid("unknown TaskQueueType")),
    }
}

fn number(kind: TaskKind) -> i32 {
    match kind {
        TaskKind::Workflow => enums::TaskQueueType::Workflow.into(),
        TaskKind::Activity => enums::TaskQueueType::Activity.into(),
        TaskKind::Nexus => enums::TaskQueueType::Nexus.into(),
    }
}

fn poller(poller: &PollerInfo) -> taskqueue::PollerInfo {
    taskqueue::PollerInfo {
        last_access_time: Some(time::timestamp(poller.last_access_at)),
        identity: poller.identity.to_string(),
        rate_per_second: poller.rate_per_second,
        deployment_options: poller.capabilities.as_ref().and_then(clear),
        ..taskqueue::PollerInfo::default()
    }
}

fn stats(described: &QueueDescription) -> taskqueue::TaskQueueStats {
    let stats = &described.stats;
    taskqueue::TaskQueueStats {
        approximate_backlog_count: count(stats.backlog),
        approximate_backlog_age: time::duration(stats.oldest_age),
        tasks_add_rate: stats.add_rate,
        tasks_dispatch_rate: stats.dispatch_rate,
        ..taskqueue::TaskQueueStats::default()
    }
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
