//! Activities whose queue is a NATS subject.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use steadfast_core::run::Status;
use steadfast_engine::ports::{ServiceCaller, ServiceError, ServiceRequest};

use crate::world::*;

/// Fails twice, each time differently, then answers.
#[derive(Default)]
struct Flaky {
    asked: Mutex<Vec<ServiceRequest>>,
}

impl ServiceCaller for Flaky {
    fn call(&self, request: ServiceRequest) -> BoxFuture<'_, Result<Bytes, ServiceError>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(request);
        let answer = match asked.len() {
            1 => Err(ServiceError::NoResponders),
            2 => Err(ServiceError::Service { code: "503".into(), message: "busy".into() }),
            _ => Ok(Bytes::from_static(b"charged")),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test(start_paused = true)]
async fn any_responder_is_a_worker() {
    let caller = Arc::new(Flaky::default());
    let world = TestWorld::with(config(), Some(caller.clone())).await;
    let mut request = start_request("service");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.traceparent = Some(traceparent.to_owned());
    world.engine.start_workflow(request, soon()).await.unwrap();
    world.turn(vec![schedule_on("a", "nats:shop.charge")]).await;
    let task = world.turn(vec![finish()]).await;
    assert_eq!(task.traceparent.as_deref(), Some(traceparent));
    assert_eq!(world.result("service").await, Status::Completed);
    let asked = caller.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    let header = |request: &ServiceRequest, name: &str| {
        let found = request.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(asked[2].subject, "shop.charge");
    assert_eq!(header(&asked[2], "traceparent"), traceparent);
    assert_eq!(header(&asked[2], "Steadfast-Attempt"), "3");
    let key = "Steadfast-Idempotency-Key";
    assert_eq!(header(&asked[0], key), header(&asked[2], key));
}
