import { CHECKSUM_KEY, type RingData } from "../../contract/ring-config-map";
import { checksumsOf, type BackendPod, type BackendView, type HeldRing, type PodExpectation } from "../barrier";
import type { RingSource, RingVersion } from "../ports/ring-source";
import type { Log } from "../runtime";
import { historyOf } from "./ring-history";
import { assertSameRing } from "./ring-put-back-error";

/**
 * Holds the live ring to the one that a move led to, while pods start from it.
 *
 * Pulumi writes the ConfigMap, so no engine sees that write happen. The gate notes the ConfigMap's resource version before
 * it, and every version since then is read from the API server's watch, which leaves none out (or says that it no longer
 * knows them). A pod that started from another version in between is either one that reports the checksum of the wanted
 * ring, or it is restarted: nothing rests on how often this looks.
 */
export class RingHold implements HeldRing {
  private isWritten = false;
  private isDoubtful: boolean;
  private mark: string | undefined;

  /** @param since - the resource version that the gate noted; undefined: a gate of an earlier version noted none. */
  constructor(
    private readonly source: RingSource,
    private readonly wanted: RingData,
    private since: string | undefined,
    private readonly log: Log,
  ) {
    this.isDoubtful = since === undefined;
  }

  /** What shows that a pod runs the wanted ring. */
  get expected(): PodExpectation {
    return {
      epoch: Number(this.wanted["DEDUP_RING_EPOCH"]),
      checksum: this.wanted[CHECKSUM_KEY],
      ...(this.mark === undefined ? {} : { restart: this.mark }),
    };
  }

  /**
   * Looks at the ring first and at the pods then, so that no pod is missed that started from what was found.
   *
   * @returns the backend's pods.
   * @throws RingPutBackError when the live ring is another one.
   */
  async pods(backend: BackendView): Promise<readonly BackendPod[]> {
    const now = await this.look();
    const pods = await backend.pods();
    assertSameRing(this.source.name, now, this.wanted);
    if (this.isDoubtful && !pods.every((pod) => this.isCertain(pod))) await this.restart(now);
    return pods;
  }

  private async look(): Promise<RingVersion> {
    const found = this.since === undefined ? undefined : await this.source.since(this.since);
    // Only a gate of an earlier version, or an API server that forgets, leaves versions out.
    if (found === undefined) this.isDoubtful = true;
    const now = found?.at(-1) ?? (await this.source.now());
    const history = historyOf(found ?? [now], this.wanted, this.isWritten);
    this.isWritten = history.isWritten;
    if (history.isDoubtful) this.isDoubtful = true;
    this.since = now.resourceVersion;
    return now;
  }

  private async restart({ resourceVersion }: RingVersion): Promise<void> {
    this.isDoubtful = false;
    // A version stands for one restart, in whichever run: what it restarted once runs the ring behind it.
    this.mark = resourceVersion;
    this.log("barrier: pods may have started from another ring meanwhile, so they are restarted once more");
    await this.source.restart(resourceVersion);
  }

  private isCertain(pod: BackendPod): boolean {
    const checksums = checksumsOf(pod);
    return checksums.length > 0 && checksums.every((checksum) => checksum === this.wanted[CHECKSUM_KEY]);
  }
}
