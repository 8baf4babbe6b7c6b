// What workflows and activities tell each other.

export interface PropertyDocument {
  name: string;
  signed: boolean;
}

export interface Validation {
  isValid: boolean;
  errors: string[];
}

export interface OnboardingResult {
  propertyId: string;
  status: 'completed';
  backgroundCheck: string;
  completedAt: string;
}

export interface PropertyAnalysis {
  propertyId: string;
  market: number;
  structure: number;
  finance: number;
}

export interface PreScreen {
  autoReject: boolean;
  reason: string;
}

export interface Approval {
  approved: boolean;
  comments?: string;
}

export interface LoanDecision {
  decision: 'approved' | 'rejected';
  reason?: string;
  comments?: string;
}

export interface PurchaseRequest {
  buyerId: string;
  propertyId: string;
  transferId: string;
  amount: number;
  /** Where it breaks; nowhere when it is missing. */
  breaksAt?: 'title' | 'finalize';
}

export interface PurchaseResult {
  propertyId: string;
  deed: string;
}

export interface PortfolioReport {
  portfolioId: string;
  properties: string[];
  total: number;
}

export interface Step {
  name: string;
  review: boolean;
}

export interface StepResult {
  name: string;
  requiresAdditionalReview: boolean;
}

export interface ProcessingResult {
  propertyId: string;
  results: StepResult[];
  completedSteps: number;
}

export interface SyncRequest {
  id: string;
  /** What the service outside does with it. */
  service: 'up' | 'flaky' | 'down' | 'invalid';
}

export interface SyncResult {
  id: string;
  from: 'api' | 'fallback';
  circuit: 'closed' | 'open';
}

export interface Processed {
  propertyId: string;
  basic: boolean;
  enhanced?: boolean;
  mlInsights?: string;
}
