//! A value as it stands in a query, checked against the field that it is compared with.
#![expect(clippy::wildcard_enum_match_arm, reason = "sqlparser's enums are not ours, and grow")]

use sqlparser::ast::{Expr, UnaryOperator, Value};
use steadfast_core::{AttributeType, run::Status};
use steadfast_engine::search_attributes::{Scalar, datetime};

use super::{
    duration,
    field::{Column, Field},
};
use crate::{error::InvalidQuery, row};

/// A value before its field is looked at.
#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
}

/// The value that an expression says, for a field.
pub(super) fn value(expr: &Expr, name: &str, field: &Field) -> Result<Scalar, InvalidQuery> {
    typed(literal(expr)?, name, field)
}

fn literal(expr: &Expr) -> Result<Literal, InvalidQuery> {
    match expr {
        Expr::Nested(inner) => literal(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                Ok(Literal::Text(text.clone()))
            }
            Value::Number(digits, _) => number(digits, false),
            Value::Boolean(value) => Ok(Literal::Bool(*value)),
            other => Err(InvalidQuery::Expression(format!("unexpected value type {other}"))),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => number(digits, true),
                other => Err(InvalidQuery::Expression(format!("unable to parse value -{other}"))),
            },
            other => Err(InvalidQuery::Expression(format!("unable to parse value -{other}"))),
        },
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            Err(InvalidQuery::Unsupported(format!(
                "column name on the right side of comparison expression (did you forget to quote '{expr}'?)"
            )))
        }
        Expr::Function(_) => Err(InvalidQuery::Unsupported("nested func".to_owned())),
        other => Err(InvalidQuery::Expression(format!("unexpected value type: {other}"))),
    }
}

fn number(digits: &str, is_negative: bool) -> Result<Literal, InvalidQuery> {
    let text = if is_negative { format!("-{digits}") } else { digits.to_owned() };
    if let Ok(int) = text.parse() {
        return Ok(Literal::Int(int));
    }
    let double: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    double
        .map(Literal::Double)
        .ok_or_else(|| InvalidQuery::Expression(format!("unable to parse value \"{text}\"")))
}

fn typed(literal: Literal, name: &str, field: &Field) -> Result<Scalar, InvalidQuery> {
    match field {
        Field::Column(Column::ExecutionStatus) => status(&literal),
        Field::Column(Column::ExecutionDuration) => execution_duration(literal),
        Field::Column(_) | Field::Attribute { .. } => by_kind(literal, name, field.kind()),
    }
}

fn by_kind(literal: Literal, name: &str, kind: AttributeType) -> Result<Scalar, InvalidQuery> {
    use AttributeType as T;
    match (kind, literal) {
        (T::Int | T::Double, Literal::Int(value)) => Ok(Scalar::Int(value)),
        (T::Int | T::Double, Literal::Double(value)) => Ok(Scalar::Double(value)),
        (T::Bool, Literal::Bool(value)) => Ok(Scalar::Bool(value)),
        (T::Datetime, Literal::Int(nanos)) => {
            Ok(Scalar::Datetime(steadfast_core::Timestamp(nanos)))
        }
        (T::Datetime, Literal::Text(text)) => datetime(&text)
            .map(Scalar::Datetime)
            .ok_or_else(|| InvalidQuery::Expression(format!("unable to parse datetime '{text}'"))),
        (T::Keyword | T::KeywordList | T::Text, Literal::Text(text)) => Ok(Scalar::Text(text)),
        (_, literal) => Err(InvalidQuery::Expression(format!(
            "invalid value type for search attribute {name} of type {}: {}",
            kind.name(),
            literal.describe()
        ))),
    }
}

/// A status by its name, in either form, or its number.
fn status(literal: &Literal) -> Result<Scalar, InvalidQuery> {
    let invalid =
        |value: String| InvalidQuery::Expression(format!("invalid ExecutionStatus value {value}"));
    match literal {
        Literal::Int(number) => match row::status_of(*number) {
            Some(_) => Ok(Scalar::Int(*number)),
            // Zero is "unspecified": legal, and no run has it.
            None if *number == 0 => Ok(Scalar::Int(0)),
            None => Err(invalid(number.to_string())),
        },
        Literal::Text(name) => {
            named_status(name).map(Scalar::Int).ok_or_else(|| invalid(format!("'{name}'")))
        }
        Literal::Double(_) | Literal::Bool(_) => Err(InvalidQuery::Expression(format!(
            "unexpected value type {} for search attribute ExecutionStatus",
            literal.type_name()
        ))),
    }
}

fn named_status(name: &str) -> Option<i64> {
    const LONG: &str = "WORKFLOW_EXECUTION_STATUS_";
    if name == "Unspecified" || name.strip_prefix(LONG) == Some("UNSPECIFIED") {
        return Some(0);
    }
    if let Some(status) = Status::from_name(name) {
        return Some(row::status_number(status));
    }
    let long = name.strip_prefix(LONG)?.replace('_', "");
    let numbers = 1..=row::STATUS_MAX;
    numbers
        .filter_map(row::status_of)
        .find(|status| status.name().eq_ignore_ascii_case(&long))
        .map(row::status_number)
}

fn execution_duration(literal: Literal) -> Result<Scalar, InvalidQuery> {
    match literal {
        Literal::Int(nanos) => Ok(Scalar::Int(nanos)),
        Literal::Text(text) => duration::nanoseconds(&text).map(Scalar::Int).ok_or_else(|| {
            InvalidQuery::Expression(format!(
                "invalid duration value for search attribute ExecutionDuration: {text}"
            ))
        }),
        Literal::Double(_) | Literal::Bool(_) => Err(InvalidQuery::Expression(format!(
            "unexpected value type {} for search attribute ExecutionDuration",
            literal.type_name()
        ))),
    }
}

impl Literal {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Int(_) => "int64",
            Self::Double(_) => "float64",
            Self::Bool(_) => "bool",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Text(value) => format!("{value:?} (type: string)"),
            Self::Int(value) => format!("{value} (type: int64)"),
            Self::Double(value) => format!("{value} (type: float64)"),
            Self::Bool(value) => format!("{value} (type: bool)"),
        }
    }
}
