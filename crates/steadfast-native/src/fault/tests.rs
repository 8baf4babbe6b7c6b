//! Each of the engine's errors has its code, and headers survive what messages may hold.

use steadfast_core::{Failure, event::WorkflowTaskFailedCause};

use super::*;

fn code(error: impl Into<EngineError>) -> ErrorCode {
    Fault::from(error.into()).code
}

#[test]
fn engine_errors_have_their_codes() {
    assert_eq!(code(Rejection::Closed), ErrorCode::AlreadyCompleted);
    assert_eq!(code(Rejection::ActivityNotFound), ErrorCode::TaskNotFound);
    assert_eq!(code(Rejection::WorkflowTaskNotFound), ErrorCode::TaskNotFound);
    assert_eq!(code(Rejection::Invalid("x".to_owned())), ErrorCode::InvalidArgument);
    let limit = LimitError::PayloadTooLarge { field: "input", bytes: 2, max: 1 };
    assert_eq!(code(Rejection::Limit(limit)), ErrorCode::PayloadTooLarge);
    assert_eq!(code(EngineError::ShuttingDown), ErrorCode::Unavailable);
    assert_eq!(code(EngineError::Unavailable(String::new())), ErrorCode::Unavailable);
    assert!(ErrorCode::Unavailable.is_retryable());
}

#[test]
fn details_say_what_programs_need() {
    let taken = Rejection::AlreadyStarted { run_id: "r".into(), start_request_id: "s".into() };
    let fault = Fault::from(EngineError::from(taken));
    assert_eq!(fault.details["run_id"], "r");
    let cause = WorkflowTaskFailedCause::BadStartTimerAttributes;
    let bad = Rejection::BadCompletion { cause, message: "no id".to_owned() };
    let fault = Fault::from(EngineError::from(bad));
    assert_eq!(fault.details["cause"], "BadStartTimerAttributes");
    let refused = Rejection::UpdateRejected(Box::new(Failure::application("Bad", "too late")));
    assert_eq!(Fault::from(EngineError::from(refused)).details["reason"], "too late");
}

#[test]
fn an_answer_has_body_and_headers() {
    let fault = Fault::new(ErrorCode::NotFound, "no\r\nsuch \u{1F980}");
    let (body, headers) = fault.into_message();
    assert_eq!(headers.get(header::ERROR_CODE).unwrap().as_str(), "40400");
    assert_eq!(headers.get(header::ERROR).unwrap().as_str(), "not_found: no  such \u{1F980}");
    let body: ErrorBody = codec::decode(&body).unwrap();
    assert_eq!((body.code.as_str(), body.retryable), ("not_found", false));
    assert_eq!(body.message, "no\r\nsuch \u{1F980}");
}

#[test]
fn another_namespace_has_its_own_code() {
    let mismatch = |field| Fault::from(SubjectError::Mismatch { field }).code;
    assert_eq!(mismatch("namespace"), ErrorCode::WrongNamespace);
    assert_eq!(mismatch("task_queue"), ErrorCode::InvalidArgument);
}
