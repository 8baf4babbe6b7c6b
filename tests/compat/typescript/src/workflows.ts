// The article's patterns. What differs from its text: plain errors are ApplicationFailures here, since a plain Error would
// only fail the workflow task, and intervals are shorter, so that the check takes seconds.
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  executeChild,
  log,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type * as activities from './activities';
import type {
  Approval,
  LoanDecision,
  OnboardingResult,
  PortfolioReport,
  ProcessingResult,
  PropertyAnalysis,
  PropertyDocument,
  PurchaseRequest,
  PurchaseResult,
  StepResult,
  SyncRequest,
  SyncResult,
} from './types';

const act = proxyActivities<typeof activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumAttempts: 6 },
});

const { externalAPICall } = proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  retry: {
    initialInterval: '100ms',
    backoffCoefficient: 2,
    maximumAttempts: 4,
    nonRetryableErrorTypes: ['ValidationError'],
  },
});

// Sequential processing

export async function propertyOnboardingWorkflow(propertyId: string, documents: PropertyDocument[]): Promise<OnboardingResult> {
  const validation = await act.validatePropertyDocuments(propertyId, documents);
  if (!validation.isValid) {
    throw ApplicationFailure.nonRetryable(`Document validation failed: ${validation.errors}`, 'InvalidDocuments');
  }
  const backgroundCheck = await act.performBackgroundCheck(propertyId);
  await act.updateCRM(propertyId, { status: 'verified', backgroundCheck });
  await act.notifyPropertyManager(propertyId, 'onboarding_complete');
  return { propertyId, status: 'completed', backgroundCheck, completedAt: new Date().toISOString() };
}

// Fan-out

export async function propertyAnalysisWorkflow(propertyId: string): Promise<PropertyAnalysis> {
  const [market, structure, finance] = await Promise.all([
    act.performMarketAnalysis(propertyId),
    act.generateStructuralReport(propertyId),
    act.calculateFinancialProjections(propertyId),
  ]);
  return await act.synthesizePropertyReport({ propertyId, market, structure, finance });
}

// Human in the loop

export const approvalSignal = defineSignal<[Approval]>('approval');
export const awaitsReview = defineQuery<boolean>('awaitsReview');

export async function loanApprovalWorkflow(applicationId: string): Promise<LoanDecision> {
  let approval: Approval | undefined;
  let waiting = false;
  setHandler(approvalSignal, (given) => {
    approval = given;
  });
  setHandler(awaitsReview, () => waiting);

  const preScreen = await act.performAutomatedScreening(applicationId);
  if (preScreen.autoReject) return { decision: 'rejected', reason: preScreen.reason };
  await act.requestHumanReview(applicationId);
  waiting = true;
  await condition(() => approval !== undefined);
  return { decision: approval?.approved ? 'approved' : 'rejected', comments: approval?.comments };
}

// Saga

export async function propertyPurchaseWorkflow(request: PurchaseRequest): Promise<PurchaseResult> {
  const compensations: (() => Promise<void>)[] = [];
  try {
    await act.reserveFunds(request.buyerId);
    compensations.push(() => act.releaseFunds(request.buyerId));
    await act.holdProperty(request.propertyId);
    compensations.push(() => act.releaseProperty(request.propertyId));
    await act.initiateTitleTransfer(request);
    compensations.push(() => act.cancelTitleTransfer(request.transferId));
    return await act.finalizePropertyPurchase(request);
  } catch (error) {
    for (const compensate of compensations.reverse()) {
      try {
        await compensate();
      } catch (failed) {
        log.error('Compensation failed', { failed }); // all of them must run
      }
    }
    throw error;
  }
}

// Children

export async function portfolioAnalysisWorkflow(portfolioId: string): Promise<PortfolioReport> {
  const portfolio = await act.getPortfolioDetails(portfolioId);
  const analyses: PropertyAnalysis[] = [];
  for (const propertyId of portfolio.properties) {
    const analysis = await executeChild(propertyAnalysisWorkflow, {
      args: [propertyId],
      workflowId: `property-analysis-${propertyId}`,
    });
    analyses.push(analysis);
  }
  return await act.generatePortfolioReport(portfolioId, analyses);
}

// Dynamic steps

export async function dynamicPropertyProcessingWorkflow(propertyId: string, config: { review: boolean }): Promise<ProcessingResult> {
  const steps = await act.determineProcessingSteps(propertyId, config);
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await act.executeProcessingStep(step);
    results.push(result);
    if (result.requiresAdditionalReview) steps.push(...(await act.generateAdditionalSteps(result)));
  }
  return { propertyId, results, completedSteps: steps.length };
}

// Resilience

class CircuitBreaker {
  private failures = 0;

  isOpen(): boolean {
    return this.failures >= 2;
  }

  recordSuccess(): void {
    this.failures = 0;
  }

  recordFailure(): void {
    this.failures += 1;
  }
}

function isValidationError(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === 'ValidationError';
}

/** Syncs one after the other; after two failures in a row the service is not even asked. */
export async function resilientDataSyncWorkflow(requests: SyncRequest[]): Promise<SyncResult[]> {
  const breaker = new CircuitBreaker();
  const results: SyncResult[] = [];
  for (const request of requests) {
    const open = breaker.isOpen();
    try {
      if (open) throw ApplicationFailure.create({ message: 'Circuit breaker is open - service unavailable' });
      results.push(await externalAPICall(request));
      breaker.recordSuccess();
    } catch (error) {
      if (isValidationError(error)) throw error; // no retry and no fallback makes these right
      if (!open) breaker.recordFailure();
      results.push({ ...(await act.executeFallbackSync(request)), circuit: open ? 'open' : 'closed' });
    }
  }
  return results;
}

// Limits, shutdown, observability

export async function crowdedHouseWorkflow(rooms: number): Promise<number> {
  const peaks = await Promise.all(Array.from({ length: rooms }, (_, room) => act.inspectRoom(room)));
  return Math.max(...peaks);
}

const patient = proxyActivities<typeof activities>({ startToCloseTimeout: '30s', heartbeatTimeout: '5s' });

export async function slowInspectionWorkflow(propertyId: string): Promise<{ attempt: number; pid: number }> {
  return await patient.slowInspection(propertyId);
}

export async function monitoredWorkflow(propertyId: string): Promise<string> {
  return await act.monitoredActivity({ propertyId });
}
