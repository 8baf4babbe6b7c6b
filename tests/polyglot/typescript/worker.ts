// A Steadfast activity worker: the NATS client, MessagePack, and nothing else.
//
// usage: node worker.js NATS_URL NAMESPACE TASK_QUEUE
import { pathToFileURL } from "node:url";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";

export const POLL_SECONDS = 2;
const ANSWER_SECONDS = 60;
export const IDENTITY = `typescript-${process.pid}`;

export type Payload = { metadata?: Record<string, Uint8Array>; data: Uint8Array };
export type Task = {
  token: Uint8Array;
  workflow_id: string;
  activity_id: string;
  activity_type: string;
  attempt: number;
  input?: Payload[];
  heartbeat_details?: Payload[];
};
export type Activity = (worker: Worker, task: Task, ...args: any[]) => Promise<unknown>;

// An activity's failure: its kind is what retry policies match on.
export class Failed extends Error {
  constructor(readonly kind: string, message: string, readonly retry = true) {
    super(message);
  }
}
// The workflow asked for cancellation; a heartbeat's answer said so.
class Cancelled extends Error {}

const encoder = new Encoder({ ignoreUndefined: true });
const decoder = new Decoder();
const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

// A value as JSON, the encoding that every SDK reads.
export const payload = (value: unknown): Payload => ({
  metadata: { encoding: utf8.encode.encode("json/plain") },
  data: utf8.encode.encode(JSON.stringify(value ?? null)),
});
export const values = (payloads: Payload[] = []): any[] =>
  payloads.map((each) => (each.data.length ? JSON.parse(utf8.decode.decode(each.data)) : null));

// The engine's answer is an error, such as `task_not_found`.
class Refused extends Error {
  constructor(message: string, readonly retryable: boolean) {
    super(message);
  }
}

// The engine cannot answer at the moment; the same request may succeed later.
const isAway = (error: unknown) =>
  (error instanceof Refused && error.retryable) ||
  error instanceof errors.RequestError ||
  error instanceof errors.TimeoutError ||
  error instanceof errors.NoRespondersError;

export class Worker {
  stopping = false;
  constructor(
    readonly client: NatsConnection,
    readonly namespace: string,
    readonly queue: string,
    readonly activities: Record<string, Activity>,
  ) {}

  // One request; nothing is the answer of a poll that found no task.
  async request(subject: string, body: unknown, seconds: number): Promise<any> {
    const message = encoder.encode(body);
    const answer = await this.client.request(subject, message, { timeout: seconds * 1000 });
    const value: any = answer.data.length ? decoder.decode(answer.data) : null;
    if (answer.headers?.has("Nats-Service-Error-Code")) {
      throw new Refused(`${value.code}: ${value.message}`, value.retryable);
    }
    return value;
  }

  // Tells the engine; while it is away tries again.
  async answer(verb: string, body: object): Promise<any> {
    const deadline = Date.now() + ANSWER_SECONDS * 1000;
    for (;;) {
      try {
        const subject = `sf.task.${this.namespace}.${verb}`;
        return await this.request(subject, { ...body, identity: IDENTITY }, 5);
      } catch (error) {
        if (!isAway(error) || Date.now() > deadline) throw error;
        await sleep(200);
      }
    }
  }

  // Polls for tasks of one kind until the worker stops; what was begun is finished.
  async poll(kind: "activity" | "workflow", work: (task: any) => Promise<void>) {
    const subject = `sf.poll.${this.namespace}.${this.queue}.${kind}`;
    const body = { identity: IDENTITY, timeout_ms: POLL_SECONDS * 1000 };
    while (!this.stopping) {
      try {
        const task = await this.request(subject, body, POLL_SECONDS + 2);
        if (task) await work(task);
      } catch (error) {
        if (error instanceof Refused) console.error(error.message);
        else if (!isAway(error)) throw error;
        await sleep(200);
      }
    }
  }

  async work(task: Task) {
    const { token } = task;
    let result: unknown;
    try {
      const activity = this.activities[task.activity_type];
      if (!activity) throw new Failed("NotFound", `no activity ${task.activity_type}`);
      result = await activity(this, task, ...values(task.input));
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (error instanceof Cancelled) return this.answer("cancel", { token, details: [] });
      const { kind, retry } = error instanceof Failed ? error : { kind: "Error", retry: true };
      const info = { Application: { type: kind, non_retryable: !retry } };
      const message = error instanceof Error ? error.message : String(error);
      return this.answer("fail", { token, failure: { message, source: "typescript", info } });
    }
    await this.answer("complete", { token, result: [payload(result)] });
  }

  async heartbeat(task: Task, progress: unknown) {
    const body = { token: task.token, details: [payload(progress)] };
    if ((await this.answer("heartbeat", body)).cancel_requested) throw new Cancelled();
  }
}

const ACTIVITIES: Record<string, Activity> = {
  echo: async (_worker, _task, value) => value,

  // Counts up to `steps`; a further attempt goes on where the last one's heartbeat was.
  async slow(worker, task, steps: number) {
    let done: number = values(task.heartbeat_details)[0] ?? 0;
    while (done < steps) {
      await sleep(100);
      await worker.heartbeat(task, ++done);
    }
    return done;
  },

  async fail(_worker, { attempt }) {
    if (attempt < 3) throw new Failed("NotYet", `attempt ${attempt} fails`);
    return `attempt ${attempt} from typescript`;
  },

  async reject() {
    throw new Failed("Rejected", "this never works", false);
  },
};

// Connects, says that it is ready, and stops cleanly when asked to.
export async function start(activities: Record<string, Activity> = {}): Promise<Worker> {
  const [servers, namespace, queue] = process.argv.slice(2);
  const options = { servers, maxReconnectAttempts: -1, reconnectTimeWait: 200 };
  const worker = new Worker(await connect(options), namespace, queue, activities);
  for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => (worker.stopping = true));
  console.log("ready");
  return worker;
}

export async function run(activities: Record<string, Activity>) {
  const worker = await start(activities);
  // Four polls at once; each one ends what it is at before the worker stops.
  const polls = [1, 2, 3, 4].map(() => worker.poll("activity", (task) => worker.work(task)));
  await Promise.all(polls);
  await worker.client.drain();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run(ACTIVITIES);
