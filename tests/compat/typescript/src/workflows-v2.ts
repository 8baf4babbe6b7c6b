// What the second release ships. A run that the first one began has passed the first change already, and not the second.
import { condition, defineQuery, defineSignal, patched, proxyActivities, setHandler } from '@temporalio/workflow';
import type * as activities from './activities';
import type { Processed } from './types';

export * from './workflows';

const { basicPropertyProcessing, enhancedValidation, performMLAnalysis } = proxyActivities<typeof activities>({
  startToCloseTimeout: '10 seconds',
});

export const proceed = defineSignal('proceed');
export const stage = defineQuery<string>('stage');

export async function evolvingPropertyWorkflow(propertyId: string): Promise<Processed> {
  let released = false;
  let at = 'processing';
  setHandler(proceed, () => {
    released = true;
  });
  setHandler(stage, () => at);
  let result = await basicPropertyProcessing(propertyId);
  if (patched('enhanced-validation')) {
    result = await enhancedValidation(result);
  }
  at = 'waiting';
  await condition(() => released);
  if (patched('ml-analysis')) {
    result = { ...result, mlInsights: await performMLAnalysis(propertyId) };
  }
  return result;
}
