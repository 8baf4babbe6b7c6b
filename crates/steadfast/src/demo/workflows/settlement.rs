//! The saga: reserve, hold, transfer, finalise; whatever fails, what was done is undone backwards.

use steadfast_sdk::workflow::{Saga, WorkflowContext, WorkflowError};

use super::{super::request::Purchase, money, property};

/// The type of the error when the registry refuses.
pub(super) const REGISTRY_REFUSED: &str = "RegistryRefused";

#[derive(serde::Deserialize)]
struct Finalized {
    deed: String,
}

/// The deed, or the error that made it undo everything.
pub(super) async fn settlement(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<String, WorkflowError> {
    let mut saga = Saga::new(&ctx);
    let result = steps(&ctx, &purchase, &mut saga).await;
    saga.finish(result).await
}

async fn steps(
    ctx: &WorkflowContext,
    purchase: &Purchase,
    saga: &mut Saga,
) -> Result<String, WorkflowError> {
    let deposit = purchase.deposit();
    money::<u64>(ctx, "reserve_funds", &(purchase, deposit)).await?;
    let undo = purchase.clone();
    saga.compensate("release_funds", move |ctx| async move {
        money::<u64>(&ctx, "release_funds", &(&undo, deposit)).await?;
        Ok(())
    });

    property::<String>(ctx, "hold_property", &[purchase]).await?;
    let undo = purchase.clone();
    saga.compensate("release_property", move |ctx| async move {
        Ok(property::<()>(&ctx, "release_property", &[&undo]).await?)
    });

    property::<String>(ctx, "start_title_transfer", &[purchase]).await?;
    let undo = purchase.clone();
    saga.compensate("cancel_title_transfer", move |ctx| async move {
        Ok(property::<()>(&ctx, "cancel_title_transfer", &[&undo]).await?)
    });

    // The one step that must never happen twice: a crash in the middle fails it instead.
    let finalized: Finalized = money(ctx, "finalize_purchase", &[purchase]).max_attempts(1).await?;
    Ok(finalized.deed)
}
