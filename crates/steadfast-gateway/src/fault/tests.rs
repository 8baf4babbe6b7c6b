//! The details that Temporal's SDKs look for are in the trailer, under their names.

use steadfast_core::Namespace;

use super::*;

/// The code and the detail's type name.
fn shown(fault: Fault) -> (Code, String) {
    let status = Status::from(fault);
    let details = RpcStatus::decode(status.details()).unwrap();
    let name = details.details.first().map(|detail| detail.type_url.clone());
    (status.code(), name.unwrap_or_default())
}

fn url(name: &str) -> String {
    format!("type.googleapis.com/temporal.api.errordetails.v1.{name}")
}

#[test]
fn errors_carry_their_typed_details() {
    let closed = Fault::from(EngineError::Rejected(Rejection::Closed));
    assert_eq!(shown(closed), (Code::NotFound, url("NotFoundFailure")));
    let missing = EngineError::NamespaceNotFound(Namespace::new("shop"));
    assert_eq!(shown(missing.into()), (Code::NotFound, url("NamespaceNotFoundFailure")));
    let taken = Rejection::AlreadyStarted { run_id: "r".into(), start_request_id: "q".into() };
    let taken = Fault::from(EngineError::Rejected(taken));
    assert_eq!(shown(taken), (Code::AlreadyExists, url("WorkflowExecutionAlreadyStartedFailure")));
    let canceled = EngineError::Rejected(Rejection::CancellationAlreadyRequested);
    let expected = (Code::AlreadyExists, url("CancellationAlreadyRequestedFailure"));
    assert_eq!(shown(canceled.into()), expected);
    let full = EngineError::Exhausted { what: "a queue", max: 1 };
    assert_eq!(shown(full.into()), (Code::ResourceExhausted, url("ResourceExhaustedFailure")));
}

#[test]
fn what_can_be_tried_again_says_so() {
    let away = Fault::from(EngineError::Unavailable("NATS is away".to_owned()));
    assert_eq!(away.code, Code::Unavailable);
    assert_eq!(Fault::from(EngineError::ShuttingDown).code, Code::Unavailable);
}
