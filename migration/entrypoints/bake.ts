import { METRIC_GATES_OFF } from "../config/metric-gates-off";
import { GateClosedError } from "../engines/errors";
import { bake } from "../engines/service-gates";
import { log, resultsOf, STATE_VERSION, type BakeInputs, type Secrets } from "./inputs";
import { moveBack } from "./move-back";
import { liveEpoch, openBackend, openMigration, openRun } from "./open-run";
import { openService } from "./open-service";

interface Outputs extends BakeInputs {
  readonly report?: unknown;
}

/**
 * Watches the service for the bake time, without a lock: nothing is written. Only where the reads have just been moved:
 * who comes back from a cleanup has moved them before, and may be in a hurry.
 */
export async function update(olds: Partial<Outputs>, news: BakeInputs, secrets: Secrets) {
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
  await assertNotMovedBack(news);
  const { targetShards: target, shards: current } = news.ring;
  const { autoRollback = false } = news.settings.service ?? {};
  const back = autoRollback ? { moveBack: () => moveBack(news, secrets) } : {};
  return { ...kept, report: await bake(service, { baseline, target, current, ...back }) };
}

/** A service that is well on the current ring says nothing about the target ring. */
async function assertNotMovedBack({ connection, epoch }: BakeInputs): Promise<void> {
  const live = await liveEpoch(await openBackend(connection));
  if (live <= epoch) return;
  throw new GateClosedError(
    `bake: the cutover was ring epoch ${epoch}, but the live ring ConfigMap is at ${live}: the ring has been moved since. ` +
      `If metrics.autoRollback did that, set migrationPhase to "dualWrite" and run \`pulumi up\`. Otherwise run ` +
      `\`pulumi refresh\`, then look at the preview.`,
  );
}
