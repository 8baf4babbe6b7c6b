//! Service activities' calls: plain NATS responders, and what can go wrong with them.

use std::time::Duration;

use anyhow::Result;
use async_nats::HeaderMap;
use futures::StreamExt;
use steadfast_engine::ports::{ServiceCaller, ServiceError, ServiceRequest};
use steadfast_native::NatsServices;
use steadfast_nats::Server;

fn request(subject: &str) -> ServiceRequest {
    ServiceRequest {
        subject: subject.to_owned(),
        headers: vec![("Sf-Encoding".to_owned(), "json/plain".to_owned())],
        body: "1".into(),
        timeout: Duration::from_millis(500),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responders_are_called() -> Result<()> {
    let server = Server::start(steadfast_nats::Config::default()).await?;
    let client = async_nats::connect(server.client_url()).await?;
    let mut calls = client.subscribe("svc.*").await?;
    let answering = client.clone();
    let responder = tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let Some(reply) = call.reply else { continue };
            let encoding = call.headers.as_ref().and_then(|headers| headers.get("Sf-Encoding"));
            assert_eq!(encoding.map(|value| value.as_str()), Some("json/plain"));
            let mut headers = HeaderMap::new();
            match call.subject.as_str() {
                "svc.silent" => continue,
                "svc.refuses" => {
                    headers.insert("Nats-Service-Error-Code", "402");
                    headers.insert("Nats-Service-Error", "no money");
                }
                _ => headers.insert("X", "y"),
            }
            let sent = answering.publish_with_headers(reply, headers, call.payload).await;
            assert!(sent.is_ok());
        }
    });
    let services = NatsServices::new(async_nats::connect(server.client_url()).await?);
    let call = async |subject: &str| services.call(request(subject)).await;
    assert_eq!(call("svc.charge").await?, "1");
    match call("svc.refuses").await {
        Err(ServiceError::Service { code, message }) => {
            assert_eq!((code.as_str(), message.as_str()), ("402", "no money"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(call("svc.silent").await, Err(ServiceError::Timeout)));
    assert!(matches!(call("nobody.there").await, Err(ServiceError::NoResponders)));
    for subject in ["", "a..b", "a b", "svc.*", "svc.>", "a\r\nPUB x"] {
        assert!(matches!(call(subject).await, Err(ServiceError::Unavailable(_))), "{subject:?}");
    }
    responder.abort();
    Ok(())
}
