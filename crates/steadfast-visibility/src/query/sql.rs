//! A query as SQL for the file. Text is only ever ours; every value is bound.

use rusqlite::types::Value;
use steadfast_engine::search_attributes::Scalar;

use super::{
    Comparison, Condition, Direction, Query, Test,
    field::{Column, Field},
};
use crate::row;

/// A bound value.
pub(crate) type Bind = Value;

/// SQL, and what is bound to its question marks in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
    /// How many columns at the end of each row are sort keys.
    pub(crate) keys: usize,
}

/// What a list is sorted by in the end, so that the order is total and survives a rebuild: open runs
/// first, then by close time and start time, newest first.
const DEFAULT_ORDER: [(&str, Direction); 4] = [
    ("order_time", Direction::Descending),
    ("start_time", Direction::Descending),
    ("run_id", Direction::Ascending),
    ("workflow_id", Direction::Ascending),
];

/// One sort key.
struct Key {
    sql: String,
    binds: Vec<Bind>,
    direction: Direction,
    is_nullable: bool,
}

/// A page of runs: those after the row with the given keys.
pub(crate) fn list(
    namespace: &str,
    query: &Query,
    after: Option<&[Bind]>,
    limit: usize,
) -> Statement {
    let writer = Writer::new(namespace);
    let keys = writer.keys(query);
    let mut statement = Statement { keys: keys.len(), ..Statement::default() };
    statement.push("SELECT ");
    statement.push(row::COLUMNS);
    for (index, key) in keys.iter().enumerate() {
        statement.push(&format!(", {} AS k{index}", key.sql));
        statement.binds.extend(key.binds.iter().cloned());
    }
    statement.push(" FROM run WHERE ");
    writer.filter(&mut statement, query);
    if let Some(after) = after {
        statement.push(" AND ");
        keyset(&mut statement, &keys, after);
    }
    statement.push(" ORDER BY ");
    for (index, key) in keys.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let nulls_last =
            if key.is_nullable { format!("k{index} IS NULL, ") } else { String::new() };
        let descending = match key.direction {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        statement.push(&format!("{comma}{nulls_last}k{index}{descending}"));
    }
    statement.push(" LIMIT ?");
    statement.binds.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    statement
}

/// How many runs; with a group's value first when they are grouped.
pub(crate) fn count(namespace: &str, query: &Query) -> Statement {
    let writer = Writer::new(namespace);
    let mut statement = Statement::default();
    let group = query.group_by.map(Column::sql);
    let what = group.map_or(String::new(), |column| format!("{column}, "));
    statement.push(&format!("SELECT {what}count(*) FROM run WHERE "));
    writer.filter(&mut statement, query);
    if let Some(column) = group {
        statement.push(&format!(" GROUP BY {column} ORDER BY {column}"));
    }
    statement
}

impl Statement {
    fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn bind(&mut self, value: Bind) {
        self.sql.push('?');
        self.binds.push(value);
    }

    fn bind_all(&mut self, values: impl IntoIterator<Item = Bind>) {
        self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")");
    }
}

/// The condition that a row comes after the one with these keys.
fn keyset(statement: &mut Statement, keys: &[Key], after: &[Bind]) {
    // Said again by what follows, but this way an index can start in the middle.
    if let (Some(first), Some(value)) = (keys.first(), after.first())
        && !first.is_nullable
    {
        let operator = match first.direction {
            Direction::Ascending => ">=",
            Direction::Descending => "<=",
        };
        statement.push(&format!("k0 {operator} "));
        statement.bind(value.clone());
        statement.push(" AND ");
    }
    for (index, (key, value)) in keys.iter().zip(after).enumerate() {
        let is_last = index + 1 == keys.len().min(after.len());
        statement.push("(");
        match (value, key.direction) {
            // Nothing comes after what is not set.
            (Value::Null, _) => statement.push("0"),
            (value, direction) => {
                let operator = match direction {
                    Direction::Ascending => ">",
                    Direction::Descending => "<",
                };
                statement.push(&format!("k{index} {operator} "));
                statement.bind(value.clone());
                if key.is_nullable {
                    statement.push(&format!(" OR k{index} IS NULL"));
                }
            }
        }
        if !is_last {
            statement.push(&format!(" OR (k{index} IS "));
            statement.bind(value.clone());
            statement.push(" AND ");
        }
    }
    let depth = keys.len().min(after.len());
    statement.push(&")".repeat(depth * 2 - 1));
}

struct Writer<'a> {
    namespace: &'a str,
}

/// The row of a namespace's attribute.
const ATTRIBUTE_KEY: &str = "(SELECT id FROM attribute_key WHERE namespace = \
    (SELECT id FROM namespace WHERE name = ?) AND name = ? AND kind = ?)";

/// Every build of every list of builds.
const BUILDS: &str = "FROM builds AS b, json_each(b.list)";

impl<'a> Writer<'a> {
    fn new(namespace: &'a str) -> Self {
        Self { namespace }
    }

    fn keys(&self, query: &Query) -> Vec<Key> {
        let wanted = query.order_by.iter().map(|(field, direction)| match field {
            Field::Column(column) => Key {
                sql: column.sql().to_owned(),
                binds: Vec::new(),
                direction: *direction,
                is_nullable: column.is_nullable(),
            },
            Field::Attribute { .. } => {
                // Of several values the one that comes first decides, as in Elasticsearch.
                let best = match direction {
                    Direction::Ascending => "min",
                    Direction::Descending => "max",
                };
                let (sql, binds) = if field.is_builds() {
                    (format!("(SELECT {best}(value) {BUILDS} WHERE b.id = run.builds)"), Vec::new())
                } else {
                    let sql = format!(
                        "(SELECT {best}(value) FROM attribute \
                         WHERE run = run.id AND key = {ATTRIBUTE_KEY})"
                    );
                    (sql, self.attribute(field).to_vec())
                };
                Key { sql, binds, direction: *direction, is_nullable: true }
            }
        });
        let default = DEFAULT_ORDER.iter().map(|(column, direction)| Key {
            sql: (*column).to_owned(),
            binds: Vec::new(),
            direction: *direction,
            is_nullable: false,
        });
        wanted.chain(default).collect()
    }

    fn attribute(&self, field: &Field) -> [Bind; 3] {
        let name = match field {
            Field::Column(column) => column.name(),
            Field::Attribute { name, .. } => name,
        };
        [
            Value::Text(self.namespace.to_owned()),
            Value::Text(name.to_owned()),
            Value::Integer(field.kind().number().into()),
        ]
    }

    fn filter(&self, statement: &mut Statement, query: &Query) {
        statement.push("namespace = (SELECT id FROM namespace WHERE name = ");
        statement.bind(Value::Text(self.namespace.to_owned()));
        statement.push(")");
        if !query.names_division {
            statement.push(" AND division IS NULL");
        }
        if let Some(condition) = &query.filter {
            statement.push(" AND ");
            self.condition(statement, condition);
        }
    }

    fn condition(&self, statement: &mut Statement, condition: &Condition) {
        match condition {
            Condition::All(conditions) => self.joined(statement, conditions, " AND "),
            Condition::Any(conditions) => self.joined(statement, conditions, " OR "),
            Condition::Test(field, test) => match field {
                Field::Column(column) => value_test(statement, column.sql(), test),
                Field::Attribute { .. } => self.attribute_test(statement, field, test),
            },
        }
    }

    /// In halves, so that a long list does not become a deep tree: SQLite bounds the depth.
    fn joined(&self, statement: &mut Statement, conditions: &[Condition], operator: &str) {
        match conditions {
            [] => statement.push("1"),
            [one] => self.condition(statement, one),
            [..] => {
                let (left, right) = conditions.split_at(conditions.len() / 2);
                statement.push("(");
                self.joined(statement, left, operator);
                statement.push(operator);
                self.joined(statement, right, operator);
                statement.push(")");
            }
        }
    }

    fn attribute_test(&self, statement: &mut Statement, field: &Field, test: &Test) {
        let lacks = matches!(test, Test::IsNull | Test::Lacks(_) | Test::LacksWords(_));
        if let Test::HasWords(groups) | Test::LacksWords(groups) = test {
            statement.push(if lacks { "NOT (" } else { "(" });
            for (index, word) in groups.iter().enumerate() {
                statement.push(if index > 0 { " OR (" } else { "(" });
                for (index, word) in word.iter().enumerate() {
                    statement.push(if index > 0 { " AND " } else { "" });
                    self.runs_with(statement, field, "IN");
                    statement.push(" AND value = ");
                    statement.bind(Value::Text(word.clone()));
                    statement.push(")");
                }
                statement.push(")");
            }
            return statement.push(")");
        }
        self.runs_with(statement, field, if lacks { "NOT IN" } else { "IN" });
        match test {
            Test::IsNull | Test::IsNotNull => {}
            Test::Has(values) | Test::Lacks(values) => {
                statement.push(" AND value IN ");
                statement.bind_all(values.iter().cloned().map(Value::Text));
            }
            Test::Compare(..)
            | Test::In(_)
            | Test::NotIn(_)
            | Test::Between(..)
            | Test::NotBetween(..)
            | Test::StartsWith(_)
            | Test::NotStartsWith(_)
            | Test::HasWords(_)
            | Test::LacksWords(_) => {
                statement.push(" AND ");
                value_test(statement, "value", test);
            }
        }
        statement.push(")");
    }

    /// `id IN (SELECT run …`, which the caller goes on with and closes.
    fn runs_with(&self, statement: &mut Statement, field: &Field, operator: &str) {
        if field.is_builds() {
            let runs = format!("coalesce(builds, 0) {operator} (SELECT b.id {BUILDS} WHERE 1");
            return statement.push(&runs);
        }
        statement
            .push(&format!("id {operator} (SELECT run FROM attribute WHERE key = {ATTRIBUTE_KEY}"));
        statement.binds.extend(self.attribute(field));
    }
}

/// The test of one SQL value.
fn value_test(statement: &mut Statement, value: &str, test: &Test) {
    match test {
        Test::Compare(comparison, with) => {
            statement.push(&format!("{value} {} ", comparison.sql()));
            statement.bind(bound(with));
        }
        Test::In(values) | Test::NotIn(values) => {
            let not = if matches!(test, Test::NotIn(_)) { "NOT " } else { "" };
            statement.push(&format!("{value} {not}IN "));
            statement.bind_all(values.iter().map(bound));
        }
        Test::Between(low, high) | Test::NotBetween(low, high) => {
            let not = if matches!(test, Test::NotBetween(..)) { "NOT " } else { "" };
            statement.push(&format!("{value} {not}BETWEEN "));
            statement.bind(bound(low));
            statement.push(" AND ");
            statement.bind(bound(high));
        }
        Test::IsNull => statement.push(&format!("{value} IS NULL")),
        Test::IsNotNull => statement.push(&format!("{value} IS NOT NULL")),
        Test::StartsWith(prefix) | Test::NotStartsWith(prefix) => {
            let not = if matches!(test, Test::NotStartsWith(_)) { "NOT " } else { "" };
            statement.push(&format!("{not}({value} >= "));
            statement.bind(Value::Text(prefix.clone()));
            if let Some(end) = after_prefix(prefix) {
                statement.push(&format!(" AND {value} < "));
                statement.bind(Value::Text(end));
            }
            statement.push(")");
        }
        // Columns are never lists nor words.
        Test::Has(_) | Test::Lacks(_) | Test::HasWords(_) | Test::LacksWords(_) => {
            statement.push("0");
        }
    }
}

/// The first text after all that begin with the prefix; nothing when there is none. SQLite compares
/// bytes, and UTF-8's order is that of the characters.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            char::MAX => None,
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// A value as the file keeps it.
pub(crate) fn bound(value: &Scalar) -> Bind {
    match value {
        Scalar::Text(text) => Value::Text(text.clone()),
        Scalar::Int(int) => Value::Integer(*int),
        Scalar::Double(double) => Value::Real(*double),
        Scalar::Bool(bool) => Value::Integer(i64::from(*bool)),
        Scalar::Datetime(time) => Value::Integer(time.0),
    }
}

impl Comparison {
    const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Column {
    /// Whether a run may lack it.
    pub(crate) const fn is_nullable(self) -> bool {
        match self {
            Self::CloseTime
            | Self::ExecutionDuration
            | Self::ParentWorkflowId
            | Self::ParentRunId
            | Self::Division => true,
            Self::WorkflowId
            | Self::RunId
            | Self::WorkflowType
            | Self::StartTime
            | Self::ExecutionTime
            | Self::ExecutionStatus
            | Self::TaskQueue
            | Self::HistoryLength
            | Self::HistorySizeBytes
            | Self::StateTransitionCount
            | Self::RootWorkflowId
            | Self::RootRunId => false,
        }
    }
}
