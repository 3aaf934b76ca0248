/** The gates that ask how the service is: before a cutover, after it, and before the cleanup. */
import { GateClosedError, messageOf } from "./errors";
import { lookBack, watchService, type ServiceMetrics, type Verdict } from "./metric-gate";
import type { Baseline } from "./service-metrics";

const RING_STAYS = "The ring stays as it is.";
const WAY_BACK =
  'To take it back set migrationPhase to "dualWrite" and run `pulumi up`: the current ring is written too, so nothing is lost.';
const LOOK = "Look for the cause (docs/troubleshooting.md), then run `pulumi up` again.";

/** Before a cutover. @throws GateClosedError unless the service is well now. */
export async function assertHealthy(metrics: ServiceMetrics, baseline: Baseline): Promise<void> {
  assertPassed(await watchService(metrics, { what: "gate: service", durationMs: 0, baseline }), RING_STAYS, LOOK);
}

/**
 * Before the cleanup.
 * @param cutoverAtMs - when every pod read the target ring: what was before says nothing about it.
 * @throws GateClosedError unless the service has been well for the stability time.
 */
export async function assertStable(metrics: ServiceMetrics, baseline: Baseline, cutoverAtMs: number): Promise<void> {
  const { stabilityMs, windowMs } = metrics.settings;
  const sinceMs = cutoverAtMs + windowMs;
  const opensMs = sinceMs + stabilityMs;
  if (metrics.clock.now() < opensMs) {
    throw new GateClosedError(
      `whether the service is stable can be told at ${new Date(opensMs).toISOString()}: metrics.stability after the ` +
        `cutover. ${RING_STAYS} Wait, or shorten metrics.stability.`,
    );
  }
  const verdict = await lookBack(metrics, { durationMs: stabilityMs, sinceMs, baseline });
  metrics.log(`gate: service, ${verdict.samples} samples of the past: ${verdict.outcome}, ${verdict.says}`);
  assertPassed(verdict, RING_STAYS, LOOK);
}

/** What a bake is about. */
export interface BakeJob {
  readonly baseline: Baseline;
  /** Names of the rings: the one that is read now, and the one that was. */
  readonly target: readonly string[];
  readonly current: readonly string[];
  /** Moves the reads back to the current ring and tells the ring epoch of that; absent: that is for the operator. */
  readonly moveBack?: (() => Promise<number>) | undefined;
}

/**
 * After a cutover.
 * @throws GateClosedError unless the service is well for the whole bake time; what was moved stays moved, unless there is
 * a `moveBack`, which a failure calls first.
 */
export async function bake(metrics: ServiceMetrics, job: BakeJob): Promise<Verdict> {
  const { baseline, target, moveBack } = job;
  const verdict = await watchService(metrics, { what: "bake", durationMs: metrics.settings.bakeMs, baseline });
  if (verdict.outcome === "fail" && moveBack) return moveBackAndFail(metrics, job, verdict, moveBack);
  assertPassed(verdict, onTarget(target), "To stay and bake again, run `pulumi up` as it is.");
  return verdict;
}

async function moveBackAndFail(
  { log }: ServiceMetrics,
  { current }: BakeJob,
  { says }: Verdict,
  moveBack: () => Promise<number>,
): Promise<never> {
  const off = `the service is over its limits: ${says}.`;
  log(`bake: ${off} metrics.autoRollback moves the ring back`);
  const epoch = await moveBack().catch((error: unknown) => {
    throw new GateClosedError(`${off} metrics.autoRollback did not get to its end: ${messageOf(error)} ${WAY_BACK}`);
  });
  throw new GateClosedError(
    `${off} metrics.autoRollback has moved the ring back: since ring epoch ${epoch} traffic is on the current ring ` +
      `(${current.join(", ")}), and both rings are written, so nothing is lost. Set migrationPhase to "dualWrite" and run ` +
      `\`pulumi up\`, so that the stack knows; then look for the cause (docs/troubleshooting.md).`,
  );
}

const onTarget = (target: readonly string[]): string =>
  `Traffic is on the target ring (${target.join(", ")}). ${WAY_BACK}`;

/**
 * @param stands - what stays as it is, and the way back if there is one.
 * @param next - what to do about a failure.
 */
function assertPassed({ outcome, says }: Verdict, stands: string, next: string): void {
  if (outcome === "pass") return;
  if (outcome === "fail") throw new GateClosedError(`the service is over its limits: ${says}. ${stands} ${next}`);
  throw new GateClosedError(
    `nobody can tell whether the service is well: ${says}. ${stands} That is no failure of the service: mend what ` +
      "answers, or what `metrics` in the config asks, then run `pulumi up` again.",
  );
}
