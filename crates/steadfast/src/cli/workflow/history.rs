//! `steadfast workflow history`.

use steadfast_core::{Event, EventId};
use steadfast_protocol::message::{ApiVerb, History, HistoryPage};

use crate::{
    cli::{
        args::{Scope, Target},
        output::Out,
        problem::Problem,
    },
    remote::{LONG_POLL, Remote},
    render,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    target: Target,
    /// Start with this event.
    #[arg(long, value_name = "EVENT ID", default_value_t = 1)]
    from: EventId,
    /// Go on until the run is closed.
    #[arg(long)]
    follow: bool,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let remote = Remote::open(&args.scope).await?;
    let mut request = History {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
        from_event_id: args.from,
        wait_new: args.follow,
        timeout_ms: u64::try_from(LONG_POLL.as_millis()).unwrap_or(u64::MAX),
        ..History::default()
    };
    loop {
        let page: Option<HistoryPage> = remote.poll(ApiVerb::History, &request).await?;
        let Some(page) = page else { continue };
        for event in &page.events {
            print(event, out)?;
        }
        // An open run always has a next page; without --follow, an empty one is the end.
        match page.next_event_id {
            Some(next) if args.follow || !page.events.is_empty() => {
                request.from_event_id = next;
                request.run_id = page.run_id;
            }
            Some(_) | None => return Ok(()),
        }
    }
}

fn print(event: &Event, out: Out) -> Result<(), Problem> {
    let shown = render::event(event);
    let line = || {
        let time = render::time(event.at);
        let brief = shown.get("attributes").map(render::brief).unwrap_or_default();
        format!("{:>5}  {time}  {}  {brief}", event.id, event.kind.name()).trim_end().to_owned()
    };
    out.either(|| shown.clone(), line())?;
    Ok(())
}
