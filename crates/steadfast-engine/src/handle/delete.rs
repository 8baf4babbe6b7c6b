//! Removing a run: the run says yes, durably, and removes itself when it owes nobody anything.

use std::sync::Arc;

use steadfast_core::{Identity, Input};

use super::{
    Deadline,
    ask::{Retry, ask, pause},
};
use crate::{
    api::{EngineError, Target},
    config::Backoff,
    context::Shared,
    request::{Read, Request},
};

/// Removes a run, and waits until it is gone.
pub(super) async fn delete(
    shared: &Arc<Shared>,
    target: &Target,
    identity: Identity,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let run =
        ask(shared, target, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    let target = Target::from(run.await?.key());
    let said_yes = ask(shared, &target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(Input::Delete(identity.clone())), Some(reply))
    });
    match said_yes.await {
        Ok(_) => {}
        Err(EngineError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    }
    let mut backoff = Backoff::new(1, 200);
    loop {
        let seen = ask(shared, &target, deadline, Retry::Again, |reply| {
            Request::Read(Read::Current(reply))
        });
        if let Err(EngineError::NotFound { .. }) = seen.await {
            return Ok(());
        }
        if pause(shared, &mut backoff, deadline).await.is_err() {
            return Ok(());
        }
    }
}
