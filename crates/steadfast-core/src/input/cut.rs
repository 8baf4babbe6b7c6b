//! Failures from outside are cut before anybody folds or stores them.

use super::{ActivityOutcome, ChildFate, Input};
use crate::{Failure, command::CommandKind, event::UpdateOutcome};

impl Input {
    /// Cuts every chain of failures in it ([`Failure::shorten`]).
    pub(crate) fn cut_failures(&mut self) {
        match self {
            Self::CompleteWorkflowTask(input) => {
                for command in &mut input.commands {
                    cut_command(&mut command.kind);
                }
            }
            Self::FailWorkflowTask(input) => cut(&mut input.failure),
            Self::ResolveActivity(input) => {
                if let ActivityOutcome::Failed { failure, .. } = &mut input.outcome {
                    failure.shorten();
                }
            }
            Self::Child(report) => {
                if let ChildFate::Failed(failure, _) = &mut report.fate {
                    failure.shorten();
                }
            }
            Self::Start(_)
            | Self::Tick
            | Self::StartWorkflowTask(_)
            | Self::StartActivity(_)
            | Self::HeartbeatActivity(_)
            | Self::Signal(_)
            | Self::RequestCancel(_)
            | Self::Terminate(_)
            | Self::AdmitUpdate(_)
            | Self::External(_)
            | Self::ResetSticky
            | Self::Reset(_)
            | Self::UpdateOptions(_)
            | Self::CalledBack(_)
            | Self::Delete(_)
            | Self::Pause(_)
            | Self::Unpause(_)
            | Self::PauseActivity(_)
            | Self::UnpauseActivity(_)
            | Self::ResetActivity(_)
            | Self::UpdateActivityOptions(_) => {}
        }
    }
}

fn cut(failure: &mut Option<Failure>) {
    if let Some(failure) = failure {
        failure.shorten();
    }
}

fn cut_command(kind: &mut CommandKind) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command brings a failure")]
    match kind {
        CommandKind::FailWorkflow { failure } | CommandKind::RejectUpdate { failure, .. } => {
            failure.shorten();
        }
        CommandKind::CompleteUpdate { outcome: UpdateOutcome::Failure(failure), .. } => {
            failure.shorten();
        }
        CommandKind::RecordMarker(marker) => cut(&mut marker.failure),
        CommandKind::ContinueAsNew(command) => cut(&mut command.failure),
        _ => {}
    }
}
