//! Updates: their requests and outcomes.

use steadfast_core::{
    Blanks,
    event::{UpdateOutcome, UpdateRequest},
};
use steadfast_temporal_api::api::update::v1 as proto;

use super::{failure, payload};
use crate::fault::Fault;

/// A request, in Temporal's form.
pub(crate) fn request(request: &UpdateRequest) -> proto::Request {
    proto::Request {
        meta: Some(proto::Meta {
            update_id: request.update_id.to_string(),
            identity: request.identity.to_string(),
        }),
        input: Some(proto::Input {
            header: payload::header(&request.header, request.blanks),
            name: request.name.clone(),
            args: payload::list(&request.args),
        }),
        ..proto::Request::default()
    }
}

/// A request, from Temporal's form.
pub(crate) fn core_request(request: Option<proto::Request>) -> Result<UpdateRequest, Fault> {
    let request = request.ok_or_else(|| Fault::invalid("Request is not set on request."))?;
    let meta = request.meta.unwrap_or_default();
    let input = request.input.ok_or_else(|| Fault::invalid("Input is not set on request."))?;
    if input.name.is_empty() {
        return Err(Fault::invalid("Name is not set on request."));
    }
    Ok(UpdateRequest {
        update_id: meta.update_id.into(),
        identity: meta.identity.into(),
        name: input.name,
        blanks: Blanks::of([payload::blank_header(input.header.as_ref())]),
        header: payload::core_header(input.header),
        args: payload::core_list(input.args),
    })
}

/// An outcome, in Temporal's form.
pub(crate) fn outcome(outcome: &UpdateOutcome) -> proto::Outcome {
    use proto::outcome::Value;
    let value = match outcome {
        UpdateOutcome::Success(result) => Value::Success(payload::list(result).unwrap_or_default()),
        UpdateOutcome::Failure(failure) => Value::Failure(failure::to_proto(failure)),
    };
    proto::Outcome { value: Some(value) }
}

/// An outcome, from Temporal's form.
pub(crate) fn core_outcome(outcome: Option<proto::Outcome>) -> Option<UpdateOutcome> {
    use proto::outcome::Value;
    Some(match outcome?.value? {
        Value::Success(result) => UpdateOutcome::Success(payload::core_list(Some(result))),
        Value::Failure(failure) => UpdateOutcome::Failure(Box::new(failure::from_proto(failure))),
    })
}
