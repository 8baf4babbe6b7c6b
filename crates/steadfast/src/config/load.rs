//! Reading the sources and laying them over each other.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    error::Kind,
    providers::{Format, Serialized, Toml},
};

use super::{
    Config, ConfigError, ENV_PREFIX,
    document::{keys, variable},
    problem::{advice, allowed, place},
};

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those without our prefix are passed over.
    pub environment: Vec<(String, String)>,
    /// Flags, as `section.key=value`.
    pub sets: Vec<String>,
}

impl Sources {
    /// A file and flags, with this process's environment.
    pub fn with_environment(file: Option<PathBuf>, sets: Vec<String>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self { file, environment: std::env::vars_os().filter_map(text).collect(), sets }
    }

    /// Where each key that is not at its default comes from.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn origins(&self) -> Result<BTreeMap<String, String>, ConfigError> {
        let file = self.file.as_deref().map(read).transpose()?;
        let mut origins = BTreeMap::new();
        if let (Some(path), Some(text)) = (&self.file, &file) {
            for key in keys().into_iter().filter(|key| is_set(text, key)) {
                let origin = place(path, text, &key);
                origins.insert(key, origin);
            }
        }
        for overlay in self.overlays()? {
            origins.insert(overlay.key, overlay.origin);
        }
        Ok(origins)
    }

    /// Environment and flags, in the order in which they win.
    fn overlays(&self) -> Result<Vec<Overlay>, ConfigError> {
        let known = keys();
        let mut overlays = Vec::new();
        for (name, value) in &self.environment {
            if !name.starts_with(ENV_PREFIX) {
                continue;
            }
            let key = name[ENV_PREFIX.len()..].to_lowercase().replace("__", ".");
            overlays.push(Overlay::new(&known, name.clone(), key, value)?);
        }
        for set in &self.sets {
            let (key, value) =
                set.split_once('=').ok_or_else(|| ConfigError::BadSet(set.clone()))?;
            let key = key.trim().to_owned();
            overlays.push(Overlay::new(&known, "a flag".to_owned(), key, value)?);
        }
        Ok(overlays)
    }
}

/// One value that lies over the file.
struct Overlay {
    origin: String,
    key: String,
    value: toml::Value,
}

impl Overlay {
    fn new(known: &[String], origin: String, key: String, text: &str) -> Result<Self, ConfigError> {
        if !known.contains(&key) {
            return Err(ConfigError::UnknownKey { origin, advice: advice(&key), key });
        }
        let value = value_like(&default_of(&key), text);
        Ok(Self { origin, key, value })
    }
}

/// The text as a value of the default's type; what does not fit stays text and is refused later.
fn value_like(default: &toml::Value, text: &str) -> toml::Value {
    let as_text = toml::Value::String(text.to_owned());
    match default {
        toml::Value::String(_) | toml::Value::Datetime(_) => as_text,
        toml::Value::Array(_) if !text.trim_start().starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
        toml::Value::Float(_) => text.trim().parse().map_or(as_text, toml::Value::Float),
        toml::Value::Integer(_)
        | toml::Value::Boolean(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => toml::from_str::<toml::Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or(as_text),
    }
}

fn default_of(key: &str) -> toml::Value {
    let fallback = toml::Value::String(String::new());
    let Ok(defaults) = toml::Value::try_from(Config::default()) else {
        return fallback;
    };
    let found = key.split('.').try_fold(&defaults, |value, part| value.get(part));
    found.cloned().unwrap_or(fallback)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

fn is_set(text: &str, key: &str) -> bool {
    let Ok(table) = toml::from_str::<toml::Value>(text) else {
        return false;
    };
    key.split('.').try_fold(&table, |value, part| value.get(part)).is_some()
}

pub(super) fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    let mut file = None;
    if let Some(path) = &sources.file {
        let text = read(path)?;
        if let Err(error) = toml::from_str::<toml::Table>(&text) {
            let message = error.to_string().trim_end().to_owned();
            return Err(ConfigError::Syntax { path: path.clone(), message });
        }
        figment = figment.merge(Toml::string(&text));
        file = Some((path.as_path(), text));
    }
    let overlays = sources.overlays()?;
    for overlay in &overlays {
        figment = figment.merge((overlay.key.as_str(), overlay.value.clone()));
    }
    let origin = |key: &str| -> String {
        let overlay = overlays.iter().rev().find(|overlay| overlay.key == key);
        match (overlay, &file) {
            (Some(overlay), _) => overlay.origin.clone(),
            (None, Some((path, text))) => place(path, text, key),
            (None, None) => "the configuration".to_owned(),
        }
    };
    let config: Config = figment.extract().map_err(|error| refused(error, &origin))?;
    config.check().map_err(|(key, reason)| ConfigError::BadValue {
        origin: origin(key),
        key: key.to_owned(),
        reason,
        allowed: allowed(key),
    })?;
    Ok(config)
}

fn refused(error: figment::Error, origin: &dyn Fn(&str) -> String) -> ConfigError {
    let mut path = error.path.clone();
    if let Kind::UnknownField(field, _) = &error.kind {
        if path.last() != Some(field) {
            path.push(field.clone());
        }
        let key = path.join(".");
        return ConfigError::UnknownKey { origin: origin(&key), advice: advice(&key), key };
    }
    // A list's element has its place as the last part.
    while path.len() > 2 {
        path.pop();
    }
    let key = path.join(".");
    let reason = reason(&error.kind);
    ConfigError::BadValue { origin: origin(&key), reason, allowed: allowed(&key), key }
}

/// What is wrong with a value, where figment's own words can be bettered.
fn reason(kind: &Kind) -> String {
    if let Kind::UnknownVariant(word, _) = kind {
        return format!("there is no \"{word}\"");
    }
    if let Kind::InvalidType(actual, expected) = kind {
        return format!("{actual} where {expected} is expected");
    }
    kind.to_string()
}

/// The environment variable that sets a key.
pub fn variable_of(key: &str) -> String {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    variable(section, name)
}
