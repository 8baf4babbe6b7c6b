//! A deleted namespace goes with all its runs, also when the first attempt was cut short.

use std::{sync::Arc, time::Duration};

use steadfast::retention::Sweeper;
use steadfast_core::{Namespace, input::Terminate, start::StartRequest};
use steadfast_engine::{
    Engine, EngineConfig, EngineError, World,
    api::{StartWorkflow, Target},
    ports::{Feed, Log, Partition},
    world::SystemClock,
};
use steadfast_jetstream::{
    Config, JetStreamLog,
    namespaces::{Directory, NamespaceError, Namespaces, Settings},
};
use steadfast_nats::{Server, SyncInterval};
use steadfast_visibility::{Visibility, VisibilityConfig};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const PARTITIONS: u32 = 2;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn start(engine: &Engine, namespace: &str, id: &str) -> Result<(), EngineError> {
    let request = StartRequest {
        workflow_type: "Order".into(),
        task_queue: "orders".into(),
        ..StartRequest::default()
    };
    let start = StartWorkflow {
        namespace: namespace.into(),
        workflow_id: id.into(),
        request,
        signal: None,
        traceparent: None,
    };
    engine.start_workflow(start, soon()).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_namespace_goes_with_all_its_runs() {
    let config = steadfast_nats::Config { sync: SyncInterval::Lazy, ..Default::default() };
    let server = Server::start(config).await.unwrap();
    let client = async_nats::connect(server.client_url()).await.unwrap();
    let config = Config { partitions: PARTITIONS, ..Config::default() };
    let log = JetStreamLog::open(client.clone(), &config).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let namespaces = Namespaces::open(&context).await.unwrap();
    let namespaces = Directory::open(namespaces).await.unwrap();
    for name in ["shop", "kept"] {
        namespaces.register(&Settings::new(name)).await.unwrap();
    }
    let directory = Arc::new(namespaces.clone());
    let world = World::on(Arc::new(log.clone()))
        .with_namespaces(directory.clone())
        .with_search_attributes(directory.clone());
    let config = EngineConfig { partitions: PARTITIONS, ..EngineConfig::default() };
    let engine = Engine::start(config, world).await.unwrap();
    engine.ready(soon()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visibility.sqlite");
    let settings = VisibilityConfig { path, ..VisibilityConfig::default() };
    let feed: Arc<dyn Feed> = Arc::new(log.clone());
    let opened = Visibility::open(settings, feed, PARTITIONS, directory).await.unwrap();
    let (visibility, projection) = opened;
    let following = tokio::spawn(projection.run(CancellationToken::new()));

    for number in 0..20 {
        start(&engine, "shop", &format!("order-{number}")).await.unwrap();
    }
    start(&engine, "kept", "order-1").await.unwrap();
    let shop = Namespace::from("shop");
    let target = Target {
        namespace: shop.clone(),
        execution: steadfast_core::Execution {
            workflow_id: "order-3".into(),
            ..Default::default()
        },
    };
    engine.terminate(&target, Terminate::default(), soon()).await.unwrap();

    namespaces.delete(&shop).await.unwrap();
    let refused = start(&engine, "shop", "late").await;
    assert!(matches!(refused, Err(EngineError::NamespaceNotFound(_))), "{refused:?}");
    let sweeper = Sweeper {
        log: Arc::new(log.clone()),
        clock: Arc::new(SystemClock),
        engine: engine.clone(),
        namespaces: namespaces.clone(),
        partitions: PARTITIONS,
    };
    // Cut short in the middle, as by a crash; the next sweep goes on.
    let _ = tokio::time::timeout(Duration::from_millis(20), sweeper.sweep()).await;
    while !matches!(namespaces.find(&shop).await, Err(NamespaceError::NotFound(_))) {
        assert!(sweeper.sweep().await.is_ok());
    }
    for partition in (0..PARTITIONS).map(Partition) {
        assert!(log.list(partition, &shop, 0, 10).await.unwrap().is_empty());
    }
    assert_eq!(visibility.count(&shop, "", soon()).await.unwrap().total, 0);
    assert_eq!(visibility.count(&"kept".into(), "", soon()).await.unwrap().total, 1);
    namespaces.register(&Settings::new("shop")).await.unwrap();
    start(&engine, "shop", "order-1").await.unwrap();
    assert_eq!(visibility.count(&shop, "", soon()).await.unwrap().total, 1);
    following.abort();
    engine.shutdown().await;
}
