//! The documents are those of the code; bad configurations are refused with what to mend.

use std::path::PathBuf;

use expect_test::{Expect, expect, expect_file};

use super::*;

#[test]
fn the_annotated_file_is_made_from_the_code() {
    expect_file!["../../../../config/steadfast.toml"].assert_eq(&template());
}

#[test]
fn the_documentation_is_made_from_the_code() {
    expect_file!["../../../../config/README.md"].assert_eq(&readme());
}

#[test]
fn the_annotated_file_is_the_default() {
    let config: Config = toml::from_str(&template()).unwrap();
    assert_eq!(config, Config::default());
}

#[test]
fn every_key_is_documented_and_no_other() {
    let defaults = toml::Value::try_from(Config::default()).unwrap();
    let mut actual = Vec::new();
    for (section, table) in defaults.as_table().unwrap() {
        actual.extend(table.as_table().unwrap().keys().map(|key| format!("{section}.{key}")));
    }
    let mut documented = keys();
    actual.sort();
    documented.sort();
    assert_eq!(actual, documented);
}

fn from_file(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steadfast.toml");
    std::fs::write(&file, text).unwrap();
    let sources = Sources { file: Some(file), ..Sources::default() };
    let folder = format!("{}/", folder.path().display());
    Config::load(&sources).map_err(|error| error.to_string().replace(&folder, ""))
}

fn refused(text: &str, message: Expect) {
    message.assert_eq(&from_file(text).unwrap_err());
}

#[test]
fn a_file_lies_over_the_defaults() {
    let config = from_file("[server]\npartitions = 8\n[engine]\nidle_after = \"1m30s\"\n").unwrap();
    assert_eq!(config.server.partitions, 8);
    assert_eq!(config.engine.idle_after, units::Time::secs(90));
    assert_eq!(config.nats, sections::Nats::default());
}

#[test]
fn environment_lies_over_the_file_and_flags_over_both() {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut sources = Sources {
        environment: vec![
            variable("STEADFAST__SERVER__PARTITIONS", "16"),
            variable("STEADFAST__NATS__USER", "7"),
            variable("STEADFAST__SERVER__NAMESPACES", "shop, default"),
            variable("STEADFAST_NATS_URL", "not ours"),
        ],
        ..Sources::default()
    };
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.server.partitions, 16);
    assert_eq!(config.nats.user, "7");
    assert_eq!(config.server.namespaces, ["shop", "default"]);
    sources.sets.push("server.partitions=2".to_owned());
    assert_eq!(Config::load(&sources).unwrap().server.partitions, 2);
    assert_eq!(sources.origins().unwrap()["server.partitions"], "a flag");
}

#[rustfmt::skip] // a line per case
#[test]
fn mistakes_in_a_file_are_named() {
    refused("[server]\n\npartition = 3\n", expect!["steadfast.toml:3: unknown key `server.partition`; did you mean `server.partitions`?"]);
    refused("[sevrer]\nx = 3\n", expect!["steadfast.toml:1: unknown key `sevrer`; the sections are server, nats, durability, jetstream, engine, limits, native, gateway, callbacks, events, visibility, retention, telemetry"]);
    refused("[retention]\nfoo_bar_baz = 3\n", expect!["steadfast.toml:2: unknown key `retention.foo_bar_baz`; [retention] has closed_runs, sweep_every"]);
    refused("[server]\npartitions = \"many\"\n", expect![[r#"steadfast.toml:2: bad value for `server.partitions`: string "many" where u32 is expected; allowed: a whole number"#]]);
    refused("[server]\npartitions = 0\n", expect!["steadfast.toml:2: bad value for `server.partitions`: 0 is too small, 1 is the least; allowed: a whole number"]);
    refused("server = 3\n", expect!["steadfast.toml:1: bad value for `server`: signed int `3` where struct Server is expected; allowed: a table of keys"]);
    refused("[engine]\nidle_after = \"3 parsecs\"\n", expect![[r#"steadfast.toml:2: bad value for `engine.idle_after`: "3 parsecs" is not a duration; allowed: a duration such as "250ms", "30s", "1h30m" or "3d""#]]);
    refused("[engine]\nidle_after = 30\n", expect![[r#"steadfast.toml:2: bad value for `engine.idle_after`: "30" is not a duration; allowed: a duration such as "250ms", "30s", "1h30m" or "3d""#]]);
    refused("[durability]\nsync = \"sometimes\"\n", expect![[r#"steadfast.toml:2: bad value for `durability.sync`: there is no "sometimes"; allowed: one of "always", "lazy""#]]);
    refused("[durability]\nreplicas = 2\n", expect!["steadfast.toml:2: bad value for `durability.replicas`: JetStream wants 1, 3 or 5 replicas; allowed: a whole number"]);
    refused("[server]\nnamespaces = [1]\n", expect!["steadfast.toml:2: bad value for `server.namespaces`: signed int `1` where a string is expected; allowed: a list of texts"]);
    refused("[nats]\ntls_key_file = \"k.pem\"\n", expect!["steadfast.toml: bad value for `nats.tls_cert_file`: a client certificate needs both tls_cert_file and tls_key_file; allowed: a text"]);
    refused("[server\n", expect![[r#"
        steadfast.toml: not TOML: TOML parse error at line 1, column 8
          |
        1 | [server
          |        ^
        unclosed table, expected `]`"#]]);
}

#[rustfmt::skip] // a line per case
#[test]
fn mistakes_elsewhere_are_named() {
    let refused = |sources: Sources, message: Expect| {
        message.assert_eq(&Config::load(&sources).unwrap_err().to_string());
    };
    let variable = |name: &str, value: &str| Sources {
        environment: vec![(name.to_owned(), value.to_owned())],
        ..Sources::default()
    };
    refused(
        variable("STEADFAST__SERVER__PARTITONS", "3"),
        expect!["STEADFAST__SERVER__PARTITONS: unknown key `server.partitons`; did you mean `server.partitions`?"]);
    refused(
        variable("STEADFAST__SERVER__PARTITIONS", "-3"),
        expect!["STEADFAST__SERVER__PARTITIONS: bad value for `server.partitions`: invalid value signed int `-3`, expected u32; allowed: a whole number"]);
    let set = |set: &str| Sources {
        sets: vec![set.to_owned()],
        ..Sources::default()
    };
    refused(
        set("server.partitions"),
        expect!["--set server.partitions: write it as section.key=value"]);
    refused(
        set("limits.payload_bytes_max=16MB"),
        expect![[r#"a flag: bad value for `limits.payload_bytes_max`: "16MB" is not a size; allowed: a size such as "64KiB", "16MiB" or "1GiB""#]]);
    let file = Some(PathBuf::from("/nowhere/steadfast.toml"));
    refused(
        Sources {
            file,
            ..Sources::default()
        },
        expect!["cannot read the configuration /nowhere/steadfast.toml: No such file or directory (os error 2)"]);
}
