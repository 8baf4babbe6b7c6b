// What the check stands on: a client that outlives servers, and words for what it expects.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  ApplicationFailure,
  Client,
  Connection,
  isGrpcServiceError,
  type Workflow,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { connectionSettings, namespace, taskQueue } from '../settings';

/** How long anything may take, with a server that is killed now and then. */
const PATIENCE_MS = 120_000;
/** gRPC's codes for a server that is not there, or left in the middle of an answer. */
const AWAY = [1, 4, 13, 14];

export interface LedgerLine {
  what: string;
  subject: string;
  attempt: number;
  workflowId: string;
}

/** Looks until there is something. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

/** Fails unless both are the same. */
export function expect(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

function isAway(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (isGrpcServiceError(e) && AWAY.includes(e.code)) return true;
  }
  return false;
}

/** The SDK's own retries last some seconds; a client that must outlive a server's restart asks again. */
export async function lasting<T>(call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error) || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

export class Driver {
  /** The workflows that were started here. */
  readonly started = new Set<string>();

  private constructor(
    readonly client: Client,
    readonly connection: Connection,
    private readonly ledgerFile: string,
  ) {}

  static async connect(ledgerFile: string): Promise<Driver> {
    const connection = await lasting(() => Connection.connect(connectionSettings()));
    return new Driver(new Client({ connection, namespace }), connection, ledgerFile);
  }

  /** Registers the application's namespace, and waits until it can be used. */
  async registerNamespace(): Promise<void> {
    const { workflowService } = this.connection;
    const days = msToTs('3 days');
    await lasting(async () => {
      try {
        await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: days });
      } catch (error) {
        if (!isGrpcServiceError(error) || error.code !== 6) throw error; // ALREADY_EXISTS
      }
    });
    const nobody = () => this.client.workflow.getHandle('nobody').describe();
    await until('the namespace', () =>
      nobody().then(
        () => true,
        (error) => (error instanceof WorkflowNotFoundError ? true : undefined),
      ),
    );
  }

  /** Starts a workflow once, however often it has to ask. */
  async start<T extends Workflow>(workflow: T | string, workflowId: string, ...args: unknown[]): Promise<WorkflowHandle<T>> {
    this.started.add(workflowId);
    return await lasting(async () => {
      try {
        const options = { workflowId, taskQueue, args, workflowIdReusePolicy: 'REJECT_DUPLICATE' as const };
        return (await this.client.workflow.start(workflow as string, options)) as unknown as WorkflowHandle<T>;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return this.client.workflow.getHandle<T>(workflowId);
        throw error;
      }
    });
  }

  /** Starts a workflow and waits for its result. */
  async run(workflow: string, workflowId: string, ...args: unknown[]): Promise<unknown> {
    const handle = await this.start(workflow, workflowId, ...args);
    return await lasting(() => handle.result());
  }

  /** Starts a workflow that must fail, and returns the application's failure at the bottom. */
  async fails(workflow: string, workflowId: string, ...args: unknown[]): Promise<ApplicationFailure> {
    try {
      const result = await this.run(workflow, workflowId, ...args);
      throw new Error(`${workflowId} ended with ${JSON.stringify(result)}, and should fail`);
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      let cause: unknown = error.cause;
      while (cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
      if (cause instanceof ApplicationFailure) return cause;
      throw error;
    }
  }

  /** What activities have done for one workflow, each thing once. */
  ledger(workflowId: string): string[] {
    const lines = this.ledgerLines().filter((line) => line.workflowId === workflowId);
    return [...new Set(lines.map((line) => line.what))];
  }

  ledgerLines(): LedgerLine[] {
    const text = readFileSync(this.ledgerFile, 'utf8');
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
}
