/** Somebody else's stack, on shards that are in use: it has to be refused, whatever it asks for. */
import type { PodMetrics } from "../../migration/adapters/backend-view";
import type { Phase } from "../../migration/phases";
import { PaperCluster } from "../integration/paper-cluster";
import { UpRunner } from "./run-up";
import type { Order } from "./up-process";

/** Which two stacks have the same shards. */
export type Rivalry = "another backend's" | "the same backend's";

/** What both stacks have in their config. */
export type SharedConfig = Pick<Order, "urls" | "current" | "target" | "keyPrefix" | "settings">;

export class RivalStack {
  private constructor(
    private readonly runner: UpRunner,
    /** The other backend's cluster; undefined where the backend is the same. */
    private readonly cluster: PaperCluster | undefined,
    private readonly metrics: PodMetrics | undefined,
  ) {}

  /** @param own - the cluster of the stack that the shards belong to. */
  static async start(rivalry: Rivalry, own: PaperCluster, kubeconfig: string | undefined): Promise<RivalStack> {
    if (rivalry === "the same backend's") return new RivalStack(new UpRunner(kubeconfig), undefined, own.metrics);
    const before = process.env["KUBECONFIG"];
    const cluster = await PaperCluster.start();
    const runner = new UpRunner(process.env["KUBECONFIG"]);
    process.env["KUBECONFIG"] = before;
    return new RivalStack(runner, cluster, cluster.metrics);
  }

  /** @returns why its first `up` is refused; undefined when it is not. */
  async up(phase: Phase, shards: readonly string[], config: SharedConfig): Promise<string | undefined> {
    const { cluster, metrics } = this;
    const order: Order = {
      ...{ ...config, phase, shards, state: undefined, passed: {}, clockOffsetMs: 0, secrets: {} },
      ...{ ...(metrics ? { metrics } : {}), stack: "rival", command: "up" },
    };
    const run = this.runner.start(order, {
      onState: () => undefined,
      onPassed: () => undefined,
      onRollOut: ({ data, epoch }) => cluster?.rollOut(data, epoch),
    });
    return run.ended;
  }

  stop(): void {
    this.runner.stop();
    this.cluster?.stop();
  }
}
