//! Where spans go, by configuration and by environment.

use super::*;

fn url(configured: Option<&str>, environment: &[(&str, &str)]) -> Result<Option<String>, Error> {
    let config = TelemetryConfig {
        otlp_endpoint: configured.map(str::to_owned),
        ..TelemetryConfig::default()
    };
    config.traces_url_with(|wanted| {
        let found = environment.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_set_means_off() {
    assert_eq!(url(None, &[]).unwrap(), None);
    assert_eq!(url(Some(""), &[(BASE_VARIABLE, " ")]).unwrap(), None);
}

#[test]
fn configuration_comes_before_environment_and_gets_the_path() {
    let environment =
        [(BASE_VARIABLE, "http://base:4318/"), (TRACES_VARIABLE, "http://traces:4318/exact")];
    let found = |configured, environment| url(configured, environment).unwrap().unwrap();
    assert_eq!(found(Some("http://own:4318"), &environment), "http://own:4318/v1/traces");
    assert_eq!(found(None, &environment), "http://traces:4318/exact");
    assert_eq!(found(None, &environment[..1]), "http://base:4318/v1/traces");
}

#[test]
fn an_endpoint_that_cannot_work_is_refused_at_once() {
    for endpoint in ["https://collector:4318", "collector:4318", "ftp://x"] {
        let error = url(Some(endpoint), &[]).unwrap_err();
        assert!(matches!(error, Error::Endpoint { .. }), "{endpoint}");
        assert!(error.to_string().contains(endpoint), "{error}");
    }
}
