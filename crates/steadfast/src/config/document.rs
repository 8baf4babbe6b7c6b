//! What is written about the configuration, made from the declarations in [`super::sections`]: the
//! annotated `steadfast.toml`, `README.md` beside it, and the texts of `steadfast config explain`.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    ENV_PREFIX,
    sections::{
        Callbacks, Durability, Engine, Events, Gateway, Jetstream, Limits, Native, Nats, Retention,
        Server, Telemetry, Visibility,
    },
    units::{Size, Time},
};

/// One key, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDoc {
    /// Its name in its section.
    pub name: &'static str,
    /// What it means.
    pub text: String,
    /// Its default, as TOML.
    pub default: String,
    /// What it may be.
    pub allowed: String,
}

/// One section, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionDoc {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub text: String,
    /// Its keys, in the order in which they are best read.
    pub keys: Vec<KeyDoc>,
}

/// A section of the configuration.
pub(crate) trait Section {
    /// What it is about, a line each.
    const ABOUT: &'static [&'static str];

    /// Its keys.
    fn keys() -> Vec<KeyDoc>;
}

/// A type of values, in words.
pub(crate) trait Allowed {
    /// What a value may be.
    fn allowed() -> String;
}

macro_rules! allowed {
    ($($kind:ty => $words:literal),+ $(,)?) => {
        $(impl Allowed for $kind {
            fn allowed() -> String {
                $words.to_owned()
            }
        })+
    };
}

allowed! {
    bool => "true or false",
    u32 => "a whole number",
    u64 => "a whole number",
    usize => "a whole number",
    f64 => "a number",
    String => "a text",
    Vec<String> => "a list of texts",
    Time => "a duration such as \"250ms\", \"30s\", \"1h30m\" or \"3d\"",
    Size => "a size such as \"64KiB\", \"16MiB\" or \"1GiB\"",
}

pub(crate) fn key_doc<T: Allowed + Serialize>(
    name: &'static str,
    lines: &[&str],
    default: &T,
) -> KeyDoc {
    KeyDoc { name, text: joined(lines), default: as_toml(default), allowed: T::allowed() }
}

/// A value as it stands in a TOML file.
pub(crate) fn as_toml<T: Serialize>(value: &T) -> String {
    // Values are plain scalars and lists of texts, which TOML always has a form for.
    toml::Value::try_from(value).map_or_else(|error| error.to_string(), |value| value.to_string())
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// All sections, in the order of the file.
pub fn section_docs() -> Vec<SectionDoc> {
    fn doc<S: Section>(name: &'static str) -> SectionDoc {
        SectionDoc { name, text: joined(S::ABOUT), keys: S::keys() }
    }
    vec![
        doc::<Server>("server"),
        doc::<Nats>("nats"),
        doc::<Durability>("durability"),
        doc::<Jetstream>("jetstream"),
        doc::<Engine>("engine"),
        doc::<Limits>("limits"),
        doc::<Native>("native"),
        doc::<Gateway>("gateway"),
        doc::<Callbacks>("callbacks"),
        doc::<Events>("events"),
        doc::<Visibility>("visibility"),
        doc::<Retention>("retention"),
        doc::<Telemetry>("telemetry"),
    ]
}

/// All keys, as `section.key`.
pub fn keys() -> Vec<String> {
    let path = |section: &SectionDoc| {
        let name = section.name;
        section.keys.iter().map(move |key| format!("{name}.{}", key.name)).collect::<Vec<_>>()
    };
    section_docs().iter().flat_map(path).collect()
}

/// The environment variable of a key.
pub(crate) fn variable(section: &str, key: &str) -> String {
    format!("{ENV_PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

/// `config/steadfast.toml`: every key with its default and what it means.
pub fn template() -> String {
    let mut out = String::from(
        "# Steadfast's configuration with every key at its default; a file needs only what differs.\n\
         # Made from the code: change crates/steadfast/src/config/sections.rs, then run\n\
         # UPDATE_EXPECT=1 cargo test -p steadfast config\n\
         # Order: defaults < this file < environment (STEADFAST__SECTION__KEY) < flags.\n",
    );
    for section in section_docs() {
        let _ = writeln!(out);
        comment(&mut out, &section.text);
        let _ = writeln!(out, "[{}]", section.name);
        for (place, key) in section.keys.iter().enumerate() {
            if place > 0 {
                let _ = writeln!(out);
            }
            comment(&mut out, &format!("{} Allowed: {}.", key.text, key.allowed));
            let _ = writeln!(out, "{} = {}", key.name, key.default);
        }
    }
    out
}

/// `config/README.md`: every key in a table.
pub fn readme() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         Made from the code, like [steadfast.toml](steadfast.toml) beside it: change\n\
         `crates/steadfast/src/config/sections.rs`, then `UPDATE_EXPECT=1 cargo test -p steadfast config`.\n\n\
         A value comes from the first of these that has it:\n\n\
         1. a flag: `--set section.key=value` on `steadfast server`, `dev` and `config`, and the flags\n\
         \u{20}  that `steadfast dev --help` lists;\n\
         2. the environment: `STEADFAST__SECTION__KEY`, two underscores between the parts;\n\
         3. the file given as `--config FILE`;\n\
         4. the default.\n\n\
         `steadfast config show` prints the values in force and where each comes from,\n\
         `steadfast config explain KEY` what one means. A key that does not exist, or a value that is\n\
         not allowed, stops the start with the file, the line and what is allowed.\n",
    );
    for section in section_docs() {
        let _ = write!(out, "\n## `[{}]`\n\n{}\n\n", section.name, section.text);
        let _ = writeln!(out, "| key | default | allowed | meaning |");
        let _ = writeln!(out, "|---|---|---|---|");
        for key in &section.keys {
            let _ = writeln!(
                out,
                "| `{}` | `{}` | {} | {} |",
                key.name, key.default, key.allowed, key.text
            );
        }
    }
    out
}

/// Wraps a text into comment lines.
fn comment(out: &mut String, text: &str) {
    const COLUMNS: usize = 98;
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "{line}");
}
