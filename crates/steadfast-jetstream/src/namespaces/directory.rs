//! The namespaces as this process knows them: read from memory, kept up to date by a watch.
//!
//! What this process changes it knows at once; what another changes, a few milliseconds later. One that
//! is not known is looked up, so a namespace that was just made elsewhere is found.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use async_nats::jetstream::kv;
use futures::{StreamExt, future::BoxFuture};
use steadfast_core::{Namespace, search_attribute};
use steadfast_engine::{
    ports::{NamespaceRegistry, NamespaceState, ReadError},
    search_attributes::{CustomAttributes, SearchAttributes},
};
use tokio::sync::Notify;

use super::{Described, NamespaceError, Namespaces, PREFIX, Settings, decode};

/// How often a change is tried again when somebody else changes the same namespace.
const TRIES: usize = 10;
/// The pause before watching anew.
const PAUSE: Duration = Duration::from_millis(500);

/// The namespaces of a deployment, at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stored: Namespaces,
    known: RwLock<HashMap<Namespace, Known>>,
    deleted: Notify,
}

#[derive(Clone, Debug)]
struct Known {
    described: Described,
    attributes: Arc<CustomAttributes>,
}

/// Why search attributes were not changed; worded as Temporal words it.
#[derive(Debug, thiserror::Error)]
pub enum AttributeError {
    /// The name is the server's.
    #[error("Search attribute {0} is reserved by system.")]
    Reserved(String),
    /// There is one of that name with another type.
    #[error("Search attribute {name} already exists.")]
    Exists {
        /// The name.
        name: String,
    },
    /// Too many of them.
    #[error("Unable to create search attributes: cannot have more than {max} search attributes.")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// The namespace could not be read or written.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
}

/// Custom search attributes of one namespace at most; Temporal on SQL has room for 28.
pub const ATTRIBUTES_MAX: usize = 200;

impl Directory {
    /// Reads all namespaces. Whoever calls this keeps them up to date with [`Self::watch`].
    pub async fn open(stored: Namespaces) -> Result<Self, NamespaceError> {
        let all = stored.list().await?;
        let inner = Inner { stored, known: RwLock::default(), deleted: Notify::new() };
        for described in all {
            inner.learn(described);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Learns what others change, for as long as it runs.
    pub async fn watch(self) {
        loop {
            match self.inner.stored.store.watch_with_history(format!("{PREFIX}*")).await {
                Ok(mut entries) => {
                    while let Some(Ok(entry)) = entries.next().await {
                        self.inner.note(&entry);
                    }
                }
                Err(error) => tracing::debug!(%error, "the namespaces cannot be watched"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A namespace, also one that is being deleted.
    pub async fn find(&self, name: &Namespace) -> Result<Described, NamespaceError> {
        if let Some(known) = self.inner.known().get(name) {
            return Ok(known.described.clone());
        }
        let described = self.inner.stored.describe(name).await?;
        self.inner.learn(described.clone());
        Ok(described)
    }

    /// All namespaces, by name, as they are stored.
    pub async fn list(&self) -> Result<Vec<Described>, NamespaceError> {
        self.inner.stored.list().await
    }

    /// Makes a namespace.
    pub async fn register(&self, settings: &Settings) -> Result<(), NamespaceError> {
        let revision = self.inner.stored.register(settings).await?;
        self.inner.learn(Described { settings: settings.clone(), revision });
        Ok(())
    }

    /// Changes a namespace, and answers what it is then.
    pub async fn change<E: From<NamespaceError>>(
        &self,
        name: &Namespace,
        change: impl Fn(&mut Settings) -> Result<(), E>,
    ) -> Result<Settings, E> {
        let mut tries = TRIES;
        loop {
            let mut described = self.inner.stored.describe(name).await?;
            let before = described.settings.clone();
            change(&mut described.settings)?;
            if described.settings == before {
                return Ok(before);
            }
            match self.inner.stored.update(&described).await {
                Err(NamespaceError::Conflict(_)) if tries > 0 => tries -= 1,
                Err(error) => return Err(error.into()),
                Ok(revision) => {
                    described.revision = revision;
                    self.inner.learn(described.clone());
                    return Ok(described.settings);
                }
            }
        }
    }

    /// Gives a namespace search attributes; those that it has already stay.
    pub async fn add_search_attributes(
        &self,
        name: &Namespace,
        wanted: &CustomAttributes,
    ) -> Result<(), AttributeError> {
        if let Some(reserved) = wanted.keys().find(|name| search_attribute::is_reserved(name)) {
            return Err(AttributeError::Reserved(reserved.clone()));
        }
        let add = |settings: &mut Settings| {
            for (name, kind) in wanted {
                match settings.search_attributes.insert(name.clone(), *kind) {
                    Some(other) if other != *kind => {
                        return Err(AttributeError::Exists { name: name.clone() });
                    }
                    Some(_) | None => {}
                }
            }
            if settings.search_attributes.len() > ATTRIBUTES_MAX {
                return Err(AttributeError::TooMany { max: ATTRIBUTES_MAX });
            }
            Ok(())
        };
        self.change(name, add).await.map(drop)
    }

    /// Takes search attributes away; the runs keep their values. Names that it does not have are passed
    /// over; those of the server cannot be taken away.
    pub async fn remove_search_attributes(
        &self,
        name: &Namespace,
        unwanted: &[String],
    ) -> Result<(), AttributeError> {
        if let Some(reserved) = unwanted.iter().find(|name| search_attribute::is_reserved(name)) {
            return Err(AttributeError::Reserved(reserved.clone()));
        }
        let remove = |settings: &mut Settings| {
            settings.search_attributes.retain(|name, _| !unwanted.contains(name));
            Ok::<_, AttributeError>(())
        };
        self.change(name, remove).await.map(drop)
    }

    /// A namespace's custom search attributes: name and type.
    pub async fn search_attributes(
        &self,
        name: &Namespace,
    ) -> Result<Arc<CustomAttributes>, NamespaceError> {
        if let Some(known) = self.inner.known().get(name) {
            return Ok(Arc::clone(&known.attributes));
        }
        Ok(Arc::new(self.find(name).await?.settings.search_attributes))
    }

    /// Closes a namespace for everything; its runs are removed in the background, and then its name is
    /// free again. What it is called until then.
    pub async fn delete(&self, name: &Namespace) -> Result<Namespace, NamespaceError> {
        let mark = |settings: &mut Settings| {
            settings.state = NamespaceState::Deleted;
            Ok::<_, NamespaceError>(())
        };
        Ok(self.change(name, mark).await?.deleted_name())
    }

    /// Resolves when a namespace was deleted since the last time, or at once when one is being deleted
    /// since the start.
    pub async fn deleted(&self) {
        self.inner.deleted.notified().await;
    }

    /// Removes a deleted namespace whose runs are gone.
    pub async fn forget(&self, described: &Described) -> Result<(), NamespaceError> {
        self.inner.stored.remove(described).await?;
        self.inner.known_mut().remove(&described.settings.name);
        Ok(())
    }
}

impl Inner {
    fn known(&self) -> RwLockReadGuard<'_, HashMap<Namespace, Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, HashMap<Namespace, Known>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, described: Described) {
        let mut known = self.known_mut();
        let newer = known
            .get(&described.settings.name)
            .is_none_or(|known| known.described.revision < described.revision);
        if newer {
            if described.settings.state == NamespaceState::Deleted {
                self.deleted.notify_one();
            }
            let attributes = Arc::new(described.settings.search_attributes.clone());
            let name = described.settings.name.clone();
            known.insert(name, Known { described, attributes });
        }
    }

    fn note(&self, entry: &kv::Entry) {
        match entry.operation {
            kv::Operation::Put => match decode(entry) {
                Ok(described) => self.learn(described),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a namespace cannot be read");
                }
            },
            kv::Operation::Delete | kv::Operation::Purge => {
                let is_it = |known: &Known| {
                    super::key(&known.described.settings.name) == entry.key
                        && known.described.revision < entry.revision
                };
                self.known_mut().retain(|_, known| !is_it(known));
            }
        }
    }
}

impl NamespaceRegistry for Directory {
    fn state(
        &self,
        namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Option<NamespaceState>, ReadError>> {
        if let Some(known) = self.inner.known().get(namespace) {
            return Box::pin(std::future::ready(Ok(Some(known.described.settings.state))));
        }
        let namespace = namespace.clone();
        Box::pin(async move {
            match self.find(&namespace).await {
                Ok(found) => Ok(Some(found.settings.state)),
                // Settings that cannot be read are still those of a namespace that exists.
                Err(NamespaceError::Corrupt { .. }) => Ok(Some(NamespaceState::Registered)),
                Err(NamespaceError::NotFound(_)) => Ok(None),
                Err(error) => Err(ReadError::Unavailable(error.into())),
            }
        })
    }
}

impl SearchAttributes for Directory {
    fn custom(
        &self,
        namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        if let Some(known) = self.inner.known().get(namespace) {
            return Box::pin(std::future::ready(Ok(Arc::clone(&known.attributes))));
        }
        let namespace = namespace.clone();
        Box::pin(async move {
            match self.search_attributes(&namespace).await {
                Ok(custom) => Ok(custom),
                Err(NamespaceError::NotFound(_) | NamespaceError::Corrupt { .. }) => {
                    Ok(Arc::default())
                }
                Err(error) => Err(ReadError::Unavailable(error.into())),
            }
        })
    }
}
