//! Protocol messages: how updates travel in workflow tasks (Temporal's `message-protocol.md`).

use prost::Name;
use steadfast_core::{
    command::{AcceptUpdate, CommandKind},
    event::{UpdateRequest, WorkflowTaskFailedCause as Cause},
};
use steadfast_temporal_api::{
    api::{protocol::v1 as protocol, update::v1 as update_proto},
    well_known::Any,
};

use super::{command::BadCommand, failure, update};

/// What is appended to an update's id to make the id of its request's message.
const REQUEST: &str = "/request";

/// An update's request, as a message to the workflow.
pub(crate) fn request(request: &UpdateRequest, sequencing_event_id: i64) -> protocol::Message {
    protocol::Message {
        id: format!("{}{REQUEST}", request.update_id),
        protocol_instance_id: request.update_id.to_string(),
        sequencing_id: Some(protocol::message::SequencingId::EventId(sequencing_event_id)),
        body: Some(packed(&update::request(request))),
    }
}

/// A message in an `Any`, under the name that Temporal's SDKs look for.
fn packed<T: prost::Message + Name>(message: &T) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{}", T::full_name()),
        value: message.encode_to_vec(),
    }
}

/// A worker's messages: each is taken once.
#[derive(Debug)]
pub(crate) struct Messages {
    waiting: Vec<protocol::Message>,
}

impl Messages {
    /// The messages that came with a completion.
    pub(crate) fn new(messages: Vec<protocol::Message>) -> Self {
        Self { waiting: messages }
    }

    /// What the message of that id asks for; nothing when it was taken before.
    pub(crate) fn take(&mut self, id: &str) -> Result<Option<CommandKind>, BadCommand> {
        let Some(at) = self.waiting.iter().position(|message| message.id == id) else {
            let message = format!("ProtocolMessageCommand referenced absent message {id:?}");
            return Err(bad(message));
        };
        command(self.waiting.remove(at)).map(Some)
    }

    /// What is asked by the messages that no command named.
    pub(crate) fn rest(&mut self) -> Result<Vec<CommandKind>, BadCommand> {
        std::mem::take(&mut self.waiting).into_iter().map(command).collect()
    }
}

fn bad(message: impl Into<String>) -> BadCommand {
    BadCommand::new(Cause::BadUpdateWorkflowExecutionMessage, message)
}

fn command(message: protocol::Message) -> Result<CommandKind, BadCommand> {
    let body = message.body.ok_or_else(|| bad("a protocol message has no body"))?;
    let name = body.type_url.rsplit('/').next().unwrap_or_default();
    let instance = message.protocol_instance_id;
    if name == update_proto::Acceptance::full_name() {
        let acceptance: update_proto::Acceptance = unpack(&body)?;
        let request =
            acceptance.accepted_request.map(|request| update::core_request(Some(request)));
        let request = request.transpose().map_err(|fault| bad(fault.message))?;
        return Ok(CommandKind::AcceptUpdate(Box::new(AcceptUpdate {
            update_id: instance.into(),
            request_message_id: acceptance.accepted_request_message_id,
            request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
            request,
        })));
    }
    if name == update_proto::Rejection::full_name() {
        let rejection: update_proto::Rejection = unpack(&body)?;
        let failure = rejection.failure.ok_or_else(|| bad("a rejection has no failure"))?;
        let failure = Box::new(failure::from_proto(failure));
        return Ok(CommandKind::RejectUpdate { update_id: instance.into(), failure });
    }
    if name == update_proto::Response::full_name() {
        let response: update_proto::Response = unpack(&body)?;
        let outcome = update::core_outcome(response.outcome);
        let outcome = outcome.ok_or_else(|| bad("a response has no outcome"))?;
        return Ok(CommandKind::CompleteUpdate { update_id: instance.into(), outcome });
    }
    Err(bad(format!("unknown protocol message {name:?}")))
}

fn unpack<T: prost::Message + Default>(body: &Any) -> Result<T, BadCommand> {
    T::decode(body.value.as_slice())
        .map_err(|error| bad(format!("a message cannot be read: {error}")))
}

#[cfg(test)]
mod tests;
