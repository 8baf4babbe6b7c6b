//! Whether every purchase ended right: by its result, by what really happened, and by the feed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    chain::Chain,
    ledger::Entry,
    request::{Outcome, Portals, Purchase},
    workflows::{PORTALS, Report},
};

/// A purchase with all that is known of its end.
#[derive(Debug)]
pub(crate) struct Case {
    /// What was wanted.
    pub purchase: Purchase,
    /// Whether it started under the first version of the code.
    pub old_code: bool,
    /// What the workflow returned, or why it did not.
    pub report: Result<Report, String>,
}

impl Case {
    /// What is wrong with its end; nothing, if all is well.
    pub(crate) fn faults(&self, ledger: &[Entry]) -> Vec<String> {
        let report = match &self.report {
            Ok(report) => report,
            Err(why) => return vec![why.clone()],
        };
        let expected = self.purchase.expected();
        let mut faults = Vec::new();
        if report.outcome != expected {
            faults.push(format!("ended {}, not {expected}", report.outcome));
        }
        let level = match expected {
            Outcome::PapersRefused => "",
            Outcome::Completed
            | Outcome::LoanScreenedOut
            | Outcome::LoanRefused
            | Outcome::Compensated => {
                if self.old_code {
                    "basic"
                } else {
                    "enhanced"
                }
            }
        };
        if report.level != level {
            faults.push(format!("processed {:?}, not {level:?}", report.level));
        }
        let (wanted, happened) = (self.effects(), self.happened(ledger));
        if wanted != happened {
            faults.push(format!("effects were {}", happened.join(", ")));
        }
        if expected == Outcome::Completed {
            faults.extend(self.sync_faults(report));
        }
        faults
    }

    /// The money and property effects that must have happened, in this order, once each.
    fn effects(&self) -> Vec<&'static str> {
        let forward = ["reserve_funds", "hold_property", "start_title_transfer"];
        let (last, reviewed): (&[&str], _) = match self.purchase.expected() {
            Outcome::PapersRefused | Outcome::LoanScreenedOut => return Vec::new(),
            Outcome::LoanRefused => return vec!["review_requested"],
            Outcome::Completed => (&["finalize_purchase"], "review_requested"),
            Outcome::Compensated => (
                &["cancel_title_transfer", "release_property", "release_funds"],
                "review_requested",
            ),
        };
        [reviewed].iter().chain(&forward).chain(last).copied().collect()
    }

    fn happened<'a>(&self, ledger: &'a [Entry]) -> Vec<&'a str> {
        const TELLING: [&str; 8] = [
            "review_requested",
            "reserve_funds",
            "hold_property",
            "start_title_transfer",
            "finalize_purchase",
            "cancel_title_transfer",
            "release_property",
            "release_funds",
        ];
        let own = ledger.iter().filter(|entry| entry.purchase == self.purchase.id);
        own.map(|entry| entry.action.as_str()).filter(|action| TELLING.contains(action)).collect()
    }

    fn sync_faults(&self, report: &Report) -> Option<String> {
        let synced = report.synced.clone().unwrap_or_default();
        let all = u32::try_from(PORTALS.len()).unwrap_or(u32::MAX);
        let wanted = match self.purchase.portals {
            Portals::Up => (all, 0, false),
            Portals::Down => (0, all, true),
        };
        let found = (synced.by_portal, synced.by_fallback, synced.breaker_open);
        (found != wanted).then(|| format!("portals were told as {synced:?}"))
    }
}

/// The money that is still reserved: only completed purchases may hold any.
pub(crate) fn reserved(ledger: &[Entry]) -> BTreeMap<&str, i64> {
    let mut reserved = BTreeMap::new();
    for entry in ledger {
        let amount = entry.value.as_i64().unwrap_or_default();
        match entry.action.as_str() {
            "reserve_funds" => *reserved.entry(entry.purchase.as_str()).or_default() += amount,
            "release_funds" => *reserved.entry(entry.purchase.as_str()).or_default() -= amount,
            _ => {}
        }
    }
    reserved.retain(|_, amount| *amount != 0);
    reserved
}

/// What is wrong with the feed: events that are missing or there twice, runs that are still open.
pub(crate) fn feed_faults<'a>(chains: impl Iterator<Item = &'a Chain>) -> Vec<String> {
    let mut faults = Vec::new();
    for chain in chains {
        let name = format!("{} {}", chain.workflow_type, chain.workflow_id);
        faults.extend(chain.faults.iter().map(|fault| format!("{name}: {fault}")));
        if chain.closed.is_none() {
            faults.push(format!("{name}: still open"));
        }
    }
    faults
}

/// The table of all purchases.
pub(crate) fn table(cases: &[Case], ledger: &[Entry]) -> String {
    let mut text = format!(
        "{:<3} {:<8} {:<18} {:>8}  {:<20} {:<20} {:<8} {:>5} {}\n",
        "", "purchase", "buyer", "price", "must end", "ended", "code", "steps", "remark"
    );
    for case in cases {
        let purchase = &case.purchase;
        let right = if case.faults(ledger).is_empty() { "ok" } else { "NO" };
        let (ended, level, steps, remark) = match &case.report {
            Ok(report) => {
                let (level, steps) = (report.level.as_str(), report.steps.len());
                (report.outcome.to_string(), level, steps, report.remark.as_str())
            }
            Err(why) => ("not".to_owned(), "", 0, why.as_str()),
        };
        text.push_str(&format!(
            "{right:<3} {:<8} {:<18} {:>8}  {:<20} {ended:<20} {level:<8} {steps:>5} {remark}\n",
            purchase.id,
            purchase.buyer.name,
            purchase.property.price,
            purchase.expected(),
        ));
    }
    text
}

/// The cases as JSON.
pub(crate) fn as_json(cases: &[Case], ledger: &[Entry]) -> Value {
    let case = |case: &Case| {
        serde_json::json!({
            "purchase": case.purchase.id,
            "must_end": case.purchase.expected(),
            "report": case.report.as_ref().ok(),
            "faults": case.faults(ledger),
        })
    };
    cases.iter().map(case).collect()
}

#[cfg(test)]
mod tests;
