// One check for each of the article's patterns; each answers with a word on what it saw.
import { lasting, until, expect, type Driver } from './driver';
import type { Approval, OnboardingResult, PropertyAnalysis, SyncResult } from '../types';

export type Pattern = (driver: Driver, key: string) => Promise<string>;

const SIGNED = [{ name: 'deed', signed: true }, { name: 'survey', signed: true }];

const sequential: Pattern = async (driver, key) => {
  const id = `onboarding-${key}`;
  const result = (await driver.run('propertyOnboardingWorkflow', id, key, SIGNED)) as OnboardingResult;
  expect('status', [result.status, result.backgroundCheck], ['completed', `clear:${key}`]);
  const steps = ['validate', 'background', 'crm:verified', 'notify:onboarding_complete'];
  expect('steps', driver.ledger(id), steps);
  const failure = await driver.fails('propertyOnboardingWorkflow', `${id}-unsigned`, key, [{ name: 'deed', signed: false }]);
  expect('failure', [failure.type, failure.message], ['InvalidDocuments', 'Document validation failed: deed is not signed']);
  return `${steps.length} steps in order, a retry, and a refusal`;
};

const fanOut: Pattern = async (driver, key) => {
  const id = `analysis-${key}`;
  const result = (await driver.run('propertyAnalysisWorkflow', id, key)) as PropertyAnalysis;
  expect('analysis', result, { propertyId: key, market: 1, structure: 2, finance: 3 });
  const { events } = await lasting(() => driver.client.workflow.getHandle(id).fetchHistory());
  const kinds = (events ?? []).map((e) => e.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId?.toString());
  const scheduled = kinds.filter((e) => e !== undefined);
  expect('scheduled together', scheduled.slice(0, 3).every((e) => e === scheduled[0]), true);
  return 'three at once, then one';
};

const approval: Pattern = async (driver, key) => {
  const decide = async (id: string, given: Approval) => {
    const handle = await driver.start('loanApprovalWorkflow', id, id);
    await until(`${id} to wait`, () => lasting(() => handle.query<boolean>('awaitsReview')).then((yes) => yes || undefined));
    await lasting(() => handle.signal('approval', given));
    return await lasting(() => handle.result());
  };
  const yes = await decide(`loan-${key}`, { approved: true, comments: 'welcome' });
  expect('approved', yes, { decision: 'approved', comments: 'welcome' });
  const no = await decide(`loan-${key}-no`, { approved: false });
  expect('rejected', no, { decision: 'rejected' });
  const auto = await driver.run('loanApprovalWorkflow', `loan-${key}-hopeless`, `${key}-hopeless`);
  expect('rejected at once', auto, { decision: 'rejected', reason: 'income below the minimum' });
  return 'approved, rejected, and rejected at once';
};

const saga: Pattern = async (driver, key) => {
  const request = { buyerId: 'zoë', propertyId: key, transferId: `t-${key}`, amount: 250_000 };
  const bought = await driver.run('propertyPurchaseWorkflow', `purchase-${key}`, request);
  expect('bought', bought, { propertyId: key, deed: `deed-t-${key}` });
  const late = await driver.fails('propertyPurchaseWorkflow', `purchase-${key}-late`, { ...request, breaksAt: 'finalize' });
  expect('refused', [late.type, late.message, late.details], ['PaymentRefused', 'the bank said no', [250_000]]);
  const undone = ['reserve', 'hold', 'title', 'cancel-title', 'release-property', 'release-funds'];
  expect('compensations', driver.ledger(`purchase-${key}-late`), undone);
  const early = await driver.fails('propertyPurchaseWorkflow', `purchase-${key}-early`, { ...request, breaksAt: 'title' });
  expect('disputed', early.type, 'TitleDefect');
  const partly = ['reserve', 'hold', 'release-property', 'release-funds'];
  expect('compensations', driver.ledger(`purchase-${key}-early`), partly);
  return 'bought, and undone from two places';
};

const children: Pattern = async (driver, key) => {
  const properties = ['a', 'b', 'c'].map((p) => `${key}-${p}`);
  const report = await driver.run('portfolioAnalysisWorkflow', `portfolio-${key}`, key);
  expect('report', report, { portfolioId: key, properties, total: 18 });
  for (const property of properties) {
    const child = driver.client.workflow.getHandle(`property-analysis-${property}`);
    const { status, parentExecution } = await lasting(() => child.describe());
    expect('child', [status.name, parentExecution?.workflowId], ['COMPLETED', `portfolio-${key}`]);
  }
  return `${properties.length} children under their own ids`;
};

const dynamic: Pattern = async (driver, key) => {
  const names = (result: unknown) => (result as { results: { name: string }[] }).results.map((r) => r.name);
  const plain = await driver.run('dynamicPropertyProcessingWorkflow', `dynamic-${key}`, key, { review: false });
  expect('steps', names(plain), ['survey', 'valuation', 'listing']);
  const longer = await driver.run('dynamicPropertyProcessingWorkflow', `dynamic-${key}-review`, key, { review: true });
  expect('steps', names(longer), ['survey', 'valuation', 'listing', 'valuation-review-1', 'valuation-review-2']);
  return '3 steps, and 5 where one asked for more';
};

const resilience: Pattern = async (driver, key) => {
  const id = `sync-${key}`;
  const requests = ['up', 'flaky', 'down', 'down', 'up'].map((service, n) => ({ id: `${key}-${n}`, service }));
  const results = (await driver.run('resilientDataSyncWorkflow', id, requests)) as SyncResult[];
  expect('from', results.map((r) => `${r.from} ${r.circuit}`), [
    'api closed',
    'api closed',
    'fallback closed',
    'fallback closed',
    'fallback open',
  ]);
  const asked = driver.ledgerLines().filter((l) => l.workflowId === id && l.what === 'api');
  const attempts = (n: number) => Math.max(0, ...asked.filter((l) => l.subject === `${key}-${n}`).map((l) => l.attempt));
  expect('attempts', [1, 2, 3, 4].map(attempts), [3, 4, 4, 0]);
  const failure = await driver.fails('resilientDataSyncWorkflow', `${id}-invalid`, [{ id: `${key}-x`, service: 'invalid' }]);
  expect('failure', failure.type, 'ValidationError');
  const tries = driver.ledgerLines().filter((l) => l.workflowId === `${id}-invalid`).map((l) => l.attempt);
  expect('tries', Math.max(...tries), Math.min(...tries));
  return 'retried, fell back, opened the circuit, and did not retry what is invalid';
};

/** The workers' limit, which one crowd must not exceed; see `maxConcurrentActivityTaskExecutions`. */
export const MAX_ACTIVITIES = 8;

const limits: Pattern = async (driver, key) => {
  const peak = (await driver.run('crowdedHouseWorkflow', `crowd-${key}`, 3 * MAX_ACTIVITIES)) as number;
  expect('peak in its limits', peak > 1 && peak <= MAX_ACTIVITIES, true);
  return `${3 * MAX_ACTIVITIES} activities, at most ${peak} at once`;
};

const monitored: Pattern = async (driver, key) => {
  expect('result', await driver.run('monitoredWorkflow', `monitored-${key}`, key), `monitored ${key}`);
  return 'an activity that logs';
};

export const PATTERNS: Record<string, Pattern> = {
  sequential,
  'fan-out': fanOut,
  approval,
  saga,
  children,
  dynamic,
  resilience,
  limits,
  monitored,
};
