//! What a parsed query says, checked: names become fields, values get their fields' types, and `NOT`
//! moves inwards until only leaves are negated.
#![expect(clippy::wildcard_enum_match_arm, reason = "sqlparser's enums are not ours, and grow")]

use sqlparser::ast::{BinaryOperator, Expr, InTarget, OrderByExpr, OrderBySort, UnaryOperator};
use steadfast_core::AttributeType;
use steadfast_engine::search_attributes::{CustomAttributes, Scalar};

use super::{
    Bounds, Comparison, Condition, Direction, Query, Test,
    field::{Column, Field},
    literal,
    parse::{NOT_STARTS_WITH, Parsed, STARTS_WITH, operands},
    words,
};
use crate::error::InvalidQuery;

/// What a count may be grouped by.
const GROUPS: [Column; 2] = [Column::ExecutionStatus, Column::Division];

pub(super) fn convert(
    parsed: &Parsed,
    custom: &CustomAttributes,
    bounds: Bounds,
) -> Result<Query, InvalidQuery> {
    let mut converter =
        Converter { custom, conditions_left: bounds.conditions_max, names_division: false };
    let filter = parsed.filter.as_ref().map(|expr| converter.condition(expr, false)).transpose()?;
    let group_by = converter.group_by(&parsed.group_by)?;
    let order_by = parsed.order_by.iter().map(|by| converter.order_by(by));
    let order_by = order_by.collect::<Result<Vec<_>, _>>()?;
    if group_by.is_some() && !order_by.is_empty() {
        let message = "'ORDER BY' clause is not supported with 'GROUP BY' clause";
        return Err(InvalidQuery::Unsupported(message.to_owned()));
    }
    Ok(Query { filter, group_by, order_by, names_division: converter.names_division })
}

struct Converter<'a> {
    custom: &'a CustomAttributes,
    conditions_left: usize,
    names_division: bool,
}

/// A field, and the name that it was given in the query.
struct Named {
    name: String,
    field: Field,
}

impl Named {
    fn unsupported(&self, operator: &str) -> InvalidQuery {
        let (kind, name) = (self.field.kind().name(), &self.name);
        InvalidQuery::Unsupported(format!(
            "operator '{operator}' not supported for {kind} type search attribute '{name}'"
        ))
    }

    fn value(&self, expr: &Expr) -> Result<Scalar, InvalidQuery> {
        literal::value(expr, &self.name, &self.field)
    }

    fn text(&self, expr: &Expr, operator: &str) -> Result<String, InvalidQuery> {
        match self.value(expr)? {
            Scalar::Text(text) => Ok(text),
            Scalar::Int(_) | Scalar::Double(_) | Scalar::Bool(_) | Scalar::Datetime(_) => {
                Err(InvalidQuery::Expression(format!(
                    "right-hand side of '{operator}' must be a literal string (got: {expr})"
                )))
            }
        }
    }

    fn test(self, test: Test) -> Condition {
        Condition::Test(self.field, test)
    }
}

impl Converter<'_> {
    fn condition(&mut self, expr: &Expr, negated: bool) -> Result<Condition, InvalidQuery> {
        match expr {
            Expr::Nested(inner) => self.condition(inner, negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.condition(expr, !negated),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                self.chain(expr, op, negated)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Custom(op), right } => {
                self.starts_with(left, right, (op == NOT_STARTS_WITH) != negated)
            }
            Expr::BinaryOp { left, op, right } => self.compare(left, op, right, negated),
            Expr::In { expr, target: InTarget::List(list), negated: not, global: false } => {
                self.in_list(expr, list, *not != negated)
            }
            Expr::Between { expr, negated: not, low, high } => {
                self.between(expr, low, high, *not != negated)
            }
            Expr::IsNull(expr) => self.is_null(expr, negated),
            Expr::IsNotNull(expr) => self.is_null(expr, !negated),
            Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => {
                let message = "'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'";
                Err(InvalidQuery::Expression(message.to_owned()))
            }
            Expr::Like { expr, negated, .. } => self.no_operator(expr, *negated, "LIKE"),
            Expr::ILike { expr, negated, .. } => self.no_operator(expr, *negated, "ILIKE"),
            Expr::RLike { expr, negated, .. } => self.no_operator(expr, *negated, "REGEXP"),
            Expr::Function(_) => Err(InvalidQuery::Unsupported("function expression".to_owned())),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => {
                Err(InvalidQuery::Expression("incomplete expression".to_owned()))
            }
            other => Err(InvalidQuery::Unsupported(format!("expression `{other}`"))),
        }
    }

    /// `a AND b AND c`, as one list.
    fn chain(
        &mut self,
        expr: &Expr,
        op: &BinaryOperator,
        negated: bool,
    ) -> Result<Condition, InvalidQuery> {
        let conditions = operands(expr, op).into_iter();
        let conditions = conditions.map(|operand| self.condition(operand, negated));
        let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
        Ok(if (*op == BinaryOperator::And) == negated {
            Condition::Any(conditions)
        } else {
            Condition::All(conditions)
        })
    }

    fn compare(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        negated: bool,
    ) -> Result<Condition, InvalidQuery> {
        let Some(comparison) = comparison(op) else {
            return Err(InvalidQuery::Unsupported(format!("operator '{op}'")));
        };
        let comparison = if negated { comparison.opposite() } else { comparison };
        self.spend(1)?;
        let named = self.named(left)?;
        let operator = op.to_string();
        let test = match named.field.kind() {
            AttributeType::KeywordList => {
                let value = named.text(right, &operator)?;
                match comparison {
                    Comparison::Equal => Test::Has(vec![value]),
                    Comparison::NotEqual => Test::Lacks(vec![value]),
                    Comparison::Less
                    | Comparison::LessOrEqual
                    | Comparison::Greater
                    | Comparison::GreaterOrEqual => return Err(named.unsupported(&operator)),
                }
            }
            AttributeType::Text => {
                let groups = word_groups(&named.text(right, &operator)?)?;
                match comparison {
                    Comparison::Equal => Test::HasWords(groups),
                    Comparison::NotEqual => Test::LacksWords(groups),
                    Comparison::Less
                    | Comparison::LessOrEqual
                    | Comparison::Greater
                    | Comparison::GreaterOrEqual => return Err(named.unsupported(&operator)),
                }
            }
            AttributeType::Keyword
            | AttributeType::Int
            | AttributeType::Double
            | AttributeType::Bool
            | AttributeType::Datetime => Test::Compare(comparison, named.value(right)?),
        };
        Ok(named.test(test))
    }

    fn starts_with(
        &mut self,
        left: &Expr,
        right: &Expr,
        negated: bool,
    ) -> Result<Condition, InvalidQuery> {
        self.spend(1)?;
        let named = self.named(left)?;
        let is_text = named.field.kind() == AttributeType::Keyword
            && named.field != Field::Column(Column::ExecutionStatus);
        if !is_text {
            return Err(named.unsupported(STARTS_WITH));
        }
        let prefix = named.text(right, STARTS_WITH)?;
        let test = if negated { Test::NotStartsWith(prefix) } else { Test::StartsWith(prefix) };
        Ok(named.test(test))
    }

    fn in_list(
        &mut self,
        left: &Expr,
        list: &[Expr],
        negated: bool,
    ) -> Result<Condition, InvalidQuery> {
        self.spend(list.len().max(1))?;
        let named = self.named(left)?;
        let operator = if negated { "NOT IN" } else { "IN" };
        let test = match named.field.kind() {
            AttributeType::KeywordList => {
                let values = list.iter().map(|value| named.text(value, operator));
                let values = values.collect::<Result<_, _>>()?;
                if negated { Test::Lacks(values) } else { Test::Has(values) }
            }
            AttributeType::Text => return Err(named.unsupported(operator)),
            AttributeType::Keyword
            | AttributeType::Int
            | AttributeType::Double
            | AttributeType::Bool
            | AttributeType::Datetime => {
                let values = list.iter().map(|value| named.value(value));
                let values = values.collect::<Result<_, _>>()?;
                if negated { Test::NotIn(values) } else { Test::In(values) }
            }
        };
        Ok(named.test(test))
    }

    fn between(
        &mut self,
        left: &Expr,
        low: &Expr,
        high: &Expr,
        negated: bool,
    ) -> Result<Condition, InvalidQuery> {
        self.spend(1)?;
        let named = self.named(left)?;
        let kind = named.field.kind();
        let has_order = match kind {
            AttributeType::Datetime
            | AttributeType::Double
            | AttributeType::Int
            | AttributeType::Keyword => true,
            AttributeType::Bool | AttributeType::Text | AttributeType::KeywordList => false,
        };
        if !has_order {
            return Err(InvalidQuery::Expression(format!(
                "cannot do range condition on search attribute '{}' of type {}",
                named.name,
                kind.name()
            )));
        }
        let (low, high) = (named.value(low)?, named.value(high)?);
        Ok(named.test(if negated { Test::NotBetween(low, high) } else { Test::Between(low, high) }))
    }

    fn is_null(&mut self, expr: &Expr, negated: bool) -> Result<Condition, InvalidQuery> {
        self.spend(1)?;
        let named = self.named(expr)?;
        Ok(named.test(if negated { Test::IsNotNull } else { Test::IsNull }))
    }

    fn no_operator(
        &mut self,
        expr: &Expr,
        negated: bool,
        operator: &str,
    ) -> Result<Condition, InvalidQuery> {
        let not = if negated { "NOT " } else { "" };
        Err(self.named(expr)?.unsupported(&format!("{not}{operator}")))
    }

    fn group_by(&mut self, by: &[Expr]) -> Result<Option<Column>, InvalidQuery> {
        let [by] = by else {
            let message = "'GROUP BY' clause supports only a single field";
            return if by.is_empty() {
                Ok(None)
            } else {
                Err(InvalidQuery::Unsupported(message.to_owned()))
            };
        };
        let named = self.named(by)?;
        match named.field {
            Field::Column(column) if GROUPS.contains(&column) => Ok(Some(column)),
            Field::Column(_) | Field::Attribute { .. } => Err(InvalidQuery::Unsupported(format!(
                "'GROUP BY' clause is not supported for search attribute {}",
                named.name
            ))),
        }
    }

    fn order_by(&mut self, by: &OrderByExpr) -> Result<(Field, Direction), InvalidQuery> {
        let named = self.named(&by.expr)?;
        if named.field.kind() == AttributeType::Text {
            let message = "unable to sort by search attribute type Text";
            return Err(InvalidQuery::Unsupported(message.to_owned()));
        }
        let direction = match by.options.sort {
            Some(OrderBySort::Desc) => Direction::Descending,
            Some(OrderBySort::Asc | OrderBySort::Using(_)) | None => Direction::Ascending,
        };
        Ok((named.field, direction))
    }

    fn named(&mut self, expr: &Expr) -> Result<Named, InvalidQuery> {
        let name = match expr {
            Expr::Identifier(name) => name.value.clone(),
            Expr::CompoundIdentifier(parts) => {
                let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                parts.join(".")
            }
            Expr::Nested(inner) => return self.named(inner),
            other => {
                let message = format!("must be a column name but was {other}");
                return Err(InvalidQuery::Expression(message));
            }
        };
        let field = Field::resolve(&name, self.custom)?;
        self.names_division |= field == Field::Column(Column::Division);
        Ok(Named { name, field })
    }

    fn spend(&mut self, conditions: usize) -> Result<(), InvalidQuery> {
        let left = self.conditions_left.checked_sub(conditions);
        self.conditions_left = left.ok_or_else(|| {
            InvalidQuery::Unsupported("so many conditions and values in one query".to_owned())
        })?;
        Ok(())
    }
}

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

impl Comparison {
    fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// What stands between spaces belongs together: all of its words must be there.
fn word_groups(text: &str) -> Result<Vec<Vec<String>>, InvalidQuery> {
    let groups: Vec<Vec<String>> =
        text.split(' ').map(words).filter(|group| !group.is_empty()).collect();
    if groups.is_empty() {
        let message = "unexpected value for Text type search attribute (no tokens found)";
        return Err(InvalidQuery::Expression(message.to_owned()));
    }
    Ok(groups)
}
