//! What the engine stands on, in one value: the log, time, randomness and services.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use futures::future::BoxFuture;
use steadfast_core::{Namespace, Timestamp};

use crate::{
    ports::{
        CallbackCall, CallbackCaller, CallbackError, Clock, Entropy, Log, NamespaceRegistry,
        NamespaceState, ReadError, ServiceCaller, ServiceError, ServiceRequest,
    },
    search_attributes::{AnyAttributes, SearchAttributes},
};

/// The ports of one engine.
#[derive(Clone)]
pub struct World {
    /// Where runs are kept.
    pub log: Arc<dyn Log>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Who answers service activities.
    pub services: Arc<dyn ServiceCaller>,
    /// Who tells others that runs have closed.
    pub callbacks: Arc<dyn CallbackCaller>,
    /// Which namespaces there are.
    pub namespaces: Arc<dyn NamespaceRegistry>,
    /// Which search attributes they have.
    pub search_attributes: Arc<dyn SearchAttributes>,
}

impl World {
    /// The real clock and random ids on top of a log, without services, and with any namespace.
    pub fn on(log: Arc<dyn Log>) -> Self {
        Self {
            log,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(RandomIds),
            services: Arc::new(NoServices),
            callbacks: Arc::new(NoCallbacks),
            namespaces: Arc::new(AnyNamespace),
            search_attributes: Arc::new(AnyAttributes),
        }
    }

    /// The same world with somebody to call.
    pub fn with_services(mut self, services: Arc<dyn ServiceCaller>) -> Self {
        self.services = services;
        self
    }

    /// The same world with somebody who makes callbacks.
    pub fn with_callbacks(mut self, callbacks: Arc<dyn CallbackCaller>) -> Self {
        self.callbacks = callbacks;
        self
    }

    /// The same world with only these namespaces.
    pub fn with_namespaces(mut self, namespaces: Arc<dyn NamespaceRegistry>) -> Self {
        self.namespaces = namespaces;
        self
    }

    /// The same world with only these search attributes.
    pub fn with_search_attributes(mut self, attributes: Arc<dyn SearchAttributes>) -> Self {
        self.search_attributes = attributes;
        self
    }
}

/// A world in which every namespace exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyNamespace;

impl NamespaceRegistry for AnyNamespace {
    fn state(
        &self,
        _namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Option<NamespaceState>, ReadError>> {
        Box::pin(std::future::ready(Ok(Some(NamespaceState::Registered))))
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Random UUIDs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Entropy for RandomIds {
    fn uuid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    /// Of version 7, as Temporal's are: they sort by the time of their start.
    fn run_id(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.0 / 1_000_000).unwrap_or_default();
        let [_, _, _, _, _, _, random @ ..] = uuid::Uuid::new_v4().into_bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
    }
}

/// A world in which nobody answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServices;

impl ServiceCaller for NoServices {
    fn call(&self, _request: ServiceRequest) -> BoxFuture<'_, Result<bytes::Bytes, ServiceError>> {
        Box::pin(std::future::ready(Err(ServiceError::NoResponders)))
    }
}

/// A world in which nobody makes callbacks: they wait until somebody does.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCallbacks;

impl CallbackCaller for NoCallbacks {
    fn call(&self, _call: CallbackCall) -> BoxFuture<'_, Result<(), CallbackError>> {
        let error = CallbackError::Retryable("nobody makes callbacks here".to_owned());
        Box::pin(std::future::ready(Err(error)))
    }

    fn destination(&self, _callback: &bytes::Bytes) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_sort_by_their_start() {
        let at = |millis: i64| RandomIds.run_id(Timestamp(millis * 1_000_000));
        let (first, second) = (at(1_700_000_000_000), at(1_700_000_000_001));
        assert!(first < second && first != at(1_700_000_000_000));
        assert_eq!(uuid::Uuid::parse_str(&first).unwrap().get_version_num(), 7);
    }
}
