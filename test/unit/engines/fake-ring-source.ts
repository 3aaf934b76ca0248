/** A ring ConfigMap, and pods that start from whatever it has at that moment, as a test says. */
import { isTornRing, OWNED_KEYS, ringChecksum, type RingData } from "../../../migration/contract/ring-config-map";
import type { BackendPod, BackendView } from "../../../migration/engines/barrier";
import type { RingSource, RingVersion } from "../../../migration/engines/ports/ring-source";

/** Whether a pod's backend knows of checksums. */
export type Backend = "checks" | "does not check";

interface StartedPod {
  readonly ring: RingData;
  readonly restarted: string | undefined;
}

export class FakeRingSource implements RingSource, BackendView {
  readonly name = "n/backend-config";
  readonly restarts: string[] = [];
  /** Called at each look at the pods. */
  onLook: () => void = () => undefined;
  /** Whether the API server has forgotten what was written before. */
  forgets = false;
  started: StartedPod[] = [];
  /** The pods of the last look at them. */
  listed: readonly StartedPod[] = [];
  private readonly versions: RingVersion[];

  constructor(
    ring: RingData,
    private readonly backend: Backend,
  ) {
    this.versions = [{ data: ring, resourceVersion: "0", otherWriters: [] }];
  }

  get live(): RingVersion {
    return this.versions.at(-1) as RingVersion;
  }

  write(data: RingData | undefined, ...managers: string[]): void {
    const otherWriters = managers.map((manager) => ({ manager, fields: OWNED_KEYS }));
    this.versions.push({ data, resourceVersion: String(this.versions.length), otherWriters });
  }

  /** A pod reads the ring that is live now. */
  start(): void {
    this.started.push({ ring: this.live.data ?? {}, restarted: this.restarts.at(-1) });
  }

  now(): Promise<RingVersion> {
    return Promise.resolve(this.live);
  }

  since(resourceVersion: string): Promise<readonly RingVersion[] | undefined> {
    const later = this.versions.slice(Number(resourceVersion) + 1);
    if (later.length === 0) return Promise.resolve([this.live]);
    return Promise.resolve(this.forgets ? undefined : later);
  }

  annotationWriters(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  /** Every pod is replaced at once. */
  restart(mark: string): Promise<void> {
    this.restarts.push(mark);
    const { length } = this.started;
    this.started = [];
    for (let i = 0; i < length; i++) this.start();
    return Promise.resolve();
  }

  ring(): Promise<RingData | undefined> {
    return Promise.resolve(this.live.data);
  }

  pods(): Promise<readonly BackendPod[]> {
    this.listed = [...this.started];
    const pods = this.started.map((pod, i) => this.toPod(pod, i));
    this.onLook();
    return Promise.resolve(pods);
  }

  private toPod({ ring, restarted }: StartedPod, i: number): BackendPod {
    const epoch = Number(ring["DEDUP_RING_EPOCH"]);
    const pod = { name: `p${i}`, annotated: epoch, terminating: false, ...(restarted ? { restarted } : {}) };
    if (this.backend === "does not check") return { ...pod, answer: { epochs: [epoch] } };
    if (isTornRing(ring)) return { ...pod, answer: { silence: "no container of it runs", idle: true } };
    return { ...pod, answer: { epochs: [epoch], checksums: [ringChecksum(ring)] } };
  }
}
