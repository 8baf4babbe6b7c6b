//! `steadfast dev`: a server for development, with its own nats-server and data folder.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use steadfast_core::AttributeType;

use super::{args::Configuration, output::Out, problem::Problem};
use crate::{
    config::{Config, Sources, sections::LogFormat},
    dev::{self, SearchAttribute, Setup},
    dev_file::DEFAULT_FOLDER,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    configuration: Configuration,
    /// The address that everything listens on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
    /// The port for Temporal's gRPC API; 0 is a free one.
    #[arg(short, long, default_value_t = 7233)]
    port: u16,
    /// The port for metrics and health; 0 is a free one.
    #[arg(long, default_value_t = 7243)]
    http_port: u16,
    /// The port for the console. Accepted, and not served yet: the console is not built.
    #[arg(long)]
    ui_port: Option<u16>,
    /// A namespace that exists beside `default`; repeatable.
    #[arg(short, long, value_name = "NAME")]
    namespace: Vec<String>,
    /// A search attribute, as KEY=TYPE; repeatable.
    #[arg(long, value_name = "KEY=TYPE")]
    search_attribute: Vec<SearchAttribute>,
    /// What is logged: a level, or directives such as `info,steadfast_engine=debug`.
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How logs look.
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// Where everything is kept; a second start goes on with it.
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_FOLDER)]
    data_dir: PathBuf,
    /// Keep nothing: a temporary folder that goes away with the server.
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,
    /// The port of the nats-server that is started; 0 is a free one.
    #[arg(long, default_value_t = 4222)]
    nats_port: u16,
    /// Use this NATS, and start none.
    #[arg(long, value_name = "URL", conflicts_with = "nats_port")]
    nats_url: Option<String>,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let sources = Sources::with_environment(args.configuration.config.clone(), overlay(&args));
    let mut config = Config::load(&sources)?;
    for namespace in &args.namespace {
        if !config.server.namespaces.contains(namespace) {
            config.server.namespaces.push(namespace.clone());
        }
    }
    for remark in not_built_yet(&args) {
        out.remark(remark);
    }
    let setup = Setup {
        ip: args.ip,
        nats_port: args.nats_port,
        nats_url: args.nats_url,
        data_dir: (!args.ephemeral).then_some(args.data_dir),
        search_attributes: args.search_attribute,
    };
    Box::pin(dev::run(config, setup, out)).await
}

/// The flags that stand for keys, under what `--set` says.
fn overlay(args: &Args) -> Vec<String> {
    let http = SocketAddr::new(args.ip, args.http_port);
    let grpc = SocketAddr::new(args.ip, args.port);
    let mut sets = vec![format!("server.http_address={http}"), format!("gateway.address={grpc}")];
    let text = |key: &str, value: Option<&str>| value.map(|value| format!("{key}={value}"));
    sets.extend(text("telemetry.log_level", args.log_level.as_deref()));
    sets.extend(text("telemetry.log_format", args.log_format.map(LogFormat::as_str)));
    sets.extend(args.configuration.set.iter().cloned());
    sets
}

fn not_built_yet(args: &Args) -> Vec<String> {
    let ui = args
        .ui_port
        .map(|port| format!("note: --ui-port {port} is not served: the console is not built yet"));
    ui.into_iter().collect()
}

impl FromStr for SearchAttribute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let types = AttributeType::ALL;
        let known = || {
            format!(
                "write it as KEY=TYPE, TYPE one of {}",
                types.map(AttributeType::name).join(", ")
            )
        };
        let (key, kind) = text.split_once('=').ok_or_else(known)?;
        let named = |known: &AttributeType| known.name().eq_ignore_ascii_case(kind);
        let kind = types.into_iter().find(named).ok_or_else(known)?;
        if key.is_empty() {
            return Err(known());
        }
        Ok(Self { key: key.to_owned(), kind })
    }
}
