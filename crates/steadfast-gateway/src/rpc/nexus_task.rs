//! Nexus tasks: a worker that offers services waits for calls of them. No endpoint can be made yet, so
//! none comes; but the same worker's workflows and activities work, and it can shut down, for which the
//! SDKs wait until their polls end.

use steadfast_engine::api::Poll;
use steadfast_temporal_api::api::workflowservice::v1 as proto;

use crate::{
    context::{Context, Patience},
    convert::opaque,
    fault::Fault,
};

pub(crate) async fn poll_nexus_task_queue(
    context: &Context,
    patience: Patience,
    request: proto::PollNexusTaskQueueRequest,
) -> Result<proto::PollNexusTaskQueueResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let poll = Poll {
        namespace,
        task_queue: context.queue(request.task_queue)?,
        identity: request.identity.into(),
        worker_instance_key: request.worker_instance_key,
        capabilities: request.deployment_options.as_ref().map(opaque),
        ..Poll::default()
    };
    let deadline = context.within(context.config.poll_timeout, patience);
    context.engine.poll_nexus_task(poll, deadline).await?;
    Ok(proto::PollNexusTaskQueueResponse::default())
}
