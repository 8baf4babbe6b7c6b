//! Our defaults are the components' own: two truths would drift apart.

use super::*;

#[test]
fn the_defaults_are_the_components_own() {
    let config = Config::default();
    assert_eq!(engine(&config, config.server.partitions), EngineConfig::default());
    assert_eq!(jetstream(&config, Sync::Foreign), JetStreamConfig::default());
    assert_eq!(native(&config), NativeConfig::default());
    assert_eq!(gateway(&config), GatewayConfig::default());
    let path = VisibilityConfig::default().path;
    assert_eq!(visibility(&config, path), VisibilityConfig::default());
}

#[test]
fn records_are_grouped_where_it_pays() {
    let mut config = Config::default();
    let grouped = |config: &Config, sync| jetstream(config, sync).group_commit.is_some();
    assert!(grouped(&config, Sync::Always));
    assert!(!grouped(&config, Sync::Lazy));
    config.durability.replicas = 3;
    assert!(!grouped(&config, Sync::Always));
    config.jetstream.group_commit = sections::GroupCommit::On;
    assert_eq!(jetstream(&config, Sync::Lazy).group_commit, Some(GroupCommit::default()));
    config.jetstream.group_commit = sections::GroupCommit::Off;
    assert!(!grouped(&Config { durability: Default::default(), ..config }, Sync::Always));
}

#[test]
fn the_feed_is_switched_off() {
    let mut config = Config::default();
    config.events.enabled = false;
    assert_eq!(jetstream(&config, Sync::Foreign).events, None);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let mut config = Config::default();
    config.server.http_address = "localhost".to_owned();
    assert!(telemetry(&config).is_err());
    config.server.http_address.clear();
    assert_eq!(telemetry(&config).unwrap().http_addr, None);
}
