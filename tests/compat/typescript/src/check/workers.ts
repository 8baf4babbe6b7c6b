// The application's worker as a process of its own, replaced as a deployment replaces it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from './driver';
import { MAX_ACTIVITIES } from './patterns';

/** A worker that cannot reach its server exits, and its supervisor starts another. */
const STARTS_MAX = 100;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

export class AppWorker {
  private constructor(
    private readonly process: ChildProcess,
    private readonly output: string[],
    readonly release: string,
    readonly metrics: string,
  ) {}

  static async start(release: string, ledger: string): Promise<AppWorker> {
    for (let n = 1; ; n++) {
      const metrics = `127.0.0.1:${await freePort()}`;
      const own = {
        ARTICLE_LEDGER: ledger,
        ARTICLE_METRICS_ADDRESS: metrics,
        ARTICLE_MAX_ACTIVITIES: String(MAX_ACTIVITIES),
      };
      const child = spawn(process.execPath, [join(__dirname, '../worker.js'), release], {
        env: { ...process.env, ...own },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const worker = new AppWorker(child, [], release, metrics);
      if (await worker.isReady()) return worker;
      if (n === STARTS_MAX) throw new Error(`the worker does not start:\n${worker.log()}`);
    }
  }

  private isReady(): Promise<boolean> {
    return new Promise((resolve) => {
      this.process.once('exit', () => resolve(false));
      const read = (chunk: Buffer) => {
        this.output.push(chunk.toString());
        if (this.log().split('\n').includes('ready')) resolve(true);
      };
      this.process.stdout?.on('data', read);
      this.process.stderr?.on('data', read);
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  log(): string {
    return this.output.join('');
  }

  /** SIGINT; it must end what it has begun, and exit well. */
  async shutdown(): Promise<void> {
    const exit = this.process.exitCode === null ? once(this.process, 'exit') : [this.process.exitCode];
    this.process.kill('SIGINT');
    const [code] = await exit;
    if (code !== 0) throw new Error(`the worker ended with ${code}:\n${this.log()}`);
    expect('its last words', this.log().trimEnd().split('\n').at(-1), 'shut down');
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}
