//! Every text becomes a legal token and comes back; no subject makes a parser panic.

use proptest::prelude::*;
use steadfast_core::RunKey;

use super::{token::*, *};

#[test]
fn known_escapes() {
    for (text, token) in [
        ("", "="),
        ("order-1_a", "order-1_a"),
        ("a.b *>", "a=2Eb=20=2A=3E"),
        ("=", "=3D"),
        ("é", "=C3=A9"),
        ("🦀", "=F0=9F=A6=80"),
    ] {
        assert_eq!(escape(text), token);
        assert_eq!(unescape(token), Ok(Token::Text(text.to_owned())));
    }
}

#[test]
fn long_ids_are_hashed() {
    let id = "x".repeat(1_000);
    let token = escape(&id);
    assert_eq!(token.len(), 66);
    assert_eq!(unescape(&token), Ok(Token::Hashed(token.clone())));
    assert_ne!(token, escape(&"x".repeat(1_001)));
    assert_eq!(escape(&"x".repeat(TOKEN_BYTES_MAX)).len(), TOKEN_BYTES_MAX);
    let resolve = |named| Token::Hashed(token.clone()).resolve("namespace", named);
    assert_eq!(resolve(Some(&id)), Ok(id.clone()));
    assert_eq!(resolve(None), Err(SubjectError::Hashed { field: "namespace" }));
    assert_eq!(resolve(Some("y")), Err(SubjectError::Mismatch { field: "namespace" }));
}

#[test]
fn escapes_that_no_text_has_are_refused() {
    for token in ["", "==", "=4", "=4g", "=2e", "=41", "a b", "=FF", "=h12", "é", "=hXX"] {
        assert_eq!(unescape(token), Err(SubjectError::Escape(token.to_owned())), "{token}");
    }
}

#[test]
fn filters_match_their_subjects() {
    assert_eq!(history_filter_workflow(3, "a.b", "o 1"), "sf.h.3.a=2Eb.*.o=201.*");
    assert_eq!(history_filter_namespace(3, "shop"), "sf.h.3.shop.*.*.*");
    assert_eq!(events_filter(Some("shop"), Some("Order"), None, None), "sf.events.shop.Order.*.*");
    assert_eq!(checkpoint_subject(3), "sf.s.3.checkpoint");
    assert!(parse_snapshot(&checkpoint_subject(3)).is_err());
}

proptest! {
    #[test]
    fn any_text_round_trips(text in any::<String>()) {
        let token = escape(&text);
        prop_assert!(!token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b)));
        match unescape(&token) {
            Ok(Token::Text(back)) => prop_assert_eq!(back, text),
            Ok(Token::Hashed(_)) => prop_assert!(text.len() * 3 > TOKEN_BYTES_MAX),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn only_escapes_unescape(token in "[a-zA-Z0-9=._ -]{0,12}") {
        if let Ok(parsed) = unescape(&token) {
            prop_assert_eq!(parsed.as_subject_token(), token);
        }
    }

    #[test]
    fn run_subjects_round_trip(
        partition in any::<u32>(),
        ids in prop::array::uniform4(".{0,30}"),
    ) {
        let [namespace, workflow_type, workflow_id, run_id] = ids;
        let key = RunKey {
            namespace: namespace.into(),
            workflow_id: workflow_id.into(),
            run_id: run_id.into(),
        };
        let workflow_type = workflow_type.into();
        let history = history_subject(partition, &key, &workflow_type);
        let parsed = parse_history(&history).unwrap();
        prop_assert_eq!(parsed.partition, Some(partition));
        if let Some(ids) = parsed.ids() {
            prop_assert_eq!(ids, (key.clone(), workflow_type.clone()));
        }
        let snapshot = snapshot_subject(partition, &key, &workflow_type);
        prop_assert_eq!(&parse_snapshot(&snapshot).unwrap(), &parsed);
        let events = parse_events(&events_subject(&key, &workflow_type)).unwrap();
        prop_assert_eq!(events, RunSubject { partition: None, ..parsed });
        prop_assert!(parse_snapshot(&history).is_err());
    }

    #[test]
    fn native_subjects_round_trip(namespace in ".{0,30}", queue in ".{0,30}") {
        let api = parse_api(&api_subject(&namespace, "start")).unwrap();
        prop_assert_eq!(api.verb, "start");
        prop_assert_eq!(api.namespace.as_subject_token(), escape(&namespace));
        let poll = parse_poll(&poll_subject(&namespace, &queue, PollKind::Workflow)).unwrap();
        prop_assert_eq!(poll.task_queue.as_subject_token(), escape(&queue));
        prop_assert_eq!(poll.kind, "workflow");
        let rpc = rpc_subject(7, "signal");
        prop_assert_eq!(parse_rpc(&rpc), Ok((7, "signal")));
    }

    #[test]
    fn no_subject_panics(subject in "(sf\\.)?[a-z0-9=.*> ]{0,40}") {
        let _ = (parse_history(&subject), parse_snapshot(&subject), parse_events(&subject));
        let _ = (parse_api(&subject), parse_task(&subject), parse_poll(&subject));
        let _ = parse_rpc(&subject);
    }
}
