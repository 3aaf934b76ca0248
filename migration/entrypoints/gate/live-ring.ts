/** The stack's state beside the live ring ConfigMap, which somebody else may have changed. Pure. */
import { isOpen, nearestPhase, podConfigOf, stepsBetween, type PodConfig, type RingState } from "../../phases";
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

/**
 * Whether an older ring that was put back is more than one step away from the state's ring. Pods of both may serve then, and
 * where they do, only the ring of the state may be written: the older one lacks what was claimed since.
 *
 * @param found - the state as the live ring has it: see {@link asFound}.
 */
export const isFarBehind = (state: CheckedGateInputs, found: CheckedGateInputs): boolean =>
  isOpen(state.phase) && stepsBetween(podConfigOf(state.phase), configFound(found)) > 1;

/** @returns what pods run that start from the ring as it was found. */
export const configFound = (found: CheckedGateInputs): PodConfig => podConfigOf(found.phase);

/** @returns what an operator can do where an older ring is far away. */
export const wayOnFrom = (state: CheckedGateInputs, found: CheckedGateInputs): string =>
  `While pods run the ring of "${state.phase}", set migrationPhase to "${state.phase}" and run \`pulumi up\`, which writes that ` +
  `ring again. If every pod runs the older ring, go on from "${found.phase}" instead. If a chart, a manifest or a controller ` +
  `put it back, change it there first (docs/guides/gitops-and-helm.md).`;

/** @returns why a move starts from another phase than that of the state, and what else is possible, for a message. */
export const describeFarBehind = (state: CheckedGateInputs, found: CheckedGateInputs): string =>
  `${describeBehind(state, found)} ${wayOnFrom(state, found)}`;

/** @returns why a move starts from another phase than that of the state, for a message. */
export const describeBehind = (state: CheckedGateInputs, found: CheckedGateInputs): string =>
  `The live ring ConfigMap is at epoch ${found.epoch} with the ring of migrationPhase "${found.phase}", and the stack's ` +
  `state is in "${state.phase}" at epoch ${highestOf(state)}: the last move was not made, or an older ring was put back. So the ` +
  `next move starts from "${found.phase}".`;
