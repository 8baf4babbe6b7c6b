//! Why a command did not do what it was asked, what to do about it, and the exit code that says so.

use std::{error::Error, fmt, io, process::ExitCode};

use serde_json::json;

use super::output::Out;
use crate::config::ConfigError;

/// What went wrong, for the person at the terminal.
#[derive(Debug)]
pub struct Problem {
    what: String,
    advice: Option<String>,
    code: Option<String>,
    exit: u8,
    // The reader of our output went away: nothing to say, and nobody to say it to.
    silent: bool,
}

impl Problem {
    /// It failed: exit code 1.
    pub fn failed(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None, code: None, exit: 1, silent: false }
    }

    /// The command line, its input or the configuration is wrong: exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed(what) }
    }

    /// What was asked for is told already; only the exit code is left to say.
    pub fn told() -> Self {
        Self { silent: true, ..Self::failed("") }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds the error's code in the protocol's table.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the cause, with all of its own causes.
    #[must_use]
    pub fn because(mut self, cause: &dyn Error) -> Self {
        let mut cause = Some(cause);
        while let Some(error) = cause {
            let text = error.to_string();
            if !self.what.contains(&text) {
                self.what = format!("{}: {text}", self.what);
            }
            cause = error.source();
        }
        self
    }

    /// Prints it on stderr and says how the process ends.
    pub fn report(self, out: Out) -> ExitCode {
        if !self.silent {
            let text = if out.is_json() {
                let (message, advice, code) = (&self.what, &self.advice, &self.code);
                json!({"error": {"message": message, "advice": advice, "code": code}}).to_string()
            } else {
                self.to_string()
            };
            // Nobody is left to tell when stderr is closed too.
            let _ = io::Write::write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
        }
        ExitCode::from(self.exit)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(code) = &self.code {
            write!(f, " [{code}]")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n  {}", advice.replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl Error for Problem {}

impl From<io::Error> for Problem {
    /// Writing to stdout failed; a closed pipe is a reader that has seen enough.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: 0, ..Self::told() };
        }
        Self::failed("failed to write the output").because(&error)
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
            .advice("`steadfast config explain` lists every key and what it may be")
    }
}
