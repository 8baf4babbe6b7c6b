//! The gateway's namespaces on the bucket `SF_CONFIG`.
//!
//! Every poll asks for its namespace, so what was read is believed for a moment; what this process
//! changes is forgotten at once.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use steadfast_core::{Namespace, Span};
use steadfast_engine::search_attributes::CustomAttributes;
use steadfast_gateway::ports::{
    NamespaceChange, NamespaceError, NamespaceSettings, NamespaceState,
};
use steadfast_jetstream::namespaces::{
    self as stored, ATTRIBUTE_PREFIX, NamespaceError as StoredError, Settings,
};

/// How long a namespace's settings are believed.
const BELIEVED_FOR: Duration = Duration::from_secs(2);
/// How often a change is tried again when somebody else changes the same namespace.
const TRIES: usize = 5;

/// Namespaces for the gateway.
#[derive(Debug)]
pub(super) struct Namespaces {
    stored: stored::Namespaces,
    read: Mutex<HashMap<Namespace, (Instant, NamespaceSettings)>>,
}

impl Namespaces {
    pub(super) fn new(stored: stored::Namespaces) -> Self {
        Self { stored, read: Mutex::default() }
    }

    fn believed(&self, name: &Namespace) -> Option<NamespaceSettings> {
        let read = self.read.lock().ok()?;
        let (at, settings) = read.get(name)?;
        (at.elapsed() < BELIEVED_FOR).then(|| settings.clone())
    }

    fn remember(&self, settings: &NamespaceSettings) {
        if let Ok(mut read) = self.read.lock() {
            read.insert(settings.name.clone(), (Instant::now(), settings.clone()));
        }
    }

    async fn look_up(&self, name: Namespace) -> Result<NamespaceSettings, NamespaceError> {
        let described = self.stored.describe(&name).await.map_err(not_stored)?;
        let settings = shown(described.settings);
        self.remember(&settings);
        Ok(settings)
    }

    async fn change(
        &self,
        name: Namespace,
        apply: impl Fn(&mut Settings) + Send,
    ) -> Result<NamespaceSettings, NamespaceError> {
        let mut tries = TRIES;
        loop {
            let mut described = self.stored.describe(&name).await.map_err(not_stored)?;
            apply(&mut described.settings);
            match self.stored.update(&described).await {
                Err(StoredError::Conflict(_)) if tries > 0 => tries -= 1,
                Err(error) => return Err(not_stored(error)),
                Ok(_) => {
                    let settings = shown(described.settings);
                    self.remember(&settings);
                    return Ok(settings);
                }
            }
        }
    }
}

impl steadfast_gateway::ports::Namespaces for Namespaces {
    fn describe(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>> {
        match self.believed(name) {
            Some(settings) => Box::pin(std::future::ready(Ok(settings))),
            None => Box::pin(self.look_up(name.clone())),
        }
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NamespaceSettings>, NamespaceError>> {
        Box::pin(async {
            let all = self.stored.list().await.map_err(not_stored)?;
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
            self.stored.register(&settings).await.map(drop).map_err(not_stored)
        })
    }

    fn update(
        &self,
        name: &Namespace,
        change: NamespaceChange,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>> {
        Box::pin(self.change(name.clone(), move |settings| apply(settings, &change)))
    }

    fn search_attributes(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<CustomAttributes, NamespaceError>> {
        let name = name.clone();
        Box::pin(async move {
            let described = self.stored.describe(&name).await.map_err(not_stored)?;
            Ok(described.settings.search_attributes())
        })
    }

    fn add_search_attributes(
        &self,
        name: &Namespace,
        added: CustomAttributes,
    ) -> BoxFuture<'_, Result<(), NamespaceError>> {
        let changed = self.change(name.clone(), move |settings| {
            let added = added.iter();
            let pairs = added.map(|(name, kind)| (attribute_key(name), kind.name().to_owned()));
            settings.data.extend(pairs);
        });
        Box::pin(async { changed.await.map(drop) })
    }

    fn remove_search_attributes(
        &self,
        name: &Namespace,
        removed: Vec<String>,
    ) -> BoxFuture<'_, Result<(), NamespaceError>> {
        let changed = self.change(name.clone(), move |settings| {
            for name in &removed {
                settings.data.remove(&attribute_key(name));
            }
        });
        Box::pin(async { changed.await.map(drop) })
    }
}

fn shown(settings: Settings) -> NamespaceSettings {
    NamespaceSettings {
        retention: Span::from(settings.retention()),
        name: settings.name,
        id: settings.id,
        state: NamespaceState::Registered,
        description: settings.description,
        owner_email: settings.owner_email,
        data: settings
            .data
            .into_iter()
            .filter(|(key, _)| !key.starts_with(ATTRIBUTE_PREFIX))
            .collect(),
    }
}

/// The note under which a search attribute's type is kept.
fn attribute_key(name: &str) -> String {
    format!("{ATTRIBUTE_PREFIX}{name}")
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
}

fn not_stored(error: StoredError) -> NamespaceError {
    match error {
        StoredError::NotFound(name) => NamespaceError::NotFound(name.to_string()),
        StoredError::Exists(_) => NamespaceError::Exists,
        StoredError::Conflict(_) | StoredError::Corrupt { .. } | StoredError::Unavailable(_) => {
            NamespaceError::Unavailable(error.to_string())
        }
    }
}
