// What is there when everything has ended: metrics, logs, a list of runs, histories that replay.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { expect, lasting, until, type Driver } from './driver';
import type { AppWorker } from './workers';

export async function metrics(worker: AppWorker): Promise<string> {
  const text = await (await fetch(`http://${worker.metrics}/metrics`)).text();
  const wanted = ['temporal_workflow_completed', 'temporal_activity_execution_latency', 'temporal_worker_task_slots_available'];
  expect('metrics', wanted.filter((name) => !text.includes(name)), []);
  return `${text.split('\n').filter((line) => line.startsWith('# TYPE')).length} metrics for Prometheus`;
}

export async function logs(log: string, key: string): Promise<string> {
  const lines = log.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const ours = lines.filter((line) => line.workflowId === `monitored-${key}` && line.sdkComponent === 'activity');
  const said = new Set(ours.map((line) => line.message));
  expect('logged', ['Activity started', 'Activity completed'].filter((message) => !said.has(message)), []);
  return "an activity's log carries its workflow's id";
}

/** Every run that these keys started is closed, and can be found. */
export async function list(driver: Driver, key: string): Promise<string> {
  const query = `WorkflowType = 'propertyPurchaseWorkflow' AND WorkflowId STARTS_WITH 'purchase-${key}'`;
  const find = async () => {
    const found: string[] = [];
    for await (const { workflowId, status } of driver.client.workflow.list({ query })) found.push(`${workflowId} ${status.name}`);
    return found.length === 3 && !found.some((line) => line.includes('RUNNING')) ? found.sort() : undefined;
  };
  const wanted = [`purchase-${key} COMPLETED`, `purchase-${key}-early FAILED`, `purchase-${key}-late FAILED`];
  expect('purchases', await until('the purchases in the list', () => lasting(find)), wanted);
  const patched = `TemporalChangeVersion = 'ml-analysis' AND WorkflowId STARTS_WITH 'evolving-${key}'`;
  const count = () => lasting(() => driver.client.workflow.count(patched)).then(({ count }) => (count === 2 ? true : undefined));
  await until('both patched runs to be counted', count);
  return 'three purchases with their outcomes, two patched runs';
}

/** Every history on the server, exported as JSON, replays with the code of the last release. */
export async function replay(driver: Driver): Promise<string> {
  const ids: string[] = await until('every run to be in the list', async () => {
    const found = await lasting(() => collect(driver.client.workflow.list({ query: "ExecutionStatus != 'Running'" })));
    return [...driver.started].every((id) => found.includes(id)) ? found : undefined;
  });
  async function* histories() {
    for (const workflowId of ids) {
      const history = await lasting(() => driver.client.workflow.getHandle(workflowId).fetchHistory());
      yield { workflowId, history: historyFromJSON(JSON.parse(historyToJSON(history))) };
    }
  }
  const code = readFileSync(join(__dirname, '../bundle-v2.js'), 'utf8');
  const wrong: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, histories())) {
    if (error) wrong.push(`${workflowId}: ${error.message}`);
  }
  expect('replays that fail', wrong, []);
  return `${ids.length} histories`;
}

async function collect(runs: AsyncIterable<{ workflowId: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of runs) ids.push(workflowId);
  return ids;
}
