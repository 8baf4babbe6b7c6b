//! What callers say of themselves is read without trust.

use super::*;

#[test]
fn grpc_timeouts_are_read() {
    assert_eq!(parse_timeout("60S"), Some(Duration::from_secs(60)));
    assert_eq!(parse_timeout("1H"), Some(Duration::from_secs(3_600)));
    assert_eq!(parse_timeout("2M"), Some(Duration::from_secs(120)));
    assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
    assert_eq!(parse_timeout("7u"), Some(Duration::from_micros(7)));
    assert_eq!(parse_timeout("9n"), Some(Duration::from_nanos(9)));
    for bad in ["", "S", "x1S", "1", "99999999999999999999S", "1\u{1f4e6}"] {
        assert_eq!(parse_timeout(bad), None, "{bad}");
    }
}

#[test]
fn a_run_is_named_rightly_or_refused() {
    let run = |workflow_id: &str, run_id: &str| {
        target_of("shop".into(), workflow_id.to_owned(), run_id.to_owned())
    };
    assert!(run("order-1", "").is_ok());
    assert!(run("order-1", "6a2250e7-13ea-49a2-8a27-b2b44a166a4a").is_ok());
    assert_eq!(run("order-1", "not a run").unwrap_err().message, "Invalid RunId.");
    assert!(run("", "").unwrap_err().message.contains("WorkflowId is not set"));
    assert!(namespace(String::new()).is_err());
}
