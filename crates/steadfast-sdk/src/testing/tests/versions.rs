//! Changing code under running workflows.

use std::{collections::BTreeMap, time::Duration};

use steadfast_core::{EventKind, Payload, event::MarkerRecorded};

use super::{
    super::{Replayer, TestWorld},
    History,
};
use crate::{
    activity::{ActivityContext, ActivityError},
    payload,
    workflow::{WorkflowContext, WorkflowError},
};

async fn version_1(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
    let basic: String = ctx.activity("basic", ()).await?;
    Ok(ctx.activity("report", basic).await?)
}

async fn version_2(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
    let mut result: String = ctx.activity("basic", ()).await?;
    if ctx.patched("enhanced-validation") {
        result = ctx.activity("enhanced", &result).await?;
    }
    Ok(ctx.activity("report", result).await?)
}

async fn version_3(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
    let basic: String = ctx.activity("basic", ()).await?;
    ctx.deprecate_patch("enhanced-validation");
    let enhanced: String = ctx.activity("enhanced", &basic).await?;
    Ok(ctx.activity("report", enhanced).await?)
}

async fn version_4(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
    let basic: String = ctx.activity("basic", ()).await?;
    let enhanced: String = ctx.activity("enhanced", &basic).await?;
    Ok(ctx.activity("report", enhanced).await?)
}

/// The marker as Temporal's core writes it.
fn patch_marker(deprecated: bool) -> MarkerRecorded {
    let data = format!(r#"{{"id":"enhanced-validation","deprecated":{deprecated}}}"#);
    MarkerRecorded {
        marker_name: "core_patch".to_owned(),
        details: BTreeMap::from([(
            "patch-data".to_owned(),
            vec![Payload::new("json/plain", data)],
        )]),
        ..MarkerRecorded::default()
    }
}

fn begun() -> History {
    let mut history = History::started("W", ());
    history.task();
    let basic = history.activity("1", "basic");
    history.activity_completed(basic, "basic");
    history.task();
    history
}

fn unpatched() -> History {
    let mut history = begun();
    history.activity("2", "report");
    history
}

fn patched(deprecated: bool) -> History {
    let mut history = begun();
    history.push(patch_marker(deprecated));
    // Temporal's core says it to visibility, too.
    history.push(steadfast_core::event::UpsertWorkflowSearchAttributes {
        search_attributes: BTreeMap::from([(
            "TemporalChangeVersion".to_owned(),
            Payload::default(),
        )]),
        ..Default::default()
    });
    let enhanced = history.activity("2", "enhanced");
    history.activity_completed(enhanced, "enhanced");
    history.task();
    history.activity("3", "report");
    history
}

#[test]
fn old_runs_keep_the_old_way_and_new_runs_take_the_new_one() {
    let code = |main| Replayer::new().workflow("W", main);
    let old = unpatched();
    code(|ctx, ()| version_1(ctx, ())).replay(&old).unwrap();
    let code = Replayer::new().workflow("W", version_2);
    code.replay(&old).unwrap();
    code.replay(&patched(false)).unwrap();
    code.replay(&patched(true)).unwrap();
}

#[test]
fn a_patch_can_be_deprecated_and_then_removed() {
    let deprecated = Replayer::new().workflow("W", version_3);
    deprecated.replay(&patched(false)).unwrap();
    deprecated.replay(&patched(true)).unwrap();
    deprecated.replay(&unpatched()).unwrap_err();
    let removed = Replayer::new().workflow("W", version_4);
    removed.replay(&patched(true)).unwrap();
    let error = removed.replay(&patched(false)).unwrap_err().to_string();
    assert!(error.contains("MarkerRecorded \"core_patch\" of patch"), "{error}");
}

#[test]
fn a_new_run_writes_the_marker_once() {
    async fn echo(ctx: ActivityContext, _: Option<String>) -> Result<String, ActivityError> {
        Ok(ctx.info().activity_type.to_string())
    }
    let world = ["basic", "enhanced", "report"]
        .into_iter()
        .fold(TestWorld::new().workflow("W", version_2), |world, name| world.activity(name, echo));
    let mut run = world.start("W", ());
    assert_eq!(run.result::<String>().unwrap(), "report");
    let names = run.event_names();
    assert_eq!(names.iter().filter(|name| **name == "MarkerRecorded").count(), 1);
    assert_eq!(names.iter().filter(|name| **name == "ActivityTaskScheduled").count(), 3);
}

/// Visibility hears of a run's patches, and code that says other things to it is not mistaken for that.
#[test]
fn a_patch_is_told_to_visibility() {
    async fn main(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        assert!(ctx.patched("b") && ctx.patched("a"));
        let customer = payload::search_attribute("Keyword", "Zoë")?;
        ctx.upsert_search_attributes([("Customer".to_owned(), customer)]);
        ctx.sleep(Duration::from_secs(1)).await?;
        Ok(())
    }
    let mut run = TestWorld::new().workflow("W", main).start("W", ());
    run.result::<()>().unwrap();
    let told: Vec<_> = run
        .history()
        .iter()
        .filter_map(|event| {
            let EventKind::UpsertWorkflowSearchAttributes(upsert) = &event.kind else {
                return None;
            };
            Some(&upsert.search_attributes)
        })
        .collect();
    let patches: Vec<Vec<String>> = told[..2]
        .iter()
        .map(|attributes| payload::decode(&attributes["TemporalChangeVersion"]).unwrap())
        .collect();
    assert_eq!(patches, [vec!["b"], vec!["a", "b"]]);
    assert!(told[2].contains_key("Customer"));
    let replayer = Replayer::new().workflow("W", main);
    replayer.replay_events(None, run.history().to_vec()).unwrap();
}
