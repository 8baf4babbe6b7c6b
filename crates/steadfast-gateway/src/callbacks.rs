//! Completion callbacks over HTTP: a run's close, told as the completion of a Nexus operation.
//!
//! One POST per try, as Temporal's server makes it (`common/nexus/nexusrpc/completion.go`); an answer of
//! 2xx accepts it, and of the others the Nexus rules say which are worth another try. Redirects are not
//! followed: where a callback may go was checked when it was taken.

mod answer;
mod completion;
mod json;

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore};
use steadfast_engine::ports::{CallbackCall, CallbackCaller, CallbackError};
use steadfast_temporal_api::api::common::v1::{self as common, callback::Variant};

use crate::convert::clear;

/// What is read of an answer that is not a yes, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Makes the callbacks of this door.
#[derive(Clone, Debug)]
pub struct HttpCallbacks {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Why callbacks cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up TLS for completion callbacks")]
pub struct SetupError(#[from] rustls::Error);

impl HttpCallbacks {
    /// A client that trusts the system's certificate authorities.
    pub fn new() -> Result<Self, SetupError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new()).build(https.build());
        Ok(Self { client })
    }

    async fn post(&self, url: &str, request: Request<Full<Bytes>>) -> Result<(), CallbackError> {
        let failed = |error: &(dyn Error + 'static)| {
            CallbackError::Retryable(format!("Post \"{url}\": {}", chain(error)))
        };
        let answer = self.client.request(request).await.map_err(|error| failed(&error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        // What cannot be read says nothing more than its status does.
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(answer::error(head.status, &head.headers, &body))
    }
}

impl CallbackCaller for HttpCallbacks {
    fn call(&self, call: CallbackCall) -> BoxFuture<'_, Result<(), CallbackError>> {
        Box::pin(async move {
            let Some(nexus) = nexus(&call.callback.content) else {
                return Err(CallbackError::Final("the callback cannot be read".to_owned()));
            };
            let url = nexus.url.clone();
            let request = completion::request(&call, nexus)?;
            let timeout = call.timeout;
            match tokio::time::timeout(timeout, self.post(&url, request)).await {
                Ok(answered) => answered,
                Err(_) => Err(CallbackError::Retryable(format!(
                    "Post \"{url}\": context deadline exceeded: no answer within {timeout:?}"
                ))),
            }
        })
    }

    fn destination(&self, callback: &Bytes) -> String {
        let uri = nexus(callback).and_then(|nexus| nexus.url.parse::<Uri>().ok());
        let uri = uri.unwrap_or_default();
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
    }
}

fn nexus(callback: &Bytes) -> Option<common::callback::Nexus> {
    match clear::<common::Callback>(callback)?.variant? {
        Variant::Nexus(nexus) => Some(nexus),
        Variant::Internal(_) | Variant::NexusHandler(_) => None,
    }
}

/// An error with everything that led to it, as one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
