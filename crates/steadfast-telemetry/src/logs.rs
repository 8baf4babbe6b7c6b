//! Log lines on standard error.

use std::io::IsTerminal;

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry::LookupSpan};

use crate::{
    Error,
    config::{LogFormat, TelemetryConfig},
};

/// The layer that writes log lines.
pub(crate) fn layer<S>(config: &TelemetryConfig) -> Result<Box<dyn Layer<S> + Send + Sync>, Error>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = filter(&config.log_level)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    Ok(match config.log_format {
        LogFormat::Text => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_filter(filter).boxed()
        }
        LogFormat::Json => {
            lines.json().flatten_event(true).with_span_list(false).with_filter(filter).boxed()
        }
    })
}

fn filter(text: &str) -> Result<EnvFilter, Error> {
    let error = |source: Box<dyn std::error::Error + Send + Sync>| Error::LogLevel {
        text: text.to_owned(),
        source,
    };
    // A lone word that is no level would be read as a target, and hide everything.
    let level_or_directives = text.contains(['=', ',', '[']) || is_level(text);
    if !level_or_directives {
        return Err(error("not a level".into()));
    }
    // OpenTelemetry tells at `info` what it is made of, which is nobody's news.
    let news = text.parse().map_or(true, |level: LevelFilter| level > LevelFilter::WARN);
    let quiet = if news { "opentelemetry=warn," } else { "" };
    EnvFilter::try_new(format!("{quiet}{text}")).map_err(|source| error(Box::new(source)))
}

fn is_level(text: &str) -> bool {
    // The empty text is a level to `tracing`.
    !text.trim().is_empty() && text.parse::<LevelFilter>().is_ok()
}

#[cfg(test)]
mod tests {
    //! Levels as people type them.

    use super::*;

    #[test]
    fn levels_and_directives_are_read() {
        for text in ["info", "WARN", "off", "info,steadfast_engine=debug"] {
            assert!(filter(text).is_ok(), "{text}");
        }
        for text in ["", "loud", "steadfast=loud"] {
            let error = filter(text).unwrap_err();
            assert!(matches!(error, Error::LogLevel { .. }), "{text}");
        }
    }
}
