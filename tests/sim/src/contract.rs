//! What every log must do: one suite, run against the memory and against JetStream.
//!
//! Each case is an async function over a [`World`] of its own: a log that nobody else uses.
//! [`contract_tests`](crate::contract_tests) makes a test of each.

pub mod appending;
pub mod following;
pub mod listing;
pub mod recovering;
pub mod snapshots;

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use futures::{TryStreamExt, future::BoxFuture};
use steadfast_core::run::Status;
use steadfast_engine::ports::{Feed, Log, Partition, Recovered, RunAddress, Sequence};

/// A log, and what only a test does to it.
pub trait World: Send + Sync {
    /// The log.
    fn log(&self) -> &dyn Log;

    /// The log, as its followers see it.
    fn feed(&self) -> &dyn Feed;

    /// The same log, as another process sees it.
    fn reconnect(&self) -> BoxFuture<'_, Result<Arc<dyn Log>>>;

    /// Writes any bytes where a record should be.
    fn append_raw<'a>(
        &'a self,
        address: &'a RunAddress,
        status: Status,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Sequence>>;

    /// Writes any bytes where a snapshot should be.
    fn save_raw_snapshot<'a>(
        &'a self,
        address: &'a RunAddress,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>>;
}

/// The partition that the cases use.
pub const PARTITION: Partition = Partition(0);

/// An address in the usual place.
pub fn address(workflow_id: &str) -> RunAddress {
    crate::story::address(PARTITION, "shop", workflow_id)
}

/// Everything that a takeover by another process finds, in the order of the runs' addresses.
pub async fn recover(world: &dyn World) -> Result<Vec<Recovered>> {
    let log = world.reconnect().await?;
    let mut recovered: Vec<Recovered> = log.recover(PARTITION).try_collect().await?;
    recovered.sort_by_key(|recovered| address_of(recovered).key.clone());
    Ok(recovered)
}

/// Whose state was recovered.
pub fn address_of(recovered: &Recovered) -> &RunAddress {
    match recovered {
        Recovered::Run { address, .. } | Recovered::Unreadable { address, .. } => address,
    }
}

/// Makes a test of every case. The argument is an async function that opens a fresh [`World`].
#[macro_export]
macro_rules! contract_tests {
    ($open:path) => {
        $crate::contract_tests! { $open;
            appending: acknowledged_records_are_read_back_in_order;
            appending: reading_goes_on_after_a_record;
            appending: a_stale_owner_cannot_write;
            appending: a_second_run_of_a_workflow_is_refused;
            appending: a_run_follows_a_closed_one;
            appending: other_workflows_do_not_count;
            appending: any_id_is_legal;
            appending: a_record_of_three_megabytes_is_kept;
            appending: a_record_that_is_too_large_is_refused;
            appending: a_hundred_runs_are_written_at_once;
            following: every_record_is_followed_in_order;
            following: a_corrupt_record_is_told_and_passed;
            following: purges_are_told;
            listing: heads_are_the_last_records_of_a_workflow;
            listing: a_late_record_does_not_change_the_order_of_runs;
            listing: a_list_is_newest_first_and_goes_on;
            listing: thousands_of_runs_are_listed_in_pages;
            listing: purged_runs_are_gone;
            snapshots: a_snapshot_is_read_back;
            snapshots: a_large_snapshot_is_read_back;
            snapshots: an_unreadable_snapshot_is_none;
            snapshots: a_retired_run_has_none;
            recovering: open_runs_come_back_with_their_records;
            recovering: snapshots_shorten_what_is_read;
            recovering: a_checkpoint_forgets_nothing;
            recovering: retired_runs_stay_away;
            recovering: closed_runs_that_are_not_retired_come_back;
            recovering: a_snapshot_of_another_version_is_ignored;
            recovering: a_corrupt_record_takes_its_run_alone;
            recovering: an_earlier_owner_cannot_undo_a_snapshot;
            recovering: snapshots_kept_during_a_takeover_do_not_repeat_runs;
            recovering: a_thousand_runs_come_back;
        }
    };
    ($open:path; $($module:ident: $case:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> ::anyhow::Result<()> {
                let world = $open().await?;
                $crate::contract::$module::$case(&world).await
            }
        )*
    };
}
