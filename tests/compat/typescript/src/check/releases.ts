// A deployment in the middle of everything: the first release's worker is shut down while it works, and the second's goes on.
import { expect, lasting, until, type Driver } from './driver';
import type { AppWorker } from './workers';

const WORKFLOW = 'evolvingPropertyWorkflow';

async function begin(driver: Driver, id: string, propertyId: string) {
  const handle = await driver.start(WORKFLOW, id, propertyId);
  const waiting = () => lasting(() => handle.query<string>('stage')).then((at) => (at === 'waiting' ? true : undefined));
  await until(`${id} to wait`, waiting);
  return handle;
}

/** Replaces the worker; `kept` tells whether the old one's last activity ended on its first attempt. */
async function replace(driver: Driver, old: AppWorker, next: () => Promise<AppWorker>, key: string, faults: boolean) {
  const id = `slow-${key}`;
  const slow = await driver.start('slowInspectionWorkflow', id, key);
  await until('an activity to begin', () => driver.ledger(id).includes('slow-begins') || undefined);
  await old.shutdown();
  if (!faults) expect('what it had begun', driver.ledger(id), ['slow-begins', 'slow-ends']);
  const worker = await next();
  const result = (await lasting(() => slow.result())) as { attempt: number; pid: number };
  if (!faults) expect('who did it', result, { attempt: 1, pid: old.pid });
  return worker;
}

/** Runs begun under the old release end under the new one; answers with the new worker and a word on each. */
export async function release(
  driver: Driver,
  old: AppWorker,
  next: () => Promise<AppWorker>,
  key: string,
  faults: boolean,
): Promise<{ worker: AppWorker; words: Record<string, string> }> {
  const before = await begin(driver, `evolving-${key}-before`, key);
  const worker = await replace(driver, old, next, key, faults);
  const after = await begin(driver, `evolving-${key}-after`, key);
  for (const handle of [before, after]) await lasting(() => handle.signal('proceed'));
  const basic = { propertyId: key, basic: true, mlInsights: `insights on ${key}` };
  const enhanced = { ...basic, enhanced: true };
  expect('before', await lasting(() => before.result()), old.release === 'v1' ? basic : enhanced);
  expect('after', await lasting(() => after.result()), enhanced);
  const words = {
    versioning: `a run of ${old.release} ended under ${worker.release}`,
    shutdown: 'a worker ended what it had begun, and went',
  };
  return { worker, words };
}
