import { createServer, type Server, type Socket } from "node:net";
import { Writable } from "node:stream";
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import { FIELD_MANAGER } from "../contract/ring-config-map";
import { selectorText } from "./selector-text";

const NOT_FOUND = 404;
const AS_MERGE = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

/** A local port that leads to a port of a pod. */
export interface Forward {
  readonly port: number;
  /** What went wrong last on the way to the pod. */
  problem(): string | undefined;
  close(): void;
}

/** The Kubernetes API, with the rights of the kubeconfig in force (KUBECONFIG or the default one). */
export class Cluster {
  readonly config = new KubeConfig();
  private readonly core: CoreV1Api;
  private readonly apps: AppsV1Api;

  /** @param context - the kubeconfig's context; the current one by default. */
  constructor(context?: string) {
    this.config.loadFromDefault();
    if (context) this.config.setCurrentContext(context);
    this.core = this.config.makeApiClient(CoreV1Api);
    this.apps = this.config.makeApiClient(AppsV1Api);
  }

  /** Opens a local port that leads to a port of a pod, through the API server. */
  async forward(namespace: string, pod: string, port: number): Promise<Forward> {
    const forward = new PortForward(this.config);
    const sockets = new Set<Socket>();
    let problem: string | undefined;
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
      const fail = (reason: string) => {
        problem = reason;
        socket.destroy();
      };
      forward.portForward(namespace, pod, [port], socket, whatWentWrong(fail), socket).then(
        (connection) => {
          // The pod went away: end this connection, so that the client connects anew.
          const webSocket = typeof connection === "function" ? connection() : connection;
          webSocket?.addEventListener("close", () => socket.destroy());
        },
        (error: unknown) => fail(reasonOf(error)),
      );
    });
    const close = () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    return { port: await listen(server), problem: () => problem, close };
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

  /** @returns the uid of a StatefulSet; undefined when there is none. */
  async statefulSetUid(namespace: string, name: string): Promise<string | undefined> {
    try {
      return (await this.apps.readNamespacedStatefulSet({ namespace, name })).metadata?.uid;
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw explain(`StatefulSet ${namespace}/${name}`, error);
    }
  }

  /** @returns the kinds that an API group serves; none where the cluster does not know the group. */
  async kinds(group: string, version: string): Promise<readonly string[]> {
    try {
      const { resources } = await this.config.makeApiClient(CustomObjectsApi).getAPIResources({ group, version });
      return [...new Set(resources.map(({ kind }) => kind))];
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return [];
      throw explain(`the kinds of ${group}/${version}`, error);
    }
  }

  /** The uid of a namespace, which tells it from another one of the same name. */
  async namespaceUid(name: string): Promise<string> {
    try {
      const uid = (await this.core.readNamespace({ name })).metadata?.uid;
      if (uid) return uid;
    } catch (error) {
      throw explain(`namespace ${name}`, error);
    }
    throw new Error(`namespace ${name} has no uid`);
  }

  /** Data of a ConfigMap; undefined when there is none. */
  async configMap(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
    try {
      return (await this.core.readNamespacedConfigMap({ namespace, name })).data ?? {};
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw explain(`ConfigMap ${namespace}/${name}`, error);
    }
  }

  /** Merges some fields into a Deployment. */
  async patchDeployment(namespace: string, name: string, body: object): Promise<void> {
    try {
      await this.apps.patchNamespacedDeployment({ namespace, name, body, fieldManager: FIELD_MANAGER }, AS_MERGE);
    } catch (error) {
      throw explain(`Deployment ${namespace}/${name}`, error, "write");
    }
  }

  /** @returns what a request of this API came to. @throws Error that names what was asked for, and says what to check */
  async explained<T>(what: string, request: Promise<T>, how: "read" | "write" = "read"): Promise<T> {
    try {
      return await request;
    } catch (error) {
      throw explain(what, error, how);
    }
  }

  /** @returns an annotation of the pods that a Deployment makes; undefined where it is not set. */
  async templateAnnotation(namespace: string, name: string, annotation: string): Promise<string | undefined> {
    const found = this.apps.readNamespacedDeployment({ namespace, name });
    const { spec } = await this.explained(`Deployment ${namespace}/${name}`, found);
    return spec?.template.metadata?.annotations?.[annotation];
  }

  /** All pods that a Deployment selects, whatever became of them. */
  async podsOf(namespace: string, name: string): Promise<readonly V1Pod[]> {
    try {
      const deployment = await this.apps.readNamespacedDeployment({ namespace, name });
      const labelSelector = selectorText(deployment.spec?.selector ?? {});
      return (await this.core.listNamespacedPod({ namespace, labelSelector })).items;
    } catch (error) {
      throw explain(`the pods of Deployment ${namespace}/${name}`, error);
    }
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}

/** The stream on which the kubelet says why it cannot reach the port. */
function whatWentWrong(fail: (reason: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) fail(chunk.toString("utf8").trim());
      done();
    },
  });
}

const statusOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** The first line of what went wrong; a WebSocket fails with an event instead of an error. */
function reasonOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return (typeof message === "string" ? message : String(error)).split("\n")[0] ?? "";
}

function explain(what: string, error: unknown, how: "read" | "write" = "read"): Error {
  const way = how === "read" ? "from" : "by";
  return new Error(
    `cannot ${how} ${what} ${way} the Kubernetes API: ${reasonOf(error)}. Check the kubeconfig, its context and its rights.`,
    { cause: error },
  );
}
