//! Updates travel in messages: each is taken once, and a strange one fails the workflow task.

use steadfast_core::command::CommandKind;
use steadfast_temporal_api::api::failure::v1::Failure;

use super::*;

fn message<T: prost::Message + Name>(id: &str, body: &T) -> protocol::Message {
    protocol::Message {
        id: id.to_owned(),
        protocol_instance_id: "update-1".to_owned(),
        sequencing_id: None,
        body: Some(packed(body)),
    }
}

#[test]
fn a_request_goes_out_under_the_updates_id() {
    let asked = UpdateRequest {
        update_id: "update-1".into(),
        name: "rename".to_owned(),
        ..UpdateRequest::default()
    };
    let sent = request(&asked, 8);
    assert_eq!(
        (sent.id.as_str(), sent.protocol_instance_id.as_str()),
        ("update-1/request", "update-1")
    );
    assert_eq!(sent.sequencing_id, Some(protocol::message::SequencingId::EventId(8)));
    assert_eq!(sent.body.unwrap().type_url, "type.googleapis.com/temporal.api.update.v1.Request");
}

#[test]
fn each_message_is_taken_once() {
    let acceptance = update_proto::Acceptance {
        accepted_request_message_id: "update-1/request".to_owned(),
        ..Default::default()
    };
    let rejection =
        update_proto::Rejection { failure: Some(Failure::default()), ..Default::default() };
    let mut messages = Messages::new(vec![message("a", &acceptance), message("b", &rejection)]);
    assert!(matches!(messages.take("a").unwrap(), Some(CommandKind::AcceptUpdate(_))));
    assert!(messages.take("a").is_err());
    assert!(matches!(&messages.rest().unwrap()[..], [CommandKind::RejectUpdate { .. }]));
    assert!(messages.rest().unwrap().is_empty());
}

#[test]
fn a_strange_message_is_the_workers_mistake() {
    let strange = message("a", &update_proto::WaitPolicy::default());
    let error = Messages::new(vec![strange]).take("a").unwrap_err();
    assert_eq!(error.cause, Cause::BadUpdateWorkflowExecutionMessage);
    let mut body = packed(&update_proto::Acceptance::default());
    body.value = vec![0xff];
    let garbled = protocol::Message { body: Some(body), ..Default::default() };
    assert!(Messages::new(vec![garbled]).rest().is_err());
    assert!(Messages::new(vec![protocol::Message::default()]).rest().is_err());
}
