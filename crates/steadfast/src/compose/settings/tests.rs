//! Our defaults are the components' own: two truths would drift apart.

use super::*;

#[test]
fn the_defaults_are_the_components_own() {
    let config = Config::default();
    assert_eq!(
        engine(&config, config.server.partitions),
        EngineConfig::default()
    );
    assert_eq!(jetstream(&config), JetStreamConfig::default());
    assert_eq!(native(&config), NativeConfig::default());
}

#[test]
fn group_commit_and_the_feed_are_switched() {
    let mut config = Config::default();
    config.jetstream.group_commit = true;
    config.events.enabled = false;
    let settings = jetstream(&config);
    assert_eq!(settings.group_commit, Some(GroupCommit::default()));
    assert_eq!(settings.events, None);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let mut config = Config::default();
    config.server.http_address = "localhost".to_owned();
    assert!(telemetry(&config).is_err());
    config.server.http_address.clear();
    assert_eq!(telemetry(&config).unwrap().http_addr, None);
}
