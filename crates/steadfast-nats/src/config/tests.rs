//! The configuration file as text.

use super::*;

fn settings(config: Config) -> Settings {
    Settings::new(config, PathBuf::from("nats-server"), Path::new("/data"))
}

#[test]
fn defaults_bind_locally_to_a_free_port_and_sync_lazily() {
    let conf = settings(Config::default()).render();
    for line in [
        "host: \"127.0.0.1\"",
        "port: -1",
        "max_payload: 33554432",
        "max_pending: 67108864",
        "log_file: \"/data/nats-server.log\"",
        "  store_dir: \"/data\"",
        "  sync_interval: \"2m\"",
    ] {
        assert!(conf.lines().any(|found| found == line), "{line} in\n{conf}");
    }
    assert!(!conf.contains("http:"));
}

#[test]
fn every_choice_shows() {
    let conf = settings(Config {
        port: 4222,
        monitor_port: Some(0),
        sync: SyncInterval::Always,
        host: "::1".parse().unwrap(),
        log_file: Some(PathBuf::from("/logs/a \"b\".log")),
        ..Config::default()
    })
    .render();
    for line in [
        "host: \"::1\"",
        "port: 4222",
        "http: \"[::1]:-1\"",
        "  sync_interval: always",
        "log_file: \"/logs/a \\\"b\\\".log\"",
    ] {
        assert!(conf.lines().any(|found| found == line), "{line} in\n{conf}");
    }
}
