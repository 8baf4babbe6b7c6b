//! `steadfast events`: the feed of all workflows' events, decoded.

use std::time::SystemTime;

use async_nats::{
    Client,
    jetstream::{
        self, Message,
        consumer::{DeliverPolicy, pull::OrderedConfig},
    },
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use steadfast_core::Record;
use steadfast_protocol::{
    header,
    record::{self, Contents},
    subject::{self, RunSubject, Token},
};

use super::{args::Connection, output::Out, problem::Problem};
use crate::{config::units::Time, render};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Only this namespace.
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Only this workflow type.
    #[arg(long, value_name = "NAME")]
    r#type: Option<String>,
    /// Only this workflow.
    #[arg(short, long, value_name = "ID")]
    workflow_id: Option<String>,
    /// From where: `now`, `beginning`, a duration ago such as `1h`, or a time such as
    /// 2026-11-23T10:00:00Z.
    #[arg(long, default_value = "now", value_parser = parse_from)]
    from: From,
    /// Go on with what comes (the default).
    #[arg(long, overrides_with = "no_follow")]
    follow: bool,
    /// End when all that is there has been printed.
    #[arg(long)]
    no_follow: bool,
    /// End after so many events.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Now,
    Beginning,
    Ago(Time),
    At(jiff::Timestamp),
}

fn parse_from(text: &str) -> Result<From, String> {
    match text {
        "now" => return Ok(From::Now),
        "beginning" => return Ok(From::Beginning),
        _ => {}
    }
    if let Ok(time) = text.parse() {
        return Ok(From::Ago(time));
    }
    text.parse().map(From::At).map_err(|_| {
        "write `now`, `beginning`, a duration such as `1h`, or a time such as 2026-11-23T10:00:00Z"
            .to_owned()
    })
}

impl From {
    fn policy(self) -> Result<DeliverPolicy, Problem> {
        let nanos = match self {
            Self::Now => return Ok(DeliverPolicy::New),
            Self::Beginning => return Ok(DeliverPolicy::All),
            Self::At(time) => time.as_nanosecond(),
            Self::Ago(time) => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let start = now.unwrap_or_default().saturating_sub(time.0);
                i128::try_from(start.as_nanos()).unwrap_or(i128::MAX)
            }
        };
        async_nats::datetime::from_nanos(nanos)
            .map(|start_time| DeliverPolicy::ByStartTime { start_time })
            .map_err(|error| Problem::usage("--from is out of range").because(&*error))
    }
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let client = crate::nats::connect(&args.connection).await?;
    let context = jetstream::new(client.clone());
    let stream = context.get_stream(subject::EVENTS_STREAM).await.map_err(|error| {
        Problem::failed(format!("cannot open the event feed {}", subject::EVENTS_STREAM))
            .because(&error)
            .advice("Steadfast makes it at its first start, unless events.enabled = false")
    })?;
    let config = OrderedConfig {
        filter_subject: subject::events_filter(
            args.namespace.as_deref(),
            args.r#type.as_deref(),
            args.workflow_id.as_deref(),
            None,
        ),
        deliver_policy: args.from.policy()?,
        ..OrderedConfig::default()
    };
    let lost =
        |error: &dyn std::error::Error| Problem::failed("lost the event feed").because(error);
    let consumer = stream.create_consumer(config).await.map_err(|error| lost(&error))?;
    let mut pending = consumer.cached_info().num_pending;
    let follow = args.follow || !args.no_follow;
    let mut messages = consumer.messages().await.map_err(|error| lost(&error))?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 && (follow || pending > 0) {
        let message = tokio::select! {
            message = messages.next() => message,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(message) = message else { break };
        let message = message.map_err(|error| lost(&error))?;
        pending = message.info().map_or(0, |info| info.pending);
        print(&client, &message, &mut left, out).await?;
    }
    Ok(())
}

async fn print(
    client: &Client,
    message: &Message,
    left: &mut u64,
    out: Out,
) -> Result<(), Problem> {
    let place = message.info().map(|info| info.stream_sequence).unwrap_or_default();
    let run = subject::parse_events(&message.subject)
        .map_err(|error| Problem::failed("the feed holds something else").because(&error))?;
    let record = match record::read(&message.payload) {
        Ok(Contents::Record(record)) => record,
        Ok(Contents::Object(object)) => fetch(client, &object).await?,
        Err(error) => {
            // One unreadable record hides no other.
            out.remark(format!("warning: record {place} of {}: {error}", message.subject));
            return Ok(());
        }
    };
    let told = |name| message.headers.as_ref()?.get(name).map(ToString::to_string);
    let (status, trace) = (told(header::STATUS), told(header::TRACEPARENT));
    for event in record.events() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let shown = render::event(event);
        if out.is_json() {
            out.value(&as_json(&run, shown, place, status.as_deref(), trace.as_deref()))?;
        } else {
            out.line(as_line(&run, &shown))?;
        }
    }
    Ok(())
}

async fn fetch(client: &Client, object: &record::ObjectRef) -> Result<Record, Problem> {
    let failed = |error: &dyn std::error::Error| {
        Problem::failed(format!("cannot read the large record {}", object.name)).because(error)
    };
    let bucket = jetstream::new(client.clone())
        .get_object_store(subject::PAYLOAD_BUCKET)
        .await
        .map_err(|error| failed(&error))?;
    let mut stored = bucket.get(&object.name).await.map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stored, &mut bytes)
        .await
        .map_err(|error| failed(&error))?;
    object.check(&bytes).map_err(|error| failed(&error))?;
    record::decode(&bytes).map_err(|error| failed(&error))
}

fn text(token: &Token) -> &str {
    match token {
        Token::Text(text) => text,
        Token::Hashed(hash) => hash,
    }
}

fn as_json(
    run: &RunSubject,
    mut event: Value,
    place: u64,
    status: Option<&str>,
    trace: Option<&str>,
) -> Value {
    let more = json!({
        "namespace": text(&run.namespace),
        "workflow_type": text(&run.workflow_type),
        "workflow_id": text(&run.workflow_id),
        "run_id": text(&run.run_id),
        "status": status,
        "traceparent": trace,
        "sequence": place,
    });
    if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
        event.extend(more);
    }
    event
}

/// `10:23:07.123 shop Order order-1 3f2a #5 ActivityTaskScheduled activity_type=charge`.
fn as_line(run: &RunSubject, event: &Value) -> String {
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = field("time").get(11..23).unwrap_or_default();
    let run_id: String = text(&run.run_id).chars().take(8).collect();
    let id = event.get("event_id").and_then(Value::as_i64).unwrap_or_default();
    let brief = event.get("attributes").map(render::brief).unwrap_or_default();
    let (namespace, kind) = (text(&run.namespace), text(&run.workflow_type));
    let workflow = text(&run.workflow_id);
    let line =
        format!("{time} {namespace} {kind} {workflow} {run_id} #{id} {} {brief}", field("type"));
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
