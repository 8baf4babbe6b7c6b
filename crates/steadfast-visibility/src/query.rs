//! Temporal's filter language: text -> [`Query`] with resolved names and typed values -> bound SQL.
//!
//! `parse` reads the text with `sqlparser`, `convert` checks what it says against the namespace's search
//! attributes, `sql` writes it for the file. Wording of errors follows the server's converter
//! (`common/persistence/visibility/store/query/converter.go`).

mod convert;
mod duration;
mod field;
mod literal;
pub(crate) mod parse;
mod sql;

#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod property;

use steadfast_engine::search_attributes::{CustomAttributes, Scalar};

pub(crate) use self::{
    field::{Column, Field},
    sql::{Bind, Statement, bound, count, list},
};
use crate::error::InvalidQuery;

/// What a query may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) bytes_max: usize,
    pub(crate) conditions_max: usize,
}

/// A query that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    /// Which runs; nothing means all of them.
    pub(crate) filter: Option<Condition>,
    /// For counts.
    pub(crate) group_by: Option<Column>,
    /// For lists; the default order follows.
    pub(crate) order_by: Vec<(Field, Direction)>,
    /// Whether the query itself says something of namespace divisions.
    pub(crate) names_division: bool,
}

/// Which way to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// A condition, without `NOT`: negation has been moved into the leaves, where it means the same in SQL's
/// three-valued logic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Field, Test),
}

/// What one field must be like. A field that is not set passes none but `IsNull`, `Lacks` and
/// `LacksWords`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Compare(Comparison, Scalar),
    In(Vec<Scalar>),
    NotIn(Vec<Scalar>),
    Between(Scalar, Scalar),
    NotBetween(Scalar, Scalar),
    IsNull,
    IsNotNull,
    StartsWith(String),
    NotStartsWith(String),
    /// A list holds one of these.
    Has(Vec<String>),
    /// A list holds none of these.
    Lacks(Vec<String>),
    /// A text holds all the words of one of these groups.
    HasWords(Vec<Vec<String>>),
    /// It does not.
    LacksWords(Vec<Vec<String>>),
}

/// The order that a value is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Reads a query.
pub(crate) fn read(
    text: &str,
    custom: &CustomAttributes,
    bounds: Bounds,
) -> Result<Query, InvalidQuery> {
    if text.len() > bounds.bytes_max {
        let message = format!("the query has {} bytes, at most {}", text.len(), bounds.bytes_max);
        return Err(InvalidQuery::Malformed(message));
    }
    convert::convert(&parse::parse(text)?, custom, bounds)
}

/// The words of a text, as they are kept and asked for: letters and digits, without case.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests;
