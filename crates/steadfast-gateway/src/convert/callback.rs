//! Completion callbacks: which are taken, and how far they are.
//!
//! The rules and the words are Temporal's (`chasm/lib/callback/validator.go`).

use std::collections::HashMap;

use steadfast_core::{
    Timestamp,
    run::callback::{Callback, State},
};
use steadfast_temporal_api::api::{
    common::v1::{self as common, callback::Variant},
    enums::v1 as enums,
    failure::v1 as failure,
    workflow::v1 as workflow,
};
use tonic::Code;

use super::{clear, time};
use crate::{config::CallbackRules, fault::Fault};

/// Nexus operations complete each other there; there are none here.
const OWN_SCHEME: &str = "temporal://";

/// Refuses callbacks that must not be made; names of headers become lower case.
pub(crate) fn admit(
    callbacks: &mut [common::Callback],
    rules: &CallbackRules,
) -> Result<(), Fault> {
    let max = rules.count_max;
    if callbacks.len() > max {
        return Err(Fault::invalid(format!(
            "cannot attach more than {max} callbacks to an execution"
        )));
    }
    for callback in callbacks {
        match &mut callback.variant {
            Some(Variant::Nexus(nexus)) => {
                admit_url(&nexus.url, rules)?;
                let header = std::mem::take(&mut nexus.header);
                nexus.header = admit_header(header, rules)?;
            }
            Some(Variant::Internal(_)) => {
                return Err(Fault::invalid(
                    "unsupported callback variant: *common.Callback_Internal_",
                ));
            }
            Some(Variant::NexusHandler(_)) => {
                return Err(Fault::invalid(
                    "unsupported callback variant: *common.Callback_NexusHandler_",
                ));
            }
            None => {
                return Err(Fault::new(Code::Unimplemented, "unknown callback variant: <nil>"));
            }
        }
    }
    Ok(())
}

fn admit_url(url: &str, rules: &CallbackRules) -> Result<(), Fault> {
    let max = rules.url_bytes_max;
    if url.len() > max {
        return Err(Fault::invalid(format!(
            "invalid url: url length longer than max length allowed of {max}"
        )));
    }
    if url.starts_with(OWN_SCHEME) {
        let message =
            format!("callbacks to {OWN_SCHEME} are not supported: there is no Nexus here");
        return Err(Fault::new(Code::Unimplemented, message));
    }
    rules.admit(url).map_err(Fault::invalid)
}

fn admit_header(
    header: HashMap<String, String>,
    rules: &CallbackRules,
) -> Result<HashMap<String, String>, Fault> {
    let max = rules.header_bytes_max;
    let bytes: usize = header.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > max {
        return Err(Fault::invalid(format!(
            "invalid header: header size longer than max allowed size of {max}"
        )));
    }
    Ok(header.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect())
}

/// The links of a request that none of its callbacks has.
pub(crate) fn without_callbacks_links(
    mut links: Vec<common::Link>,
    callbacks: &[common::Callback],
) -> Vec<common::Link> {
    links.retain(|link| !callbacks.iter().any(|callback| callback.links.contains(link)));
    links
}

/// How far a callback is, in Temporal's form; nothing for one that another door wrote.
pub(crate) fn info(callback: &Callback, now: Timestamp) -> Option<workflow::CallbackInfo> {
    use enums::CallbackState as Proto;
    use workflow::callback_info::{Trigger, WorkflowClosed, trigger};
    let (state, next) = match callback.state(now) {
        State::Standby => (Proto::Standby, None),
        State::Scheduled => (Proto::Scheduled, None),
        State::BackingOff(at) => (Proto::BackingOff, Some(at)),
        State::Succeeded => (Proto::Succeeded, None),
        State::Failed => (Proto::Failed, None),
    };
    let non_retryable = state == Proto::Failed;
    let closed = trigger::Variant::WorkflowClosed(WorkflowClosed {});
    Some(workflow::CallbackInfo {
        callback: Some(clear(&callback.content)?),
        trigger: Some(Trigger { variant: Some(closed) }),
        registration_time: Some(time::timestamp(callback.registered_at)),
        state: state.into(),
        attempt: callback.attempt,
        last_attempt_complete_time: callback.last_attempt_at.map(time::timestamp),
        last_attempt_failure: callback.last_failure.as_ref().map(|message| failure::Failure {
            message: message.clone(),
            failure_info: Some(failure::failure::FailureInfo::ApplicationFailureInfo(
                failure::ApplicationFailureInfo {
                    non_retryable,
                    ..failure::ApplicationFailureInfo::default()
                },
            )),
            ..failure::Failure::default()
        }),
        next_attempt_schedule_time: next.map(time::timestamp),
        ..workflow::CallbackInfo::default()
    })
}

#[cfg(test)]
mod tests;
