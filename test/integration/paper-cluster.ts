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
import { FakeRing } from "./support/fake-ring";

/** The names under which a shard and the backend are found. */
export const STATEFUL_SET = "redis-dedup-shard-0";
export const BACKEND = { namespace: "paper", configMap: "backend-config", deployment: "backend" };

/** A pod, and the ring epoch that its template said. */
export interface PaperPod {
  readonly epoch: number;
  readonly terminating?: boolean;
  /** The mark of the restart within its epoch. */
  readonly restarted?: string;
  /** Whether no node has room for it. */
  readonly unscheduled?: boolean;
  /** Where it answers for itself. @default this process */
  readonly ip?: string;
  /** Whether its container is known to run. @default nobody says */
  readonly running?: boolean;
}

export class PaperCluster {
  /** The ring ConfigMap, with all of its versions. */
  readonly ringVersions = new FakeRing(BACKEND.configMap);
  /** What happens before a patch arrives: whoever sends it may sleep for as long. */
  beforePatch: (() => Promise<void>) | undefined;
  /** Told of a restart that the Deployment is asked for, with its annotations. @default all pods are new at once */
  onRestart: ((annotations: Readonly<Record<string, string>>) => void) | undefined;
  /** The checksum that each pod reports beside `reported`; undefined: pods do not know of checksums. */
  reportedChecksum: string | undefined;
  pods: readonly PaperPod[] = [];
  /** Pods of before that a rollout does not get rid of. */
  late: readonly PaperPod[] = [];
  /** The ring epoch in the pod template of the Deployment; undefined: it has none. */
  template: number | undefined;
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

  /** Data of the ring ConfigMap; undefined: there is none. */
  get ring(): Readonly<Record<string, string>> | undefined {
    return this.ringVersions.data;
  }

  set ring(data: Readonly<Record<string, string>> | undefined) {
    this.ringVersions.write(data);
  }

  /** A new ring ConfigMap, and a rollout that replaces every pod at once. */
  rollOut(data: Readonly<Record<string, string>>, epoch: number): void {
    this.ring = data;
    this.template = epoch;
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
      return void response.end(this.reported === undefined ? "" : `dedup_ring_epoch${this.label} ${this.reported}\n`);
    }
    const { pathname, searchParams } = new URL(url, "http://fake");
    if (searchParams.has("watch")) return this.ringVersions.watch(searchParams.get("resourceVersion"), response);
    const { namespace, configMap, deployment } = BACKEND;
    const objects: Readonly<Record<string, object | undefined>> = {
      [`/api/v1/namespaces/${namespace}`]:
        this.namespaceUid === undefined ? undefined : { metadata: { uid: this.namespaceUid } },
      [`/api/v1/namespaces/${namespace}/configmaps/${configMap}`]: this.ring && { data: this.ring },
      [`/api/v1/namespaces/${namespace}/configmaps`]: this.ringVersions.list(),
      [`/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`]: {
        spec: { selector: { matchLabels: { app: deployment } }, template: { metadata: annotated(this.template) } },
      },
      [`/apis/apps/v1/namespaces/${namespace}/statefulsets/${STATEFUL_SET}`]: this.statefulSet,
      [`/api/v1/namespaces/${namespace}/pods`]: { items: [...this.pods, ...this.late].map(toPod) },
    };
    const found = objects[pathname];
    response
      .writeHead(this.broken ? 503 : found ? 200 : 404, { "content-type": "application/json" })
      .end(JSON.stringify(found ?? {}));
  }

  /** A Deployment restarts its pods at once. */
  private async patch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.beforePatch?.();
    const isRing = request.url?.includes("/configmaps/") ?? false;
    expect(request.headers["content-type"]).to.equal(`application/${isRing ? "json" : "merge"}-patch+json`);
    const patch = JSON.parse(await text(request)) as unknown;
    const status = isRing ? this.ringVersions.patch(patch as Parameters<FakeRing["patch"]>[0]) : 200;
    if (!isRing) this.restart((patch as PaperPatch).spec.template.metadata.annotations);
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  }

  private restart(annotations: Readonly<Record<string, string>>): void {
    if (this.onRestart) return this.onRestart(annotations);
    const { "dedup-shards/ring-epoch": epoch, "dedup-shards/ring-restart": restarted } = annotations;
    if (epoch !== undefined) this.template = Number(epoch);
    this.pods = this.pods.map((pod) => ({
      ...{ epoch: epoch === undefined ? pod.epoch : Number(epoch) },
      ...(restarted === undefined ? {} : { restarted }),
    }));
  }

  private get label(): string {
    return this.reportedChecksum === undefined ? "" : `{checksum="${this.reportedChecksum}"}`;
  }
}

/** Of the backend's Deployment. */
interface PaperPatch {
  readonly spec: {
    readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } };
  };
}

const annotated = (epoch: number | undefined) =>
  epoch === undefined ? {} : { annotations: { "dedup-shards/ring-epoch": String(epoch) } };

const toPod = ({ epoch, terminating = false, restarted, unscheduled = false, ip, running }: PaperPod, i: number) => ({
  metadata: {
    name: `backend-${i}`,
    annotations: {
      "dedup-shards/ring-epoch": String(epoch),
      ...(restarted === undefined ? {} : { "dedup-shards/ring-restart": restarted }),
    },
    ...(terminating ? { deletionTimestamp: new Date(0).toISOString() } : {}),
  },
  status: unscheduled
    ? UNSCHEDULED
    : {
        ...{ phase: "Running", podIP: ip ?? "127.0.0.1" },
        ...(running ? { containerStatuses: [{ state: { running: {} } }] } : {}),
      },
});

const UNSCHEDULED = { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" }] };

const kubeconfig = (server: string): string =>
  JSON.stringify({
    clusters: [{ name: "paper", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "paper", user: {} }],
    contexts: [{ name: "paper", context: { cluster: "paper", user: "paper" } }],
    "current-context": "paper",
  });
