/** A Kubernetes API of paper: one backend whose ConfigMap and pods are what a test says. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { PodMetrics } from "../../migration/adapters/backend-view";

/** The names under which a shard and the backend are found. */
export const STATEFUL_SET = "redis-dedup-shard-0";
export const BACKEND = { namespace: "paper", configMap: "backend-config", deployment: "backend" };

/** A pod, and the ring epoch that its template said. */
export interface PaperPod {
  readonly epoch: number;
  readonly terminating?: boolean;
}

export class PaperCluster {
  /** Data of the ring ConfigMap; undefined: there is none. */
  ring: Readonly<Record<string, string>> | undefined;
  pods: readonly PaperPod[] = [];
  /** Pods of before that a rollout does not get rid of. */
  late: readonly PaperPod[] = [];
  /** Of the backend's namespace; undefined: it may not be read. */
  namespaceUid: string | undefined = randomUUID();
  /** Whether it answers 503. */
  broken = false;
  /** Of the shard. */
  statefulSet: object | undefined;
  /** What each pod reports of itself; undefined: no pod knows of ring epochs. */
  reported: number | undefined;
  private readonly server = createServer((request, response) => this.answer(request, response));
  private readonly dir = mkdtempSync(join(tmpdir(), "dedup-shards-cluster-"));
  private readonly kubeconfigBefore = process.env["KUBECONFIG"];

  private constructor() {}

  /** Starts to answer, and makes it the cluster of this process. */
  static async start(): Promise<PaperCluster> {
    const cluster = new PaperCluster();
    await once(cluster.server.listen(0, "127.0.0.1"), "listening");
    const file = join(cluster.dir, "kubeconfig");
    writeFileSync(file, kubeconfig(`http://127.0.0.1:${cluster.metrics.port}`));
    process.env["KUBECONFIG"] = file;
    return cluster;
  }

  /** Where pods say what they run: all of them are this process. */
  get metrics(): PodMetrics {
    return { port: (this.server.address() as AddressInfo).port, path: "/metrics" };
  }

  /** A new ring ConfigMap, and a rollout that replaces every pod at once. */
  rollOut(data: Readonly<Record<string, string>>, epoch: number): void {
    this.ring = data;
    this.pods = [{ epoch }, { epoch }];
  }

  stop(): void {
    this.server.close().closeAllConnections();
    rmSync(this.dir, { recursive: true });
    if (this.kubeconfigBefore === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = this.kubeconfigBefore;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = "", method } = request;
    if (method === "PATCH" && !this.broken) return void this.patch(request, response);
    if (url === this.metrics.path) {
      return void response.end(this.reported === undefined ? "" : `dedup_ring_epoch ${this.reported}\n`);
    }
    const { namespace, configMap, deployment } = BACKEND;
    const objects: Readonly<Record<string, object | undefined>> = {
      [`/api/v1/namespaces/${namespace}`]: this.namespaceUid === undefined ? undefined : { metadata: { uid: this.namespaceUid } },
      [`/api/v1/namespaces/${namespace}/configmaps/${configMap}`]: this.ring && { data: this.ring },
      [`/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`]: {
        spec: { selector: { matchLabels: { app: deployment } } },
      },
      [`/apis/apps/v1/namespaces/${namespace}/statefulsets/${STATEFUL_SET}`]: this.statefulSet,
      [`/api/v1/namespaces/${namespace}/pods`]: { items: [...this.pods, ...this.late].map(toPod) },
    };
    const found = objects[url.split("?")[0] ?? ""];
    response
      .writeHead(this.broken ? 503 : found ? 200 : 404, { "content-type": "application/json" })
      .end(JSON.stringify(found ?? {}));
  }

  /** A Deployment restarts its pods at once. */
  private async patch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    expect(request.headers["content-type"]).to.equal("application/merge-patch+json");
    const { data, spec } = JSON.parse(await text(request)) as PaperPatch;
    if (data) this.ring = { ...this.ring, ...data };
    if (spec) this.restart(Number(spec.template.metadata.annotations["dedup-shards/ring-epoch"]));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  }

  private restart(epoch: number): void {
    this.pods = this.pods.map(() => ({ epoch }));
  }
}

/** Of the ring ConfigMap, or of the backend's Deployment. */
interface PaperPatch {
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } };
  };
}

const toPod = ({ epoch, terminating = false }: PaperPod, i: number) => ({
  metadata: {
    name: `backend-${i}`,
    annotations: { "dedup-shards/ring-epoch": String(epoch) },
    ...(terminating ? { deletionTimestamp: new Date(0).toISOString() } : {}),
  },
  status: { phase: "Running", podIP: "127.0.0.1" },
});

const kubeconfig = (server: string): string =>
  JSON.stringify({
    clusters: [{ name: "paper", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "paper", user: {} }],
    contexts: [{ name: "paper", context: { cluster: "paper", user: "paper" } }],
    "current-context": "paper",
  });
