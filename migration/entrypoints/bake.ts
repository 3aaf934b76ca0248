import { METRIC_GATES_OFF } from "../config/metric-gates-off";
import { bake } from "../engines/service-gates";
import { log, resultsOf, STATE_VERSION, type BakeInputs, type Secrets } from "./inputs";
import { moveBack } from "./move-back";
import { openMigration, openRun, ringEpoch } from "./open-run";
import { openService } from "./open-service";

interface Outputs extends BakeInputs {
  readonly report?: unknown;
  /** The ring epoch of a bake that came out well. */
  readonly bakedEpoch?: number | null;
}

/**
 * Watches the service for the bake time, without a lock: nothing is written. Only where the reads have just been moved, and
 * once: another setting is no reason to judge the ring anew, and who comes back from a cleanup may be in a hurry.
 */
export async function update(olds: Partial<Outputs>, news: BakeInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const { report = null, bakedEpoch = null } = resultsOf(olds, news);
  const before = { ...kept, report, bakedEpoch };
  if (news.work === "none") return before;
  const service = await openService(news.settings, secrets);
  if (!service) {
    log(`bake: ${METRIC_GATES_OFF}`);
    return { ...kept, report: null, bakedEpoch };
  }
  const { baseline = {}, cutover } = await openRun(news, secrets, { purpose: "bake" }, openMigration);
  const epoch = await ringEpoch(news);
  if (cutover?.epoch !== epoch || bakedEpoch === epoch) return before;
  const { targetShards: target, shards: current } = news.ring;
  const { autoRollback = false } = news.settings.service ?? {};
  const back = autoRollback ? { moveBack: () => moveBack(news, secrets) } : {};
  return { ...kept, report: await bake(service, { baseline, target, current, ...back }), bakedEpoch: epoch };
}
