//! The same meaning as the SQL, as plain code over one run: what the property test compares with.

use std::cmp::Ordering;

use steadfast_core::AttributeType;
use steadfast_engine::search_attributes::{self, Scalar};

use super::{
    Comparison, Condition, Test,
    field::{Column, Field},
    words,
};
use crate::{api::RunInfo, row};

/// Whether the run fits.
pub(super) fn fits(run: &RunInfo, condition: &Condition) -> bool {
    match condition {
        Condition::All(conditions) => conditions.iter().all(|c| fits(run, c)),
        Condition::Any(conditions) => conditions.iter().any(|c| fits(run, c)),
        Condition::Test(field, test) => passes(&values(run, field), test),
    }
}

fn passes(values: &[Scalar], test: &Test) -> bool {
    let any = |passes: &dyn Fn(&Scalar) -> bool| values.iter().any(passes);
    let text = |value: &Scalar| match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Int(_) | Scalar::Double(_) | Scalar::Bool(_) | Scalar::Datetime(_) => {
            panic!("{value:?} is no text")
        }
    };
    let has = |wanted: &[String]| any(&|value| wanted.contains(&text(value)));
    let has_words = |groups: &[Vec<String>]| {
        let there: Vec<String> = values.iter().flat_map(|value| words(&text(value))).collect();
        groups.iter().any(|group| group.iter().all(|word| there.contains(word)))
    };
    let between = |value: &Scalar, low: &Scalar, high: &Scalar| {
        order(value, low).is_ge() && order(value, high).is_le()
    };
    match test {
        Test::Compare(comparison, with) => any(&|value| {
            let order = order(value, with);
            match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            }
        }),
        Test::In(list) => any(&|value| list.iter().any(|with| order(value, with).is_eq())),
        Test::NotIn(list) => any(&|value| list.iter().all(|with| order(value, with).is_ne())),
        Test::Between(low, high) => any(&|value| between(value, low, high)),
        Test::NotBetween(low, high) => any(&|value| !between(value, low, high)),
        Test::IsNull => values.is_empty(),
        Test::IsNotNull => !values.is_empty(),
        Test::StartsWith(prefix) => any(&|value| text(value).starts_with(prefix)),
        Test::NotStartsWith(prefix) => any(&|value| !text(value).starts_with(prefix)),
        Test::Has(wanted) => has(wanted),
        Test::Lacks(unwanted) => !has(unwanted),
        Test::HasWords(groups) => has_words(groups),
        Test::LacksWords(groups) => !has_words(groups),
    }
}

/// The order of two values of one field.
pub(super) fn order(a: &Scalar, b: &Scalar) -> Ordering {
    let number = |value: &Scalar| match value {
        Scalar::Int(int) => *int as f64,
        Scalar::Double(double) => *double,
        Scalar::Bool(bool) => f64::from(u8::from(*bool)),
        Scalar::Datetime(time) => time.0 as f64,
        Scalar::Text(text) => panic!("{text:?} is no number"),
    };
    match (a, b) {
        (Scalar::Text(a), Scalar::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Scalar::Int(a), Scalar::Int(b)) => a.cmp(b),
        (Scalar::Datetime(a), Scalar::Datetime(b)) => a.cmp(b),
        (a, b) => number(a).total_cmp(&number(b)),
    }
}

/// What a run's field holds; nothing when it is not set.
pub(super) fn values(run: &RunInfo, field: &Field) -> Vec<Scalar> {
    let text = |text: &str| vec![Scalar::Text(text.to_owned())];
    let parent = run.parent.as_ref().map(|(_, execution)| execution);
    match field {
        Field::Attribute { name, kind } => attribute(run, name, *kind),
        Field::Column(column) => match column {
            Column::WorkflowId => text(run.execution.workflow_id.as_str()),
            Column::RunId => text(run.execution.run_id.as_str()),
            Column::WorkflowType => text(run.workflow_type.as_str()),
            Column::StartTime => vec![Scalar::Datetime(run.start_time)],
            Column::ExecutionTime => vec![Scalar::Datetime(run.execution_time)],
            Column::CloseTime => run.close_time.map(Scalar::Datetime).into_iter().collect(),
            Column::ExecutionStatus => vec![Scalar::Int(row::status_number(run.status))],
            Column::TaskQueue => text(run.task_queue.as_str()),
            Column::HistoryLength => vec![Scalar::Int(run.history_length)],
            Column::HistorySizeBytes => vec![Scalar::Int(run.history_size_bytes as i64)],
            Column::ExecutionDuration => {
                run.execution_duration.map(|span| Scalar::Int(span.0 as i64)).into_iter().collect()
            }
            Column::StateTransitionCount => vec![Scalar::Int(run.state_transition_count)],
            Column::ParentWorkflowId => {
                parent.map_or(Vec::new(), |parent| text(parent.workflow_id.as_str()))
            }
            Column::ParentRunId => parent.map_or(Vec::new(), |parent| text(parent.run_id.as_str())),
            Column::RootWorkflowId => text(run.root.workflow_id.as_str()),
            Column::RootRunId => text(run.root.run_id.as_str()),
            Column::Division => attribute(run, column.name(), AttributeType::Keyword),
        },
    }
}

fn attribute(run: &RunInfo, name: &str, kind: AttributeType) -> Vec<Scalar> {
    let Some(payload) = run.search_attributes.get(name) else {
        return Vec::new();
    };
    search_attributes::decode(payload, kind).map_or(Vec::new(), |value| value.values)
}
