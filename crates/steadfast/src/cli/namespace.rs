//! `steadfast namespace register | list | describe`: the settings in the bucket `SF_CONFIG`.

use clap::Subcommand;
use serde_json::{Value, json};
use steadfast_jetstream::namespaces::{Described, NamespaceError, Namespaces, Settings};

use super::{
    args::Connection,
    output::{Out, table},
    problem::Problem,
};
use crate::config::units::Time;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a namespace.
    Register {
        /// Its name.
        name: String,
        /// How long closed runs are kept.
        #[arg(long, value_name = "DURATION", default_value = "3d")]
        retention: Time,
        /// For people.
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List all namespaces.
    List {
        #[command(flatten)]
        connection: Connection,
    },
    /// Show a namespace's settings.
    Describe {
        /// Its name.
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    match args.verb {
        Verb::Register { name, retention, description, connection } => {
            let retention_secs = retention.0.as_secs();
            let settings = Settings { retention_secs, description, ..Settings::new(name.as_str()) };
            open(&connection).await?.register(&settings).await.map_err(refused)?;
            Ok(out.either(|| as_json(&settings), format!("registered {name}"))?)
        }
        Verb::List { connection } => list(&open(&connection).await?, out).await,
        Verb::Describe { name, connection } => {
            let namespaces = open(&connection).await?;
            let found = namespaces.describe(&name.as_str().into()).await.map_err(refused)?;
            Ok(out.either(|| as_json(&found.settings), as_text(&found.settings))?)
        }
    }
}

async fn open(connection: &Connection) -> Result<Namespaces, Problem> {
    let client = crate::nats::connect(connection).await?;
    Namespaces::open(&async_nats::jetstream::new(client)).await.map_err(refused)
}

fn refused(error: NamespaceError) -> Problem {
    let problem = Problem::failed("cannot do that").because(&error);
    match error {
        NamespaceError::Exists(_) => problem.advice("`steadfast namespace describe` shows it"),
        NamespaceError::NotFound(_) => problem.advice("`steadfast namespace list` shows all"),
        NamespaceError::Conflict(_) => problem.advice("try again"),
        NamespaceError::Corrupt { .. } => problem.advice("look at it with `nats kv get SF_CONFIG`"),
        NamespaceError::Unavailable(_) => problem
            .advice("has Steadfast been started on this NATS? its first start makes the bucket"),
    }
}

async fn list(namespaces: &Namespaces, out: Out) -> Result<(), Problem> {
    let found = namespaces.list().await.map_err(refused)?;
    if out.is_json() {
        let all = found.iter().map(|found: &Described| as_json(&found.settings)).collect();
        return Ok(out.value(&Value::Array(all))?);
    }
    let row = |found: &Described| {
        let settings = &found.settings;
        let retention = Time(settings.retention()).to_string();
        vec![settings.name.to_string(), retention, settings.description.clone()]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    Ok(out.line(table(&["NAME", "RETENTION", "DESCRIPTION"], &rows))?)
}

fn as_json(settings: &Settings) -> Value {
    json!(settings)
}

fn as_text(settings: &Settings) -> String {
    let retention = Time(settings.retention());
    let mut lines = vec![
        format!("namespace    {}", settings.name),
        format!("id           {}", settings.id),
        format!("retention    {retention}"),
        format!("description  {}", settings.description),
        format!("owner        {}", settings.owner_email),
    ];
    lines.extend(settings.data.iter().map(|(key, value)| format!("data         {key} = {value}")));
    lines.join("\n")
}
