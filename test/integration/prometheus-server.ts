/** A real Prometheus and real exporters on free ports of this machine, for the length of a test. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { exporterAuth } from "../../components/shard-exporter";
import { freePort } from "./redis-servers";

const READY_WITHIN_MS = 20_000;
const SCRAPE_INTERVAL = "1s";

/** What Prometheus scrapes, and the labels that its operator would add. */
export interface Target {
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A series of an instant query's answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A program with a folder of its own, that answers HTTP. */
class Service {
  private constructor(
    readonly port: number,
    private readonly dir: string,
    private readonly process: ChildProcess,
  ) {}

  /** @param prepare - writes files into the folder and returns the command line. */
  static async start(
    program: string,
    prepare: (dir: string, port: number) => { args?: readonly string[]; env?: NodeJS.ProcessEnv },
    readyPath: string,
  ): Promise<Service> {
    const dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-monitoring-"));
    const port = await freePort();
    const { args = [], env = {} } = prepare(dir, port);
    const child = spawn(program, args, { cwd: dir, stdio: "ignore", env: { ...process.env, ...env } });
    const service = new Service(port, dir, child);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await answers(`http://127.0.0.1:${port}${readyPath}`))) {
      if (Date.now() > deadline) {
        await service.stop();
        throw new Error(`${program} does not answer on port ${port}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return service;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exit = once(this.process, "exit");
      this.process.kill("SIGKILL");
      await exit;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** Starts an exporter of a shard that asks for a password, which it reads from the file that shards' pods have. */
export const startExporter = (redisPort: number, password: string): Promise<Service> =>
  Service.start(
    "prometheus-redis-exporter",
    (dir, port) => {
      const file = path.join(dir, "exporter.json");
      writeFileSync(file, exporterAuth(password).replace(":6379", `:${redisPort}`));
      const env = { REDIS_ADDR: `redis://localhost:${redisPort}`, REDIS_PASSWORD_FILE: file };
      return { args: ["-web.listen-address", `127.0.0.1:${port}`], env };
    },
    "/metrics",
  );

/** Starts a Pushgateway, which keeps what it is sent until it ends. */
export const startPushgateway = (): Promise<Service> =>
  Service.start(
    "prometheus-pushgateway",
    // Debian's build keeps what it has in one file of the machine by default.
    (dir, port) => ({ args: [`--web.listen-address=127.0.0.1:${port}`, `--persistence.file=${dir}/data`] }),
    "/-/ready",
  );

/** A Prometheus that scrapes every second. */
export class PrometheusServer {
  private constructor(private readonly service: Service) {}

  /** @param others - scrape configs as Prometheus reads them. */
  static async start(targets: readonly Target[], others: readonly object[] = []): Promise<PrometheusServer> {
    const prepare = (dir: string, port: number) => {
      const jobs = targets.map(({ port, labels }, i) => ({
        job_name: `target-${i}`,
        // As the ServiceMonitor of the Pushgateway asks for; the others' labels do not clash.
        honor_labels: true,
        static_configs: [{ targets: [`127.0.0.1:${port}`], labels }],
      }));
      const config = { global: { scrape_interval: SCRAPE_INTERVAL }, scrape_configs: [...jobs, ...others] };
      writeFileSync(path.join(dir, "prometheus.yml"), JSON.stringify(config));
      const files = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"];
      return { args: [...files, `--web.listen-address=127.0.0.1:${port}`] };
    };
    return new PrometheusServer(await Service.start("prometheus", prepare, "/-/ready"));
  }

  get url(): string {
    return `http://127.0.0.1:${this.service.port}`;
  }

  /** @throws Error with what Prometheus said, when it refuses the query. */
  async query(expr: string): Promise<readonly Sample[]> {
    const body = new URLSearchParams({ query: expr });
    const response = await fetch(`${this.url}/api/v1/query`, { method: "POST", body });
    const answer = (await response.json()) as { data?: { result: Sample[] }; error?: string };
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result;
  }

  stop(): Promise<void> {
    return this.service.stop();
  }
}
