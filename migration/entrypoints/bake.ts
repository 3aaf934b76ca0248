import { METRIC_GATES_OFF } from "../config/metric-gates-off";
import { bake } from "../engines/service-gates";
import { log, resultsOf, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openMigration, openRun } from "./open-run";
import { openService } from "./open-service";

interface Outputs extends StepInputs {
  readonly report?: unknown;
}

/**
 * Watches the service for the bake time, without a lock: nothing is written. Only where the reads have just been moved:
 * who comes back from a cleanup has moved them before, and may be in a hurry.
 */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const before = { ...kept, report: resultsOf(olds, news).report ?? null };
  if (news.work === "none") return before;
  const service = await openService(news.settings, secrets);
  if (!service) {
    log(`bake: ${METRIC_GATES_OFF}`);
    return { ...kept, report: null };
  }
  const { baseline = {}, cutover } = await openRun(news, secrets, { purpose: "bake" }, openMigration);
  if (cutover?.epoch !== news.epoch) return before;
  return { ...kept, report: await bake(service, baseline, news.ring.targetShards) };
}
