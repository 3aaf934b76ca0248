import { answersInTime } from "../adapters/answers-in-time";
import type { PodMetrics } from "../adapters/backend-view";
import { systemClock } from "../adapters/session";
import { differingKeys, type RingData } from "../contract/ring-config-map";
import { barrier } from "../engines/barrier";
import { RingHold } from "../engines/gate/ring-hold";
import { log, STATE_VERSION, type ConnectionInputs } from "./inputs";
import { openBackend } from "./open-run";
import { openRing } from "./ring-in-force";
import { watchEngine } from "./watch-engine";

/** A preview must not hang on the API server. */
const LOOK_WITHIN_MS = 5_000;

/** Inputs of the barrier: it works whenever the epoch rises, or the ring of the epoch is no longer the live one. */
export interface BarrierInputs {
  readonly epoch: number;
  /** All keys of the ring ConfigMap; not in states of before. */
  readonly data?: RingData;
  /** The ConfigMap's version before the ring was written; not in states of before. */
  readonly ringVersion?: string | undefined;
  readonly connection: ConnectionInputs;
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
  readonly commandTimeoutMs: number;
  readonly rolloutTimeoutMs: number;
}

/** What `check` adds. */
interface CheckedBarrierInputs extends BarrierInputs {
  /** The ring's keys that somebody else has changed since the barrier was passed, and the version in which they were. */
  readonly changedByOthers?: string;
}

/**
 * Looks at the live ring in every preview and `up`: Pulumi sees no difference where its own inputs stay the same. What is
 * found makes a difference, so that the barrier is asked again.
 */
export async function check(olds: Partial<CheckedBarrierInputs>, news: BarrierInputs) {
  const asked = olds.epoch === news.epoch ? [news] : [];
  const [found] = (await answersInTime(asked, changesByOthers, LOOK_WITHIN_MS)).flat();
  // What was found once stays: without it there would be another difference, and nothing to do.
  const changedByOthers = found ?? olds.changedByOthers;
  return { inputs: { ...news, ...(changedByOthers === undefined ? {} : { changedByOthers }) } };
}

/** @returns which keys differ, and since which version; nothing where none does. */
async function changesByOthers({ data, connection }: BarrierInputs): Promise<readonly string[]> {
  if (data === undefined) return [];
  const { data: live, resourceVersion } = await (await openRing(connection)).now();
  const keys = differingKeys(live, data);
  return keys.length === 0 ? [] : [`${keys.join(", ")} (version ${resourceVersion} of the ConfigMap)`];
}

/**
 * Waits until every pod runs the new epoch, and holds the live ring to it meanwhile; on a new stack too: whoever has an older
 * ring, or says nothing of it, is found out before anything is migrated.
 */
export async function update(olds: Partial<CheckedBarrierInputs>, news: CheckedBarrierInputs) {
  const isAskedAgain = news.changedByOthers !== undefined && news.changedByOthers !== olds.changedByOthers;
  if (olds.epoch !== news.epoch || isAskedAgain) {
    watchEngine();
    const { epoch, connection, metrics, commandTimeoutMs, rolloutTimeoutMs: deadlineMs } = news;
    const held = await heldRing(news, isAskedAgain);
    const backend = await openBackend(connection, metrics);
    await barrier(backend, { epoch, commandTimeoutMs, deadlineMs }, systemClock, log, held);
  }
  return { ...news, stateVersion: STATE_VERSION };
}

/** Asked again there is no version from which on the ring was watched. */
async function heldRing({ data, ringVersion, connection }: CheckedBarrierInputs, isAskedAgain: boolean) {
  if (data === undefined) return undefined;
  return new RingHold(await openRing(connection), data, isAskedAgain ? undefined : ringVersion, log);
}
