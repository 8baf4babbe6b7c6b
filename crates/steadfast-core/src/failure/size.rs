//! Failures that are too large to keep: how large they are, and what is kept of them.

use super::{ApplicationFailure, Failure, FailureInfo};
use crate::payload::size_of;

/// Causes that are kept of a failure which is cut.
const DEPTH_MAX: usize = 20;

impl Failure {
    /// About how many bytes it has, with all that caused it.
    pub fn size(&self) -> usize {
        let texts = self.message.len() + self.source.len() + self.stack_trace.len();
        let encoded = self.encoded_attributes.as_ref().map_or(0, crate::Payload::size);
        let info = match &self.info {
            FailureInfo::Application(info) => info.kind.len() + size_of(&info.details),
            FailureInfo::Timeout { last_heartbeat_details, .. }
            | FailureInfo::ResetWorkflow { last_heartbeat_details } => {
                size_of(last_heartbeat_details)
            }
            FailureInfo::Canceled { details, .. } => size_of(details),
            FailureInfo::NexusOperation(info) => {
                let texts = [&info.endpoint, &info.service, &info.operation];
                let tokens = info.operation_id.len() + info.operation_token.len();
                tokens + texts.iter().map(|text| text.len()).sum::<usize>()
            }
            FailureInfo::NexusHandler { kind, .. } => kind.len(),
            FailureInfo::Unspecified
            | FailureInfo::Terminated { .. }
            | FailureInfo::Server { .. }
            | FailureInfo::Activity(_)
            | FailureInfo::ChildWorkflow(_) => 0,
        };
        texts + encoded + info + self.cause.as_ref().map_or(0, |cause| cause.size())
    }

    /// What fits into so many bytes: texts and kinds, without details, the outer failure first.
    pub fn cut(&self, bytes_max: usize) -> Self {
        self.cut_within(&mut { bytes_max }, DEPTH_MAX)
    }

    fn cut_within(&self, left: &mut usize, depth: usize) -> Self {
        let mut keep = |text: &str| {
            let mut end = text.len().min(*left);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            *left -= end;
            text[..end].to_owned()
        };
        let info = match &self.info {
            FailureInfo::Application(info) => FailureInfo::Application(ApplicationFailure {
                kind: keep(&info.kind),
                non_retryable: info.non_retryable,
                ..ApplicationFailure::default()
            }),
            FailureInfo::Server { non_retryable } => {
                FailureInfo::Server { non_retryable: *non_retryable }
            }
            FailureInfo::Unspecified
            | FailureInfo::Timeout { .. }
            | FailureInfo::Canceled { .. }
            | FailureInfo::Terminated { .. }
            | FailureInfo::ResetWorkflow { .. }
            | FailureInfo::Activity(_)
            | FailureInfo::ChildWorkflow(_)
            | FailureInfo::NexusOperation(_)
            | FailureInfo::NexusHandler { .. } => FailureInfo::Unspecified,
        };
        let (source, message) = (keep(&self.source), keep(&self.message));
        let stack_trace = keep(&self.stack_trace);
        let cause = self.cause.as_ref().filter(|_| depth > 0 && *left > 0);
        let cause = cause.map(|cause| Box::new(cause.cut_within(left, depth - 1)));
        Self { message, source, stack_trace, encoded_attributes: None, cause, info }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_failure_keeps_its_words_from_the_outside_in() {
        let inner = Failure::application("Inner", "x".repeat(1_000));
        let mut outer = Failure::application("Outer", "é".repeat(20));
        outer.cause = Some(Box::new(inner));
        assert!(outer.size() > 1_000);
        let cut = outer.cut(100);
        assert!(cut.size() <= 100);
        assert_eq!(cut.message, outer.message);
        assert!(cut.cause.unwrap().message.starts_with("xxx"));
        assert_eq!(outer.cut(6).message, "", "the type takes it all, and no letter is halved");
    }
}
