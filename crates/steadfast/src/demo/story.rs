//! The story itself, from the first request to the last process's end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::join_all;
use steadfast_core::run::Status;
use steadfast_sdk::payload;

use super::{
    NAMESPACE,
    engine::{AskError, Asker, Engine},
    ledger::{self, Entry},
    process::Process,
    request::{Outcome, Purchase},
    staff::{Office, Staff},
    timeline::Timeline,
    verdict::{self, Case},
    workflows::{
        APPROVAL_SIGNAL, CodeVersion, Portfolio, PortfolioReport, SURVEYED_SIGNAL, WORKFLOW_QUEUE,
    },
};
use crate::cli::{output::Out, problem::Problem};

/// How long anything may take that the story waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The workflow that looks at all completed purchases together.
const PORTFOLIO_ID: &str = "portfolio";

/// The processes and the requests, ready to begin.
#[derive(Debug)]
pub(crate) struct Story {
    early: Vec<Purchase>,
    late: Vec<Purchase>,
    folder: PathBuf,
    engine: Engine,
    office: Office,
    activity_workers: Vec<Process>,
    workflow_worker: Process,
    asker: Asker,
    timeline: Timeline,
    out: Out,
}

fn failed(what: &str) -> impl Fn(&dyn std::error::Error) -> Problem {
    move |error| Problem::failed(what).because(error)
}

impl Story {
    /// Starts the engine and the workers, with the first version of the workflows.
    pub(crate) async fn begin(
        mut purchases: Vec<Purchase>,
        folder: &Path,
        staff: Staff,
        out: Out,
    ) -> Result<Self, Problem> {
        let engine = Engine::start(folder, 0).await.map_err(|e| failed("no engine")(&e))?;
        let nats_url = engine.file.nats_url.clone();
        let client = async_nats::ConnectOptions::new()
            .name("steadfast demo")
            .max_reconnects(None)
            .connect(&nats_url)
            .await
            .map_err(|error| failed("no NATS")(&error))?;
        let office = Office { nats_url, folder: folder.to_owned() };
        let activity_workers =
            office.activities(&staff).await.map_err(|e| failed("no workers")(&e))?;
        let workflow_worker =
            office.workflows(CodeVersion::V1).await.map_err(|e| failed("no workers")(&e))?;
        let asker = Asker { client: client.clone(), namespace: NAMESPACE.to_owned() };
        let timeline = Timeline::follow(client, NAMESPACE, out);
        // The last third comes when the code is new.
        let late = purchases.split_off(purchases.len() - purchases.len() / 3);
        Ok(Self {
            early: purchases,
            late,
            folder: folder.to_owned(),
            engine,
            office,
            activity_workers,
            workflow_worker,
            asker,
            timeline,
            out,
        })
    }

    /// Plays it to the end, and stops everything.
    pub(crate) async fn play(mut self, kill: bool) -> Result<Ending, Problem> {
        self.tell("\nThe first purchases begin, under the first version of the code.")?;
        self.start(&self.early).await?;
        for purchase in &self.early {
            self.comes_to_rest(purchase).await?;
        }
        let hasty = self.early.iter().position(|purchase| {
            matches!(purchase.expected(), Outcome::Completed | Outcome::Compensated)
        });
        if let Some(hasty) = hasty {
            let purchase = self.early[hasty].clone();
            self.tell(&format!("\nThe loan officer answers {} first.", purchase.id))?;
            self.answer(&purchase).await?;
            let settlement = format!("PropertyPurchase-{}", purchase.id);
            self.saw(self.timeline.activity(&settlement, "hold_property", PATIENCE).await)?;
        }
        if kill {
            self = self.crash().await?;
        }
        self = self.renew_code().await?;
        self.start(&self.late).await?;
        for (index, purchase) in self.early.iter().enumerate() {
            if Some(index) != hasty {
                self.answer(purchase).await?;
            }
            self.survey(purchase).await?;
        }
        for purchase in &self.late {
            self.answer(purchase).await?;
            self.survey(purchase).await?;
        }
        let mut cases = Vec::new();
        for (purchases, old_code) in [(&self.early, true), (&self.late, false)] {
            for purchase in purchases {
                let report = self.report(&format!("Purchase-{}", purchase.id)).await?;
                cases.push(Case { purchase: purchase.clone(), old_code, report });
            }
        }
        let portfolio = self.portfolio().await?;
        self.end(cases, portfolio).await
    }

    fn tell(&self, text: &str) -> Result<(), Problem> {
        if !self.out.is_json() {
            self.out.line(text)?;
        }
        Ok(())
    }

    fn saw<T, E: std::error::Error>(&self, seen: Result<T, E>) -> Result<T, Problem> {
        seen.map_err(|error| {
            failed("the story does not go on")(&error)
                .advice(format!("the logs are in {}", self.folder.display()))
        })
    }

    async fn start(&self, purchases: &[Purchase]) -> Result<(), Problem> {
        for purchase in purchases {
            let id = format!("Purchase-{}", purchase.id);
            self.saw(self.asker.start("Purchase", &id, WORKFLOW_QUEUE, purchase).await)?;
        }
        Ok(())
    }

    /// Waits until a purchase needs somebody from outside, or is over.
    async fn comes_to_rest(&self, purchase: &Purchase) -> Result<(), Problem> {
        let waiting = |seen: &std::collections::BTreeMap<String, super::chain::Chain>,
                       workflow: &str,
                       last: &str| {
            let id = format!("{workflow}-{}", purchase.id);
            seen.values().any(|run| run.workflow_id == id && run.rests_after(last))
        };
        let what = format!("{} to need a human", purchase.id);
        let seen = self.timeline.wait(what, PATIENCE, |seen| {
            let over = format!("Purchase-{}", purchase.id);
            let closed =
                |id: &str| seen.values().any(|run| run.workflow_id == id && run.closed.is_some());
            let loan = format!("LoanApproval-{}", purchase.id);
            closed(&over)
                || (waiting(seen, "EvolvingProperty", "basic_processing")
                    && (waiting(seen, "LoanApproval", "request_human_review") || closed(&loan)))
        });
        self.saw(seen.await)
    }

    /// The loan officer answers, once asked.
    async fn answer(&self, purchase: &Purchase) -> Result<(), Problem> {
        if matches!(purchase.expected(), Outcome::PapersRefused | Outcome::LoanScreenedOut) {
            return Ok(());
        }
        let id = format!("LoanApproval-{}", purchase.id);
        self.saw(self.timeline.activity(&id, "request_human_review", PATIENCE).await)?;
        self.saw(self.asker.signal(&id, APPROVAL_SIGNAL, &purchase.loan.officer).await)
    }

    /// The surveyor was there.
    async fn survey(&self, purchase: &Purchase) -> Result<(), Problem> {
        if purchase.expected() == Outcome::PapersRefused {
            return Ok(());
        }
        let id = format!("EvolvingProperty-{}", purchase.id);
        self.saw(self.timeline.activity(&id, "basic_processing", PATIENCE).await)?;
        self.saw(self.asker.signal(&id, SURVEYED_SIGNAL, &()).await)
    }

    async fn crash(mut self) -> Result<Self, Problem> {
        let pid = self.engine.file.pid;
        self.tell(&format!("\nSIGKILL for the engine (pid {pid}), in the middle of it."))?;
        let began = std::time::Instant::now();
        self.engine = match self.engine.crash().await {
            Ok(engine) => engine,
            Err(error) => return Err(failed("the engine does not come back")(&error)),
        };
        self.tell(&format!(
            "The engine is back after {:.1} s (pid {}), on the same data.\n",
            began.elapsed().as_secs_f64(),
            self.engine.file.pid
        ))?;
        Ok(self)
    }

    async fn renew_code(mut self) -> Result<Self, Problem> {
        let stopped = self.workflow_worker.stop().await;
        stopped.map_err(|error| failed("the old worker does not stop")(&error))?;
        let renewed = self.office.workflows(CodeVersion::V2).await;
        self.workflow_worker = renewed.map_err(|error| failed("no new worker")(&error))?;
        self.tell("\nThe workflow code is replaced by its second version; more purchases begin.")?;
        Ok(self)
    }

    async fn report<T: serde::de::DeserializeOwned>(
        &self,
        workflow_id: &str,
    ) -> Result<Result<T, String>, Problem> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            let result = match self.asker.result(workflow_id).await {
                Ok(Some(result)) => result,
                Ok(None) => continue,
                Err(error @ AskError::Refused { .. }) => return Ok(Err(error.to_string())),
                Err(error) => return self.saw(Err(error)),
            };
            if result.status == Status::Completed {
                let value = payload::decode_list(&result.result);
                return Ok(value.map_err(|error| error.to_string()));
            }
            let why = result.failure.map(|failure| failure.message).unwrap_or_default();
            return Ok(Err(format!("{:?} {why}", result.status)));
        }
        Ok(Err(format!("not over after {} s", PATIENCE.as_secs())))
    }

    async fn portfolio(&self) -> Result<Result<PortfolioReport, String>, Problem> {
        let all = self.early.iter().chain(&self.late);
        let purchases: Vec<_> =
            all.filter(|purchase| purchase.expected() == Outcome::Completed).cloned().collect();
        let (count, kind) = (purchases.len(), "PortfolioAnalysis");
        let portfolio = Portfolio { id: PORTFOLIO_ID.to_owned(), purchases };
        self.saw(self.asker.start(kind, PORTFOLIO_ID, WORKFLOW_QUEUE, &portfolio).await)?;
        let report: Result<PortfolioReport, String> = self.report(PORTFOLIO_ID).await?;
        Ok(report.and_then(|report| match report.properties == count {
            true => Ok(report),
            false => Err(format!("{} properties of {count} were analysed", report.properties)),
        }))
    }

    async fn end(
        self,
        cases: Vec<Case>,
        portfolio: Result<PortfolioReport, String>,
    ) -> Result<Ending, Problem> {
        let closed = self.timeline.wait("the feed to tell every end", PATIENCE, |seen| {
            seen.values().all(|chain| chain.closed.is_some())
        });
        // What is still open by then is told as a fault below.
        let _ = closed.await;
        let (feed_faults, runs, events) = self.timeline.with(|seen| {
            let events: i64 = seen.values().map(|chain| chain.events).sum();
            (verdict::feed_faults(seen.values()), seen.len(), events)
        });
        let workers = self.activity_workers.into_iter().chain([self.workflow_worker]);
        let mut stopped = join_all(workers.map(Process::stop)).await;
        stopped.push(self.engine.stop().await);
        for result in stopped {
            result.map_err(|error| failed("a process does not stop")(&error))?;
        }
        let ledger = ledger::read(&self.folder.join("ledger.jsonl"))
            .map_err(|error| failed("the ledger cannot be read")(&error))?;
        Ok(Ending { cases, portfolio, ledger, feed_faults, runs, events })
    }
}

/// How it all ended.
#[derive(Debug)]
pub(crate) struct Ending {
    cases: Vec<Case>,
    portfolio: Result<PortfolioReport, String>,
    ledger: Vec<Entry>,
    feed_faults: Vec<String>,
    runs: usize,
    events: i64,
}

impl Ending {
    /// How many checks failed.
    pub(crate) fn faults(&self) -> usize {
        self.all_faults().len()
    }

    fn all_faults(&self) -> Vec<String> {
        let mut faults = self.feed_faults.clone();
        for case in &self.cases {
            let id = &case.purchase.id;
            faults.extend(case.faults(&self.ledger).iter().map(|fault| format!("{id}: {fault}")));
        }
        faults.extend(self.portfolio.as_ref().err().map(|why| format!("portfolio: {why}")));
        for (purchase, amount) in verdict::reserved(&self.ledger) {
            let completed = |case: &Case| {
                case.purchase.id == purchase && case.purchase.expected() == Outcome::Completed
            };
            if !self.cases.iter().any(completed) {
                faults.push(format!("{purchase}: {amount} is still reserved"));
            }
        }
        faults
    }

    /// Prints the table and the checks.
    pub(crate) fn print(&self, out: Out) -> std::io::Result<()> {
        let faults = self.all_faults();
        if out.is_json() {
            return out.value(&serde_json::json!({
                "purchases": verdict::as_json(&self.cases, &self.ledger),
                "portfolio": self.portfolio.as_ref().ok(),
                "runs": self.runs,
                "events": self.events,
                "faults": faults,
            }));
        }
        out.line(format!("\n{}", verdict::table(&self.cases, &self.ledger)))?;
        if let Ok(PortfolioReport { properties, estimate }) = &self.portfolio {
            out.line(format!("portfolio of what was bought: {properties} properties, {estimate}"))?;
        }
        let (runs, events) = (self.runs, self.events);
        out.line(format!("{runs} runs, {events} events"))?;
        if self.feed_faults.is_empty() {
            out.line("Every event is on the feed once, in its order, without a gap.")?;
        }
        faults.iter().try_for_each(|fault| out.line(format!("WRONG: {fault}")))?;
        if faults.is_empty() {
            out.line("Every purchase ended right.")?;
        }
        Ok(())
    }
}
