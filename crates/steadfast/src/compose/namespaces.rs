//! The gateway's namespaces, from the directory that the engine looks into as well.

use std::time::Duration;

use futures::future::BoxFuture;
use steadfast_core::{Namespace, Span};
use steadfast_engine::{ports::NamespaceState as StoredState, search_attributes::CustomAttributes};
use steadfast_gateway::ports::{
    NamespaceChange, NamespaceError, NamespaceSettings, NamespaceState,
};
use steadfast_jetstream::namespaces::{
    AttributeError, Directory, NamespaceError as StoredError, Settings,
};

/// Namespaces for the gateway.
#[derive(Debug)]
pub(super) struct Namespaces(pub(super) Directory);

impl steadfast_gateway::ports::Namespaces for Namespaces {
    fn describe(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>> {
        let name = name.clone();
        Box::pin(async move {
            let found = self.0.find(&name).await.map_err(not_stored)?;
            if found.settings.state == StoredState::Deleted {
                return Err(NamespaceError::NotFound(name.to_string()));
            }
            Ok(shown(found.settings))
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NamespaceSettings>, NamespaceError>> {
        Box::pin(async {
            let all = self.0.list().await.map_err(not_stored)?;
            Ok(all.into_iter().map(|described| shown(described.settings)).collect())
        })
    }

    fn register(&self, settings: NamespaceSettings) -> BoxFuture<'_, Result<(), NamespaceError>> {
        Box::pin(async move {
            let settings = Settings {
                id: settings.id,
                description: settings.description,
                owner_email: settings.owner_email,
                retention_secs: Duration::from(settings.retention).as_secs(),
                data: settings.data,
                ..Settings::new(settings.name)
            };
            self.0.register(&settings).await.map_err(not_stored)
        })
    }

    fn update(
        &self,
        name: &Namespace,
        change: NamespaceChange,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>> {
        let name = name.clone();
        Box::pin(async move {
            let changed = self.0.change(&name, |settings| {
                apply(settings, &change);
                Ok::<_, StoredError>(())
            });
            changed.await.map(shown).map_err(not_stored)
        })
    }

    fn search_attributes(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<CustomAttributes, NamespaceError>> {
        let name = name.clone();
        Box::pin(async move {
            let custom = self.0.search_attributes(&name).await.map_err(not_stored)?;
            Ok(CustomAttributes::clone(&custom))
        })
    }

    fn add_search_attributes(
        &self,
        name: &Namespace,
        added: CustomAttributes,
    ) -> BoxFuture<'_, Result<(), NamespaceError>> {
        let name = name.clone();
        Box::pin(
            async move { self.0.add_search_attributes(&name, &added).await.map_err(not_changed) },
        )
    }

    fn remove_search_attributes(
        &self,
        name: &Namespace,
        removed: Vec<String>,
    ) -> BoxFuture<'_, Result<(), NamespaceError>> {
        let name = name.clone();
        Box::pin(async move {
            self.0.remove_search_attributes(&name, &removed).await.map_err(not_changed)
        })
    }

    fn delete(&self, name: &Namespace) -> BoxFuture<'_, Result<Namespace, NamespaceError>> {
        let name = name.clone();
        Box::pin(async move { self.0.delete(&name).await.map_err(not_stored) })
    }
}

/// A deleted namespace shows under the name that it has until its runs are gone.
fn shown(settings: Settings) -> NamespaceSettings {
    let (state, name) = match settings.state {
        StoredState::Registered => (NamespaceState::Registered, settings.name.clone()),
        StoredState::Deprecated => (NamespaceState::Deprecated, settings.name.clone()),
        StoredState::Deleted => (NamespaceState::Deleted, settings.deleted_name()),
    };
    NamespaceSettings {
        retention: Span::from(settings.retention()),
        name,
        id: settings.id,
        state,
        description: settings.description,
        owner_email: settings.owner_email,
        data: settings.data,
    }
}

fn apply(settings: &mut Settings, change: &NamespaceChange) {
    if let Some(description) = &change.description {
        settings.description.clone_from(description);
    }
    if let Some(owner_email) = &change.owner_email {
        settings.owner_email.clone_from(owner_email);
    }
    if let Some(retention) = change.retention {
        settings.retention_secs = Duration::from(retention).as_secs();
    }
    settings.data.extend(change.data.clone());
    if let Some(state) = change.state {
        settings.state = match state {
            NamespaceState::Registered => StoredState::Registered,
            NamespaceState::Deprecated => StoredState::Deprecated,
            NamespaceState::Deleted => StoredState::Deleted,
        };
    }
}

fn not_stored(error: StoredError) -> NamespaceError {
    match error {
        StoredError::NotFound(name) => NamespaceError::NotFound(name.to_string()),
        StoredError::Exists(name) => NamespaceError::Exists(name.to_string()),
        StoredError::Conflict(_) | StoredError::Corrupt { .. } | StoredError::Unavailable(_) => {
            NamespaceError::Unavailable(error.to_string())
        }
    }
}

fn not_changed(error: AttributeError) -> NamespaceError {
    match error {
        AttributeError::Namespace(error) => not_stored(error),
        AttributeError::Reserved(_)
        | AttributeError::Exists { .. }
        | AttributeError::TooMany { .. } => NamespaceError::Invalid(error.to_string()),
    }
}
