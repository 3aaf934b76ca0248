/** What the versions of the ring ConfigMap since a gate say about the pods that may have started from them. Pure. */
import { differingKeys, isTornRing, type RingData } from "../../contract/ring-config-map";
import type { RingVersion } from "../ports/ring-source";

/** What the versions come to. */
export interface RingHistory {
  /** Whether the wanted ring has been among them. */
  readonly isWritten: boolean;
  /** Whether a pod may have started from another ring while it should have been the wanted one. */
  readonly isDoubtful: boolean;
}

/**
 * Versions before the first one with the wanted ring are those that the move leads away from: pods that started from them
 * carry the number of an earlier epoch, and the rollout behind the write replaces them. Doubtful is every other ring
 * from then on, and before that a ring which has the wanted number already.
 */
export function historyOf(versions: readonly RingVersion[], wanted: RingData, isWritten: boolean): RingHistory {
  return versions.reduce<RingHistory>(
    (before, { data }) => {
      const isWanted = differingKeys(data, wanted).length === 0;
      const hasNumber = data?.["DEDUP_RING_EPOCH"] === wanted["DEDUP_RING_EPOCH"];
      return {
        isWritten: before.isWritten || isWanted,
        isDoubtful: before.isDoubtful || (!isWanted && (before.isWritten || hasNumber)),
      };
    },
    { isWritten, isDoubtful: false },
  );
}

/**
 * Whether the wanted ring may be written once more over a live one that has its number. A backend that knows the checksum
 * does not start from a ring that is not the checksum's: no pod has served by it, and what is noted of the epoch still holds.
 */
export const mayPutBack = (live: RingData | undefined, wanted: RingData): boolean =>
  live !== undefined && isTornRing(live) && live["DEDUP_RING_EPOCH"] === wanted["DEDUP_RING_EPOCH"];
