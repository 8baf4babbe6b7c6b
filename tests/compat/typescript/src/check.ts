// Starts the article's workflows, replaces the worker meanwhile, and verifies every outcome. A line for each pattern:
//
//   node lib/check.js [--rounds N] [--until FILE] [--faults]
//
// Rounds follow each other until there were N, and, with --until, until the file exists. With --faults, a server may be
// killed meanwhile: what then can happen twice is not asserted to happen once. Exits with 1 when anything is wrong.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { list, logs, metrics, replay } from './check/afterwards';
import { Driver } from './check/driver';
import { mtls } from './check/mtls';
import { PATTERNS } from './check/patterns';
import { release } from './check/releases';
import { AppWorker } from './check/workers';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, until: { type: 'string' }, faults: { type: 'boolean', default: false } },
});

let wrong = 0;

/** Runs one check and prints its line. */
async function check(name: string, work: () => Promise<string>): Promise<void> {
  const began = Date.now();
  const line = await work().then(
    (word) => `ok    ${name}: ${word}`,
    (error: Error) => {
      wrong += 1;
      return `WRONG ${name}: ${error.stack ?? error}`;
    },
  );
  process.stdout.write(`${line} (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
}

/** Everything once, at the same time; the worker is replaced meanwhile. */
async function round(driver: Driver, old: AppWorker, ledger: string, n: number): Promise<AppWorker> {
  const key = `r${n}`;
  let worker = old;
  const patterns = Object.entries(PATTERNS).map(([name, pattern]) => check(`${name} ${key}`, () => pattern(driver, key)));
  const deployment = check(`versioning, shutdown ${key}`, async () => {
    const deployed = await release(driver, old, () => AppWorker.start('v2', ledger), key, options.faults);
    worker = deployed.worker;
    return Object.values(deployed.words).join('; ');
  });
  await Promise.all([...patterns, deployment]);
  await check(`list ${key}`, () => list(driver, key));
  await check(`logs ${key}`, () => logs(old.log() + worker.log(), key));
  return worker;
}

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const folder = mkdtempSync(join(tmpdir(), 'article-'));
  const ledger = join(folder, 'ledger.jsonl');
  writeFileSync(ledger, '');
  const driver = await Driver.connect(ledger);
  await driver.registerNamespace();
  let worker = await AppWorker.start('v1', ledger);
  try {
    const more = (n: number) => n <= Number(options.rounds) || (options.until && !existsSync(options.until));
    for (let n = 1; more(n); n++) worker = await round(driver, worker, ledger, n);
    await check('metrics', () => metrics(worker));
    await check('mtls', mtls);
    await check('replay', () => replay(driver));
    await worker.shutdown();
  } finally {
    if (wrong > 0) process.stdout.write(worker.log());
    worker.kill();
    await driver.connection.close();
    rmSync(folder, { recursive: true });
  }
}

main().then(
  () => {
    process.stdout.write(wrong === 0 ? 'all right\n' : `${wrong} wrong\n`);
    process.exit(wrong === 0 ? 0 : 1);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
