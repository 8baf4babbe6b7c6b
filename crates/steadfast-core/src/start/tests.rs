//! Starts that find the id taken.

use super::*;
use crate::fixture::{EPOCH, key, request};

fn current(status: Status) -> CurrentRun {
    CurrentRun {
        key: key(),
        status,
        start_request_id: "first".into(),
        attached: vec!["attached".into()],
        started_at: EPOCH,
    }
}

fn verdict(status: Status, change: impl FnOnce(&mut StartRequest)) -> StartVerdict {
    let mut request = request();
    change(&mut request);
    resolve(&current(status), &request, Span::ZERO, EPOCH)
}

#[test]
fn repeats_find_what_they_started_or_were_attached_to() {
    for id in ["first", "attached"] {
        for status in [Status::Running, Status::Completed] {
            let found = verdict(status, |request| request.request_id = id.into());
            assert_eq!(found, StartVerdict::UseExisting { deduplicated: true });
        }
    }
}

#[test]
fn only_a_failed_run_may_be_followed_when_that_is_asked() {
    let policy = |request: &mut StartRequest| {
        request.reuse_policy = WorkflowIdReusePolicy::AllowDuplicateFailedOnly;
    };
    for status in [Status::Completed, Status::ContinuedAsNew] {
        assert_eq!(verdict(status, policy), StartVerdict::AlreadyStarted);
    }
    for status in [Status::Failed, Status::Canceled, Status::Terminated, Status::TimedOut] {
        assert_eq!(verdict(status, policy), StartVerdict::Start);
    }
}

#[test]
fn an_id_is_not_used_again_too_soon() {
    let interval = Span::from_secs(1);
    let at = |millis| EPOCH + Span::from_millis(millis);
    let closed = current(Status::Completed);
    let soon = resolve(&closed, &request(), interval, at(900));
    assert_eq!(soon, StartVerdict::TooSoon { since: Span::from_millis(900) });
    assert_eq!(resolve(&closed, &request(), interval, at(1_001)), StartVerdict::Start);
    let open = current(Status::Running);
    assert_eq!(resolve(&open, &request(), interval, at(1)), StartVerdict::AlreadyStarted);
    let mut terminating = request();
    terminating.conflict_policy = WorkflowIdConflictPolicy::TerminateExisting;
    let soon = resolve(&open, &terminating, interval, at(1));
    assert_eq!(soon, StartVerdict::TooSoon { since: Span::from_millis(1) });
}

#[test]
fn what_is_attached_is_what_was_asked_for() {
    let mut request = request();
    assert_eq!(request.attachment(), None);
    request.completion_callbacks = vec![Bytes::from_static(b"callback")];
    request.on_conflict = Some(OnConflict { request_id: true, ..OnConflict::default() });
    let attached = request.attachment().unwrap().event;
    assert_eq!(attached.attached_request_id, request.request_id);
    assert!(attached.attached_completion_callbacks.is_empty());
}
