//! `steadfast config show | explain`.

use clap::Subcommand;
use serde_json::json;

use super::{args::Configuration, output::Out, problem::Problem};
use crate::config::{Config, KeyDoc, Sources, keys, section_docs, variable_of};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the values in force, and where those come from that are not defaults.
    Show(Configuration),
    /// Say what a key means; without a key, list all of them.
    Explain {
        /// The key, such as `server.partitions`.
        key: Option<String>,
        #[command(flatten)]
        configuration: Configuration,
    },
}

pub(super) fn run(args: Args, out: Out) -> Result<(), Problem> {
    match args.command {
        Command::Show(configuration) => show(configuration, out),
        Command::Explain { key: Some(key), configuration } => explain(&key, configuration, out),
        Command::Explain { key: None, .. } => list(out),
    }
}

fn loaded(configuration: Configuration) -> Result<(toml::Value, Sources), Problem> {
    let sources = Sources::with_environment(configuration.config, configuration.set);
    let mut config = Config::load(&sources)?;
    for secret in [&mut config.nats.password, &mut config.nats.token] {
        if !secret.is_empty() {
            *secret = "(hidden)".to_owned();
        }
    }
    let value = toml::Value::try_from(config)
        .map_err(|error| Problem::failed("failed to print the configuration").because(&error))?;
    Ok((value, sources))
}

fn show(configuration: Configuration, out: Out) -> Result<(), Problem> {
    let (value, sources) = loaded(configuration)?;
    let origins = sources.origins()?;
    if out.is_json() {
        return Ok(out.value(&json!({"config": value, "origins": origins}))?);
    }
    for section in section_docs() {
        out.line(format!("[{}]", section.name))?;
        for key in &section.keys {
            let path = format!("{}.{}", section.name, key.name);
            let Some(current) = at(&value, &path) else {
                continue;
            };
            let origin = origins.get(&path).map_or_else(String::new, |from| format!("  # {from}"));
            out.line(format!("{} = {current}{origin}", key.name))?;
        }
        out.line("")?;
    }
    Ok(())
}

fn at<'a>(value: &'a toml::Value, path: &str) -> Option<&'a toml::Value> {
    path.split('.').try_fold(value, |value, part| value.get(part))
}

fn find(path: &str) -> Result<KeyDoc, Problem> {
    let (section, name) = path.split_once('.').unwrap_or((path, ""));
    section_docs()
        .into_iter()
        .find(|doc| doc.name == section)
        .and_then(|doc| doc.keys.into_iter().find(|key| key.name == name))
        .ok_or_else(|| {
            Problem::usage(format!("there is no key `{path}`"))
                .advice(crate::config::advice_for(path))
        })
}

fn explain(path: &str, configuration: Configuration, out: Out) -> Result<(), Problem> {
    let key = find(path)?;
    let (value, sources) = loaded(configuration)?;
    let origin = sources.origins()?.remove(path).unwrap_or_else(|| "the default".to_owned());
    let current = at(&value, path).map(ToString::to_string).unwrap_or_default();
    let variable = variable_of(path);
    if out.is_json() {
        return Ok(out.value(&json!({
            "key": path, "meaning": key.text, "allowed": key.allowed, "default": key.default,
            "variable": variable, "value": current, "origin": origin,
        }))?);
    }
    out.line(format!("{path}: {}", key.text))?;
    out.line(format!("  allowed      {}", key.allowed))?;
    out.line(format!("  default      {}", key.default))?;
    out.line(format!("  now          {current} (from {origin})"))?;
    Ok(out.line(format!("  environment  {variable}"))?)
}

fn list(out: Out) -> Result<(), Problem> {
    if out.is_json() {
        return Ok(out.value(&json!(keys()))?);
    }
    for section in section_docs() {
        out.line(format!("[{}] {}", section.name, section.text))?;
        for key in section.keys {
            out.line(format!("  {} = {}\n      {}", key.name, key.default, key.text))?;
        }
    }
    Ok(())
}
