//! Each kind of forbidden edge, and its allowed neighbour.

use super::*;

fn ours(name: &str) -> Dependency {
    Dependency {
        name: name.to_owned(),
        kind: None,
        optional: false,
        path: Some(format!("/crates/{name}")),
        features: Vec::new(),
        uses_default_features: true,
    }
}

fn other(name: &str) -> Dependency {
    Dependency { path: None, ..ours(name) }
}

fn dev(dependency: Dependency) -> Dependency {
    Dependency { kind: Some("dev".to_owned()), ..dependency }
}

fn found(name: &str, folder: Folder, dependency: Dependency) -> Vec<String> {
    let package = Package {
        name: name.to_owned(),
        manifest_path: String::new(),
        dependencies: vec![dependency],
    };
    let faults = faults(&package, folder);
    faults.into_iter().map(|(_, advice)| advice).collect()
}

#[track_caller]
fn refused(name: &str, dependency: Dependency, expected: &str) {
    let found = found(name, Folder::Crates, dependency);
    assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
}

#[track_caller]
fn allowed(name: &str, dependency: Dependency) {
    assert_eq!(found(name, Folder::Crates, dependency), [""; 0]);
}

#[test]
fn edges_point_one_way() {
    refused("steadfast-core", ours("steadfast-engine"), "may not depend on");
    refused("steadfast-engine", ours("steadfast-jetstream"), "may not depend on");
    refused("steadfast-nats", ours("steadfast-core"), "may not depend on");
    allowed("steadfast-engine", ours("steadfast-core"));
    allowed("steadfast", ours("steadfast-nats"));
}

#[test]
fn tests_may_reach_further_but_not_the_cores() {
    allowed("steadfast-jetstream", dev(ours("steadfast-nats")));
    refused("steadfast-core", dev(ours("steadfast-engine")), "may not depend on");
    allowed("steadfast-core", dev(ours("steadfast-core")));
    assert!(found("steadfast-e2e", Folder::Tests, ours("steadfast-sdk")).is_empty());
}

#[test]
fn the_sdk_embeds_the_engine_only_by_a_feature() {
    refused("steadfast-sdk", ours("steadfast-engine"), "optional feature");
    let optional = Dependency { optional: true, ..ours("steadfast-engine") };
    allowed("steadfast-sdk", optional);
}

#[test]
fn some_libraries_have_owners() {
    refused("steadfast-engine", other("async-nats"), "may name async-nats");
    refused("steadfast-native", other("ractor"), "may name ractor");
    refused("steadfast-native", other("tonic-build"), "may name tonic");
    refused("steadfast-engine", dev(other("async-nats")), "may name async-nats");
    allowed("steadfast-engine", other("ractor"));
    allowed("steadfast-jetstream", other("async-nats"));
    assert!(found("steadfast-e2e", Folder::Tests, other("async-nats")).is_empty());
    assert!(!found("steadfast-e2e", Folder::Tests, other("ractor")).is_empty());
}

#[test]
fn the_core_is_made_of_little() {
    refused("steadfast-core", other("tokio"), "small and pure");
    allowed("steadfast-core", other("serde"));
    allowed("steadfast-core", dev(other("proptest")));
    refused("steadfast-core", other("serde_json"), "small and pure");
    let test_kit = Dependency { optional: true, ..other("serde_json") };
    allowed("steadfast-core", test_kit);
    refused("steadfast-core", other("chrono"), "features default");
    let pure = Dependency { uses_default_features: false, ..other("chrono") };
    allowed("steadfast-core", pure);
    let random = Dependency { features: vec!["v5".to_owned(), "v4".to_owned()], ..other("uuid") };
    refused("steadfast-core", random, "features v4");
}

#[test]
fn a_new_crate_needs_a_row() {
    refused("steadfast-new", ours("steadfast-core"), "give the crate a row");
}
