//! Events keep their numbers and times.

use steadfast_core::{Timestamp, event::*};
use steadfast_temporal_api::api::enums::v1::EventType;

use super::*;

#[test]
fn an_event_keeps_its_number_its_time_and_its_kind() {
    let names = Names::default();
    let kinds: [(EventKind, EventType); 4] = [
        (WorkflowExecutionStarted::default().into(), EventType::WorkflowExecutionStarted),
        (ActivityTaskTimedOut::default().into(), EventType::ActivityTaskTimedOut),
        (
            UpsertWorkflowSearchAttributes::default().into(),
            EventType::UpsertWorkflowSearchAttributes,
        ),
        (WorkflowExecutionUnpaused::default().into(), EventType::WorkflowExecutionUnpaused),
    ];
    for (kind, number) in kinds {
        let event = Event {
            id: 7,
            at: Timestamp(1_500_000_001),
            kind,
            user_metadata: None,
            links: Vec::new(),
        };
        let proto = to_proto(&event, &names);
        assert_eq!((proto.event_id, proto.event_type()), (7, number));
        let at = proto.event_time.unwrap();
        assert_eq!((at.seconds, at.nanos), (1, 500_000_001));
        assert_eq!(proto.worker_may_ignore, number == EventType::WorkflowExecutionUnpaused);
    }
}

#[test]
fn every_kind_has_the_number_that_temporal_gives_its_name() {
    for (name, number) in EventKind::ALL {
        let theirs = EventType::try_from(*number).unwrap().as_str_name();
        let words = theirs.strip_prefix("EVENT_TYPE_").unwrap();
        assert_eq!(words.replace('_', ""), name.to_uppercase(), "{number}");
    }
}

#[test]
fn only_the_runs_own_namespace_is_shown_by_its_id() {
    let names =
        Names { namespace: "shop".to_owned(), namespace_id: "id".to_owned(), ..Names::default() };
    assert_eq!(names.id_of(&"shop".into()), "id");
    assert_eq!(names.id_of(&"bank".into()), "");
}
