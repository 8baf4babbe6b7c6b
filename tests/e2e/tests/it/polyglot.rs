//! Workers in four languages, which know nothing but NATS and MessagePack.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    native::Native,
    polyglot::Language,
    script::{CANCEL_STEP, SCRIPT, Step},
    wait,
    worker::{Worker, outcomes},
};

const SCRIPTS: &str = "scripts";
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn python_works_on_activities() -> Result<()> {
    works_on_activities(Language::Python).await
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_works_on_activities() -> Result<()> {
    works_on_activities(Language::TypeScript).await
}

#[tokio::test(flavor = "multi_thread")]
async fn go_works_on_activities() -> Result<()> {
    works_on_activities(Language::Go).await
}

#[tokio::test(flavor = "multi_thread")]
async fn java_works_on_activities() -> Result<()> {
    works_on_activities(Language::Java).await
}

#[tokio::test(flavor = "multi_thread")]
async fn python_runs_workflows() -> Result<()> {
    runs_workflows(Language::Python).await
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_runs_workflows() -> Result<()> {
    runs_workflows(Language::TypeScript).await
}

/// Success, heartbeats with progress, retries, a final failure, cancellation, and a clean end.
async fn works_on_activities(language: Language) -> Result<()> {
    if !language.set_up().await? {
        return Ok(());
    }
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native = engine.native().await?;
    Worker::of_scripts(&native).spawn_scripts(SCRIPTS);
    let queue = format!("{}-activities", language.name());
    let args = [engine.file.nats_url.as_str(), "default", &queue];
    let worker = language.start(&home, "worker", &args).await?;

    let order = json!({ "item": "chair", "price": 12.5, "note": "für Zoë ✓" });
    let heartbeat = Duration::from_secs(5);
    let steps = [
        Step::new("echo", &queue, order.clone()),
        Step::new("slow", &queue, json!(3)).heartbeat(heartbeat),
        Step::new("fail", &queue, Value::Null),
        Step::new("reject", &queue, Value::Null),
    ];
    native.start(SCRIPT, "steps", SCRIPTS, &steps).await?;
    let value = native.value("steps", LIMIT).await.with_context(|| worker.output())?;
    let ended = outcomes(&value);
    ensure!(ended.len() == 4, "{value}");
    ensure!(ended[0]["ok"] == order, "{value}");
    ensure!(ended[0]["by"].as_str().is_some_and(|by| by.starts_with(language.name())), "{value}");
    ensure!(ended[1]["ok"] == 3, "{value}");
    ensure!(ended[2]["ok"] == format!("attempt 3 from {}", language.name()), "{value}");
    ensure!(ended[3]["error"] == "Rejected", "{value}");

    let endless = Step::new("slow", &queue, json!(100_000)).heartbeat(heartbeat);
    native.start(SCRIPT, "cancelled", SCRIPTS, &[endless.timeout(LIMIT)]).await?;
    progress(&native, "cancelled").await?;
    native.signal("cancelled", CANCEL_STEP, &()).await?;
    let value = native.value("cancelled", LIMIT).await?;
    ensure!(value == json!([{ "canceled": true }]), "{value}");

    ends_cleanly(worker, language).await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}

async fn progress(native: &Native, workflow_id: &str) -> Result<()> {
    wait::until("a heartbeat with progress", LIMIT, || async {
        let description = native.describe(workflow_id).await.ok()?;
        let activity = description.pending_activities.first()?;
        (!activity.heartbeat_details.is_empty()).then_some(())
    })
    .await
}

async fn ends_cleanly(worker: steadfast_e2e::process::Process, language: Language) -> Result<()> {
    let output = worker.output();
    let status = worker.terminate(Duration::from_secs(30)).await?;
    // The JVM reports the signal that it shut down for.
    let clean = status.success() || (language == Language::Java && status.code() == Some(143));
    ensure!(clean, "{status}: {output}");
    Ok(())
}

/// Sequence, parallel, timer, signal and a caught failure, replayed in another language.
async fn runs_workflows(language: Language) -> Result<()> {
    if !language.set_up().await? {
        return Ok(());
    }
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native = engine.native().await?;
    let args = [engine.file.nats_url.as_str(), "default", "orders"];
    let activities = language.start(&home, "worker", &args).await?;
    let workflows = language.start(&home, "workflow_worker", &args).await?;
    native.start("order", "order-1", "orders", &json!("chair")).await?;
    native.signal("order-1", "approve", &json!({ "by": "Zoë" })).await?;
    let told = || format!("{}{}", workflows.output(), activities.output());
    let value = native.value("order-1", LIMIT).await.with_context(told)?;
    let wanted = json!({
        "item": "chair",
        "both": [2, format!("attempt 3 from {}", language.name())],
        "approval": { "by": "Zoë" },
        "refused": value["refused"],
    });
    ensure!(value == wanted, "{value}");
    ensure!(value["refused"].as_str().is_some_and(|text| text.contains("never works")), "{value}");
    ends_cleanly(workflows, language).await?;
    ends_cleanly(activities, language).await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}

/// The trace that a client began reaches a worker that knows nothing of ours, as a NATS header.
#[tokio::test(flavor = "multi_thread")]
async fn python_reads_the_trace_of_its_task() -> Result<()> {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    if !Language::Python.set_up().await? {
        return Ok(());
    }
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native =
        engine.native().await?.with_traceparent(&format!("00-{TRACE}-00f067aa0ba902b7-01"));
    Worker::of_scripts(&native).spawn_scripts(SCRIPTS);
    let args = [engine.file.nats_url.as_str(), "default", "traced"];
    let worker = Language::Python.start(&home, "worker", &args).await?;
    native.start(SCRIPT, "traced", SCRIPTS, &[Step::new("trace", "traced", Value::Null)]).await?;
    let value = native.value("traced", LIMIT).await.with_context(|| worker.output())?;
    ensure!(value[0]["ok"].as_str().is_some_and(|text| text.contains(TRACE)), "{value}");
    ends_cleanly(worker, Language::Python).await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}

/// An ordinary micro-service is a worker without knowing it.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_micro_service_is_an_activity() -> Result<()> {
    if !Language::Python.set_up().await? {
        return Ok(());
    }
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native = engine.native().await?;
    Worker::of_scripts(&native).spawn_scripts(SCRIPTS);
    let charge = |amount: i64| Step::new("charge", "nats:shop.charge", json!({ "amount": amount }));
    // Nobody listens yet: that is a retryable failure.
    native.start(SCRIPT, "early", SCRIPTS, &[charge(5)]).await?;
    wait::until("an attempt that nobody heard", LIMIT, || async {
        let description = native.describe("early").await.ok()?;
        description.pending_activities.first()?.last_failure.clone()
    })
    .await?;
    let args = [engine.file.nats_url.as_str(), "shop.charge"];
    let service = Language::Python.start(&home, "service", &args).await?;
    let value = native.value("early", LIMIT).await?;
    ensure!(value[0]["ok"] == json!({ "receipt": "receipt-1", "amount": 5 }), "{value}");
    native.start(SCRIPT, "refused", SCRIPTS, &[charge(-1).attempts(1)]).await?;
    let value = native.value("refused", LIMIT).await?;
    let message = value[0]["message"].as_str().unwrap_or_default();
    ensure!(message.contains("cannot charge"), "{value}");
    ends_cleanly(service, Language::Python).await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}
