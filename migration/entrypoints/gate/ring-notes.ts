import { differingKeys, type RingData } from "../../contract/ring-config-map";
import { mayPutBack } from "../../engines/gate/ring-history";
import type { RingVersion } from "../../engines/ports/ring-source";
import type { CheckedGateInputs } from "../gate-inputs";

/** What a gate notes of the live ConfigMap, for what comes behind it; empty: nothing. */
export interface RingNotes {
  readonly ringVersion: string;
  readonly putBack: string;
}

/**
 * What the live ConfigMap means for a ring that is to be in force. Pure.
 *
 * A ring that is written anew is watched from the version on that is live now. One that is in force already, and in which
 * somebody has put other keys back under its number, is to be written once more: Pulumi's own inputs stay the same, so the
 * version in which it was found makes the difference.
 *
 * Both are always inputs: what is none would be unknown in previews.
 *
 * @param now - undefined where the API server did not answer in time: what was noted before stays.
 */
export function ringNotes(olds: Partial<CheckedGateInputs>, wanted: RingData, now: RingVersion | undefined): RingNotes {
  const isNew = String(olds.epoch) !== wanted["DEDUP_RING_EPOCH"];
  const isTorn = !isNew && now !== undefined && differingKeys(now.data, wanted).length > 0;
  return {
    ringVersion: (isNew ? now?.resourceVersion : olds.ringVersion) ?? "",
    putBack: (isTorn && mayPutBack(now.data, wanted) ? now.resourceVersion : olds.putBack) ?? "",
  };
}
