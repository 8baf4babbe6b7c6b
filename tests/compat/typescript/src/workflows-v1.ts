// What the first release shipped.
import { condition, defineQuery, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type * as activities from './activities';
import type { Processed } from './types';

export * from './workflows';

const { basicPropertyProcessing } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

export const proceed = defineSignal('proceed');
export const stage = defineQuery<string>('stage');

export async function evolvingPropertyWorkflow(propertyId: string): Promise<Processed> {
  let released = false;
  let at = 'processing';
  setHandler(proceed, () => {
    released = true;
  });
  setHandler(stage, () => at);
  const result = await basicPropertyProcessing(propertyId);
  at = 'waiting';
  await condition(() => released);
  return result;
}
