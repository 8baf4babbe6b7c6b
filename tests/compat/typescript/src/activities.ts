// The outside world: services that answer, fail, and keep a ledger of what was done to them.
import { appendFileSync } from 'node:fs';
import { activityInfo, Context, heartbeat, log, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  PortfolioReport,
  PreScreen,
  Processed,
  PropertyAnalysis,
  PropertyDocument,
  PurchaseRequest,
  PurchaseResult,
  Step,
  StepResult,
  SyncRequest,
  SyncResult,
  Validation,
} from './types';

/** Notes that something was done, where the check can read it. */
function done(what: string, subject: string): void {
  const file = process.env.ARTICLE_LEDGER;
  const { attempt, workflowExecution } = activityInfo();
  const line = { what, subject, attempt, workflowId: workflowExecution?.workflowId };
  if (file) appendFileSync(file, JSON.stringify(line) + '\n');
}

/** Work takes a moment. */
async function work(ms = 30): Promise<void> {
  await sleep(ms);
}

// Sequential processing

export async function validatePropertyDocuments(propertyId: string, documents: PropertyDocument[]): Promise<Validation> {
  await work();
  done('validate', propertyId);
  const errors = documents.filter((d) => !d.signed).map((d) => `${d.name} is not signed`);
  return { isValid: errors.length === 0, errors };
}

export async function performBackgroundCheck(propertyId: string): Promise<string> {
  if (activityInfo().attempt === 1) throw new Error('the registry is busy');
  done('background', propertyId);
  return `clear:${propertyId}`;
}

export async function updateCRM(propertyId: string, change: { status: string; backgroundCheck: string }): Promise<void> {
  await work();
  done(`crm:${change.status}`, propertyId);
}

export async function notifyPropertyManager(propertyId: string, event: string): Promise<void> {
  done(`notify:${event}`, propertyId);
}

// Fan-out

export async function performMarketAnalysis(propertyId: string): Promise<number> {
  await work(60);
  done('market', propertyId);
  return 1;
}

export async function generateStructuralReport(propertyId: string): Promise<number> {
  await work(20);
  done('structure', propertyId);
  return 2;
}

export async function calculateFinancialProjections(propertyId: string): Promise<number> {
  await work(40);
  done('finance', propertyId);
  return 3;
}

export async function synthesizePropertyReport(parts: PropertyAnalysis): Promise<PropertyAnalysis> {
  done('synthesize', parts.propertyId);
  return parts;
}

// Human in the loop

export async function performAutomatedScreening(applicationId: string): Promise<PreScreen> {
  const autoReject = applicationId.includes('hopeless');
  return { autoReject, reason: autoReject ? 'income below the minimum' : '' };
}

export async function requestHumanReview(applicationId: string): Promise<void> {
  done('review', applicationId);
}

// Saga

export async function reserveFunds(buyerId: string): Promise<void> {
  done('reserve', buyerId);
}

export async function releaseFunds(buyerId: string): Promise<void> {
  done('release-funds', buyerId);
}

export async function holdProperty(propertyId: string): Promise<void> {
  done('hold', propertyId);
}

export async function releaseProperty(propertyId: string): Promise<void> {
  done('release-property', propertyId);
}

export async function initiateTitleTransfer(request: PurchaseRequest): Promise<void> {
  if (request.breaksAt === 'title') throw ApplicationFailure.nonRetryable('the title is disputed', 'TitleDefect');
  done('title', request.transferId);
}

export async function cancelTitleTransfer(transferId: string): Promise<void> {
  done('cancel-title', transferId);
}

export async function finalizePropertyPurchase(request: PurchaseRequest): Promise<PurchaseResult> {
  if (request.breaksAt === 'finalize') {
    throw ApplicationFailure.create({ message: 'the bank said no', type: 'PaymentRefused', nonRetryable: true, details: [request.amount] });
  }
  done('finalize', request.propertyId);
  return { propertyId: request.propertyId, deed: `deed-${request.transferId}` };
}

// Children

export async function getPortfolioDetails(portfolioId: string): Promise<{ properties: string[] }> {
  return { properties: ['a', 'b', 'c'].map((p) => `${portfolioId}-${p}`) };
}

export async function generatePortfolioReport(portfolioId: string, analyses: PropertyAnalysis[]): Promise<PortfolioReport> {
  const total = analyses.reduce((sum, a) => sum + a.market + a.structure + a.finance, 0);
  return { portfolioId, properties: analyses.map((a) => a.propertyId), total };
}

// Dynamic steps

export async function determineProcessingSteps(_propertyId: string, config: { review: boolean }): Promise<Step[]> {
  return [
    { name: 'survey', review: false },
    { name: 'valuation', review: config.review },
    { name: 'listing', review: false },
  ];
}

export async function executeProcessingStep(step: Step): Promise<StepResult> {
  await work(10);
  return { name: step.name, requiresAdditionalReview: step.review };
}

export async function generateAdditionalSteps(result: StepResult): Promise<Step[]> {
  return [1, 2].map((n) => ({ name: `${result.name}-review-${n}`, review: false }));
}

// Resilience

export async function externalAPICall(request: SyncRequest): Promise<SyncResult> {
  const { attempt } = activityInfo();
  done('api', request.id);
  if (request.service === 'invalid') throw ApplicationFailure.create({ message: 'malformed record', type: 'ValidationError' });
  if (request.service === 'down' || (request.service === 'flaky' && attempt < 3)) {
    throw ApplicationFailure.create({ message: 'service unavailable', type: 'ServiceUnavailable' });
  }
  return { id: request.id, from: 'api', circuit: 'closed' };
}

export async function executeFallbackSync(request: SyncRequest): Promise<SyncResult> {
  done('fallback', request.id);
  return { id: request.id, from: 'fallback', circuit: 'closed' };
}

// Versions

export async function basicPropertyProcessing(propertyId: string): Promise<Processed> {
  return { propertyId, basic: true };
}

export async function enhancedValidation(result: Processed): Promise<Processed> {
  return { ...result, enhanced: true };
}

export async function performMLAnalysis(propertyId: string): Promise<string> {
  return `insights on ${propertyId}`;
}

// Limits, shutdown, observability

let rooms = 0;

/** How many rooms this worker inspects at the moment, this one included. */
export async function inspectRoom(_room: number): Promise<number> {
  rooms += 1;
  try {
    const now = rooms;
    await work(100);
    return now;
  } finally {
    rooms -= 1;
  }
}

/** Takes long enough for its worker to be shut down meanwhile. */
export async function slowInspection(propertyId: string): Promise<{ attempt: number; pid: number }> {
  done('slow-begins', propertyId);
  for (let tick = 0; tick < 20; tick++) {
    await work(100);
    heartbeat(tick);
  }
  done('slow-ends', propertyId);
  return { attempt: activityInfo().attempt, pid: process.pid };
}

export async function monitoredActivity(params: { propertyId: string }): Promise<string> {
  const logger = Context.current().log;
  const started = Date.now();
  logger.info('Activity started', { params });
  try {
    await work();
    const result = `monitored ${params.propertyId}`;
    log.info('Activity completed', { duration: Date.now() - started, resultSize: JSON.stringify(result).length });
    return result;
  } catch (error) {
    logger.error('Activity failed', { error, duration: Date.now() - started });
    throw error;
  }
}
