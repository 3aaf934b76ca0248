import { systemClock } from "../adapters/session";
import { GateClosedError } from "../engines/errors";
import { STATE_VERSION } from "./inputs";
import { watchEngine } from "./watch-engine";

/** Inputs: the StatefulSet of one shard, as it was last changed. */
export interface ShardReadyInputs {
  readonly namespace: string;
  readonly kubeContext: string;
  readonly statefulSet: string;
  /** Rises with every change of the StatefulSet. */
  readonly generation: number;
  readonly rolloutTimeoutMs: number;
}

const POLL_MS = 500;

/** A StatefulSet that was just made is ready: for that the Kubernetes provider does wait. */
export const create = (inputs: ShardReadyInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

/** Waits until the changed StatefulSet's pod is ready, so that the next shard is not restarted before. */
export async function update(olds: ShardReadyInputs, news: ShardReadyInputs) {
  if (olds.generation !== news.generation) await waitUntilReady(news);
  return { ...news, stateVersion: STATE_VERSION };
}

async function waitUntilReady({ namespace, kubeContext, statefulSet, rolloutTimeoutMs }: ShardReadyInputs) {
  watchEngine();
  const { Cluster } = await import("../adapters/cluster");
  const cluster = new Cluster(kubeContext || undefined);
  const deadline = systemClock.now() + rolloutTimeoutMs;
  while (!(await cluster.isRolledOut(namespace, statefulSet))) {
    if (systemClock.now() > deadline) {
      throw new GateClosedError(
        `StatefulSet ${namespace}/${statefulSet} is not ready ${rolloutTimeoutMs / 1_000}s after its change; ` +
          `the other shards have not been restarted. Look at its pod, then run \`pulumi up\` again.`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}
