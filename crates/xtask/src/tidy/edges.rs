//! Who may depend on whom: the architecture as a table.

use std::fs;

use serde::Deserialize;

use super::Finding;
use crate::cargo;

/// What each of our crates may depend on among ours. `steadfast` and the crates under `tests/` may
/// depend on any, and so may tests (dev-dependencies) of any crate but the core.
const OURS: [(&str, &[&str]); 12] = [
    ("steadfast-core", &[]),
    ("steadfast-protocol", &["steadfast-core"]),
    ("steadfast-engine", &["steadfast-core"]),
    ("steadfast-jetstream", &["steadfast-core", "steadfast-engine", "steadfast-protocol"]),
    ("steadfast-native", &["steadfast-core", "steadfast-engine", "steadfast-protocol"]),
    ("steadfast-visibility", &["steadfast-core", "steadfast-engine"]),
    ("steadfast-temporal-api", &[]),
    (
        "steadfast-gateway",
        &["steadfast-core", "steadfast-engine", "steadfast-visibility", "steadfast-temporal-api"],
    ),
    ("steadfast-telemetry", &[]),
    ("steadfast-nats", &[]),
    ("steadfast-sdk", &["steadfast-core", "steadfast-engine", "steadfast-protocol"]),
    ("xtask", &[]),
];

/// Edges that only an optional feature may draw.
const OPTIONAL: [(&str, &str); 1] = [("steadfast-sdk", "steadfast-engine")];

/// Libraries that only some crates may name; `tests/` stands for every crate under it.
const KEPT: [(&str, &[&str]); 5] = [
    (
        "async-nats",
        &["steadfast-jetstream", "steadfast-native", "steadfast-sdk", "steadfast", "tests/"],
    ),
    ("ractor", &["steadfast-engine"]),
    ("tonic", &["steadfast-gateway", "steadfast-temporal-api", "tests/"]),
    ("prost", &["steadfast-gateway", "steadfast-temporal-api", "tests/"]),
    ("rusqlite", &["steadfast-visibility"]),
];

/// Everything that the core is made of: small and pure, with the features that would make it impure.
const CORE: [(&str, &[&str]); 8] = [
    ("bytes", &[]),
    ("serde", &[]),
    ("serde_bytes", &[]),
    ("thiserror", &[]),
    ("croner", &[]),
    // Calendars and time zones for cron; the core is told what time it is.
    ("chrono", &["default", "clock", "now"]),
    ("chrono-tz", &[]),
    // Ids derived from other ids; the core is given the random ones.
    ("uuid", &["v1", "v4", "v6", "v7"]),
];

/// What the core's test kit needs beside: optional, and only its feature switches it on.
const CORE_TEST_KIT: [&str; 1] = ["serde_json"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One of our crates, as `cargo metadata` describes it.
#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    #[serde(default)]
    optional: bool,
    path: Option<String>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    uses_default_features: bool,
}

impl Dependency {
    fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }

    fn is_ours(&self) -> bool {
        self.path.is_some()
    }
}

/// Checks every dependency that our manifests name.
pub(crate) fn check() -> anyhow::Result<Vec<Finding>> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let metadata = cargo::output(cargo::command(&arguments))?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let manifest = Manifest::read(package);
        for advice in faults(package, manifest.folder()) {
            findings.push(manifest.finding(advice));
        }
    }
    Ok(findings)
}

/// What is wrong with a package's dependencies: the dependency, and what to do.
fn faults(package: &Package, folder: Folder) -> Vec<(String, String)> {
    let free = folder == Folder::Tests || package.name == "steadfast";
    let row = OURS.iter().find(|(name, _)| *name == package.name);
    if row.is_none() && !free {
        let advice = "give the crate a row in crates/xtask/src/tidy/edges.rs".to_owned();
        return vec![(package.name.clone(), advice)];
    }
    let allowed = row.map_or(&[][..], |(_, allowed)| allowed);
    let fault = |dependency: &Dependency| {
        let advice = if dependency.is_ours() {
            if free {
                return None;
            }
            our_fault(package, dependency, allowed)
        } else {
            other_fault(package, dependency, folder)
        };
        Some((dependency.name.clone(), advice?))
    };
    package.dependencies.iter().filter_map(fault).collect()
}

fn our_fault(package: &Package, dependency: &Dependency, allowed: &[&str]) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    // A crate's tests may use the crate itself with its test kit's feature.
    if dependency.is_dev() && (from != "steadfast-core" || to == from) {
        return None;
    }
    if !allowed.contains(&to) {
        return Some(format!(
            "{from} may not depend on {to}: move what both need down, or turn the edge round"
        ));
    }
    let optional = OPTIONAL.contains(&(from, to));
    (optional && !dependency.optional)
        .then(|| format!("{from} may depend on {to} only as an optional feature"))
}

fn other_fault(package: &Package, dependency: &Dependency, folder: Folder) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    if from == "steadfast-core" && !dependency.is_dev() {
        return core_fault(dependency);
    }
    let family = |kept: &str| to == kept || to.starts_with(&format!("{kept}-"));
    let (kept, owners) = KEPT.iter().find(|(kept, _)| family(kept))?;
    let owner = owners.contains(&from) || (folder == Folder::Tests && owners.contains(&"tests/"));
    (!owner).then(|| format!("only {} may name {kept}", owners.join(", ")))
}

fn core_fault(dependency: &Dependency) -> Option<String> {
    let to = dependency.name.as_str();
    if dependency.optional && CORE_TEST_KIT.contains(&to) {
        return None;
    }
    let Some((_, impure)) = CORE.iter().find(|(name, _)| *name == to) else {
        return Some(format!(
            "the core is small and pure: do without {to}, or add it to CORE in \
             crates/xtask/src/tidy/edges.rs and say why"
        ));
    };
    let default = dependency.uses_default_features.then_some("default");
    let features = dependency.features.iter().map(String::as_str).chain(default);
    let impure: Vec<&str> = features.filter(|f| impure.contains(f)).collect();
    (!impure.is_empty())
        .then(|| format!("the core is pure: switch off {to}'s features {}", impure.join(", ")))
}

/// Where a package lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folder {
    Crates,
    Tests,
}

/// A manifest's text, to find lines in.
struct Manifest {
    path: String,
    text: String,
}

impl Manifest {
    fn read(package: &Package) -> Self {
        let root = format!("{}/", cargo::root().display());
        let path = package.manifest_path.replace(&root, "");
        let text = fs::read_to_string(&package.manifest_path).unwrap_or_default();
        Self { path, text }
    }

    fn folder(&self) -> Folder {
        if self.path.starts_with("tests/") { Folder::Tests } else { Folder::Crates }
    }

    fn finding(&self, (name, advice): (String, String)) -> Finding {
        let names = |line: &str| line.starts_with(&name) || line.contains(&format!("\"{name}\""));
        let line = self.text.lines().position(names).map_or(1, |index| index + 1);
        Finding { path: self.path.clone(), line, advice }
    }
}

#[cfg(test)]
mod tests;
