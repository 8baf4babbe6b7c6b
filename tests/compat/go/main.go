// The shop's workflows with a worker in this process, and every outcome verified; a line for each.
//
//	check ADDRESS [NAMESPACE]
//
// Exits with 1 when anything is wrong.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

const patience = time.Minute

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: check ADDRESS [NAMESPACE]")
		os.Exit(2)
	}
	namespace := "default"
	if len(os.Args) > 2 {
		namespace = os.Args[2]
	}
	wrong, err := run(os.Args[1], namespace)
	if err != nil {
		fmt.Println("WRONG", err)
	}
	if err != nil || wrong > 0 {
		fmt.Println(wrong, "wrong")
		os.Exit(1)
	}
	fmt.Println("all right")
}

func run(address, namespace string) (int, error) {
	quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	c, err := client.Dial(client.Options{HostPort: address, Namespace: namespace, Logger: quiet})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	check := &check{client: c, namespace: namespace, run: uuid.NewString()[:8]}
	check.queue = "shop-go-" + check.run
	if err := check.addSearchAttributes(context.Background()); err != nil {
		return 0, err
	}
	w := worker.New(c, check.queue, worker.Options{EnableSessionWorker: true})
	register(w)
	if err := w.Start(); err != nil {
		return 0, err
	}
	defer w.Stop()
	return check.all(), nil
}

// What runs workflows: a worker or a replayer.
type registry interface{ RegisterWorkflow(any) }

func registerWorkflows(r registry) {
	for _, w := range []any{Shop, Shipment, Steps, Session, Countdown, Patient, Cart} {
		r.RegisterWorkflow(w)
	}
}

func register(w worker.Worker) {
	registerWorkflows(w)
	for _, a := range []any{Reserve, Refuse, CountTo, AskAHuman, Endless, WhereAmI} {
		w.RegisterActivity(a)
	}
}

type check struct {
	client                client.Client
	namespace, run, queue string
	ids                   []string
}

func (c *check) options(name string) client.StartWorkflowOptions {
	id := name + "-go-" + c.run
	c.ids = append(c.ids, id)
	return client.StartWorkflowOptions{ID: id, TaskQueue: c.queue}
}

func (c *check) all() (wrong int) {
	themes := []struct {
		name string
		work func(context.Context) (string, error)
	}{
		{"signals, queries, updates", c.signalsQueriesUpdates},
		{"activities", c.activities},
		{"session", c.session},
		{"continue as new", c.continueAsNew},
		{"cancel and terminate", c.cancelAndTerminate},
		{"with start", c.withStart},
		{"visibility", c.visibility},
		{"replay", c.replay},
	}
	for _, theme := range themes {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		word, err := theme.work(ctx)
		cancel()
		if err != nil {
			wrong++
			fmt.Printf("WRONG %s: %v\n", theme.name, err)
		} else {
			fmt.Printf("ok    %s: %s\n", theme.name, word)
		}
	}
	return wrong
}

func (c *check) addSearchAttributes(ctx context.Context) error {
	operator := c.client.OperatorService()
	there, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: c.namespace})
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{
		city.GetName():   enums.INDEXED_VALUE_TYPE_KEYWORD,
		amount.GetName(): enums.INDEXED_VALUE_TYPE_INT,
	}
	for name := range there.GetCustomAttributes() {
		delete(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: c.namespace, SearchAttributes: missing,
	})
	return err
}

// Fails unless both are the same.
func expect(what string, found, wanted any) error {
	if reflect.DeepEqual(found, wanted) {
		return nil
	}
	return fmt.Errorf("%s: found %#v, wanted %#v", what, found, wanted)
}

// Looks until it is so.
func until(ctx context.Context, what string, look func() (bool, error)) error {
	for {
		found, err := look()
		if found {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
