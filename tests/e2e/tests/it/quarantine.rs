//! A record that cannot be read takes its own run out of service, and nothing else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_nats::jetstream;
use serde_json::json;
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    native::Native,
    script::{CANCEL_STEP, SCRIPT, Step},
    wait,
    worker::Worker,
};
use steadfast_protocol::message::{ApiVerb, Describe, Description, Done, Signal};

const QUEUE: &str = "quarantine";
const LIMIT: Duration = Duration::from_secs(30);

/// Writes noise after a run's records, past the engine, as a broken disk or a stranger might.
async fn corrupt(native: &Native, workflow_id: &str) -> Result<()> {
    let found = native.history_subjects(|id| id == workflow_id).await?.into_iter().next();
    let found = found.with_context(|| format!("{workflow_id} has no record"))?;
    let context = jetstream::new(native.client.clone());
    context.publish(found, "noise".into()).await?.await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_record_quarantines_its_run_only() -> Result<()> {
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native = engine.native().await?;
    let endless = [Step::new("never", "nobody", json!(null)).attempts(1)];
    for id in ["broken", "sound"] {
        native.start(SCRIPT, id, QUEUE, &endless).await?;
    }
    let scripts = Worker::of_scripts(&native).spawn_scripts(QUEUE);
    for id in ["broken", "sound"] {
        wait::until("the activity to be scheduled", LIMIT, || async {
            let description = native.describe(id).await.ok()?;
            (!description.pending_activities.is_empty()).then_some(())
        })
        .await?;
    }
    corrupt(&native, "broken").await?;
    let engine = engine.crash().await?;

    let request = Describe { workflow_id: "broken".into(), ..Describe::default() };
    wait::until("the quarantine", LIMIT, || async {
        match native.api::<Description>(ApiVerb::Describe, &request).await.ok()? {
            Ok(description) => description.quarantine.map(|_| ()),
            Err(fault) => (fault.code() == "quarantined").then_some(()),
        }
    })
    .await?;
    let signal =
        Signal { workflow_id: "broken".into(), name: CANCEL_STEP.to_owned(), ..Signal::default() };
    let answer = native.api::<Done>(ApiVerb::Signal, &signal).await?;
    let code = answer.err().context("a signal to it is refused")?;
    ensure!(code.code() == "quarantined", "{code:?}");

    // The other goes on: its activity, which nobody does, is cancelled on request.
    native.signal("sound", CANCEL_STEP, &()).await?;
    let value = native.value("sound", LIMIT).await?;
    ensure!(value == json!([{ "canceled": true }]), "{value}");
    native.start(SCRIPT, "new", QUEUE, &json!([])).await?;
    ensure!(native.value("new", LIMIT).await? == json!([]));
    scripts.abort();
    ensure!(!engine.log().contains("panicked"), "the engine panicked");
    ensure!(engine.stop().await?.success());
    Ok(())
}
