//! `steadfast doctor`: looks at the NATS it is given, and says what to do about each finding.

mod checks;
mod durability;

use serde_json::json;

use super::{
    args::Connection,
    output::{Out, table},
    problem::Problem,
    progress::spin,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// The server's monitoring endpoint, which tells when it syncs to disk. Without it: that of the
    /// development server in this folder, or what the system account tells.
    #[arg(long, value_name = "URL")]
    monitor_url: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    Note,
    Warning,
    Failure,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Failure => "FAILURE",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    check: String,
    level: Level,
    found: String,
    advice: String,
}

impl Finding {
    fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self { check: check.into(), level: Level::Ok, found: found.into(), advice: String::new() }
    }

    fn at(mut self, level: Level, advice: impl Into<String>) -> Self {
        self.level = level;
        self.advice = advice.into();
        self
    }
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let findings = spin("looking at NATS", Box::pin(examine(&args))).await;
    let failed = findings.iter().any(|finding| finding.level == Level::Failure);
    if out.is_json() {
        let rows: Vec<_> = findings
            .iter()
            .map(|f| {
                json!({"check": f.check, "level": f.level.as_str().to_lowercase(),
                       "found": f.found, "advice": f.advice})
            })
            .collect();
        out.value(&json!({"ok": !failed, "findings": rows}))?;
    } else {
        print(&findings, out)?;
    }
    if failed { Err(Problem::told()) } else { Ok(()) }
}

fn print(findings: &[Finding], out: Out) -> Result<(), Problem> {
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|f| vec![f.level.as_str().to_owned(), f.check.clone(), f.found.clone()])
        .collect();
    out.line(table(&["", "check", "found"], &rows))?;
    for finding in findings.iter().filter(|finding| !finding.advice.is_empty()) {
        out.line(format!("\n{}: {}", finding.check, finding.advice))?;
    }
    let worst = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (failures, warnings) = (worst(Level::Failure), worst(Level::Warning));
    let verdict = match (failures, warnings) {
        (0, 0) => "Steadfast can run here.".to_owned(),
        (0, warnings) => format!("Steadfast can run here; {warnings} warning(s)."),
        (failures, _) => format!("Steadfast cannot run here: {failures} failure(s)."),
    };
    Ok(out.line(format!("\n{verdict}"))?)
}

async fn examine(args: &Args) -> Vec<Finding> {
    let url = crate::nats::url_of(&args.connection);
    let client = match crate::nats::connect(&args.connection).await {
        Ok(client) => client,
        Err(problem) => {
            let advice = "start one with `steadfast dev`, or say where it is with --nats-url";
            let found = problem.to_string();
            let first = found.lines().next().unwrap_or_default().to_owned();
            return vec![Finding::ok("reachable", first).at(Level::Failure, advice)];
        }
    };
    let mut findings = vec![Finding::ok("reachable", url)];
    findings.extend(checks::server(&client));
    let Some(account) = checks::account(&client, &mut findings).await else {
        return findings;
    };
    findings.extend(checks::limits(&account));
    findings.extend(durability::check(&client, args.monitor_url.as_deref()).await);
    findings.extend(checks::streams(&client).await);
    findings.push(checks::engine(&client).await);
    findings
}
