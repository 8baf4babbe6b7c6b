//! Search attributes, memo fields and markers in scripted runs.

use expect_test::expect;

use crate::{
    Payload, PayloadMap, Rejection,
    command::{CommandKind, RecordMarker},
    event::WorkflowTaskFailedCause,
    fixture::World,
};

fn values(values: &[(&str, &'static str)]) -> PayloadMap {
    let payload = |text: &'static str| Payload::new("json/plain", text);
    values.iter().map(|(name, text)| ((*name).to_owned(), payload(text))).collect()
}

#[test]
fn values_are_merged_and_empty_ones_removed() {
    let mut world = World::default();
    world
        .complete([
            CommandKind::UpsertSearchAttributes {
                search_attributes: values(&[("Color", "\"red\""), ("Size", "1")]),
            },
            CommandKind::ModifyProperties { upserted_memo: values(&[("note", "\"a\"")]) },
            CommandKind::RecordMarker(Box::new(RecordMarker {
                marker_name: "Version".to_owned(),
                ..RecordMarker::default()
            })),
        ])
        .unwrap();
    world.signal("again").unwrap();
    world
        .complete([
            CommandKind::UpsertSearchAttributes {
                search_attributes: values(&[("Color", "null"), ("Shape", "\"round\"")]),
            },
            CommandKind::ModifyProperties { upserted_memo: values(&[("note", "")]) },
        ])
        .unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 UpsertWorkflowSearchAttributes {"search_attributes":{"Color":"\"red\"","Size":"1"}}
        6 WorkflowPropertiesModified {"upserted_memo":{"note":"\"a\""}}
        7 MarkerRecorded {"marker_name":"Version"}
        8 WorkflowExecutionSignaled {"signal_name":"again"}
        9 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        10 WorkflowTaskStarted {"scheduled_event_id":9}
        11 WorkflowTaskCompleted {"scheduled_event_id":9,"started_event_id":10}
        12 UpsertWorkflowSearchAttributes {"search_attributes":{"Color":"null","Shape":"\"round\""}}
        13 WorkflowPropertiesModified {"upserted_memo":{"note":""}}
    "#]]
    .assert_eq(&world.history());
    assert_eq!(world.run.search_attributes, values(&[("Size", "1"), ("Shape", "\"round\"")]));
    assert_eq!(world.run.memo, PayloadMap::new());
}

#[test]
fn empty_commands_fail_the_workflow_task() {
    use WorkflowTaskFailedCause as Cause;
    let marker = CommandKind::RecordMarker(Box::default());
    let attributes = CommandKind::UpsertSearchAttributes { search_attributes: PayloadMap::new() };
    let memo = CommandKind::ModifyProperties { upserted_memo: PayloadMap::new() };
    for (command, expected) in [
        (marker, Cause::BadRecordMarkerAttributes),
        (attributes, Cause::BadSearchAttributes),
        (memo, Cause::BadModifyWorkflowPropertiesAttributes),
    ] {
        let refused = World::default().complete([command]);
        let Err(Rejection::BadCompletion { cause, .. }) = refused else {
            panic!("accepted: {refused:?}");
        };
        assert_eq!(cause, expected);
    }
}
