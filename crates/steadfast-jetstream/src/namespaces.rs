//! Namespaces, in the key-value bucket `SF_CONFIG`: one JSON value each, for people and for `nats kv`.

mod directory;
mod settings;

use std::time::Duration;

use async_nats::jetstream::{Context, kv};
use futures::TryStreamExt;
use steadfast_core::Namespace;
use steadfast_engine::ports::BoxError;
use steadfast_protocol::subject;

pub use self::{
    directory::{ATTRIBUTES_MAX, AttributeError, Directory},
    settings::{BadBinary, Settings},
};

const PREFIX: &str = "namespace.";
/// How long closed runs are kept when nobody said.
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(3 * 24 * 3600);

/// A namespace's settings, and which revision of them they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The settings.
    pub settings: Settings,
    /// An update names the revision that it changes.
    pub revision: u64,
}

/// Why a namespace request failed.
#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    /// There is one of that name.
    #[error("namespace {0:?} exists already")]
    Exists(Namespace),
    /// There is none of that name.
    #[error("namespace {0:?} is not found")]
    NotFound(Namespace),
    /// Somebody changed it in between: describe it again.
    #[error("namespace {0:?} was changed by somebody else")]
    Conflict(Namespace),
    /// The stored settings cannot be read.
    #[error("settings under key {key} cannot be read: {reason}")]
    Corrupt {
        /// The key in the bucket.
        key: String,
        /// Why.
        reason: String,
    },
    /// The server did not answer.
    #[error("the configuration bucket is not reachable")]
    Unavailable(#[source] BoxError),
}

/// The namespaces of a deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Namespaces {
    store: kv::Store,
}

impl Namespaces {
    /// Opens the bucket, which [`crate::topology::ensure`] has made.
    pub async fn open(context: &Context) -> Result<Self, NamespaceError> {
        let store = context.get_key_value(subject::CONFIG_BUCKET).await.map_err(unavailable)?;
        Ok(Self { store })
    }

    /// Makes a namespace.
    pub async fn register(&self, settings: &Settings) -> Result<u64, NamespaceError> {
        let (key, value) = encode(settings)?;
        self.store.create(key, value).await.map_err(|error| match error.kind() {
            kv::CreateErrorKind::AlreadyExists => NamespaceError::Exists(settings.name.clone()),
            kv::CreateErrorKind::InvalidKey
            | kv::CreateErrorKind::Publish
            | kv::CreateErrorKind::Ack
            | kv::CreateErrorKind::Other => unavailable(error),
        })
    }

    /// A namespace's settings.
    pub async fn describe(&self, name: &Namespace) -> Result<Described, NamespaceError> {
        let entry = self.store.entry(key(name)).await.map_err(unavailable)?;
        let entry = entry.filter(|entry| entry.operation == kv::Operation::Put);
        decode(&entry.ok_or_else(|| NamespaceError::NotFound(name.clone()))?)
    }

    /// Changes a namespace that is still at the given revision.
    pub async fn update(&self, changed: &Described) -> Result<u64, NamespaceError> {
        let (key, value) = encode(&changed.settings)?;
        let updated = self.store.update(key, value, changed.revision).await;
        updated.map_err(|error| match error.kind() {
            kv::UpdateErrorKind::WrongLastRevision => {
                NamespaceError::Conflict(changed.settings.name.clone())
            }
            kv::UpdateErrorKind::InvalidKey
            | kv::UpdateErrorKind::TimedOut
            | kv::UpdateErrorKind::Other => unavailable(error),
        })
    }

    /// Removes a namespace that is still at the given revision: its name is free again.
    pub async fn remove(&self, described: &Described) -> Result<(), NamespaceError> {
        let key = key(&described.settings.name);
        let removed = self.store.purge_expect_revision(key, Some(described.revision)).await;
        removed.map_err(unavailable)
    }

    /// All namespaces, by name.
    pub async fn list(&self) -> Result<Vec<Described>, NamespaceError> {
        let keys = self.store.keys().await.map_err(unavailable)?;
        let keys: Vec<String> = keys.try_collect().await.map_err(unavailable)?;
        let mut found = Vec::new();
        for key in keys.into_iter().filter(|key| key.starts_with(PREFIX)) {
            let entry = self.store.entry(key).await.map_err(unavailable)?;
            // One that was deleted in between is not there any more.
            if let Some(entry) = entry.filter(|entry| entry.operation == kv::Operation::Put) {
                found.push(decode(&entry)?);
            }
        }
        found.sort_unstable_by(|a, b| a.settings.name.cmp(&b.settings.name));
        Ok(found)
    }
}

fn key(name: &Namespace) -> String {
    format!("{PREFIX}{}", subject::token::escape(name.as_str()))
}

fn encode(settings: &Settings) -> Result<(String, bytes::Bytes), NamespaceError> {
    let value = serde_json::to_vec(settings).map_err(unavailable)?;
    Ok((key(&settings.name), value.into()))
}

fn decode(entry: &kv::Entry) -> Result<Described, NamespaceError> {
    let corrupt = |reason| NamespaceError::Corrupt { key: entry.key.clone(), reason };
    let mut settings: Settings =
        serde_json::from_slice(&entry.value).map_err(|error| corrupt(error.to_string()))?;
    if settings.version != settings::VERSION {
        let known = settings::VERSION;
        let reason = format!("version {}, this build knows {known}", settings.version);
        return Err(corrupt(reason));
    }
    settings.migrate();
    Ok(Described { settings, revision: entry.revision })
}

fn unavailable(error: impl Into<BoxError>) -> NamespaceError {
    NamespaceError::Unavailable(error.into())
}
