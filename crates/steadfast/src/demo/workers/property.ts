// The demo's activities about houses, in TypeScript.
//
// usage: node property.js NATS_URL NAMESPACE TASK_QUEUE
//
// `worker.ts` beside this file is the whole "SDK": a NATS client and MessagePack.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { type Activity, Failed, type Task, run } from "./worker.js";

type Purchase = {
  id: string;
  property: { id: string; address: string; price: number; built: number };
  portals?: "up" | "down";
};
type Step = { name: string; review: boolean };

const LEDGER = process.env.SF_DEMO_LEDGER ?? "ledger.jsonl";
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

// An effect outside, written once however often its activity is tried.
function record(task: Task, purchase: string, action: string, value: unknown) {
  const key = `${task.workflow_id}/${task.activity_id}`;
  const lines = existsSync(LEDGER) ? readFileSync(LEDGER, "utf8").split("\n") : [];
  if (lines.some((line) => line !== "" && JSON.parse(line).key === key)) return;
  const entry = { key, purchase, action, value, attempt: task.attempt, by: "typescript" };
  appendFileSync(LEDGER, JSON.stringify(entry) + "\n");
}

const ACTIVITIES: Record<string, Activity> = {
  async market_analysis(_worker, _task, purchase: Purchase) {
    await sleep(200);
    const { price, built } = purchase.property;
    return { comparables: 3 + (built % 5), estimate: Math.round(price * 1.02) };
  },

  // Long work with a heartbeat: a worker that dies is noticed, and the next goes on.
  async structural_report(worker, task, purchase: Purchase) {
    for (const part of ["roof", "walls", "cellar", "pipes"]) {
      await sleep(100);
      await worker.heartbeat(task, part);
    }
    return { condition: purchase.property.built < 1945 ? "needs care" : "sound" };
  },

  async synthesize_report(_worker, _task, purchase: Purchase, parts: Record<string, any>) {
    const { market, structure, finances } = parts;
    return {
      property: purchase.property.id,
      estimate: market.estimate,
      condition: structure.condition,
      gross_yield: finances.gross_yield,
    };
  },

  async hold_property(_worker, task, purchase: Purchase) {
    record(task, purchase.id, "hold_property", purchase.property.id);
    return `hold-${purchase.id}`;
  },

  async release_property(_worker, task, purchase: Purchase) {
    record(task, purchase.id, "release_property", purchase.property.id);
    return null;
  },

  async start_title_transfer(_worker, task, purchase: Purchase) {
    await sleep(300);
    record(task, purchase.id, "start_title_transfer", purchase.property.id);
    return `transfer-${purchase.id}`;
  },

  async cancel_title_transfer(_worker, task, purchase: Purchase) {
    record(task, purchase.id, "cancel_title_transfer", purchase.property.id);
    return null;
  },

  async determine_steps(_worker, _task, purchase: Purchase) {
    const steps: Step[] = [{ name: "land_survey", review: false }];
    const old = purchase.property.built < 1945;
    steps.push({ name: "building_survey", review: old });
    if (purchase.property.price > 500_000) steps.push({ name: "valuation", review: false });
    return steps;
  },

  async processing_step(_worker, _task, _purchase: Purchase, step: Step) {
    await sleep(50);
    return { step: step.name, needs_review: step.review };
  },

  async additional_steps(_worker, _task, _purchase: Purchase, after: string) {
    return ["damp", "wiring"].map((what) => ({ name: `${after}:${what}`, review: false }));
  },

  async portal_sync(_worker, task, purchase: Purchase, portal: string) {
    if (purchase.portals === "down") throw new Failed("PortalDown", `${portal} answers 503`);
    record(task, purchase.id, "portal_sync", portal);
    return { portal, by: "portal" };
  },

  async fallback_sync(_worker, task, purchase: Purchase, portal: string) {
    record(task, purchase.id, "fallback_sync", portal);
    return { portal, by: "fallback" };
  },

  async basic_processing(_worker, _task, purchase: Purchase) {
    return { property: purchase.property.id, level: "basic" };
  },

  async enhanced_validation(_worker, _task, result: Record<string, unknown>) {
    return { ...result, level: "enhanced" };
  },

  async portfolio_report(_worker, _task, analyses: { estimate: number }[]) {
    const estimate = analyses.reduce((sum, each) => sum + each.estimate, 0);
    return { properties: analyses.length, estimate };
  },
};

// The workflows give each activity one argument: a list of what it takes.
const spread = (activity: Activity): Activity => (worker, task, given: unknown[]) =>
  activity(worker, task, ...given);
const all = Object.entries(ACTIVITIES).map(([name, activity]) => [name, spread(activity)]);
await run(Object.fromEntries(all));
