//! The engine's namespace registry on the bucket `SF_CONFIG`.
//!
//! Namespaces are never removed, so one that was found once is there for good; only an unknown one
//! costs a read.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use steadfast_core::Namespace;
use steadfast_engine::{
    ports::{NamespaceRegistry, ReadError},
    search_attributes::{CustomAttributes, SearchAttributes},
};
use steadfast_jetstream::namespaces::{NamespaceError, Namespaces};

/// The namespaces that exist.
#[derive(Debug)]
pub(super) struct Registry {
    stored: Namespaces,
    known: Mutex<HashSet<Namespace>>,
}

impl Registry {
    pub(super) fn new(stored: Namespaces) -> Self {
        Self { stored, known: Mutex::default() }
    }

    fn knows(&self, namespace: &Namespace) -> bool {
        self.known.lock().is_ok_and(|known| known.contains(namespace))
    }

    async fn look_up(&self, namespace: Namespace) -> Result<bool, ReadError> {
        match self.stored.describe(&namespace).await {
            // Settings that cannot be read are still those of a namespace that exists.
            Ok(_) | Err(NamespaceError::Corrupt { .. }) => {
                if let Ok(mut known) = self.known.lock() {
                    known.insert(namespace);
                }
                Ok(true)
            }
            Err(NamespaceError::NotFound(_)) => Ok(false),
            Err(
                error @ (NamespaceError::Unavailable(_)
                | NamespaceError::Exists(_)
                | NamespaceError::Conflict(_)),
            ) => Err(ReadError::Unavailable(error.into())),
        }
    }
}

impl NamespaceRegistry for Registry {
    fn exists(&self, namespace: &Namespace) -> BoxFuture<'_, Result<bool, ReadError>> {
        if self.knows(namespace) {
            return Box::pin(std::future::ready(Ok(true)));
        }
        Box::pin(self.look_up(namespace.clone()))
    }
}

/// A namespace's custom search attributes, from its settings.
#[derive(Debug)]
pub(super) struct Attributes(pub(super) Namespaces);

impl SearchAttributes for Attributes {
    fn custom(
        &self,
        namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        let namespace = namespace.clone();
        Box::pin(async move {
            match self.0.describe(&namespace).await {
                Ok(found) => Ok(Arc::new(found.settings.search_attributes())),
                Err(NamespaceError::NotFound(_)) => Ok(Arc::default()),
                Err(error) => Err(ReadError::Unavailable(error.into())),
            }
        })
    }
}
