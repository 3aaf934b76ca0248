/** Shards that two stacks know, each with a cluster of its own: two namespaces of one name. */
import type { ShardCard } from "../../../migration/contract/shard-card";
import type { Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import type { PaperStack } from "../paper-stack";
import { RingLab } from "../ring-lab";

/** The stacks by the order in which they were made. */
export class TwoBackends {
  private constructor(
    readonly lab: RingLab,
    readonly clusters: readonly [PaperCluster, PaperCluster],
    private readonly kubeconfigs: readonly (string | undefined)[],
  ) {}

  static async start(current: readonly string[], target: readonly string[]): Promise<TwoBackends> {
    const lab = await RingLab.start(current, target);
    const first = await PaperCluster.start();
    const kubeconfig = process.env["KUBECONFIG"];
    const second = await PaperCluster.start();
    return new TwoBackends(lab, [first, second], [kubeconfig, process.env["KUBECONFIG"]]);
  }

  /** Does work as a program whose kubeconfig leads to a cluster. */
  as<T>(which: 0 | 1, work: () => Promise<T>): Promise<T> {
    process.env["KUBECONFIG"] = this.kubeconfigs[which];
    return work();
  }

  /** Brings a stack up in one phase after the other. */
  async to(which: 0 | 1, stack: PaperStack, last: Phase, phases: readonly Phase[]): Promise<void> {
    for (const phase of phases.slice(0, phases.indexOf(last) + 1)) await this.as(which, () => stack.up(phase));
  }

  async stop(): Promise<void> {
    for (const cluster of [...this.clusters].reverse()) cluster.stop();
    await this.lab.stop();
  }
}

/** @returns the card of a shard; undefined where it has none. */
export async function cardOf(lab: RingLab, shard: string): Promise<ShardCard | undefined> {
  const text = await lab.server(shard).client.get("dedup-shards:card");
  return text === null ? undefined : (JSON.parse(text) as ShardCard);
}
