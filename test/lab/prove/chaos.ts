/** Things that die while a ring is migrated: which and when is drawn from a seed, one after the other. */
import { setTimeout as sleep } from "node:timers/promises";
import seedrandom from "seedrandom";
import { isReady, until, type Kube, type KubeObject } from "../kube";
import { Kubelet } from "../kubelet";
import type { ChaosEvent, ChaosKind } from "./chaos-events";
import { servingPods, type WrongShards } from "./wrong-shards";

const PAUSE_MS = { from: 4_000, to: 12_000 } as const;
const KUBELET_AWAY_MS = { from: 3_000, to: 10_000 } as const;
/** Shorter, with all that is waited for, than a client waits before its second try. */
const WRONG_MS = { from: 1_000, to: 4_000 } as const;
const KILL_AFTER_MS = { from: 2_000, to: 9_000 } as const;
/** Of the runs of `pulumi up`. */
const KILLED_RUNS = 0.3;
const NODES = 2;
/** A client that was told to come back must not find the shard away again: that is no longer one misfortune. */
const BETWEEN_SHARDS_MS = 40_000;

export class Chaos {
  readonly events: ChaosEvent[] = [];
  private readonly random: () => number;
  /** Of its own: how runs and events interleave is not in the seed. */
  private readonly randomOfRuns: () => number;
  private nextShardMs = 0;
  private deck: (() => Promise<boolean>)[] = [];
  private readonly stopping = new AbortController();
  private working: Promise<void> = Promise.resolve();

  constructor(
    seed: string,
    private readonly kube: Kube,
    private readonly onEvent: (event: ChaosEvent) => void,
    /** Given where the backend asks shards for their cards. */
    private readonly wrong?: WrongShards,
  ) {
    this.random = seedrandom(`${seed} events`);
    this.randomOfRuns = seedrandom(`${seed} runs`);
  }

  start(): void {
    this.working = this.work();
    this.working.catch(() => undefined); // `stop` tells it
  }

  /** Resolves when what was killed is back. Rejects when it never came back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /** Whether the next run of `pulumi up` is killed, and when: after so many ms. */
  killUpAfterMs(): number | undefined {
    return this.randomOfRuns() < KILLED_RUNS ? between(KILL_AFTER_MS, this.randomOfRuns) : undefined;
  }

  upWasKilled(what: string): void {
    this.note("pulumi up killed", what);
  }

  private async work(): Promise<void> {
    for (;;) {
      await sleep(between(PAUSE_MS, this.random), undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      if (this.deck.length === 0) this.deck = this.shuffled();
      for (const act of this.deck) {
        if (!(await act())) continue;
        this.deck.splice(this.deck.indexOf(act), 1);
        break;
      }
    }
  }

  /** Every kind comes before one comes again; a backend pod twice. Each says whether it could be done. */
  private shuffled(): (() => Promise<boolean>)[] {
    const all = [
      () => this.deleteBackendPod(),
      () => this.deleteBackendPod(),
      () => this.killShardPod(),
      () => this.killShardPodOfKubelet(),
      () => this.killKubelet(),
      ...(this.wrong ? [() => this.emptyShard(this.wrong!), () => this.leadElsewhere(this.wrong!)] : []),
    ];
    return all
      .map((act) => ({ act, order: this.random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ act }) => act);
  }

  /** As a drain of its node does: it has its grace period. Also in the middle of a rollout, if another one serves. */
  private async deleteBackendPod(): Promise<boolean> {
    const serving = (await this.kube.list("pods", "app=backend")).filter(isReady);
    if (serving.length < 2) return false;
    const { name } = this.pick(serving).metadata;
    this.note("backend pod deleted", name);
    await this.kube.delete(`pod/${name}`);
    return true;
  }

  /** At once, without a grace period: its append-only file has what it acknowledged. One shard at a time. */
  private async killShardPod(): Promise<boolean> {
    const pod = await this.shardPod();
    if (pod === undefined) return false;
    this.note("shard pod killed", pod.metadata.name);
    await this.killPod(pod);
    return true;
  }

  /** Such a kubelet does not know the old pod any more: it starts the new one while the old one's Redis still answers. */
  private async killShardPodOfKubelet(): Promise<boolean> {
    const pod = await this.shardPod();
    const node = (pod?.["spec"] as { nodeName: string } | undefined)?.nodeName ?? "";
    const kubelet = Kubelet.of(Number(node.replace("node", "")));
    if (pod === undefined || kubelet === undefined) return false;
    this.note("kubelet killed, and a shard pod as it comes back", `${node}, ${pod.metadata.name}`);
    await this.bounce(kubelet);
    await this.killPod(pod);
    return true;
  }

  private async emptyShard(wrong: WrongShards): Promise<boolean> {
    if ((await this.shardPod()) === undefined) return false;
    const shard = this.pick(await wrong.primaryRing());
    this.note("shard without its data for a while", shard);
    await wrong.emptyForAWhile(shard, between(WRONG_MS, this.random));
    this.nextShardMs = Date.now() + BETWEEN_SHARDS_MS;
    return true;
  }

  /** In one pod of the backend, or in all that serve. */
  private async leadElsewhere(wrong: WrongShards): Promise<boolean> {
    const [known, serving] = [await this.shardPod(), await servingPods(this.kube)];
    if (known === undefined || serving.length === 0) return false;
    const ring = await wrong.primaryRing();
    const shard = this.pick(ring);
    const to = this.pick(ring.filter((other) => other !== shard));
    const pods = this.random() < 0.5 ? serving : [this.pick(serving)];
    if (!wrong.reaches(pods)) return false;
    this.note("address of a shard leads to another one", `${shard} to ${to}, in ${pods.length} pods`);
    await wrong.leadElsewhere(shard, to, pods, between(WRONG_MS, this.random));
    this.nextShardMs = Date.now() + BETWEEN_SHARDS_MS;
    return true;
  }

  /** One to kill, if all are well and the last one was long enough ago. */
  private async shardPod(): Promise<KubeObject | undefined> {
    if (Date.now() < this.nextShardMs) return undefined;
    const pods = await this.kube.list("pods", "app=redis-dedup");
    return pods.length > 0 && pods.every(isReady) ? this.pick(pods) : undefined;
  }

  private async killPod({ metadata: { name, uid } }: KubeObject): Promise<void> {
    await this.kube.run(["delete", `pod/${name}`, "--grace-period=0", "--force"]);
    const isBack = async () => {
      // A shard that retires goes with its StatefulSet, and does not come back.
      if ((await this.kube.find(`statefulset/${name.replace(/-0$/, "")}`)) === undefined) return true;
      const pod = await this.kube.find(`pod/${name}`);
      return pod && pod.metadata.uid !== uid && isReady(pod) ? true : undefined;
    };
    await until(`${name} to come back`, isBack, 120_000);
    this.nextShardMs = Date.now() + BETWEEN_SHARDS_MS;
  }

  private async killKubelet(): Promise<boolean> {
    const node = 1 + Math.floor(this.random() * NODES);
    const kubelet = Kubelet.of(node);
    if (kubelet === undefined) return false;
    this.note("kubelet killed", `node${node}`);
    await this.bounce(kubelet);
    return true;
  }

  private async bounce(kubelet: Kubelet): Promise<void> {
    await kubelet.kill();
    await sleep(between(KUBELET_AWAY_MS, this.random));
    await kubelet.restart();
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  private note(kind: ChaosKind, what: string): void {
    const event = { kind, what, atMs: Date.now() };
    this.events.push(event);
    this.onEvent(event);
  }
}

const between = ({ from, to }: { readonly from: number; readonly to: number }, random: () => number): number =>
  Math.round(from + random() * (to - from));
