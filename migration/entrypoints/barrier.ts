import type { PodMetrics } from "../adapters/backend-view";
import { systemClock } from "../adapters/session";
import { barrier } from "../engines/barrier";
import { log, STATE_VERSION, type ConnectionInputs } from "./inputs";
import { openBackend } from "./open-run";
import { watchEngine } from "./watch-engine";

/** Inputs of the barrier: it works whenever the epoch rises. */
export interface BarrierInputs {
  readonly epoch: number;
  readonly connection: ConnectionInputs;
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
  readonly commandTimeoutMs: number;
  readonly rolloutTimeoutMs: number;
}

/**
 * Waits until every pod runs the new epoch; on a new stack too: whoever has an older ring, or says nothing of it, is found
 * out before anything is migrated.
 */
export async function update(olds: Partial<BarrierInputs>, news: BarrierInputs) {
  if (olds.epoch !== news.epoch) {
    watchEngine();
    const { epoch, connection, metrics, commandTimeoutMs, rolloutTimeoutMs: deadlineMs } = news;
    await barrier(await openBackend(connection, metrics), { epoch, commandTimeoutMs, deadlineMs }, systemClock, log);
  }
  return { ...news, stateVersion: STATE_VERSION };
}
