/** Which number a ring gets. An epoch stands for one ring: a number that there has been never comes again. Pure. */
import { isTornRing, type RingData } from "../../contract/ring-config-map";
import { sameRing } from "../gate-inputs";
import { epochIn, highestOf } from "./live-ring";

/** What is known of ring epochs. */
export interface EpochFacts {
  /** The ring in force, by the state; undefined for a stack without one. */
  readonly state: { readonly data: RingData; readonly epoch: number; readonly highestEpoch?: number } | undefined;
  /** The live ring ConfigMap; undefined where there is none, or it could not be read. */
  readonly live: RingData | undefined;
  /** The highest epochs known to the shards that could be asked, and to an older state. */
  readonly known: readonly number[];
}

/**
 * @returns whether a ring gets another epoch than the state's. One that the state has keeps its own; whoever asks finds
 *   out before whether an older ring was put back. A ring that a refresh found with another one's checksum or number is none
 *   that a gate has let come: written once more under its number it would stand for two.
 */
export const changesRing = (data: RingData, state: EpochFacts["state"]): boolean =>
  state === undefined || state.epoch === 0 || isTornRing(state.data) || !sameRing(state.data, data);

/**
 * @returns the epoch of a ring that changes: that of the live ConfigMap where the ring is in force there already and the
 *   number is the highest one (a bake has moved it back, or another stack's state was lost), else one that is higher than
 *   all.
 */
export function nextEpoch(data: RingData, { state, live, known }: EpochFacts): number {
  const liveEpoch = epochIn(live) ?? 0;
  const highest = Math.max(state ? highestOf(state) : 0, liveEpoch, ...known);
  const isMade = live !== undefined && sameRing(live, data) && liveEpoch > (state?.epoch ?? 0);
  return isMade && liveEpoch === highest ? liveEpoch : highest + 1;
}
