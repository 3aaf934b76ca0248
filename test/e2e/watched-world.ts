/** A live ring that is watched: a real Prometheus scrapes the backend, the shards' exporters and a Pushgateway. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { EXPORTER_PORT } from "../../components/shard-exporter";
import { startPushgateway, PrometheusServer } from "../integration/prometheus-server";
import { Kube } from "../lab/kube";
import { Load } from "../lab/load/load";
import { ensureMonitoringPackages } from "../lab/machine";
import type { Config } from "../lab/pulumi-stack";
import { World, type WorldOptions } from "./world";

/** How far the rates of the gates' queries reach back. */
export const RANGE = "10s";
/** Until rates of that range are of what is now. */
export const RANGE_MS = 12_000;
const LOOK_EVERY_MS = 3_000;
/** Of what is scraped, by the label `app`. */
const PORTS: Readonly<Record<string, number>> = { backend: 8080, "redis-dedup": EXPORTER_PORT };

/** Prometheus' own discovery of pods is not in Debian's build: what it would find is written into a file instead. */
class PodTargets {
  private readonly file = path.join(mkdtempSync(path.join(tmpdir(), "dedup-shards-targets-")), "pods.json");
  private readonly timer = setInterval(() => void this.look(), LOOK_EVERY_MS);

  constructor(private readonly kube: Kube) {
    writeFileSync(this.file, "[]");
  }

  get scrapeConfig(): object {
    return { job_name: "pods", file_sd_configs: [{ files: [this.file], refresh_interval: "1s" }] };
  }

  stop(): void {
    clearInterval(this.timer);
    rmSync(path.dirname(this.file), { recursive: true });
  }

  /** With the labels that the ServiceMonitors give. */
  private async look(): Promise<void> {
    const pods = await this.kube.list("pods").catch(() => []);
    const groups = pods.flatMap(({ metadata: { name, labels = {} }, status }) => {
      const { podIP } = status as { podIP?: string };
      const port = PORTS[labels["app"] ?? ""];
      if (podIP === undefined || port === undefined) return [];
      const shard = /^redis-dedup-(.+)-0$/.exec(name)?.[1];
      const known = { namespace: this.kube.namespace, pod: name, ...(shard === undefined ? {} : { shard }) };
      return [{ targets: [`${podIP}:${port}`], labels: known }];
    });
    if (existsSync(this.file)) writeFileSync(this.file, JSON.stringify(groups));
  }
}

export interface WatchedOptions extends Omit<WorldOptions, "config"> {
  /** Submissions a second. */
  readonly rate: number;
  /** More of the stack's config. */
  readonly config?: Config;
  /** The section `metrics`, but for the url. */
  readonly metrics: object;
}

export class WatchedWorld {
  private constructor(
    readonly world: World,
    readonly load: Load,
    readonly prometheus: PrometheusServer,
    /** The section `metrics` of the stack's config. */
    readonly metrics: object,
    private readonly helpers: readonly { stop(): void | Promise<void> }[],
  ) {}

  /** Returns when the service has been asked, and watched, for long enough to have rates. */
  static async create({ rate, metrics, config = {}, ...options }: WatchedOptions): Promise<WatchedWorld> {
    await ensureMonitoringPackages();
    const { namespace } = options;
    const pushgateway = await startPushgateway();
    const pods = new PodTargets(new Kube(namespace));
    const prometheus = await PrometheusServer.start([{ port: pushgateway.port, labels: {} }], [pods.scrapeConfig]);
    const helpers = [pods, prometheus, pushgateway];
    const watched = { ...metrics, url: prometheus.url };
    const monitoring = {
      exporter: { enabled: true, image: "lab.test/redis_exporter:1" },
      pushgateway: { url: `http://127.0.0.1:${pushgateway.port}` },
    };
    const all = { ...options, config: { ...config, metrics: watched, monitoring } };
    const world = await World.create(all).catch(async (error: unknown) => {
      for (const helper of helpers) await helper.stop();
      throw error;
    });
    const load = new Load({ url: await world.backend.serviceUrl(), rate, seed: namespace, keys: world.keys });
    load.start();
    await new Promise((resolve) => setTimeout(resolve, RANGE_MS));
    return new WatchedWorld(world, load, prometheus, watched, helpers);
  }

  async destroy(): Promise<void> {
    await this.load.stop();
    await this.world.destroy();
    for (const helper of this.helpers) await helper.stop();
  }
}
