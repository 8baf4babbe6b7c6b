//! The purchase requests: read from a JSON file, checked, and what must become of each.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The requests that come with the binary.
const BUILT_IN: &str = include_str!("../../../../config/purchases.json");
/// More would only make the table unreadable.
pub(crate) const PURCHASES_MAX: usize = 200;
/// A loan above this many annual incomes is screened out before a human sees it.
pub(crate) const INCOMES_MAX: u64 = 6;

/// A file of requests that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestsError {
    /// It cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not JSON of the expected form.
    #[error("{origin} is not a file of purchase requests")]
    Form {
        /// The file, or the built-in one.
        origin: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// There is nothing in it, or too much.
    #[error("{count} purchases: there must be 1 to {PURCHASES_MAX}")]
    Count {
        /// How many there are.
        count: usize,
    },
    /// A value is not possible.
    #[error("purchase {id:?}: {problem}")]
    Value {
        /// Which purchase.
        id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    purchases: Vec<Purchase>,
}

/// One purchase that somebody wants to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purchase {
    /// Its number.
    pub id: String,
    /// Who buys.
    pub buyer: Buyer,
    /// What.
    pub property: Property,
    /// The papers handed in.
    pub documents: Vec<String>,
    /// The loan asked for.
    pub loan: Loan,
    /// What the land registry will do with it.
    #[serde(default)]
    pub registry: Registry,
    /// Whether the partners' portals answer.
    #[serde(default)]
    pub portals: Portals,
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Buyer {
    /// The name.
    pub name: String,
    /// Per year.
    pub annual_income: u64,
    /// At hand.
    pub funds: u64,
}

/// What is bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Property {
    /// Its number.
    pub id: String,
    /// Where it stands.
    pub address: String,
    /// What it costs.
    pub price: u64,
    /// The year it was built.
    pub built: u16,
}

/// The loan asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Loan {
    /// How much.
    pub amount: u64,
    /// What the loan officer will say when asked.
    pub officer: Officer,
}

/// The loan officer's answer: what the signal carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Officer {
    /// Yes or no.
    pub approves: bool,
    /// In words.
    pub comment: String,
}

/// What the land registry does at finalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registry {
    /// It records the new owner.
    #[default]
    Records,
    /// It refuses, and everything done so far must be undone.
    Refuses,
}

/// Whether the partners' portals answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Portals {
    /// They do.
    #[default]
    Up,
    /// They do not: the circuit breaker opens and the fallback is used.
    Down,
}

/// How a purchase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The buyer owns it.
    Completed,
    /// The papers were not in order.
    PapersRefused,
    /// Screened out by the rules.
    LoanScreenedOut,
    /// The loan officer said no.
    LoanRefused,
    /// The registry refused, and all that was done is undone.
    Compensated,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Completed => "completed",
            Self::PapersRefused => "papers refused",
            Self::LoanScreenedOut => "loan screened out",
            Self::LoanRefused => "loan refused",
            Self::Compensated => "undone (compensated)",
        })
    }
}

impl Purchase {
    /// How it must end, by the rules alone: what the demo checks the engine against.
    pub(crate) fn expected(&self) -> Outcome {
        if !self.missing_papers().is_empty() {
            Outcome::PapersRefused
        } else if self.loan.amount > INCOMES_MAX.saturating_mul(self.buyer.annual_income) {
            Outcome::LoanScreenedOut
        } else if !self.loan.officer.approves {
            Outcome::LoanRefused
        } else if self.registry == Registry::Refuses {
            Outcome::Compensated
        } else {
            Outcome::Completed
        }
    }

    /// The papers that are needed and not there.
    pub(crate) fn missing_papers(&self) -> Vec<&'static str> {
        let mut needed = vec!["title_deed", "identity"];
        needed.retain(|paper| !self.documents.iter().any(|document| document == paper));
        needed
    }

    /// What the buyer must bring along.
    pub(crate) fn deposit(&self) -> u64 {
        self.property.price.saturating_sub(self.loan.amount)
    }

    fn check(&self) -> Result<(), RequestsError> {
        let problem = if self.id.is_empty() || self.id.len() > 100 {
            "its id must have 1 to 100 bytes"
        } else if self.property.price == 0 {
            "its price must not be zero"
        } else if self.loan.amount > self.property.price {
            "its loan is larger than its price"
        } else if self.deposit() > self.buyer.funds {
            "its buyer has less than price minus loan"
        } else {
            return Ok(());
        };
        Err(RequestsError::Value { id: self.id.clone(), problem })
    }
}

/// Reads the file, or the built-in requests when there is none.
pub(crate) fn load(path: Option<&Path>) -> Result<Vec<Purchase>, RequestsError> {
    match path {
        None => parse("the built-in config/purchases.json", BUILT_IN),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| RequestsError::Read { path: path.to_owned(), source })?;
            parse(&path.display().to_string(), &text)
        }
    }
}

fn parse(origin: &str, text: &str) -> Result<Vec<Purchase>, RequestsError> {
    let File { purchases } = serde_json::from_str(text)
        .map_err(|source| RequestsError::Form { origin: origin.to_owned(), source })?;
    if purchases.is_empty() || purchases.len() > PURCHASES_MAX {
        return Err(RequestsError::Count { count: purchases.len() });
    }
    let mut ids = BTreeSet::new();
    for purchase in &purchases {
        purchase.check()?;
        if !ids.insert(&purchase.id) {
            let problem = "its id is there twice";
            return Err(RequestsError::Value { id: purchase.id.clone(), problem });
        }
    }
    Ok(purchases)
}

#[cfg(test)]
mod tests;
