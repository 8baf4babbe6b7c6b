//! Search attributes are checked where a run starts and where its code speaks, against what its
//! namespace has; what is admitted carries its type.

use std::sync::Arc;

use futures::future::BoxFuture;
use steadfast_core::{
    AttributeType, Command, Namespace, Payload, PayloadMap, Rejection,
    command::{CommandKind, ContinueAsNew},
};
use steadfast_engine::{
    Engine, EngineError, World,
    api::*,
    ports::{NamespaceRegistry, NamespaceState, ReadError},
    search_attributes::{CustomAttributes, SearchAttributes},
};
use steadfast_sim::MemLog;

use crate::world::*;

/// `Amount` in every namespace.
struct Amount;

impl SearchAttributes for Amount {
    fn custom(
        &self,
        _namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        let custom = CustomAttributes::from([("Amount".to_owned(), AttributeType::Int)]);
        Box::pin(std::future::ready(Ok(Arc::new(custom))))
    }
}

/// Only deprecated namespaces.
struct Deprecated;

impl NamespaceRegistry for Deprecated {
    fn state(
        &self,
        _namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Option<NamespaceState>, ReadError>> {
        Box::pin(std::future::ready(Ok(Some(NamespaceState::Deprecated))))
    }
}

async fn engine() -> Engine {
    let world = World::on(Arc::new(MemLog::new())).with_search_attributes(Arc::new(Amount));
    let engine = Engine::start(config(), world).await.unwrap();
    engine.ready(soon()).await.unwrap();
    engine
}

fn attributes(name: &str, json: &str) -> PayloadMap {
    PayloadMap::from([(name.to_owned(), Payload::new("json/plain", json.to_owned()))])
}

async fn start(engine: &Engine, name: &str, json: &str) -> Result<Started, EngineError> {
    let mut request = start_request("order");
    request.request.search_attributes = attributes(name, json);
    engine.start_workflow(request, soon()).await
}

#[tokio::test]
async fn a_start_with_what_there_is_not_is_refused() {
    let engine = engine().await;
    for (name, json, message) in [
        ("Colour", "\"red\"", "Namespace shop has no mapping defined for search attribute Colour"),
        ("Amount", "\"red\"", "invalid value for search attribute Amount of type Int: red"),
        ("RunId", "\"r\"", "RunId attribute can't be set in SearchAttributes"),
    ] {
        let refused = start(&engine, name, json).await;
        let Err(EngineError::Rejected(Rejection::Invalid(said))) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(said, message);
    }
    start(&engine, "Amount", "3").await.unwrap();
    let described = engine.describe(&target("order"), soon()).await.unwrap();
    let amount = &described.run.search_attributes["Amount"];
    assert_eq!(amount.metadata["type"].as_ref(), b"Int");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_bad_upsert_fails_the_workflow_task_and_not_the_workflow() {
    let engine = engine().await;
    start(&engine, "Amount", "3").await.unwrap();
    for bad in [
        CommandKind::UpsertSearchAttributes { search_attributes: attributes("Colour", "1") },
        CommandKind::ContinueAsNew(Box::new(ContinueAsNew {
            search_attributes: attributes("Colour", "1"),
            ..ContinueAsNew::default()
        })),
    ] {
        let task = workflow_task(&engine).await;
        let commands = vec![Command::from(bad)];
        let completion = Completion { commands, ..Completion::default() };
        let refused = engine.complete_workflow_task(&task.token, completion, soon()).await;
        let Err(EngineError::Rejected(Rejection::BadCompletion { message, .. })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(message, "Namespace shop has no mapping defined for search attribute Colour");
    }
    let task = workflow_task(&engine).await;
    let upsert =
        CommandKind::UpsertSearchAttributes { search_attributes: attributes("Amount", "4") };
    let commands = vec![Command::from(upsert)];
    let completion = Completion { commands, ..Completion::default() };
    engine.complete_workflow_task(&task.token, completion, soon()).await.unwrap();
    let described = engine.describe(&target("order"), soon()).await.unwrap();
    let amount = &described.run.search_attributes["Amount"];
    assert_eq!((amount.data.as_ref(), amount.metadata["type"].as_ref()), (&b"4"[..], &b"Int"[..]));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_deprecated_namespace_takes_no_new_runs() {
    let world = World::on(Arc::new(MemLog::new())).with_namespaces(Arc::new(Deprecated));
    let engine = Engine::start(config(), world).await.unwrap();
    engine.ready(soon()).await.unwrap();
    let refused = engine.start_workflow(start_request("order"), soon()).await;
    assert!(matches!(&refused, Err(EngineError::Rejected(Rejection::Invalid(_)))), "{refused:?}");
    engine.shutdown().await;
}
