/**
 * Shards that are not what the backend takes them for: an address that leads to another shard, and a shard without its
 * data. A backend that asks for cards answers RETRY until that is over.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isReady, until, type Kube, type KubeObject } from "../kube";
import { Kubelet } from "../kubelet";
import type { ReferenceBackend } from "../reference-backend";

const podOf = (shard: string): string => `redis-dedup-${shard}-0`;
const NOTICED_WITHIN_MS = 30_000;
/** Where a shard's data is kept while it is taken away: the moment of that is one command, so nothing is lost. */
const ASIDE = "1";

export class WrongShards {
  private readonly kube: Kube;

  constructor(private readonly backend: ReferenceBackend) {
    this.kube = backend.kube;
  }

  /** @returns the shards of the primary ring: those that every pod asks, also in the middle of a rollout. */
  async primaryRing(): Promise<string[]> {
    const { data } = (await this.kube.get("configmap/backend-config")) as KubeObject & { data: Record<string, string> };
    return (data["DEDUP_SHARDS"] ?? "")
      .split(",")
      .map((url) => /redis-dedup-(.+)-0\.redis-dedup\./.exec(url)?.[1] ?? "");
  }

  /**
   * Takes a shard's data away while its connections stay, its card included. When pods have noticed it brings all of it
   * back after a while, and waits until they go on.
   */
  async emptyForAWhile(shard: string, holdMs: number): Promise<void> {
    await this.redis(shard, "SWAPDB", "0", ASIDE);
    try {
      await this.untilRefused(shard);
      await sleep(holdMs);
    } finally {
      await this.redis(shard, "SWAPDB", "0", ASIDE);
      await this.redis(shard, "-n", ASIDE, "FLUSHDB");
    }
    await this.untilShown(shard);
  }

  /** Takes a shard's data away for good. Resolves when pods have noticed. @returns when it was gone. */
  async empty(shard: string): Promise<number> {
    await this.redis(shard, "FLUSHALL");
    const emptiedMs = Date.now();
    await this.untilRefused(shard);
    return emptiedMs;
  }

  /** @returns whether the names that pods see can be led elsewhere: in the local cluster only. */
  reaches(pods: readonly KubeObject[]): boolean {
    return pods.every((pod) => hostsFileOf(pod) !== undefined);
  }

  /**
   * Leads a shard's name to another shard, in pods of the backend, and ends their connections. When one has noticed it
   * leads the name back after a while, and waits until all go on.
   */
  async leadElsewhere(shard: string, to: string, pods: readonly KubeObject[], holdMs: number): Promise<void> {
    const files = pods.flatMap((pod) => hostsFileOf(pod) ?? []).filter((file) => existsSync(file));
    const address = (await this.kube.podIps("app=redis-dedup")).get(podOf(to)) ?? "";
    const before = files.map((file) => [file, readFileSync(file, "utf8")] as const);
    const name = `${podOf(shard)}.redis-dedup.${this.kube.namespace}.svc`;
    for (const [file, text] of before) rewrite(file, `${text}${address}\t${name}\n`);
    try {
      await this.endConnections(shard, pods);
      await this.untilRefused(shard, pods);
      await sleep(holdMs);
    } finally {
      for (const [file, text] of before) rewrite(file, text);
    }
    await this.untilShown(shard);
  }

  /** Resolves when every pod that serves takes the shard for what it is. */
  async untilShown(shard: string): Promise<void> {
    const isShown = async () => ((await this.refusals(shard)).includes(true) ? undefined : true);
    await until(`all pods to accept ${shard}`, isShown, NOTICED_WITHIN_MS);
  }

  /** @param among - when none of these serves any more there is nothing left to notice. */
  private async untilRefused(shard: string, among?: readonly KubeObject[]): Promise<void> {
    const names = among?.map(({ metadata }) => metadata.name);
    const isRefused = async () => {
      const serving = [...(await this.backend.podUrls()).keys()];
      const isOver = names !== undefined && !serving.some((name) => names.includes(name));
      return isOver || (await this.refusals(shard)).includes(true) ? true : undefined;
    };
    await until(`a pod to refuse ${shard}`, isRefused, NOTICED_WITHIN_MS);
  }

  /** For each pod that serves, whether it refuses the shard for its card. */
  private async refusals(shard: string): Promise<boolean[]> {
    const urls = [...(await this.backend.podUrls()).values()];
    return Promise.all(
      urls.map(async (url) => {
        const response = await fetch(`${url}/readyz`);
        const { refused } = (await response.json()) as { readonly refused: readonly string[] };
        return refused.some(
          (reason) => reason.includes(`${shard} has no card`) || reason.includes(`of ${shard} reaches`),
        );
      }),
    );
  }

  private async endConnections(shard: string, pods: readonly KubeObject[]): Promise<void> {
    const ips = pods.map((pod) => (pod["status"] as { podIP?: string }).podIP ?? "");
    const clients = (await this.redis(shard, "CLIENT", "LIST")).split("\n");
    for (const client of clients.filter((line) => ips.some((ip) => line.includes(` addr=${ip}:`))))
      await this.redis(shard, "CLIENT", "KILL", "ID", /^id=(\d+)/.exec(client)?.[1] ?? "");
  }

  private redis(shard: string, ...command: readonly string[]): Promise<string> {
    return this.kube.exec(podOf(shard), "redis-cli", ...command);
  }
}

/** In place, as containers see it. The pod may be gone by now, and its file with it. */
function rewrite(file: string, text: string): void {
  try {
    if (existsSync(file)) writeFileSync(file, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** @returns the pods of the backend that serve. */
export const servingPods = async (kube: Kube): Promise<KubeObject[]> =>
  (await kube.list("pods", "app=backend")).filter(isReady);

function hostsFileOf(pod: KubeObject): string | undefined {
  const { nodeName } = pod["spec"] as { readonly nodeName: string };
  return Kubelet.of(Number(nodeName.replace("node", "")))?.hostsFileOf(pod.metadata.uid ?? "");
}
