/** The stack's state beside the live ring ConfigMap, which somebody else may have changed. Pure. */
import { isOpen, nearestPhase, podConfigOf, type RingState } from "../../phases";
import type { RingData } from "../../contract/ring-config-map";
import { ringData, sameRing, type CheckedGateInputs } from "../gate-inputs";

/** @returns the ring epoch of a ring ConfigMap; undefined where it has none, or something else in its place. */
export function epochIn(data: RingData | undefined): number | undefined {
  const text = data?.["DEDUP_RING_EPOCH"] ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Whether the live ring is older than that of the state: the last move has not been made, or an older ring was put back.
 * Either way the gate's answer of before means nothing any more. Before the first ring was ever written there is none.
 */
export function isBehind(state: CheckedGateInputs, live: RingData): boolean {
  const neverWritten = !live["DEDUP_SHARDS"] && epochIn(live) === undefined && !isOpen(state.phase);
  return !neverWritten && (epochIn(live) ?? 0) < highestOf(state);
}

/** @returns the highest ring epoch that a state knows. */
export const highestOf = ({ epoch, highestEpoch = 0 }: Pick<CheckedGateInputs, "epoch" | "highestEpoch">): number =>
  Math.max(epoch, highestEpoch);

/**
 * @returns the state as the live ring has it: its ring, its epoch, and the phase that fits. That is the one which the last
 *   move led away from, where it fits, else the one that is closest to the state's; the state's own where none fits.
 */
export function asFound<T extends CheckedGateInputs>(state: T, live: RingData): T {
  const data = Object.fromEntries(Object.keys(state.data).map((key) => [key, live[key] ?? ""]));
  const behind = isBehind(state, live);
  const epoch = epochIn(data) ?? (behind ? 0 : state.epoch);
  const before = state.cameFrom && withState(state, state.cameFrom);
  if (before && behind && sameRing(ringData(before), data)) return { ...before, data, epoch };
  const fits = (phase: CheckedGateInputs["phase"]) => sameRing(ringData(state, podConfigOf(phase)), data);
  return { ...state, phase: nearestPhase(state.phase, fits), data, epoch };
}

const withState = <T extends CheckedGateInputs>(state: T, { phase, ...ring }: RingState): T => ({
  ...state,
  ...{ phase, ring },
});

/** @returns why a move starts from another phase than that of the state, for a message. */
export const describeBehind = (state: CheckedGateInputs, found: CheckedGateInputs): string =>
  `The live ring ConfigMap is at epoch ${found.epoch} with the ring of migrationPhase "${found.phase}", and the stack's ` +
  `state is in "${state.phase}" at epoch ${highestOf(state)}: the last move was not made, or an older ring was put back. So the ` +
  `next move starts from "${found.phase}".`;
