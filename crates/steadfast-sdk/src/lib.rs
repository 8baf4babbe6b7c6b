//! The Rust SDK of Steadfast: durable workflows as `async fn`.
//!
//! A [workflow] is an `async fn` that survives crashes of everything: its history is
//! kept, and its code is replayed from it. An [activity] is an `async fn` that touches
//! the world, and is tried again when it fails. A [client] starts workflows and talks to
//! them. A [worker] runs the code in any process that reaches NATS; with the cargo feature
//! `embedded` the engine's own process runs it, and a one-activity workflow costs two appends.
//!
//! The whole of it, tested without a server:
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast_sdk::{
//!     activity::{ActivityContext, ActivityError},
//!     testing::TestWorld,
//!     workflow::{Saga, WorkflowContext, WorkflowError, try_join},
//! };
//!
//! /// Buys a house: checks in parallel, waits for a human, and undoes what it did if it fails.
//! async fn purchase(ctx: WorkflowContext, house: String) -> Result<String, WorkflowError> {
//!     let stage = ctx.shared("checking");
//!     let look = stage.clone();
//!     ctx.on_query("stage", move |()| look.get());
//!
//!     // In parallel; failed attempts are repeated.
//!     let (value, defects) = try_join(
//!         ctx.activity::<u64>("appraise", &house).max_attempts(3),
//!         ctx.activity::<u64>("inspect", &house).start_to_close(Duration::from_secs(30)),
//!     )
//!     .await?;
//!     if defects > 3 {
//!         return Err(WorkflowError::application("TooManyDefects", "not this house"));
//!     }
//!
//!     // A human decides, within a week.
//!     stage.set("waiting for approval");
//!     let approved = ctx.shared(None);
//!     let (answer, look) = (approved.clone(), approved.clone());
//!     ctx.on_signal("approval", move |yes: bool| answer.set(Some(yes)));
//!     let week = Duration::from_secs(7 * 86_400);
//!     ctx.wait_until_for(week, move || look.get().is_some()).await?;
//!     if approved.get() != Some(true) {
//!         return Ok("rejected".to_owned());
//!     }
//!
//!     // Steps that are undone in reverse order when a later one fails.
//!     let mut saga = Saga::new(&ctx);
//!     let done = async {
//!         ctx.activity::<()>("reserveFunds", value).await?;
//!         saga.compensate("releaseFunds", move |ctx| async move {
//!             Ok(ctx.activity::<()>("releaseFunds", value).await?)
//!         });
//!         Ok(ctx.activity::<String>("transferTitle", &house).max_attempts(1).await?)
//!     };
//!     let done = done.await;
//!     saga.finish(done).await
//! }
//!
//! async fn appraise(_: ActivityContext, house: String) -> Result<u64, ActivityError> {
//!     Ok(1_000 * house.len() as u64)
//! }
//!
//! async fn inspect(ctx: ActivityContext, _: String) -> Result<u64, ActivityError> {
//!     ctx.heartbeat("in the cellar")?;
//!     Ok(1)
//! }
//!
//! async fn money(_: ActivityContext, _cents: u64) -> Result<(), ActivityError> {
//!     Ok(())
//! }
//!
//! async fn transfer_title(_: ActivityContext, house: String) -> Result<String, ActivityError> {
//!     if house == "disputed" {
//!         return Err(ActivityError::non_retryable("Disputed", "somebody else claims it"));
//!     }
//!     Ok(format!("{house} is yours"))
//! }
//!
//! let world = TestWorld::new()
//!     .workflow("Purchase", purchase)
//!     .activity("appraise", appraise)
//!     .activity("inspect", inspect)
//!     .activity("reserveFunds", money)
//!     .activity("releaseFunds", money)
//!     .activity("transferTitle", transfer_title);
//!
//! let mut bought = world.start("Purchase", "villa");
//! assert_eq!(bought.query::<String>("stage", ())?, "waiting for approval");
//! bought.signal("approval", true);
//! assert_eq!(bought.result::<String>()?, "villa is yours");
//!
//! let mut ignored = world.start("Purchase", "villa");
//! assert_eq!(ignored.result::<String>()?, "rejected"); // The week passed at once.
//!
//! let mut failed = world.start("Purchase", "disputed");
//! failed.signal("approval", true);
//! let failure = failed.failure()?;
//! let why = failure.cause.map(|cause| cause.message);
//! assert_eq!(why.as_deref(), Some("somebody else claims it"));
//! let names = failed.event_names().into_iter();
//! let activities = names.filter(|name| *name == "ActivityTaskScheduled");
//! assert_eq!(activities.count(), 5, "the funds were released");
//! # Ok::<(), steadfast_sdk::testing::TestError>(())
//! ```
//!
//! # What workflow code may do
//!
//! Anything that comes out the same every time. Time, randomness and ids come from the
//! [`WorkflowContext`](workflow::WorkflowContext); results of other code come from activities, or
//! from [`side_effect`](workflow::WorkflowContext::side_effect). Waiting is for futures of this
//! crate and combinators of `futures` that poll in a fixed order; tokio's timers and channels do
//! not work there. Code that does something else than its history says gets a
//! [`NonDeterminism`](workflow::NonDeterminism) error that names the event.
//!
//! Running workflows outlive deployments: wrap a change in
//! [`patched`](workflow::WorkflowContext::patched), and check it with a
//! [`Replayer`](testing::Replayer) against recorded histories before it is deployed.
//!
//! # Values
//!
//! Arguments and results are anything that serde writes, as JSON that every Temporal tool reads;
//! see [`payload`].
//!
//! # Cargo features
//!
//! * `embedded`: workflow and activity code in the engine's own process.
//! * `otel`: the spans of workflow tasks and activities continue the trace that the task carries.

pub mod activity;
pub mod client;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod payload;
pub mod testing;
mod trace;
mod wire;
pub mod worker;
pub mod workflow;

pub use error::{Error, ErrorKind};
