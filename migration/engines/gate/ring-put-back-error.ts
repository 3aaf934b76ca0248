import { differingKeys, type RingData } from "../../contract/ring-config-map";
import { GateClosedError } from "../errors";
import type { RingVersion } from "../ports/ring-source";
import { mayPutBack } from "./ring-history";

const PUT_BACK_BY_UP = "run `pulumi up` again: it writes them once more.";
const TAKE_OVER_BY_REFRESH = "run `pulumi up --refresh`, which starts from the ring that is live now.";

/** The live ring is not the one that a move led to. */
export class RingPutBackError extends GateClosedError {
  constructor(
    readonly configMap: string,
    readonly keys: readonly string[],
    readonly writers: readonly string[],
    next: string,
  ) {
    const by = writers.length > 0 ? ` (written by ${writers.join(", ")})` : "";
    super(
      `somebody else has changed ${keys.join(", ")} in ConfigMap ${configMap}${by}, so it no longer has the ring of this ` +
        `epoch. Take the ring's keys out of what writes them (docs/guides/gitops-and-helm.md), then ${next}`,
    );
    this.name = "RingPutBackError";
  }
}

/** Pods may have served by a ring that somebody else had put into the place of the one of their epoch. */
export class UnsurePodsError extends GateClosedError {
  constructor(configMap: string, pods: readonly string[]) {
    super(
      `somebody else has changed the ring's keys in ConfigMap ${configMap}, and these pods report no checksum, so they may run ` +
        `by that ring: ${pods.join(", ")}. Nothing has been written. Take the ring's keys out of what writes them ` +
        `(docs/guides/gitops-and-helm.md), then ${TAKE_OVER_BY_REFRESH}`,
    );
    this.name = "UnsurePodsError";
  }
}

/** @throws RingPutBackError when a live ring is not the one that is wanted, whatever its number. */
export function assertSameRing(name: string, live: RingVersion, wanted: RingData): void {
  const other = otherRing(name, live, wanted);
  if (other !== undefined) throw other;
}

/** @returns what is wrong with a live ring that is not the one that is wanted, and what helps; undefined where it is that. */
export function otherRing(
  name: string,
  { data, otherWriters }: RingVersion,
  wanted: RingData,
): RingPutBackError | undefined {
  const keys = differingKeys(data, wanted);
  if (keys.length === 0) return undefined;
  return new RingPutBackError(
    name,
    keys,
    otherWriters.filter(({ fields }) => keys.some((key) => fields.includes(key))).map(({ manager }) => manager),
    mayPutBack(data, wanted) ? PUT_BACK_BY_UP : TAKE_OVER_BY_REFRESH,
  );
}
