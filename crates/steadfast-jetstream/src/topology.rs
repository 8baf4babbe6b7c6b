//! Makes the streams and buckets that the log needs, and finds them again at the next start.
//!
//! Idempotent: what exists is only changed where it must be different, so an operator's own settings
//! (placement, bounds, descriptions) survive. The number of partitions is decided once, by the first
//! start, in the routing table; the configuration never overrules it.

mod error;
mod routing;

use std::time::Duration;

use async_nats::{
    Client,
    jetstream::{
        self, Context,
        context::GetStreamErrorKind,
        kv, object_store,
        stream::{self, Compression, DiscardPolicy, PersistenceMode, StorageType},
    },
};
use steadfast_protocol::subject;

pub use self::{error::SetupError, routing::Routing};
use crate::config::{Config, EventFeed};

/// The oldest server that has all that is needed (atomic batches, direct get of many subjects).
pub const SERVER_VERSION_MIN: (i64, i64, i64) = (2, 12, 0);

/// A projection that has not followed for longer than this is built anew.
const PURGES_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The oldest server that sets a durable consumer back when its stream has lost its newest messages:
/// with an older one, a feed that is flushed lazily could hide an event from an observer.
const LAZY_FEED_VERSION_MIN: (i64, i64, i64) = (2, 14, 0);

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The routing table.
    pub routing: Routing,
    /// Copies of every history stream, as the server has them.
    pub replicas: usize,
}

/// Makes everything that is not there yet.
pub async fn ensure(client: &Client, config: &Config) -> Result<Topology, SetupError> {
    let context = jetstream::new(client.clone());
    check_server(client, &context).await?;
    let cluster = bucket(&context, subject::CLUSTER_BUCKET, config).await?;
    bucket(&context, subject::CONFIG_BUCKET, config).await?;
    let routing = routing::ensure(&cluster, config.partitions).await?;
    payload_bucket(&context, config).await?;
    let mut replicas = config.replicas;
    for partition in 0..routing.partitions {
        let info = stream(&context, &history(partition, config)).await?;
        replicas = replicas.min(info.config.num_replicas);
        stream(&context, &snapshots(partition, config)).await?;
    }
    stream(&context, &purged(config)).await?;
    let (major, minor, patch) = LAZY_FEED_VERSION_MIN;
    let may_be_lazy = client.is_server_compatible(major, minor, patch);
    events(&context, &routing, config, may_be_lazy).await?;
    Ok(Topology { routing, replicas })
}

async fn check_server(client: &Client, context: &Context) -> Result<(), SetupError> {
    let (major, minor, patch) = SERVER_VERSION_MIN;
    context.query_account().await.map_err(SetupError::from_account)?;
    if !client.is_server_compatible(major, minor, patch) {
        return Err(SetupError::ServerTooOld {
            found: client.server_info().version,
            needed: format!("{major}.{minor}.{patch}"),
        });
    }
    Ok(())
}

fn history(partition: u32, config: &Config) -> stream::Config {
    stream::Config {
        name: subject::history_stream(partition),
        subjects: vec![subject::history_stream_subjects(partition)],
        description: Some("Steadfast: the history of workflow runs, the only truth".to_owned()),
        allow_atomic_publish: true,
        ..base(config)
    }
}

fn snapshots(partition: u32, config: &Config) -> stream::Config {
    stream::Config {
        name: subject::snapshot_stream(partition),
        subjects: vec![subject::snapshot_stream_subjects(partition)],
        description: Some("Steadfast: folded states of open runs, a cache".to_owned()),
        max_messages_per_subject: 1,
        ..base(config)
    }
}

fn purged(config: &Config) -> stream::Config {
    stream::Config {
        name: subject::PURGED_STREAM.to_owned(),
        subjects: vec![subject::PURGED_SUBJECTS.to_owned()],
        description: Some("Steadfast: which runs were removed for good".to_owned()),
        max_age: PURGES_KEPT,
        ..base(config)
    }
}

fn base(config: &Config) -> stream::Config {
    stream::Config {
        storage: StorageType::File,
        compression: Some(Compression::S2),
        num_replicas: config.replicas,
        allow_direct: true,
        max_bytes: -1,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        ..stream::Config::default()
    }
}

fn feed(routing: &Routing, events: Option<&EventFeed>, config: &Config) -> stream::Config {
    let source = |partition| stream::Source {
        name: subject::history_stream(partition),
        subject_transforms: vec![stream::SubjectTransform {
            source: subject::HISTORY_ALL.to_owned(),
            destination: subject::EVENTS_TRANSFORM.to_owned(),
        }],
        ..stream::Source::default()
    };
    let sources = events.map(|_| (0..routing.partitions).map(source).collect());
    let retention = events.copied().unwrap_or_default();
    stream::Config {
        name: subject::EVENTS_STREAM.to_owned(),
        description: Some("Steadfast: every event of every workflow, for observers".to_owned()),
        max_age: retention.max_age,
        max_bytes: retention.max_bytes,
        discard: DiscardPolicy::Old,
        sources,
        persist_mode: (retention.lazy && config.replicas == 1).then_some(PersistenceMode::Async),
        ..base(config)
    }
}

/// The feed is made, changed, or (when it is switched off) left with what it has and no sources.
async fn events(
    context: &Context,
    routing: &Routing,
    config: &Config,
    may_be_lazy: bool,
) -> Result<(), SetupError> {
    let mut wanted = feed(routing, config.events.as_ref(), config);
    if !may_be_lazy {
        wanted.persist_mode = None;
    }
    if config.events.is_none() && find(context, &wanted.name).await?.is_none() {
        return Ok(());
    }
    stream(context, &wanted).await.map(drop)
}

async fn find(context: &Context, name: &str) -> Result<Option<stream::Config>, SetupError> {
    match context.get_stream(name).await {
        Ok(found) => Ok(Some(found.cached_info().config.clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            GetStreamErrorKind::JetStream(_)
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::Request
            | GetStreamErrorKind::InvalidStreamName => Err(SetupError::stream(name, error)),
        },
    }
}

/// Makes the stream, or changes what must be different in the one that is there.
async fn stream(context: &Context, wanted: &stream::Config) -> Result<stream::Info, SetupError> {
    let failed = |error: async_nats::jetstream::context::CreateStreamError| {
        SetupError::create(&wanted.name, error)
    };
    let Some(found) = find(context, &wanted.name).await? else {
        let made = context.create_stream(wanted.clone()).await.map_err(failed)?;
        return Ok(made.cached_info().clone());
    };
    if found.storage != wanted.storage {
        return Err(SetupError::Foreign { stream: wanted.name.clone() });
    }
    let changed = stream::Config {
        subjects: wanted.subjects.clone(),
        sources: wanted.sources.clone(),
        // A lazily flushed stream can have one copy only, and the server never changes the mode.
        num_replicas: match found.persist_mode {
            Some(PersistenceMode::Async) => found.num_replicas,
            Some(PersistenceMode::Default) | None => wanted.num_replicas,
        },
        allow_direct: true,
        allow_atomic_publish: wanted.allow_atomic_publish,
        max_messages_per_subject: wanted.max_messages_per_subject,
        max_age: wanted.max_age,
        max_bytes: if wanted.sources.is_some() { wanted.max_bytes } else { found.max_bytes },
        ..found.clone()
    };
    context.update_stream(&changed).await.map_err(failed)
}

async fn bucket(context: &Context, name: &str, config: &Config) -> Result<kv::Store, SetupError> {
    if find(context, &format!("KV_{name}")).await?.is_some() {
        let found = context.get_key_value(name).await;
        return found.map_err(|error| SetupError::bucket(name, error));
    }
    let wanted = kv::Config {
        bucket: name.to_owned(),
        history: 8,
        storage: StorageType::File,
        num_replicas: config.replicas,
        ..kv::Config::default()
    };
    context.create_key_value(wanted).await.map_err(|error| SetupError::bucket(name, error))
}

async fn payload_bucket(context: &Context, config: &Config) -> Result<(), SetupError> {
    let name = subject::PAYLOAD_BUCKET;
    if find(context, &format!("OBJ_{name}")).await?.is_some() {
        return Ok(());
    }
    let wanted = object_store::Config {
        bucket: name.to_owned(),
        description: Some("Steadfast: records too large for a message".to_owned()),
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_bytes: -1,
        ..object_store::Config::default()
    };
    let made = context.create_object_store(wanted).await;
    made.map(drop).map_err(|error| SetupError::bucket(name, error))
}
