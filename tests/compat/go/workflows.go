package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var (
	city   = temporal.NewSearchAttributeKeyKeyword("CompatCity")
	amount = temporal.NewSearchAttributeKeyInt64("CompatAmount")
)

// Order is what a Shop is started with.
type Order struct {
	Item   string
	Amount int64
}

// Receipt is what it ends with.
type Receipt struct {
	Item, Address, ApprovedBy, Tracking string
	Attempts                            int
}

var quick = &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, NonRetryableErrorTypes: []string{"NotForSale"}}

func short(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, HeartbeatTimeout: 5 * time.Second, RetryPolicy: quick,
	})
}

// Reserve works on its third attempt.
func Reserve(ctx context.Context, item string) (int, error) {
	attempt := int(activity.GetInfo(ctx).Attempt)
	if attempt < 3 {
		return 0, temporal.NewApplicationError(fmt.Sprintf("no %s on attempt %d", item, attempt), "OutOfStock")
	}
	return attempt, nil
}

// Refuse never works.
func Refuse(_ context.Context, item string) error {
	return temporal.NewApplicationError(item+" is not for sale", "NotForSale", item)
}

// CountTo counts with heartbeats, breaks half way, and goes on where its last heartbeat was.
func CountTo(ctx context.Context, goal int) ([]int, error) {
	begin := 0
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &begin); err != nil {
			return nil, err
		}
	}
	for n := begin; n < goal; n++ {
		activity.RecordHeartbeat(ctx, n+1)
		if n+1 == goal/2 && activity.GetInfo(ctx).Attempt == 1 {
			return nil, errors.New("broke half way")
		}
	}
	return []int{begin, goal}, nil
}

// AskAHuman is completed by somebody else.
func AskAHuman(context.Context, string) (string, error) { return "", activity.ErrResultPending }

// Endless heartbeats until it is cancelled.
func Endless(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
			activity.RecordHeartbeat(ctx)
		}
	}
}

// WhereAmI tells on which host's session it runs.
func WhereAmI(context.Context) (string, error) { return os.Hostname() }

// Shop is sequence, retry, timer, update, signal and child; its stage can be asked for.
func Shop(ctx workflow.Context, order Order) (Receipt, error) {
	receipt, stage := Receipt{Item: order.Item}, "new"
	if err := workflow.SetQueryHandler(ctx, "stage", func() (string, error) { return stage, nil }); err != nil {
		return receipt, err
	}
	setAddress := func(ctx workflow.Context, address string) (string, error) {
		before := receipt.Address
		receipt.Address = address
		return before, workflow.Sleep(ctx, 50*time.Millisecond)
	}
	refuseEmpty := func(address string) error {
		if address == "" {
			return temporal.NewApplicationError("an address is not empty", "BadAddress")
		}
		return nil
	}
	options := workflow.UpdateHandlerOptions{Validator: refuseEmpty}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, "setAddress", setAddress, options); err != nil {
		return receipt, err
	}
	attributes := []temporal.SearchAttributeUpdate{city.ValueSet("Kraków"), amount.ValueSet(order.Amount)}
	if err := workflow.UpsertTypedSearchAttributes(ctx, attributes...); err != nil {
		return receipt, err
	}
	if err := workflow.ExecuteActivity(short(ctx), Reserve, order.Item).Get(ctx, &receipt.Attempts); err != nil {
		return receipt, err
	}
	if err := workflow.Sleep(ctx, 300*time.Millisecond); err != nil {
		return receipt, err
	}
	stage = "open"
	workflow.GetSignalChannel(ctx, "approve").Receive(ctx, &receipt.ApprovedBy)
	if err := workflow.Await(ctx, func() bool { return receipt.Address != "" }); err != nil {
		return receipt, err
	}
	id := workflow.GetInfo(ctx).WorkflowExecution.ID + "/shipment"
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: id})
	if err := workflow.ExecuteChildWorkflow(child, Shipment, receipt.Address).Get(ctx, &receipt.Tracking); err != nil {
		return receipt, err
	}
	stage = "shipped"
	return receipt, nil
}

// Shipment is Shop's child.
func Shipment(ctx workflow.Context, address string) (string, error) {
	return "to " + address, workflow.Sleep(ctx, 50*time.Millisecond)
}

// StepsResult is what Steps saw.
type StepsResult struct {
	Counted []int
	Local   int
	Answer  string
	Refused string
}

// Steps runs one activity of each kind.
func Steps(ctx workflow.Context) (StepsResult, error) {
	var result StepsResult
	if err := workflow.ExecuteActivity(short(ctx), CountTo, 10).Get(ctx, &result.Counted); err != nil {
		return result, err
	}
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 10 * time.Second, RetryPolicy: quick,
	})
	if err := workflow.ExecuteLocalActivity(local, Reserve, "string").Get(ctx, &result.Local); err != nil {
		return result, err
	}
	human := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{ActivityID: "question", StartToCloseTimeout: time.Minute})
	if err := workflow.ExecuteActivity(human, AskAHuman, "tea or coffee?").Get(ctx, &result.Answer); err != nil {
		return result, err
	}
	err := workflow.ExecuteActivity(short(ctx), Refuse, "the shop").Get(ctx, nil)
	if refused := new(temporal.ApplicationError); errors.As(err, &refused) {
		result.Refused = refused.Type() + ": " + refused.Message()
	}
	return result, nil
}

// Session keeps three activities on one worker.
func Session(ctx workflow.Context) ([]string, error) {
	session, err := workflow.CreateSession(short(ctx), &workflow.SessionOptions{
		CreationTimeout: 30 * time.Second, ExecutionTimeout: time.Minute,
	})
	if err != nil {
		return nil, err
	}
	defer workflow.CompleteSession(session)
	var hosts []string
	for range 3 {
		var host string
		if err := workflow.ExecuteActivity(session, WhereAmI).Get(session, &host); err != nil {
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// Countdown continues as new until nothing is left.
func Countdown(ctx workflow.Context, left, runs int) (int, error) {
	if left == 0 {
		return runs, nil
	}
	return 0, workflow.NewContinueAsNewError(ctx, Countdown, left-1, runs+1)
}

// Patient waits until it is cancelled, and cleans up.
func Patient(ctx workflow.Context) error {
	endless := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, HeartbeatTimeout: time.Second, WaitForCancellation: true,
	})
	err := workflow.ExecuteActivity(endless, Endless).Get(ctx, nil)
	cleanup, _ := workflow.NewDisconnectedContext(ctx)
	if failed := workflow.ExecuteActivity(short(cleanup), Reserve, "broom").Get(cleanup, nil); failed != nil {
		return failed
	}
	return err
}

// Cart collects what signals bring until it is closed.
func Cart(ctx workflow.Context) ([]string, error) {
	var items []string
	closed := false
	signals := workflow.GetSignalChannel(ctx, "add")
	close := func(workflow.Context) (int, error) {
		var item string
		for signals.ReceiveAsync(&item) {
			items = append(items, item)
		}
		closed = true
		return len(items), nil
	}
	if err := workflow.SetUpdateHandler(ctx, "close", close); err != nil {
		return nil, err
	}
	err := workflow.Await(ctx, func() bool { return closed })
	return items, err
}
