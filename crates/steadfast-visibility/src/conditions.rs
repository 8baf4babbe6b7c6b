//! Conditions over the properties of something that is not a run and is in memory: the same grammar as a
//! filter over runs, but no clauses, no search attributes and no SQL behind it.
//!
//! Start reading at [`Condition::parse`]. What a workers' filter may say is Temporal's
//! (`service/matching/workers/worker_query_engine.go`); what it may not is an error here, and not a
//! filter that nothing passes.
#![expect(clippy::wildcard_enum_match_arm, reason = "sqlparser's enums are not ours, and grow")]

use sqlparser::ast::{BinaryOperator, Expr, Value};
use steadfast_core::Timestamp;
use steadfast_engine::search_attributes::datetime;

use crate::{
    error::InvalidQuery,
    query::parse::{self, NOT_STARTS_WITH, STARTS_WITH},
};

/// What a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A moment.
    Time,
}

/// A property's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A text; an empty one is not set.
    Text(String),
    /// A moment, if it is set.
    Time(Option<Timestamp>),
}

/// A condition that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Leaf(String, Test),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Text(TextTest, String),
    Time(TimeTest, Timestamp),
    /// Whether the moment lies there; whether it must.
    Between(Timestamp, Timestamp, bool),
    /// Whether the property is set must be this.
    IsSet(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextTest {
    Is,
    IsNot,
    StartsWith,
    StartsNotWith,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeTest {
    At,
    NotAt,
    Before,
    Until,
    After,
    From,
}

impl Condition {
    /// Reads a condition. `kind` says what a property is, or that there is none of that name.
    pub fn parse(text: &str, kind: impl Fn(&str) -> Option<Kind>) -> Result<Self, InvalidQuery> {
        let parsed = parse::parse(text)?;
        if !parsed.group_by.is_empty() || !parsed.order_by.is_empty() {
            return Err(InvalidQuery::Unsupported("'GROUP BY' and 'ORDER BY'".to_owned()));
        }
        let filter = parsed.filter.ok_or_else(|| expression("there is no condition"))?;
        node(&filter, &kind).map(Self)
    }

    /// Whether something with these properties is meant.
    pub fn holds(&self, property: impl Fn(&str) -> Option<Property>) -> bool {
        self.0.holds(&property)
    }
}

impl Node {
    fn holds(&self, property: &impl Fn(&str) -> Option<Property>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(property)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(property)),
            Self::Leaf(name, test) => property(name).is_some_and(|value| test.passes(&value)),
        }
    }
}

impl Test {
    fn passes(&self, value: &Property) -> bool {
        match (self, value) {
            (Self::Text(test, wanted), Property::Text(value)) => match test {
                TextTest::Is => value == wanted,
                TextTest::IsNot => value != wanted,
                TextTest::StartsWith => value.starts_with(wanted.as_str()),
                TextTest::StartsNotWith => !value.starts_with(wanted.as_str()),
            },
            (Self::Time(test, wanted), Property::Time(value)) => {
                // A moment that is not set is compared as the epoch, as Temporal does.
                let value = value.unwrap_or(Timestamp(0));
                match test {
                    TimeTest::At => value == *wanted,
                    TimeTest::NotAt => value != *wanted,
                    TimeTest::Before => value < *wanted,
                    TimeTest::Until => value <= *wanted,
                    TimeTest::After => value > *wanted,
                    TimeTest::From => value >= *wanted,
                }
            }
            (Self::Between(low, high, inside), Property::Time(value)) => {
                value.is_some_and(|value| (*low <= value && value <= *high) == *inside)
            }
            (Self::IsSet(wanted), Property::Text(value)) => value.is_empty() != *wanted,
            (Self::IsSet(wanted), Property::Time(value)) => value.is_some() == *wanted,
            (Self::Text(..), Property::Time(_))
            | (Self::Time(..) | Self::Between(..), Property::Text(_)) => false,
        }
    }
}

fn expression(message: impl Into<String>) -> InvalidQuery {
    InvalidQuery::Expression(message.into())
}

fn node(expr: &Expr, kind: &impl Fn(&str) -> Option<Kind>) -> Result<Node, InvalidQuery> {
    match expr {
        Expr::Nested(inner) => node(inner, kind),
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            chain(expr, op, kind)
        }
        Expr::BinaryOp { left, op, right } => {
            let (name, kind) = named(left, kind)?;
            let test = match kind {
                Kind::Text => Test::Text(text_test(op)?, text(right, &name)?),
                Kind::Time => Test::Time(time_test(op)?, time(right, &name)?),
            };
            Ok(Node::Leaf(name, test))
        }
        Expr::Between { expr, negated, low, high } => match named(expr, kind)? {
            (name, Kind::Time) => {
                let test = Test::Between(time(low, &name)?, time(high, &name)?, !negated);
                Ok(Node::Leaf(name, test))
            }
            (name, Kind::Text) => {
                Err(InvalidQuery::Unsupported(format!("'BETWEEN' for the text {name}")))
            }
        },
        Expr::IsNull(expr) => Ok(Node::Leaf(named(expr, kind)?.0, Test::IsSet(false))),
        Expr::IsNotNull(expr) => Ok(Node::Leaf(named(expr, kind)?.0, Test::IsSet(true))),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => {
            Err(expression("incomplete expression"))
        }
        other => Err(InvalidQuery::Unsupported(format!("expression `{other}`"))),
    }
}

/// `a AND b AND c`, as one list.
fn chain(
    expr: &Expr,
    op: &BinaryOperator,
    kind: &impl Fn(&str) -> Option<Kind>,
) -> Result<Node, InvalidQuery> {
    let nodes = parse::operands(expr, op).into_iter().map(|operand| node(operand, kind));
    let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
    Ok(if *op == BinaryOperator::And { Node::All(nodes) } else { Node::Any(nodes) })
}

fn named(
    expr: &Expr,
    kind: &impl Fn(&str) -> Option<Kind>,
) -> Result<(String, Kind), InvalidQuery> {
    let Expr::Identifier(name) = expr else {
        return Err(expression(format!("invalid filter name: {expr}")));
    };
    let name = name.value.clone();
    let kind = kind(&name).ok_or_else(|| expression(format!("unknown filter name: {name}")))?;
    Ok((name, kind))
}

fn text_test(op: &BinaryOperator) -> Result<TextTest, InvalidQuery> {
    match op {
        BinaryOperator::Eq => Ok(TextTest::Is),
        BinaryOperator::NotEq => Ok(TextTest::IsNot),
        BinaryOperator::Custom(op) if op == STARTS_WITH => Ok(TextTest::StartsWith),
        BinaryOperator::Custom(op) if op == NOT_STARTS_WITH => Ok(TextTest::StartsNotWith),
        other => Err(InvalidQuery::Unsupported(format!("operator '{other}' for a text"))),
    }
}

fn time_test(op: &BinaryOperator) -> Result<TimeTest, InvalidQuery> {
    match op {
        BinaryOperator::Eq => Ok(TimeTest::At),
        BinaryOperator::NotEq => Ok(TimeTest::NotAt),
        BinaryOperator::Lt => Ok(TimeTest::Before),
        BinaryOperator::LtEq => Ok(TimeTest::Until),
        BinaryOperator::Gt => Ok(TimeTest::After),
        BinaryOperator::GtEq => Ok(TimeTest::From),
        other => Err(InvalidQuery::Unsupported(format!("operator '{other}' for a time"))),
    }
}

fn text(expr: &Expr, name: &str) -> Result<String, InvalidQuery> {
    let Expr::Value(value) = expr else {
        return Err(expression(format!("invalid value: {expr}")));
    };
    match &value.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) if !text.is_empty() => {
            Ok(text.clone())
        }
        Value::SingleQuotedString(_) | Value::DoubleQuotedString(_) => {
            Err(expression(format!("{name} cannot be empty")))
        }
        other => Err(expression(format!("invalid value for {name}: {other} is not a string"))),
    }
}

/// RFC 3339, or nanoseconds since the epoch.
fn time(expr: &Expr, name: &str) -> Result<Timestamp, InvalidQuery> {
    let invalid = || expression(format!("invalid value for {name}: {expr} is not a time"));
    let Expr::Value(value) = expr else { return Err(invalid()) };
    match &value.value {
        Value::Number(digits, _) => digits.parse().map(Timestamp).map_err(|_| invalid()),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
            datetime(text).ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests;
