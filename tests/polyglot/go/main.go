// A Steadfast activity worker: the NATS client, MessagePack, and nothing else.
//
// usage: worker NATS_URL NAMESPACE TASK_QUEUE
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/vmihailenco/msgpack/v5"
)

const (
	pollFor   = 2 * time.Second
	answerFor = 60 * time.Second
)

var identity = fmt.Sprintf("go-%d", os.Getpid())

// fields is a message or a part of one: MessagePack maps with named fields.
type fields = map[string]any

type task struct {
	Token            []byte    `msgpack:"token"`
	ActivityType     string    `msgpack:"activity_type"`
	Attempt          int       `msgpack:"attempt"`
	Input            []payload `msgpack:"input"`
	HeartbeatDetails []payload `msgpack:"heartbeat_details"`
}

type payload struct {
	Metadata map[string][]byte `msgpack:"metadata"`
	Data     []byte            `msgpack:"data"`
}

// failed is an activity's failure: its kind is what retry policies match on.
type failed struct {
	kind, message string
	final         bool
}

func (f failed) Error() string { return f.message }

// refused is an error answer, such as task_not_found.
type refused struct {
	Code      string `msgpack:"code"`
	Message   string `msgpack:"message"`
	Retryable bool   `msgpack:"retryable"`
}

func (r refused) Error() string { return r.Code + ": " + r.Message }

// errCancelled: the workflow asked for cancellation; a heartbeat's answer said so.
var errCancelled = errors.New("cancelled")

type worker struct {
	nats             *nats.Conn
	namespace, queue string
}

// asJSON encodes a value in the way that every SDK reads.
func asJSON(value any) []payload {
	data, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return []payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: data}}
}

func first[T any](payloads []payload) (value T) {
	if len(payloads) > 0 {
		_ = json.Unmarshal(payloads[0].Data, &value)
	}
	return value
}

// request sends one message; false says that the answer is empty: a poll found no task.
func (w worker) request(subject string, body fields, answer any, limit time.Duration) (bool, error) {
	body["identity"] = identity
	bytes, err := msgpack.Marshal(body)
	if err != nil {
		return false, err
	}
	message, err := w.nats.Request(subject, bytes, limit)
	if err != nil {
		return false, err
	}
	if message.Header.Get("Nats-Service-Error-Code") != "" {
		var why refused
		if err := msgpack.Unmarshal(message.Data, &why); err != nil {
			return false, err
		}
		return false, why
	}
	if len(message.Data) == 0 {
		return false, nil
	}
	return true, msgpack.Unmarshal(message.Data, answer)
}

// isAway: the engine cannot answer at the moment; the same request may succeed later.
func isAway(err error) bool {
	var answer refused
	return (errors.As(err, &answer) && answer.Retryable) ||
		errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, nats.ErrDisconnected)
}

// answer tells the engine; while it is away (being restarted, say) it tries again.
func (w worker) answer(verb string, body fields) (reply fields, err error) {
	for deadline := time.Now().Add(answerFor); ; time.Sleep(200 * time.Millisecond) {
		_, err = w.request("sf.task."+w.namespace+"."+verb, body, &reply, 5*time.Second)
		if err == nil || !isAway(err) || time.Now().After(deadline) {
			return reply, err
		}
	}
}

// poll works until the context ends; what was begun is finished.
func (w worker) poll(ctx context.Context) {
	for ctx.Err() == nil {
		var next task
		body := fields{"timeout_ms": pollFor.Milliseconds()}
		subject := "sf.poll." + w.namespace + "." + w.queue + ".activity"
		found, err := w.request(subject, body, &next, pollFor+2*time.Second)
		switch {
		case isAway(err):
			time.Sleep(200 * time.Millisecond)
		case err != nil:
			log.Print(err)
			time.Sleep(200 * time.Millisecond)
		case found:
			if err := w.work(next); err != nil {
				log.Print(err)
			}
		}
	}
}

func (w worker) work(next task) error {
	result, err := w.run(next)
	var failure failed
	switch {
	case err == nil:
		_, err = w.answer("complete", fields{"token": next.Token, "result": asJSON(result)})
	case errors.Is(err, errCancelled):
		_, err = w.answer("cancel", fields{"token": next.Token, "details": []payload{}})
	case errors.As(err, &failure):
		info := fields{"Application": fields{"type": failure.kind, "non_retryable": failure.final}}
		why := fields{"message": failure.message, "source": "go", "info": info}
		_, err = w.answer("fail", fields{"token": next.Token, "failure": why})
	}
	return err
}

func (w worker) heartbeat(next task, progress any) error {
	reply, err := w.answer("heartbeat", fields{"token": next.Token, "details": asJSON(progress)})
	if reply["cancel_requested"] == true {
		return errCancelled
	}
	return err
}

func (w worker) run(next task) (any, error) {
	switch next.ActivityType {
	case "echo":
		return first[any](next.Input), nil
	case "slow": // A further attempt goes on where the last one's heartbeat was.
		done := first[int](next.HeartbeatDetails)
		for steps := first[int](next.Input); done < steps; {
			time.Sleep(100 * time.Millisecond)
			done++
			if err := w.heartbeat(next, done); err != nil {
				return nil, err
			}
		}
		return done, nil
	case "fail":
		if next.Attempt < 3 {
			return nil, failed{kind: "NotYet", message: fmt.Sprintf("attempt %d fails", next.Attempt)}
		}
		return fmt.Sprintf("attempt %d from go", next.Attempt), nil
	case "reject":
		return nil, failed{kind: "Rejected", message: "this never works", final: true}
	default:
		return nil, failed{kind: "NotFound", message: "no activity " + next.ActivityType}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	connection, err := nats.Connect(os.Args[1], nats.MaxReconnects(-1), nats.ReconnectWait(200*time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	worker := worker{nats: connection, namespace: os.Args[2], queue: os.Args[3]}
	fmt.Println("ready")
	var polls sync.WaitGroup
	for range 4 {
		polls.Go(func() { worker.poll(ctx) })
	}
	polls.Wait()
	_ = connection.Drain()
}
