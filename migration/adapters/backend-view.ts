import type { V1Pod } from "@kubernetes/client-node";
import { EPOCH_ANNOTATION, RESTART_ANNOTATION } from "../contract/ring-config-map";
import type { BackendPod, BackendView, PodAnswer } from "../engines/barrier";
import { askPod } from "./ask-pod";
import type { Cluster } from "./cluster";

const ASKED_AT_ONCE = 20;
/** Pods are asked anew at every look, so none is waited for. */
const ANSWER_WITHIN_MS = 3_000;

/** Where pods say which ring epoch they run, in plain HTTP. */
export interface PodMetrics {
  readonly port: number;
  readonly path: string;
}

/** Where the backend is. */
export interface BackendPlace {
  readonly namespace: string;
  readonly deployment: string;
  readonly configMap: string;
  /** How pods are reached: through the API server, or by their address. */
  readonly access: "portForward" | "direct";
  /** Absent: pods are not asked. */
  readonly metrics?: PodMetrics;
}

/** The backend as the API server knows it, and as its pods say. */
export class ClusterBackend implements BackendView {
  constructor(
    private readonly cluster: Cluster,
    private readonly place: BackendPlace,
    private readonly withinMs = ANSWER_WITHIN_MS,
  ) {}

  ring(): Promise<Readonly<Record<string, string>> | undefined> {
    return this.cluster.configMap(this.place.namespace, this.place.configMap);
  }

  async pods(): Promise<readonly BackendPod[]> {
    const { namespace, deployment, metrics } = this.place;
    const pods = (await this.cluster.podsOf(namespace, deployment)).filter(runs);
    if (metrics === undefined) return pods.map((pod) => toBackendPod(pod));
    return inTurns(pods, async (pod) => toBackendPod(pod, await this.ask(pod, metrics)));
  }

  /** @returns the ring epoch in the pod template of the Deployment; undefined where it has none. */
  async templateEpoch(): Promise<number | undefined> {
    const epoch = await this.cluster.templateAnnotation(this.place.namespace, this.place.deployment, EPOCH_ANNOTATION);
    return epoch === undefined ? undefined : Number(epoch);
  }

  /** @returns the addresses of all pods that the Deployment selects, whatever became of them. */
  async podAddresses(): Promise<readonly string[]> {
    const pods = await this.cluster.podsOf(this.place.namespace, this.place.deployment);
    return pods.flatMap(({ status }) => [status?.podIP ?? [], (status?.podIPs ?? []).map(({ ip }) => ip)].flat());
  }

  private async ask(pod: V1Pod, metrics: PodMetrics): Promise<PodAnswer> {
    const answer = await this.askAt(pod.status?.podIP, nameOf(pod), metrics);
    const running = pod.status?.containerStatuses?.some(({ state }) => state?.running !== undefined);
    return "silence" in answer && !running ? { silence: "no container of it runs", idle: true } : answer;
  }

  private async askAt(host: string | undefined, name: string, { port, path }: PodMetrics): Promise<PodAnswer> {
    const { withinMs } = this;
    if (host === undefined) return { silence: "it has no address", idle: false };
    if (this.place.access === "direct") return askPod({ host, port, path, withinMs });
    const way = await this.cluster.forward(this.place.namespace, name, port);
    const answer = await askPod({ host: "127.0.0.1", port: way.port, path, withinMs });
    way.close();
    const problem = way.problem();
    return "silence" in answer && problem !== undefined ? { silence: problem, idle: false } : answer;
  }
}

/**
 * A pod that has ended runs nothing; one that is terminating still does. A pod that no node has room for has never run: it
 * can only start with the ring that is live by then, so nothing waits for it.
 */
const runs = (pod: V1Pod): boolean =>
  pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed" && !isUnscheduled(pod);

/** The API server sets the node and this condition at once: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
const isUnscheduled = ({ spec, status }: V1Pod): boolean =>
  !spec?.nodeName && (status?.conditions ?? []).some((it) => it.type === "PodScheduled" && it.status === "False");

const nameOf = (pod: V1Pod): string => pod.metadata?.name ?? "";

function toBackendPod(pod: V1Pod, answer?: PodAnswer): BackendPod {
  const { [EPOCH_ANNOTATION]: epoch, [RESTART_ANNOTATION]: restarted } = pod.metadata?.annotations ?? {};
  return {
    name: nameOf(pod),
    annotated: epoch === undefined ? undefined : Number(epoch),
    ...(restarted === undefined ? {} : { restarted }),
    ...(answer === undefined ? {} : { answer }),
    terminating: pod.metadata?.deletionTimestamp !== undefined,
  };
}

/** Works on some items at once, and on the next one as soon as one is done. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const queue = [...items.entries()];
  const results: R[] = [];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker));
  return results;
}
