//! What a name in a query stands for: a column of the run's row, or a search attribute.

use steadfast_core::{AttributeType, builds::BUILDS_ATTRIBUTE, search_attribute};
use steadfast_engine::search_attributes::CustomAttributes;

use crate::error::InvalidQuery;

const PREFIX: &str = "Temporal";
const SCHEDULE_ID: &str = "ScheduleId";

/// What a condition speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Column(Column),
    Attribute { name: String, kind: AttributeType },
}

macro_rules! columns {
    ($($variant:ident = $name:literal, $column:literal, $kind:ident;)*) => {
        /// A column of the table of runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column {
            $($variant,)*
        }

        impl Column {
            /// Its name in queries.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its name in the file.
            pub(crate) const fn sql(self) -> &'static str {
                match self { $(Self::$variant => $column,)* }
            }

            pub(crate) const fn kind(self) -> AttributeType {
                match self { $(Self::$variant => AttributeType::$kind,)* }
            }

            fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

columns! {
    WorkflowId = "WorkflowId", "workflow_id", Keyword;
    RunId = "RunId", "run_id", Keyword;
    WorkflowType = "WorkflowType", "workflow_type", Keyword;
    StartTime = "StartTime", "start_time", Datetime;
    ExecutionTime = "ExecutionTime", "execution_time", Datetime;
    CloseTime = "CloseTime", "close_time", Datetime;
    ExecutionStatus = "ExecutionStatus", "status", Keyword;
    TaskQueue = "TaskQueue", "task_queue", Keyword;
    HistoryLength = "HistoryLength", "history_length", Int;
    HistorySizeBytes = "HistorySizeBytes", "history_size_bytes", Int;
    ExecutionDuration = "ExecutionDuration", "execution_duration", Int;
    StateTransitionCount = "StateTransitionCount", "state_transition_count", Int;
    ParentWorkflowId = "ParentWorkflowId", "parent_workflow_id", Keyword;
    ParentRunId = "ParentRunId", "parent_run_id", Keyword;
    RootWorkflowId = "RootWorkflowId", "root_workflow_id", Keyword;
    RootRunId = "RootRunId", "root_run_id", Keyword;
    Division = "TemporalNamespaceDivision", "division", Keyword;
}

impl Field {
    /// What the name stands for (`resolveSearchAttributeAlias`): a custom attribute, one that every
    /// namespace has, or one of those without or with the prefix.
    pub(super) fn resolve(name: &str, custom: &CustomAttributes) -> Result<Self, InvalidQuery> {
        if let Some(found) = Self::custom(name, custom).or_else(|| Self::known(name)) {
            return Ok(found);
        }
        let stripped = name.strip_prefix(PREFIX);
        let other = match stripped {
            _ if stripped.unwrap_or(name) == SCHEDULE_ID => Some(Self::Column(Column::WorkflowId)),
            Some(stripped) => Self::known(stripped),
            None => Self::known(&format!("{PREFIX}{name}")),
        };
        other.ok_or_else(|| {
            let message = format!("column name '{name}' is not a valid search attribute");
            InvalidQuery::Expression(message)
        })
    }

    fn custom(name: &str, custom: &CustomAttributes) -> Option<Self> {
        let kind = *custom.get(name)?;
        Some(Self::Attribute { name: name.to_owned(), kind })
    }

    fn known(name: &str) -> Option<Self> {
        if let Some(column) = Column::of(name) {
            return Some(Self::Column(column));
        }
        let (kind, _) = search_attribute::predefined(name)?;
        Some(Self::Attribute { name: name.to_owned(), kind })
    }

    /// Whether it is the builds that runs have seen, which the file keeps in its own way.
    pub(super) fn is_builds(&self) -> bool {
        matches!(self, Self::Attribute { name, .. } if name == BUILDS_ATTRIBUTE)
    }

    /// The type of its values.
    pub(crate) fn kind(&self) -> AttributeType {
        match self {
            Self::Column(column) => column.kind(),
            Self::Attribute { kind, .. } => *kind,
        }
    }
}
