//! Temporal's official CLI prints on Steadfast what it prints on Temporal.
//!
//! The transcripts in `cli/` were recorded against Temporal's own server:
//! `UPDATE_EXPECT=1 STEADFAST_COMPAT_ADDRESS=127.0.0.1:7233 cargo test -p steadfast-e2e --test compat cli`.

use std::time::Duration;

use anyhow::{Context, Result};
use expect_test::expect_file;
use serde_json::Value;
use steadfast_e2e::{
    compat::{self, Server},
    engine::Home,
    polyglot::Language,
    process::Process,
    temporal_cli::TemporalCli,
};

const QUEUE: &str = "cli";
const READY: Duration = Duration::from_secs(60);
/// What a namespace was told; what its server can do is that server's business.
const NAMESPACE_SETTINGS: &[&str] =
    &["config", "namespaceInfo", "data", "description", "id", "name", "ownerEmail", "state"];

/// A server, the CLI, and the shop's worker on a namespace of its own.
struct World {
    cli: TemporalCli,
    server: Server,
    worker: Process,
    _home: Home,
}

impl World {
    /// Nothing, with a message, where the CLI or Python is missing.
    async fn begin() -> Result<Option<Self>> {
        let home = Home::new()?;
        let server = Server::start(&home).await?;
        let namespace = format!("cli-{}", uuid::Uuid::new_v4().simple());
        let Some(cli) = TemporalCli::find(&server.address, &namespace).await? else {
            return Ok(None);
        };
        if !compat::set_up(Language::Python).await? {
            return Ok(None);
        }
        cli.json(&["operator", "namespace", "create", "--namespace", &namespace]).await?;
        for (name, kind) in [("CompatCity", "Keyword"), ("CompatAmount", "Int")] {
            let words = ["operator", "search-attribute", "create", "--name", name, "--type", kind];
            cli.until(&words, |_| true).await?;
        }
        cli.until(&["workflow", "count"], |_| true).await?;
        let mut command = compat::program(Language::Python, "worker", &server.address);
        command.args([namespace.as_str(), QUEUE]);
        let mut worker = Process::start("worker", &mut command, home.path())?;
        worker.says_ready(READY).await?;
        Ok(Some(Self { cli, server, worker, _home: home }))
    }

    async fn start(&self, kind: &str, id: &str) -> Result<()> {
        let words = ["workflow", "start", "--type", kind, "--task-queue", QUEUE];
        self.cli.json(&[&words[..], &["--workflow-id", id]].concat()).await.map(drop)
    }

    async fn end(self) -> Result<()> {
        self.worker.terminate(READY).await.context("end the worker")?;
        self.server.stop().await
    }
}

/// Whether a description shows an activity in this state, with a word for what else it must be.
fn pending(value: &Value, state: &str) -> bool {
    let all = value["pendingActivities"].as_array().cloned().unwrap_or_default();
    all.iter().any(|activity| activity["state"] == format!("PENDING_ACTIVITY_STATE_{state}"))
}

fn status(value: &Value, wanted: &str) -> bool {
    value["workflowExecutionInfo"]["status"] == format!("WORKFLOW_EXECUTION_STATUS_{wanted}")
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    let shop = r#"{"item":"chair","amount":3}"#;
    let cli = &mut world.cli;
    let start = ["workflow", "start", "--type", "Shop", "--task-queue", QUEUE, "--input", shop];
    let start = [&start[..], &["--workflow-id", "shop", "--memo", r#"who="Zoë""#]].concat();
    cli.record(&start).await?;
    cli.record(&[&start[..], &["--id-conflict-policy", "Fail"]].concat()).await?;
    let state = ["workflow", "query", "--workflow-id", "shop", "--name", "state"];
    cli.record_when(&state, |value| value["queryResult"][0] == "open").await?;
    cli.record(&["workflow", "query", "--workflow-id", "shop", "--name", "missing"]).await?;
    let update =
        ["workflow", "update", "execute", "--workflow-id", "shop", "--name", "set_address"];
    cli.record(&[&update[..], &["--input", r#""""#]].concat()).await?;
    cli.record(&[&update[..], &["--input", r#""Rynek 1""#, "--update-id", "one"]].concat()).await?;
    cli.record(&["workflow", "update", "describe", "--workflow-id", "shop", "--update-id", "one"])
        .await?;
    cli.record(&["workflow", "describe", "--workflow-id", "shop"]).await?;
    let signal = ["workflow", "signal", "--workflow-id", "shop", "--name", "approve"];
    cli.record(&[&signal[..], &["--input", r#""Zoë""#]].concat()).await?;
    cli.record(&["workflow", "result", "--workflow-id", "shop"]).await?;
    cli.record(&["workflow", "describe", "--workflow-id", "shop"]).await?;
    cli.record(&["workflow", "show", "--workflow-id", "shop"]).await?;
    cli.record(&["workflow", "show", "--workflow-id", "shop/shipment"]).await?;
    cli.record(&[&signal[..], &["--input", r#""late""#]].concat()).await?;
    let execute = ["workflow", "execute", "--type", "Countdown", "--task-queue", QUEUE];
    let execute = [&execute[..], &["--workflow-id", "countdown", "--input", "2", "--input", "0"]];
    cli.record(&execute.concat()).await?;
    expect_file!["cli/workflows.txt"].assert_eq(&world.cli.take_transcript());
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn visibility() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    for id in ["cart-1", "cart-2"] {
        world.start("Cart", id).await?;
    }
    let cli = &mut world.cli;
    // Before, there is no build to show yet.
    let answered = |value: &Value| value["workflowExecutionInfo"]["historyLength"] == "4";
    cli.until(&["workflow", "describe", "--workflow-id", "cart-1"], answered).await?;
    let reason = ["--reason", "closing time"];
    cli.record(&[&["workflow", "terminate", "--workflow-id", "cart-1"][..], &reason].concat())
        .await?;
    let closed = r#"ExecutionStatus = "Terminated""#;
    let one = |value: &Value| value["count"] == "1";
    cli.record_when(&["workflow", "count", "--query", closed], one).await?;
    cli.record(&["workflow", "list", "--query", closed]).await?;
    let groups = ["workflow", "count", "--query", "GROUP BY ExecutionStatus"];
    cli.record_when(&groups, |value| value["count"] == "2").await?;
    cli.record(&["workflow", "list", "--query", "WorkflowType = 'Nothing'"]).await?;
    cli.record(&["workflow", "list", "--query", "Nothing = 'is known by this name'"]).await?;
    cli.fails(&["workflow", "list", "--query", "WorkflowType ="], "invalid query").await?;
    cli.record(&["workflow", "delete", "--workflow-id", "cart-1", "--yes"]).await?;
    cli.until(&["workflow", "count"], one).await?;
    let gone = ["workflow", "describe", "--workflow-id", "cart-1"];
    cli.record_when(&["workflow", "count"], one).await?;
    cli.record(&gone).await?;
    expect_file!["cli/visibility.txt"].assert_eq(&world.cli.take_transcript());
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn activities() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    for (id, verb, words) in [
        ("completed", "complete", &["--result", r#""tea""#][..]),
        ("failed", "fail", &["--reason", "nobody is there", "--detail", r#"{"at":"home"}"#]),
    ] {
        world.start("Question", id).await?;
        let cli = &mut world.cli;
        let describe = ["workflow", "describe", "--workflow-id", id];
        cli.record_when(&describe, |value| pending(value, "STARTED")).await?;
        let verb = ["activity", verb, "--workflow-id", id, "--activity-id", "question"];
        cli.record(&[&verb[..], words].concat()).await?;
        cli.record(&["workflow", "result", "--workflow-id", id]).await?;
        cli.record(&["workflow", "show", "--workflow-id", id]).await?;
        cli.record(&[&verb[..], words].concat()).await?;
    }
    expect_file!["cli/activities.txt"].assert_eq(&world.cli.take_transcript());
    world.end().await
}

/// What an operator does to an activity that fails again and again.
#[tokio::test(flavor = "multi_thread")]
async fn operating_on_an_activity() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    world.start("Stubborn", "stubborn").await?;
    let cli = &mut world.cli;
    let describe = ["workflow", "describe", "--workflow-id", "stubborn"];
    let attempt = |value: &Value, at_least: u64| {
        let activity = &value["pendingActivities"][0];
        activity["attempt"].as_u64().unwrap_or(0) >= at_least
    };
    // Its second attempt is an hour away.
    cli.until(&describe, |value| attempt(value, 2) && pending(value, "SCHEDULED")).await?;
    let on = ["--workflow-id", "stubborn", "--activity-id", "stubborn"];
    cli.record(&[&["activity", "pause"], &on[..]].concat()).await?;
    cli.record_when(&describe, |value| value["pendingActivities"][0]["paused"] == true).await?;
    let options = ["--start-to-close-timeout", "90s", "--retry-maximum-attempts", "7"];
    cli.record(&[&["activity", "update-options"], &on[..], &options].concat()).await?;
    cli.record(&[&["activity", "reset"], &on[..], &["--keep-paused"]].concat()).await?;
    cli.record_when(&describe, |value| !attempt(value, 2)).await?;
    cli.record(&[&["activity", "unpause"], &on[..]].concat()).await?;
    cli.until(&describe, |value| attempt(value, 2) && pending(value, "SCHEDULED")).await?;
    cli.record(&["activity", "pause", "--workflow-id", "nobody", "--activity-id", "x"]).await?;
    expect_file!["cli/operating_on_an_activity.txt"].assert_eq(&world.cli.take_transcript());
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_and_resetting() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    world.start("Patient", "patient").await?;
    world.start("Cart", "cart").await?;
    let cli = &mut world.cli;
    let patient = ["workflow", "describe", "--workflow-id", "patient"];
    cli.until(&patient, |value| pending(value, "STARTED")).await?;
    cli.record(&["workflow", "cancel", "--workflow-id", "patient"]).await?;
    cli.until(&patient, |value| status(value, "CANCELED")).await?;
    cli.record(&["workflow", "show", "--workflow-id", "patient"]).await?;
    cli.record(&["workflow", "cancel", "--workflow-id", "patient"]).await?;
    let add = ["workflow", "signal", "--workflow-id", "cart", "--name", "add", "--input"];
    cli.json(&[&add[..], &[r#""tea""#]].concat()).await?;
    let close = ["workflow", "update", "execute", "--workflow-id", "cart", "--name", "close"];
    cli.json(&close).await?;
    cli.json(&["workflow", "result", "--workflow-id", "cart"]).await?;
    let reset = ["workflow", "reset", "--workflow-id", "cart", "--reason", "once more"];
    cli.record(&[&reset[..], &["--event-id", "4"]].concat()).await?;
    cli.record(&["workflow", "result", "--workflow-id", "cart"]).await?;
    cli.record(&["workflow", "show", "--workflow-id", "cart"]).await?;
    cli.record(&[&reset[..], &["--event-id", "400"]].concat()).await?;
    let without = ["--event-id", "4", "--reapply-exclude", "Update"];
    cli.record(&[&reset[..], &without].concat()).await?;
    cli.record_when(&["workflow", "describe", "--workflow-id", "cart"], |v| status(v, "RUNNING"))
        .await?;
    cli.record(&["workflow", "terminate", "--workflow-id", "cart"]).await?;
    cli.record(&["workflow", "terminate", "--workflow-id", "cart"]).await?;
    expect_file!["cli/ending_and_resetting.txt"].assert_eq(&world.cli.take_transcript());
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn operators() -> Result<()> {
    let Some(mut world) = World::begin().await? else { return Ok(()) };
    let other = format!("other-{}", uuid::Uuid::new_v4().simple());
    let cli = &mut world.cli;
    cli.name(&other, "OTHER");
    cli.record(&["operator", "cluster", "health"]).await?;
    let namespace = |verb| ["operator", "namespace", verb, "--namespace", other.as_str()];
    let described = ["--retention", "3d", "--description", "another", "--email", "zoë@shop"];
    cli.record(&[&namespace("create")[..], &described, &["--data", "team=shop"]].concat()).await?;
    cli.record(&[&namespace("create")[..], &described].concat()).await?;
    let short = |value: &Value| value["config"]["workflowExecutionRetentionTtl"] == "259200s";
    cli.until(&namespace("describe"), short).await?;
    cli.record_keys(&namespace("describe"), NAMESPACE_SETTINGS).await?;
    cli.json(&[&namespace("update")[..], &["--retention", "5d"]].concat()).await?;
    cli.record_keys(&namespace("describe"), NAMESPACE_SETTINGS).await?;
    cli.record(&["operator", "namespace", "describe", "--namespace", "nobody"]).await?;
    let attribute = |verb| ["operator", "search-attribute", verb, "--name", "CliNote"];
    cli.record(&[&attribute("create")[..], &["--type", "Text"]].concat()).await?;
    let listed = |value: &Value| value["customAttributes"]["CliNote"].is_string();
    let list = ["operator", "search-attribute", "list"];
    cli.until(&list, listed).await?;
    cli.record_keys(&list, &["customAttributes"]).await?;
    cli.record(&[&attribute("remove")[..], &["--yes"]].concat()).await?;
    cli.until(&list, |value| !listed(value)).await?;
    cli.record_keys(&list, &["customAttributes"]).await?;
    let queue = ["task-queue", "describe", "--task-queue", QUEUE];
    let polled = |value: &Value| value["pollers"].as_array().is_some_and(|all| all.len() == 2);
    cli.record_when(&queue, polled).await?;
    expect_file!["cli/operators.txt"].assert_eq(&world.cli.take_transcript());
    for (words, key) in [("describe", "clusterName"), ("system", "capabilities")] {
        let printed = world.cli.json(&["operator", "cluster", words]).await?;
        anyhow::ensure!(
            !printed[key].is_null() && printed["serverVersion"].is_string(),
            "{printed}"
        );
    }
    world.end().await
}
