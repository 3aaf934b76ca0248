import { createServer, type Server, type Socket } from "node:net";
import { AppsV1Api, CoreV1Api, KubeConfig, PortForward, type V1Pod } from "@kubernetes/client-node";
import type { BackendPod, BackendView } from "../engines/barrier";

/** The annotation of the pod template that says which ring epoch a pod was started with. */
const EPOCH_ANNOTATION = "dedup-shards/ring-epoch";
const NOT_FOUND = 404;

/** The Kubernetes API, with the rights of the kubeconfig in force (KUBECONFIG or the default one). */
export class Cluster {
  private readonly config = new KubeConfig();
  private readonly core: CoreV1Api;
  private readonly apps: AppsV1Api;

  /** @param context - the kubeconfig's context; the current one by default. */
  constructor(context?: string) {
    this.config.loadFromDefault();
    if (context) this.config.setCurrentContext(context);
    this.core = this.config.makeApiClient(CoreV1Api);
    this.apps = this.config.makeApiClient(AppsV1Api);
  }

  /** What the cluster says about the backend. */
  backend(namespace: string, deployment: string, configMap: string): BackendView {
    return {
      ring: () => this.configMap(namespace, configMap),
      pods: () => this.podsOf(namespace, deployment),
    };
  }

  /**
   * Opens a local port that leads to a port of a pod, through the API server.
   * @returns the local port, and how to close it.
   */
  async forward(namespace: string, pod: string, port: number): Promise<{ port: number; close: () => void }> {
    const forward = new PortForward(this.config);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
      forward.portForward(namespace, pod, [port], socket, null, socket).then(
        (connection) => {
          // The pod went away: end this connection, so that the client connects anew.
          const webSocket = typeof connection === "function" ? connection() : connection;
          webSocket?.addEventListener("close", () => socket.destroy());
        },
        () => socket.destroy(),
      );
    });
    const close = () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    return { port: await listen(server), close };
  }

  /** Whether a StatefulSet's pods are ready and run what was asked of it last. */
  async isRolledOut(namespace: string, name: string): Promise<boolean> {
    try {
      const { metadata, spec, status } = await this.apps.readNamespacedStatefulSet({ namespace, name });
      return (
        (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
        status?.currentRevision === status?.updateRevision &&
        (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1)
      );
    } catch (error) {
      throw explain(`StatefulSet ${namespace}/${name}`, error);
    }
  }

  private async configMap(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
    try {
      return (await this.core.readNamespacedConfigMap({ namespace, name })).data ?? {};
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw explain(`ConfigMap ${namespace}/${name}`, error);
    }
  }

  private async podsOf(namespace: string, name: string): Promise<readonly BackendPod[]> {
    try {
      const deployment = await this.apps.readNamespacedDeployment({ namespace, name });
      const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {});
      const labelSelector = labels.map(([key, value]) => `${key}=${value}`).join(",");
      const { items } = await this.core.listNamespacedPod({ namespace, labelSelector });
      return items.filter(runs).map(toBackendPod);
    } catch (error) {
      throw explain(`the pods of Deployment ${namespace}/${name}`, error);
    }
  }
}

/** A pod that has ended runs nothing; one that is terminating still does. */
const runs = (pod: V1Pod): boolean => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed";

function toBackendPod(pod: V1Pod): BackendPod {
  const epoch = pod.metadata?.annotations?.[EPOCH_ANNOTATION];
  return {
    name: pod.metadata?.name ?? "",
    epoch: epoch === undefined ? undefined : Number(epoch),
    terminating: pod.metadata?.deletionTimestamp !== undefined,
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}

const statusOf = (error: unknown): unknown => (error as { code?: unknown }).code;

function explain(what: string, error: unknown): Error {
  const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return new Error(
    `cannot read ${what} from the Kubernetes API: ${reason}. Check the kubeconfig, its context and its rights.`,
    { cause: error },
  );
}
