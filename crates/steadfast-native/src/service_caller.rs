//! Service activities: the engine calls a plain NATS responder, which need not know of Steadfast.

use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use futures::future::BoxFuture;
use steadfast_engine::ports::{BoxError, ServiceCaller, ServiceError, ServiceRequest};
use steadfast_protocol::header;

/// NATS, as what service activities call.
#[derive(Clone, Debug)]
pub struct NatsServices {
    client: Client,
}

impl NatsServices {
    /// Calls through this connection.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn request(&self, request: ServiceRequest) -> Result<Bytes, ServiceError> {
        if !is_publishable(&request.subject) {
            let source: BoxError = format!("{:?} is not a subject", request.subject).into();
            return Err(ServiceError::Unavailable(source));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(name.as_str(), value.replace(['\r', '\n'], " ").as_str());
        }
        let message =
            Request::new().headers(headers).payload(request.body).timeout(Some(request.timeout));
        let answer = self.client.send_request(request.subject, message).await;
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => ServiceError::NoResponders,
            RequestErrorKind::TimedOut => ServiceError::Timeout,
            RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other => ServiceError::Unavailable(error.into()),
        })?;
        let told = |name| Some(answer.headers.as_ref()?.get(name)?.as_str().to_owned());
        match told(header::ERROR_CODE) {
            Some(code) => {
                let message = told(header::ERROR).unwrap_or_default();
                Err(ServiceError::Service { code, message })
            }
            None => Ok(answer.payload),
        }
    }
}

impl ServiceCaller for NatsServices {
    fn call(&self, request: ServiceRequest) -> BoxFuture<'_, Result<Bytes, ServiceError>> {
        Box::pin(self.request(request))
    }
}

/// Whether a workflow may have meant this as a subject: no empty token, space or wildcard.
fn is_publishable(subject: &str) -> bool {
    subject.split('.').all(|token| {
        let wildcard = token == "*" || token == ">";
        !token.is_empty()
            && !wildcard
            && !token.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}
