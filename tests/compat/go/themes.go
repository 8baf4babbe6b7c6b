package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func (c *check) signalsQueriesUpdates(ctx context.Context) (string, error) {
	run, err := c.client.ExecuteWorkflow(ctx, c.options("shop"), Shop, Order{"chair", 3})
	if err != nil {
		return "", err
	}
	id := run.GetID()
	if err := until(ctx, "the shop to open", func() (bool, error) { return c.stageIs(ctx, id, "open") }); err != nil {
		return "", err
	}
	update := func(name, address string, stage client.WorkflowUpdateStage) (client.WorkflowUpdateHandle, error) {
		return c.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateID: name, UpdateName: "setAddress", Args: []any{address}, WaitForStage: stage,
		})
	}
	handle, err := update("empty", "", client.WorkflowUpdateStageCompleted)
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	refused := new(temporal.ApplicationError)
	if !errors.As(err, &refused) || refused.Type() != "BadAddress" {
		return "", fmt.Errorf("an empty address: %v", err)
	}
	for n, address := range []string{"Rynek 1", "Rynek 2"} {
		if _, err = update(address, address, client.WorkflowUpdateStageAccepted); err != nil {
			return "", err
		}
		var before string
		handle := c.client.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: id, UpdateID: address})
		if err := handle.Get(ctx, &before); err != nil {
			return "", err
		}
		if err := expect("address before", before, []string{"", "Rynek 1"}[n]); err != nil {
			return "", err
		}
	}
	if err := c.client.SignalWorkflow(ctx, id, "", "approve", "Zoë"); err != nil {
		return "", err
	}
	var receipt Receipt
	if err := run.Get(ctx, &receipt); err != nil {
		return "", err
	}
	if err := expect("receipt", receipt, Receipt{"chair", "Rynek 2", "Zoë", "to Rynek 2", 3}); err != nil {
		return "", err
	}
	if shipped, err := c.stageIs(ctx, id, "shipped"); !shipped {
		return "", fmt.Errorf("a closed run's stage: %v", err)
	}
	c.ids = append(c.ids, id+"/shipment")
	return "a signal, a refused and two accepted updates, queries open and closed, a timer, a child", nil
}

func (c *check) stageIs(ctx context.Context, id, wanted string) (bool, error) {
	value, err := c.client.QueryWorkflow(ctx, id, "", "stage")
	if err != nil {
		return false, err
	}
	var stage string
	err = value.Get(&stage)
	return stage == wanted, err
}

func (c *check) activities(ctx context.Context) (string, error) {
	run, err := c.client.ExecuteWorkflow(ctx, c.options("steps"), Steps)
	if err != nil {
		return "", err
	}
	asked := func() (bool, error) {
		description, err := c.client.DescribeWorkflowExecution(ctx, run.GetID(), "")
		for _, pending := range description.GetPendingActivities() {
			if pending.GetActivityId() == "question" && pending.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED {
				return true, nil
			}
		}
		return false, err
	}
	if err := until(ctx, "the question", asked); err != nil {
		return "", err
	}
	if err := c.client.RecordActivityHeartbeatByID(ctx, c.namespace, run.GetID(), "", "question", "hm"); err != nil {
		return "", err
	}
	if err := c.client.CompleteActivityByID(ctx, c.namespace, run.GetID(), "", "question", "tea", nil); err != nil {
		return "", err
	}
	var result StepsResult
	if err := run.Get(ctx, &result); err != nil {
		return "", err
	}
	wanted := StepsResult{[]int{5, 10}, 3, "tea", "NotForSale: the shop is not for sale"}
	return "retries, heartbeats that go on, a local one, one completed from outside, one refused", expect("steps", result, wanted)
}

func (c *check) session(ctx context.Context) (string, error) {
	run, err := c.client.ExecuteWorkflow(ctx, c.options("session"), Session)
	if err != nil {
		return "", err
	}
	var hosts []string
	if err := run.Get(ctx, &hosts); err != nil {
		return "", err
	}
	here, err := os.Hostname()
	if err != nil {
		return "", err
	}
	return "three activities on one worker", expect("hosts", hosts, []string{here, here, here})
}

func (c *check) continueAsNew(ctx context.Context) (string, error) {
	run, err := c.client.ExecuteWorkflow(ctx, c.options("countdown"), Countdown, 5, 0)
	if err != nil {
		return "", err
	}
	var runs int
	if err := run.Get(ctx, &runs); err != nil {
		return "", err
	}
	return "six runs, one result", expect("runs", runs, 5)
}

func (c *check) cancelAndTerminate(ctx context.Context) (string, error) {
	run, err := c.client.ExecuteWorkflow(ctx, c.options("patient"), Patient)
	if err != nil {
		return "", err
	}
	beats := func() (bool, error) {
		description, err := c.client.DescribeWorkflowExecution(ctx, run.GetID(), "")
		pending := description.GetPendingActivities()
		return len(pending) == 1 && pending[0].GetLastHeartbeatTime() != nil, err
	}
	if err := until(ctx, "a heartbeat", beats); err != nil {
		return "", err
	}
	if err := c.client.CancelWorkflow(ctx, run.GetID(), ""); err != nil {
		return "", err
	}
	if err := run.Get(ctx, nil); !temporal.IsCanceledError(err) {
		return "", fmt.Errorf("cancelled: %v", err)
	}
	cart, err := c.client.ExecuteWorkflow(ctx, c.options("terminated"), Cart)
	if err != nil {
		return "", err
	}
	if err := c.client.TerminateWorkflow(ctx, cart.GetID(), "", "closing time"); err != nil {
		return "", err
	}
	terminated := new(temporal.TerminatedError)
	if err := cart.Get(ctx, nil); !errors.As(err, &terminated) {
		return "", fmt.Errorf("terminated: %v", err)
	}
	if err := c.client.SignalWorkflow(ctx, cart.GetID(), "", "add", "late"); !errors.As(err, new(*serviceerror.NotFound)) {
		return "", fmt.Errorf("a signal to a closed run: %v", err)
	}
	return "cancelled with its activity, cleaned up; terminated", nil
}

func (c *check) withStart(ctx context.Context) (string, error) {
	options := c.options("cart")
	for _, item := range []string{"tea", "cup"} {
		if _, err := c.client.SignalWithStartWorkflow(ctx, options.ID, "add", item, options, Cart); err != nil {
			return "", err
		}
	}
	again := options
	again.WorkflowExecutionErrorWhenAlreadyStarted = true
	again.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	_, err := c.client.ExecuteWorkflow(ctx, again, Cart)
	if !errors.As(err, new(*serviceerror.WorkflowExecutionAlreadyStarted)) {
		return "", fmt.Errorf("a second run: %v", err)
	}
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	start := c.client.NewWithStartWorkflowOperation(options, Cart)
	update, err := c.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: "close", WaitForStage: client.WorkflowUpdateStageCompleted},
	})
	if err != nil {
		return "", err
	}
	var count int
	if err := update.Get(ctx, &count); err != nil {
		return "", err
	}
	return "signal with start, update with start, and no second run", expect("items", count, 2)
}

func (c *check) visibility(ctx context.Context) (string, error) {
	query := fmt.Sprintf("CompatCity = 'Kraków' AND CompatAmount >= 3 AND TaskQueue = '%s'", c.queue)
	listed := func() (bool, error) {
		list, err := c.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		executions := list.GetExecutions()
		return len(executions) == 1 && executions[0].GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, err
	}
	if err := until(ctx, "the shop in the list", listed); err != nil {
		return "", err
	}
	counted := func() (bool, error) {
		all := fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus = 'ContinuedAsNew'", c.queue)
		count, err := c.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: all})
		return count.GetCount() == 5, err
	}
	return "one run by its search attributes, five that continued", until(ctx, "the count", counted)
}

// Every history, as JSON and back, in the SDK's replayer.
func (c *check) replay(ctx context.Context) (string, error) {
	replayer := worker.NewWorkflowReplayer()
	registerWorkflows(replayer)
	for _, id := range c.ids {
		var exported history.History
		events := c.client.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				return "", err
			}
			exported.Events = append(exported.Events, event)
		}
		text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(&exported)
		if err != nil {
			return "", err
		}
		read, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
		if err != nil {
			return "", err
		}
		options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}
		if err := replayer.ReplayWorkflowHistoryWithOptions(nil, read, options); err != nil {
			return "", fmt.Errorf("replay of %s: %w", id, err)
		}
	}
	return fmt.Sprintf("%d histories", len(c.ids)), nil
}
