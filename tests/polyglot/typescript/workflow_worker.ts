// A Steadfast workflow worker: workflows are generators, replayed from their history.
//
// usage: node workflow_worker.js NATS_URL NAMESPACE TASK_QUEUE
//
// A workflow yields what it wants (an activity, a sleep, a signal, several at once) and is sent the
// outcome. For each workflow task it runs from the start: what the history has is answered from the
// history, and the first wishes that it does not have become commands.
import { payload, start, values } from "./worker.js";

const SECOND = 1_000_000_000;
const PENDING = Symbol("pending");

type Wish = (replay: Replay) => unknown;
type Workflow = (...args: any[]) => Generator<Wish, unknown, any>;
type Event = { id: number; kind: Record<string, any> };

class ActivityError extends Error {}
class NonDeterminism extends Error {}

// One pass over a history.
class Replay {
  readonly commands: object[] = [];
  readonly taken = new Map<string, number>();
  readonly signals = new Map<string, unknown[]>();
  type = "";
  private input: unknown[] = [];
  private count = 0;
  private readonly ids = new Map<string, { what: string; event: number }>();
  private readonly outcomes = new Map<number, unknown>();

  constructor(history: Event[]) {
    for (const event of history) {
      const [[name, fields]] = Object.entries(event.kind);
      this.read(event.id, name, fields);
    }
  }

  private read(id: number, name: string, fields: any) {
    switch (name) {
      case "WorkflowExecutionStarted":
        this.type = fields.workflow_type;
        this.input = values(fields.input);
        break;
      case "ActivityTaskScheduled":
        this.ids.set(fields.activity_id, { what: fields.activity_type, event: id });
        break;
      case "TimerStarted":
        this.ids.set(fields.timer_id, { what: "timer", event: id });
        break;
      case "ActivityTaskCompleted":
        this.outcomes.set(fields.scheduled_event_id, values(fields.result)[0] ?? null);
        break;
      case "ActivityTaskFailed":
      case "ActivityTaskTimedOut":
        this.outcomes.set(fields.scheduled_event_id, new ActivityError(fields.failure.message));
        break;
      case "TimerFired":
        this.outcomes.set(fields.started_event_id, null);
        break;
      case "WorkflowExecutionSignaled": {
        const name = fields.signal_name ?? "";
        const arrived = this.signals.get(name) ?? [];
        this.signals.set(name, [...arrived, values(fields.input)[0] ?? null]);
      }
    }
  }

  // Numbers the wish; its outcome if the history has one, a command if it has nothing of it.
  issue(what: string, command: (id: string) => object): unknown {
    const id = String(++this.count);
    const then = this.ids.get(id);
    if (!then) {
      this.commands.push({ kind: command(id) });
      return PENDING;
    }
    if (then.what !== what) {
      const message = `event ${then.event}: history has ${then.what}, the workflow wants ${what}`;
      throw new NonDeterminism(message);
    }
    return this.outcomes.has(then.event) ? this.outcomes.get(then.event) : PENDING;
  }

  // The commands of this workflow task.
  run(workflow: Workflow): object[] {
    const code = workflow(...this.input);
    try {
      let step = code.next();
      while (!step.done) {
        const outcome = step.value(this);
        if (outcome === PENDING) return this.commands;
        step = outcome instanceof Error ? code.throw(outcome) : code.next(outcome);
      }
      const result = [payload(step.value)];
      return [...this.commands, { kind: { CompleteWorkflow: { result } } }];
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      const failure = { message: error.message, source: "typescript", info: "Unspecified" };
      return [...this.commands, { kind: { FailWorkflow: { failure } } }];
    }
  }
}

const activity = (kind: string, args: unknown[] = [], attempts = 0): Wish => (replay) =>
  replay.issue(kind, (activity_id) => ({
    ScheduleActivity: {
      activity_id,
      activity_type: kind,
      input: args.map(payload),
      start_to_close_timeout: 30 * SECOND,
      retry_policy: { initial_interval: SECOND / 20, maximum_attempts: attempts },
    },
  }));

const sleep = (seconds: number): Wish => (replay) =>
  replay.issue("timer", (timer_id) => ({
    StartTimer: { timer_id, start_to_fire_timeout: seconds * SECOND },
  }));

const signal = (name: string): Wish => (replay) => {
  const taken = replay.taken.get(name) ?? 0;
  const arrived = replay.signals.get(name) ?? [];
  if (taken >= arrived.length) return PENDING;
  replay.taken.set(name, taken + 1);
  return arrived[taken];
};

const together = (...wishes: Wish[]): Wish => (replay) => {
  const outcomes = wishes.map((wish) => wish(replay));
  const failed = outcomes.find((outcome) => outcome instanceof Error);
  return failed ?? (outcomes.includes(PENDING) ? PENDING : outcomes);
};

// Sequence, parallel, timer, signal and a caught failure in one small workflow.
function* order(item: unknown): Generator<Wish, unknown, any> {
  const echoed = yield activity("echo", [item]);
  const both = yield together(activity("slow", [2]), activity("fail"));
  yield sleep(0.05);
  const approval = yield signal("approve");
  try {
    yield activity("reject", [], 1);
  } catch (error) {
    return { item: echoed, both, approval, refused: (error as Error).message };
  }
  return null;
}

const WORKFLOWS: Record<string, Workflow> = { order };

const worker = await start();

// The task's own events come last; a long history comes in pages.
async function history(task: any): Promise<Event[]> {
  const events: Event[] = task.history;
  let following: number | undefined = task.next_event_id;
  while (following) {
    const from_event_id: number = following;
    const { workflow_id, run_id } = task;
    const subject = `sf.api.${worker.namespace}.history`;
    const page = await worker.request(subject, { workflow_id, run_id, from_event_id }, 10);
    const more: Event[] = page.events.filter(({ id }: Event) => id >= from_event_id);
    events.push(...more);
    following = more.length && page.next_event_id ? more[more.length - 1].id + 1 : undefined;
  }
  const known = events.length ? events[events.length - 1].id : 0;
  return [...events, ...(task.tail ?? []).filter(({ id }: Event) => id > known)];
}

await worker.poll("workflow", async (task) => {
  const { token } = task;
  try {
    const replay = new Replay(await history(task));
    const workflow = WORKFLOWS[replay.type];
    if (!workflow) throw new NonDeterminism(`no workflow ${replay.type}`);
    await worker.answer("complete", { token, commands: replay.run(workflow) });
  } catch (error) {
    if (!(error instanceof NonDeterminism)) throw error;
    const failure = { message: error.message, source: "typescript", info: "Unspecified" };
    await worker.answer("fail", { token, cause: "NonDeterministicError", failure });
  }
});
await worker.client.drain();
