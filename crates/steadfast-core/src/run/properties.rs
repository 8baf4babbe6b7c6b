//! What a workflow notes about itself: search attributes, memo fields, markers.

use super::Run;
use crate::{
    EventId, Payload, PayloadMap, Rejection, Transition,
    command::RecordMarker,
    event::{
        MarkerRecorded, UpsertWorkflowSearchAttributes, UserMetadata, WorkflowPropertiesModified,
        WorkflowTaskFailedCause,
    },
};

/// Applies changes to named values: an empty value removes its name (`MergeMapOfPayload`).
fn merge(into: &mut PayloadMap, changes: &PayloadMap) {
    for (name, value) in changes {
        if matches!(&*value.data, b"" | b"null" | b"[]") {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

impl Run {
    pub(super) fn on_search_attributes(&mut self, changes: &PayloadMap) {
        merge(&mut self.search_attributes, changes);
    }

    pub(super) fn on_memo(&mut self, changes: &PayloadMap) {
        merge(&mut self.memo, changes);
    }
}

impl Transition<'_> {
    pub(crate) fn command_record_marker(
        &mut self,
        command: RecordMarker,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadRecordMarkerAttributes;
        self.require_name("RecordMarkerCommand", "MarkerName", &command.marker_name, cause)?;
        for details in command.details.values() {
            self.require_payloads("RecordMarkerCommandAttributes.Details", details, cause)?;
        }
        let marker = MarkerRecorded {
            marker_name: command.marker_name,
            details: command.details,
            workflow_task_completed_event_id: task_completed,
            header: command.header,
            failure: command.failure,
        };
        self.event_with(marker, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_upsert_search_attributes(
        &mut self,
        search_attributes: PayloadMap,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadSearchAttributes;
        if search_attributes.is_empty() {
            let message =
                "IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.".to_owned();
            return Err(Rejection::BadCompletion { cause, message });
        }
        let field = "UpsertWorkflowSearchAttributesCommandAttributes";
        self.require_merged(field, &self.run.search_attributes, &search_attributes, cause)?;
        let upserted = UpsertWorkflowSearchAttributes {
            workflow_task_completed_event_id: task_completed,
            search_attributes,
        };
        self.event_with(upserted, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_modify_properties(
        &mut self,
        upserted_memo: PayloadMap,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadModifyWorkflowPropertiesAttributes;
        if upserted_memo.is_empty() {
            let message =
                "UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.".to_owned();
            return Err(Rejection::BadCompletion { cause, message });
        }
        let field = "ModifyWorkflowPropertiesCommandAttributes";
        self.require_merged(field, &self.run.memo, &upserted_memo, cause)?;
        let modified = WorkflowPropertiesModified {
            workflow_task_completed_event_id: task_completed,
            upserted_memo,
        };
        self.event_with(modified, user_metadata, Vec::new());
        Ok(())
    }

    /// The values as they will be, within the limit of one list of payloads.
    fn require_merged(
        &self,
        field: &'static str,
        current: &PayloadMap,
        changes: &PayloadMap,
        cause: WorkflowTaskFailedCause,
    ) -> Result<(), Rejection> {
        let mut merged = current.clone();
        merge(&mut merged, changes);
        let values: Vec<Payload> = merged.into_values().collect();
        self.require_payloads(field, &values, cause)
    }
}

#[cfg(test)]
mod tests;
