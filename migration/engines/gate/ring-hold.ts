import { CHECKSUM_KEY, differingKeys, type RingData } from "../../contract/ring-config-map";
import { checksumsOf, type BackendPod, type BackendView, type HeldRing, type PodExpectation } from "../barrier";
import { GateClosedError } from "../errors";
import type { RingSource, RingVersion } from "../ports/ring-source";
import type { Log } from "../runtime";
import { historyOf, mayPutBack } from "./ring-history";

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

/** What to do once the other writer has been stopped. */
export const PUT_BACK_BY_UP = "run `pulumi up` again: it puts them back.";
export const TAKE_OVER_BY_REFRESH = "run `pulumi up --refresh`, which starts from the ring that is live now.";

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
  private hasPutBack = false;
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
   * @throws RingPutBackError when the live ring is another one, and may not be put back.
   */
  async pods(backend: BackendView): Promise<readonly BackendPod[]> {
    const now = await this.look();
    const pods = await backend.pods();
    const keys = differingKeys(now.data, this.wanted);
    if (keys.length > 0) await this.putBack(now, keys, pods);
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

  /** Once a run: whoever changes them again would go on doing so. */
  private async putBack(now: RingVersion, keys: readonly string[], pods: readonly BackendPod[]): Promise<void> {
    const { name } = this.source;
    const isAllowed = mayPutBack(now.data, this.wanted, pods.every(reportsOrIsIdle));
    const next = isAllowed ? PUT_BACK_BY_UP : TAKE_OVER_BY_REFRESH;
    const refusal = new RingPutBackError(name, keys, now.otherWriters, next);
    if (!isAllowed || this.hasPutBack) throw refusal;
    this.hasPutBack = true;
    this.log(`barrier: ${keys.join(", ")} in ConfigMap ${name} were changed by somebody else, and are put back`);
    if (!(await this.source.replace(this.wanted, now.resourceVersion))) throw refusal;
    this.isDoubtful = true;
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

const reportsOrIsIdle = ({ answer }: BackendPod): boolean =>
  answer !== undefined && ("epochs" in answer ? answer.checksums !== undefined : answer.idle);
