import type { PodMetrics } from "../adapters/backend-view";
import { systemClock } from "../adapters/session";
import type { RingData } from "../contract/ring-config-map";
import { barrier } from "../engines/barrier";
import { RingHold } from "../engines/gate/ring-hold";
import { log, STATE_VERSION, type ConnectionInputs } from "./inputs";
import { openBackend } from "./open-run";
import { openRing } from "./ring-in-force";
import { watchEngine } from "./watch-engine";

/** Inputs of the barrier: it works whenever the epoch rises, or the ring of the epoch is written once more. */
export interface BarrierInputs {
  readonly epoch: number;
  /** All keys of the ring ConfigMap; not in states of before. */
  readonly data?: RingData;
  /** The ConfigMap's version before the ring was written; not in states of before. */
  readonly ringVersion?: string | undefined;
  /** The version of the ConfigMap for which the ring of this epoch was written once more; empty: it has not been. */
  readonly putBack?: string | undefined;
  readonly connection: ConnectionInputs;
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
  readonly commandTimeoutMs: number;
  readonly rolloutTimeoutMs: number;
  /** Whether a backend without pods is taken for one that serves nobody. @default false */
  readonly servesNothing?: boolean;
}

/**
 * Waits until every pod runs the new epoch, and holds the live ring to it meanwhile; on a new stack too: whoever has an older
 * ring, or says nothing of it, is found out before anything is migrated.
 */
export async function update(olds: Partial<BarrierInputs>, news: BarrierInputs) {
  if (olds.epoch !== news.epoch || isPutBack(olds, news)) {
    watchEngine();
    const { epoch, connection, metrics, commandTimeoutMs, rolloutTimeoutMs: deadlineMs, servesNothing = false } = news;
    const waiting = { epoch, commandTimeoutMs, deadlineMs, servesNothing };
    await barrier(await openBackend(connection, metrics), waiting, systemClock, log, await heldRing(olds, news));
  }
  return { ...news, stateVersion: STATE_VERSION };
}

/** @returns what holds the live ring to the one of the epoch; nothing for inputs of an earlier version. */
async function heldRing(olds: Partial<BarrierInputs>, { data, ringVersion, putBack, connection }: BarrierInputs) {
  if (data === undefined) return undefined;
  const since = isPutBack(olds, { putBack }) ? putBack : ringVersion;
  return new RingHold(await openRing(connection), data, since || undefined, log);
}

/** States of before have neither. */
const isPutBack = (olds: Partial<BarrierInputs>, news: Partial<BarrierInputs>): boolean =>
  (olds.putBack ?? "") !== (news.putBack ?? "");
