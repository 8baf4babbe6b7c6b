//! What JetStream's answers mean.

use super::*;

fn code(text: &str) -> ErrorCode {
    let error: jetstream::Error = serde_json::from_str(text).unwrap();
    error.error_code()
}

#[test]
fn every_variant_of_a_wrong_sequence_fences() {
    for answer in [
        r#"{"code":400,"err_code":10071,"description":"wrong last sequence: 7"}"#,
        r#"{"code":400,"err_code":10164,"description":"wrong last sequence"}"#,
    ] {
        let error = refused(code(answer), "refused".into());
        assert!(matches!(error, AppendError::WrongSequence), "{answer}");
    }
}

#[test]
fn any_other_refusal_means_not_written() {
    let answer =
        r#"{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}"#;
    let error = refused(code(answer), "refused".into());
    assert!(matches!(error, AppendError::Unavailable(_)));
}

#[test]
fn silence_means_unknown() {
    for kind in [PublishErrorKind::TimedOut, PublishErrorKind::BrokenPipe] {
        let error = not_acknowledged(PublishError::new(kind));
        assert!(matches!(error, AppendError::Unknown(_)), "{kind:?}");
    }
    let nobody = not_acknowledged(PublishError::new(PublishErrorKind::StreamNotFound));
    assert!(matches!(nobody, AppendError::Unavailable(_)));
}
