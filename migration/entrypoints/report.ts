import { join } from "node:path";
import { writeFiles } from "../adapters/report-files";
import { configIn, isOpen, openState, type Phase } from "../phases";
import { migrationId } from "../plan/migration-plan";
import type { MigrationFigures, ReportFacts } from "../report/facts";
import { htmlOf } from "../report/html";
import { markdownOf } from "../report/markdown";
import { reportOf, type Report } from "../report/report";
import { countKeys } from "./count-keys";
import { log, STATE_VERSION, webhookUrlOf, type ConnectionInputs, type RingInputs, type Secrets } from "./inputs";
import { watchEngine } from "./watch-engine";

/** Inputs of the report. */
export interface ReportInputs {
  /** How many migrations this stack has opened. */
  readonly migration: number;
  readonly epoch: number;
  readonly phase: Phase;
  readonly ring: RingInputs;
  readonly connection: ConnectionInputs;
  /** Name of the stack. */
  readonly stack: string;
  /** Where files are written; empty: nowhere. */
  readonly directory: string;
  readonly figures: MigrationFigures;
}

/** No figures: they are in the steps' outputs, and in the report. */
type Outputs = Pick<ReportInputs, "migration" | "epoch" | "phase" | "ring">;

/** Only a phase that has come to its end since has anything to report, whatever else changes. */
export const diff = (olds: Partial<Outputs>, news: ReportInputs) => ({
  changes: (["migration", "epoch", "phase"] as const).some((key) => olds[key] !== news[key]),
});

/**
 * Reports once at the end of each phase. No migration fails for it: what could not be written or sent is said, and is not
 * tried again, since the next `up` changes nothing.
 */
export async function update(olds: Partial<Outputs>, news: ReportInputs, secrets: Secrets) {
  const { migration, epoch, phase, ring, connection, stack, directory, figures } = news;
  const kept = { migration, epoch, phase, ring, stateVersion: STATE_VERSION };
  const url = webhookUrlOf(secrets);
  // The first `up` of a stack declares a ring, say.
  const nothingEnded = !isOpen(phase) && !(olds.phase && isOpen(olds.phase));
  if (nothingEnded || (directory === "" && url === undefined)) return kept;
  watchEngine();
  const keysNow = await countKeys({ connection, ring }, secrets);
  const facts = {
    ...figures,
    stack,
    from: olds.phase,
    phase,
    epoch,
    ...migrationOf(olds, news),
    keysNow,
    atMs: Date.now(),
  };
  const report = reportOf(facts);
  if (directory !== "") await write(join(directory, facts.plan?.migration_id ?? "unplanned"), report, facts);
  if (url !== undefined) await send(url, report, facts);
  return kept;
}

/** Both rings of the migration: who has left it may have forgotten the other one. */
function migrationOf(olds: Partial<Outputs>, { phase, ring }: ReportInputs) {
  const now = { phase, ...ring };
  const open = olds.phase && olds.ring ? openState(now, { phase: olds.phase, ...olds.ring }) : now;
  const config = configIn(open, now);
  const { shards, targetShards } = open;
  return { shards, targetShards, onTarget: config === "B" };
}

async function write(folder: string, report: Report, { phase, atMs }: ReportFacts): Promise<void> {
  const name = `${migrationId(new Date(atMs))}-${phase}`;
  try {
    await writeFiles(folder, { [`${name}.md`]: markdownOf(report), [`${name}.html`]: htmlOf(report) });
    log(`report: ${join(folder, name)}.html`);
  } catch (error) {
    log(`warning: the report is not written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function send(url: string, report: Report, { phase, stack }: ReportFacts): Promise<void> {
  // Loaded only where it is needed: the client is slow to start.
  const { postToWebhook, WebhookError } = await import("../adapters/webhook");
  try {
    await postToWebhook(url, { text: report.message, phase, stack, report: markdownOf(report) });
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    log(`warning: notify.webhookUrl did not take the report of "${phase}", which is not sent again: ${error.message}`);
  }
}
