//! Every RPC of Temporal's API, each with the file that answers it or the plain word that it is not
//! built: then the answer is `Unimplemented`. The README's table is made from [`rpcs`].

use steadfast_temporal_api::{
    api::{operatorservice::v1 as operator_api, workflowservice::v1 as workflow},
    operator_service::operator_service_server::OperatorService,
    workflow_service::workflow_service_server::WorkflowService,
};
use tonic::{Request, Response, Status};

use crate::{
    context::{Context, Patience},
    rpc::*,
};

/// One RPC, and whether it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rpc {
    /// The service it belongs to.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it is built; else it answers `Unimplemented`.
    pub is_built: bool,
}

/// Temporal's services, answered from the engine.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) context: Context,
}

/// The table of a service's RPCs, and its server trait made from it.
macro_rules! service {
    (
        $table:ident, $trait:ident, $api:ident,
        built { $($name:ident in $module:ident,)* }
        not_built { $($missing:ident,)* }
    ) => {
        const $table: &[Rpc] = &[
            $(Rpc { service: stringify!($trait), name: stringify!($name), is_built: true },)*
            $(Rpc { service: stringify!($trait), name: stringify!($missing), is_built: false },)*
        ];

        pastey::paste! {
            #[tonic::async_trait]
            impl $trait for Services {
                $(async fn [<$name:snake>](
                    &self,
                    request: Request<$api::[<$name Request>]>,
                ) -> Result<Response<$api::[<$name Response>]>, Status> {
                    let patience = Patience::of(request.metadata());
                    let request = request.into_inner();
                    let answer = $module::[<$name:snake>](&self.context, patience, request).await;
                    answer.map(Response::new).map_err(Status::from)
                })*

                $(async fn [<$missing:snake>](
                    &self,
                    _request: Request<$api::[<$missing Request>]>,
                ) -> Result<Response<$api::[<$missing Response>]>, Status> {
                    Err(not_built(stringify!($missing)))
                })*
            }
        }
    };
}

fn not_built(name: &str) -> Status {
    Status::unimplemented(format!("method {name} not implemented"))
}

service! {
    WORKFLOW_RPCS, WorkflowService, workflow,
    built {
        RegisterNamespace in namespace,
        DescribeNamespace in namespace,
        ListNamespaces in namespace,
        UpdateNamespace in namespace,
        DeprecateNamespace in namespace,
        StartWorkflowExecution in start,
        GetWorkflowExecutionHistory in history,
        GetWorkflowExecutionHistoryReverse in history,
        PollWorkflowTaskQueue in workflow_task,
        RespondWorkflowTaskCompleted in workflow_task,
        RespondWorkflowTaskFailed in workflow_task,
        PollActivityTaskQueue in activity_task,
        PollNexusTaskQueue in nexus_task,
        RecordActivityTaskHeartbeat in activity_task,
        RecordActivityTaskHeartbeatById in activity_task_by_id,
        RespondActivityTaskCompleted in activity_task,
        RespondActivityTaskCompletedById in activity_task_by_id,
        RespondActivityTaskFailed in activity_task,
        RespondActivityTaskFailedById in activity_task_by_id,
        RespondActivityTaskCanceled in activity_task,
        RespondActivityTaskCanceledById in activity_task_by_id,
        RequestCancelWorkflowExecution in control,
        SignalWorkflowExecution in control,
        SignalWithStartWorkflowExecution in start,
        TerminateWorkflowExecution in control,
        RespondQueryTaskCompleted in query,
        ResetStickyTaskQueue in worker,
        ShutdownWorker in worker,
        RecordWorkerHeartbeat in worker,
        ListWorkers in worker,
        CountWorkers in worker,
        DescribeWorker in worker,
        QueryWorkflow in query,
        DescribeWorkflowExecution in describe,
        GetClusterInfo in system,
        GetSystemInfo in system,
        UpdateWorkflowExecution in update,
        PollWorkflowExecutionUpdate in update,
        ListWorkflowExecutions in visibility,
        ScanWorkflowExecutions in visibility,
        ListOpenWorkflowExecutions in visibility,
        ListClosedWorkflowExecutions in visibility,
        CountWorkflowExecutions in visibility,
        GetSearchAttributes in visibility,
        PauseActivity in activity_control,
        UnpauseActivity in activity_control,
        ResetActivity in activity_control,
        UpdateActivityOptions in activity_control,
        PauseActivityExecution in activity_execution,
        UnpauseActivityExecution in activity_execution,
        ResetActivityExecution in activity_execution,
        UpdateActivityExecutionOptions in activity_execution,
        ResetWorkflowExecution in reset,
        DescribeTaskQueue in task_queue,
        ListTaskQueuePartitions in task_queue,
        ExecuteMultiOperation in multi_operation,
        PauseWorkflowExecution in run_control,
        UnpauseWorkflowExecution in run_control,
        DeleteWorkflowExecution in run_control,
        UpdateWorkflowExecutionOptions in run_control,
    }
    not_built {
        ListArchivedWorkflowExecutions,
           CreateSchedule,
        DescribeSchedule, UpdateSchedule, PatchSchedule, ListScheduleMatchingTimes,
        DeleteSchedule, ListSchedules, CountSchedules, UpdateWorkerBuildIdCompatibility,
        GetWorkerBuildIdCompatibility, UpdateWorkerVersioningRules, GetWorkerVersioningRules,
        GetWorkerTaskReachability, DescribeDeployment, DescribeWorkerDeploymentVersion,
        ListDeployments, GetDeploymentReachability, GetCurrentDeployment, SetCurrentDeployment,
        SetWorkerDeploymentCurrentVersion, DescribeWorkerDeployment, DeleteWorkerDeployment,
        DeleteWorkerDeploymentVersion, SetWorkerDeploymentRampingVersion, ListWorkerDeployments,
        CreateWorkerDeployment, CreateWorkerDeploymentVersion,
        UpdateWorkerDeploymentVersionComputeConfig, ValidateWorkerDeploymentVersionComputeConfig,
        UpdateWorkerDeploymentVersionMetadata, SetWorkerDeploymentManager, StartBatchOperation,
        StopBatchOperation, DescribeBatchOperation, ListBatchOperations,
        RespondNexusTaskCompleted, RespondNexusTaskFailed,
        CreateWorkflowRule, DescribeWorkflowRule, DeleteWorkflowRule, ListWorkflowRules,
        TriggerWorkflowRule, UpdateTaskQueueConfig, FetchWorkerConfig,
        UpdateWorkerConfig,
        StartActivityExecution, StartNexusOperationExecution, DescribeActivityExecution,
        DescribeNexusOperationExecution, PollActivityExecution, PollNexusOperationExecution,
        ListActivityExecutions, ListNexusOperationExecutions, CountActivityExecutions,
        CountNexusOperationExecutions, RequestCancelActivityExecution,
        RequestCancelNexusOperationExecution, TerminateActivityExecution,
        DeleteActivityExecution,
        TerminateNexusOperationExecution, DeleteNexusOperationExecution,
        PollWorkflowExecutionTimeSkipping,
    }
}

service! {
    OPERATOR_RPCS, OperatorService, operator_api,
    built {
        AddSearchAttributes in operator,
        RemoveSearchAttributes in operator,
        ListSearchAttributes in operator,
        ListClusters in operator,
        DeleteNamespace in operator,
    }
    not_built {
        AddOrUpdateRemoteCluster, RemoveRemoteCluster,  GetNexusEndpoint,
        CreateNexusEndpoint, UpdateNexusEndpoint, DeleteNexusEndpoint, ListNexusEndpoints,
    }
}

/// Every RPC of both services.
pub fn rpcs() -> impl Iterator<Item = Rpc> {
    WORKFLOW_RPCS.iter().chain(OPERATOR_RPCS).copied()
}

#[cfg(test)]
mod tests;
