//! Records and snapshots that are too large for a message lie in the object store.
//!
//! The object is written before the message that names it; a message never names an object that is
//! not whole. A crash in between leaves an object that nobody names, which costs room and nothing else.

use std::time::Duration;

use async_nats::{
    Client,
    jetstream::{
        Context,
        object_store::{self, DeleteErrorKind, GetErrorKind, ObjectStore},
    },
};
use bytes::Bytes;
use steadfast_engine::ports::{AppendError, BoxError};
use steadfast_protocol::{record::ObjectRef, subject};
use tokio::{io::AsyncReadExt, sync::OnceCell};

/// Room that a message's headers and its subject may take of the server's limit.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Why an object cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("the object store did not answer")]
    Unavailable(#[source] BoxError),
    #[error("object {name:?} {reason}")]
    Broken { name: String, reason: String },
}

/// An object that was written for a message which is not written yet.
#[derive(Debug)]
pub(crate) struct Spilled {
    pub(crate) object: ObjectRef,
}

/// The object store.
#[derive(Debug)]
pub(crate) struct Spill {
    client: Client,
    context: Context,
    store: OnceCell<ObjectStoreHandle>,
    message_bytes_max: usize,
    object_bytes_max: usize,
    timeout: Duration,
}

/// async-nats's store has no `Debug`.
struct ObjectStoreHandle(ObjectStore);

impl std::fmt::Debug for ObjectStoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ObjectStore")
    }
}

impl Spill {
    pub(crate) fn new(client: Client, context: Context, config: &crate::Config) -> Self {
        Self {
            client,
            context,
            store: OnceCell::new(),
            message_bytes_max: config.record_bytes_max,
            object_bytes_max: config.object_bytes_max,
            timeout: config.append_timeout,
        }
    }

    /// Writes an object when the bytes do not fit a message.
    pub(crate) async fn put_if_large(
        &self,
        subject: &str,
        bytes: &Bytes,
    ) -> Result<Option<Spilled>, AppendError> {
        if self.fits(bytes.len())? {
            return Ok(None);
        }
        // The name is never used twice: a repeated append may fail while the first one stands.
        let name = format!("{subject}/{}", uuid::Uuid::new_v4());
        self.put(name, bytes).await.map(Some)
    }

    /// Whether so many bytes fit a message; too many for an object are an error.
    pub(crate) fn fits(&self, bytes: usize) -> Result<bool, AppendError> {
        if bytes > self.object_bytes_max {
            return Err(AppendError::TooLarge { bytes, max: self.object_bytes_max });
        }
        let server_max = self.client.max_payload().saturating_sub(HEADER_BYTES_MAX);
        Ok(bytes <= self.message_bytes_max.min(server_max))
    }

    /// Writes an object; one of the same name is replaced.
    pub(crate) async fn put(&self, name: String, bytes: &Bytes) -> Result<Spilled, AppendError> {
        let object = ObjectRef::of(name, bytes);
        let store = self.store().await.map_err(AppendError::Unavailable)?;
        let mut source: &[u8] = bytes;
        let put = store.put(object.name.as_str(), &mut source);
        // Objects are written in many messages: each may take as long as an append.
        let timeout = self.timeout * (2 + u32::try_from(bytes.len() >> 20).unwrap_or(u32::MAX));
        let put = tokio::time::timeout(timeout, put).await;
        put.map_err(|elapsed| AppendError::Unavailable(elapsed.into()))?
            .map_err(|error| AppendError::Unavailable(error.into()))?;
        Ok(Spilled { object })
    }

    /// Reads an object, and checks that it is the one that was written.
    pub(crate) async fn get(&self, object: &ObjectRef) -> Result<Bytes, ObjectError> {
        let broken = |reason: String| ObjectError::Broken { name: object.name.clone(), reason };
        if object.bytes > self.object_bytes_max as u64 {
            return Err(broken(format!("has {} bytes", object.bytes)));
        }
        let store = self.store().await.map_err(ObjectError::Unavailable)?;
        let found = store.get(object.name.as_str()).await;
        let mut found = match found {
            Ok(found) => found,
            Err(error) if error.kind() == GetErrorKind::NotFound => {
                return Err(broken("is missing".to_owned()));
            }
            Err(error) => return Err(ObjectError::Unavailable(error.into())),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(object.bytes).unwrap_or(0));
        let read = tokio::time::timeout(self.timeout * 4, found.read_to_end(&mut bytes)).await;
        read.map_err(|elapsed| ObjectError::Unavailable(elapsed.into()))?
            .map_err(|error| ObjectError::Unavailable(error.into()))?;
        object.check(&bytes).map_err(|error| broken(error.to_string()))?;
        Ok(bytes.into())
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), BoxError> {
        let store = self.store().await?;
        match store.delete(name).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == DeleteErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the object of a message that was surely not written.
    pub(crate) async fn undo(&self, spilled: Spilled) {
        if let Err(error) = self.delete(&spilled.object.name).await {
            tracing::debug!(object = spilled.object.name, %error, "an unused object is left behind");
        }
    }

    async fn store(&self) -> Result<&object_store::ObjectStore, BoxError> {
        let found = self.store.get_or_try_init(|| async {
            let store = self.context.get_object_store(subject::PAYLOAD_BUCKET).await;
            store.map(ObjectStoreHandle)
        });
        Ok(&found.await?.0)
    }
}
