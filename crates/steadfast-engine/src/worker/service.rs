//! Service activities: an activity on the queue `nats:<subject>` is a request to that subject.
//! Every responder is a worker without knowing it.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use steadfast_core::{
    Failure, Namespace, Payload, TaskQueue,
    failure::{ApplicationFailure, FailureInfo},
    input::ActivityOutcome,
};

use super::Worker;
use crate::{
    api::PolledActivityTask,
    config::EngineConfig,
    context::Shared,
    embedded::ActivityHost,
    node,
    ports::{ServiceCaller, ServiceError, ServiceRequest},
    sync::lock,
};

/// What the queue's name begins with.
pub(crate) const PREFIX: &str = "nats:";

/// The header that carries the payload's encoding, both ways.
pub(crate) const ENCODING: &str = "Steadfast-Encoding";

/// Sees to it that somebody works on a service queue.
pub(crate) fn ensure_service(shared: &Arc<Shared>, namespace: &Namespace, task_queue: &TaskQueue) {
    let Some(subject) = task_queue.as_str().strip_prefix(PREFIX) else {
        return;
    };
    let key = (namespace.clone(), task_queue.clone());
    if !lock(&shared.services.0).insert(key) {
        return;
    }
    let host = Service {
        subject: subject.to_owned(),
        caller: shared.world.services.clone(),
        config: shared.config.clone(),
    };
    let worker = Arc::new(Worker {
        namespace: namespace.clone(),
        task_queue: task_queue.clone(),
        host: Arc::new(host),
    });
    if let Some(node) = lock(&shared.node).as_ref() {
        // A node that is ending needs no workers.
        drop(node.send_message(node::Message::StartWorker(worker)));
    }
}

/// Does attempts by asking a responder.
struct Service {
    subject: String,
    caller: Arc<dyn ServiceCaller>,
    config: EngineConfig,
}

impl ActivityHost for Service {
    fn run(&self, task: PolledActivityTask) -> BoxFuture<'static, Option<ActivityOutcome>> {
        let caller = self.caller.clone();
        let (request, encoding) = self.request(&task);
        Box::pin(async move {
            let answered = caller.call(request).await;
            Some(match answered {
                Ok(body) => ActivityOutcome::Completed(vec![Payload::new(&encoding, body)]),
                Err(error) => {
                    ActivityOutcome::Failed { failure: failure(error), last_heartbeat: None }
                }
            })
        })
    }

    fn concurrency(&self) -> usize {
        self.config.service_calls_max
    }
}

impl Service {
    /// The request of an attempt, and how its answer is taken to be encoded.
    fn request(&self, task: &PolledActivityTask) -> (ServiceRequest, String) {
        let scheduled = &task.task.scheduled;
        let payload = scheduled.input.first().cloned().unwrap_or_default();
        let encoding = payload.encoding().unwrap_or("binary/plain").to_owned();
        let key = format!("{}/{}", task.run, task.task.scheduled_event_id);
        let mut headers = vec![
            ("Steadfast-Idempotency-Key".to_owned(), key.clone()),
            ("Nats-Msg-Id".to_owned(), format!("{key}/{}", task.task.attempt)),
            ("Steadfast-Attempt".to_owned(), task.task.attempt.to_string()),
            ("Steadfast-Activity-Type".to_owned(), scheduled.activity_type.to_string()),
            ("Steadfast-Namespace".to_owned(), task.run.namespace.to_string()),
            ("Steadfast-Workflow-Id".to_owned(), task.run.workflow_id.to_string()),
            ("Steadfast-Run-Id".to_owned(), task.run.run_id.to_string()),
            (ENCODING.to_owned(), encoding.clone()),
        ];
        if let Some(traceparent) = &task.traceparent {
            headers.push(("traceparent".to_owned(), traceparent.clone()));
        }
        let timeout = scheduled
            .start_to_close_timeout
            .set()
            .map_or(Duration::from_millis(self.config.service_timeout_ms), Duration::from);
        let subject = self.subject.clone();
        (ServiceRequest { subject, headers, body: payload.data, timeout }, encoding)
    }
}

/// What the workflow sees of a call that failed; all but a service's own error may be tried again.
fn failure(error: ServiceError) -> Failure {
    let (kind, message) = match error {
        ServiceError::Service { code, message } => (code, message),
        ServiceError::NoResponders => ("NoResponders".to_owned(), error.to_string()),
        ServiceError::Timeout => ("ServiceTimeout".to_owned(), error.to_string()),
        ServiceError::Unavailable(ref source) => {
            ("ServiceUnavailable".to_owned(), format!("{error}: {source}"))
        }
    };
    let info = ApplicationFailure { kind, ..ApplicationFailure::default() };
    Failure {
        message,
        source: "steadfast".to_owned(),
        info: FailureInfo::Application(info),
        ..Failure::default()
    }
}
