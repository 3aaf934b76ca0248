import { preCopy } from "../engines/pre-copy";
import { resultsOf, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openMigration, openRun } from "./open-run";
import { braked } from "./open-service";

interface Outputs extends StepInputs {
  readonly counts?: unknown;
}

/** Runs or resumes the pre-copy. */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  if (news.work === "none") return { ...kept, counts: resultsOf(olds, news).counts ?? null };
  const counts = await openRun(news, secrets, { purpose: "pre-copy" }, async (session) => {
    const { keysPerSecond, batchSize, maxLatencyMs, expiryToleranceMs } = news.settings;
    const record = await openMigration(session);
    const run = await braked(session.run, news.settings, secrets);
    return preCopy(run, record, { keysPerSecond, batchSize, maxLatencyMs }, expiryToleranceMs);
  });
  return { ...kept, counts };
}
