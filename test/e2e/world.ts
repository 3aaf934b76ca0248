/** A live ring on the lab's Kubernetes: the reference backend, its shards, keys, and the stack that migrates them. */
import { expect } from "chai";
import type { Kube } from "../lab/kube";
import { PulumiStack, type Config } from "../lab/pulumi-stack";
import { ReferenceBackend } from "../lab/reference-backend";
import { RingKeys } from "../lab/ring-keys";
import { compiledProgram } from "../support/compiled-program";

/** How long the backend takes; the stack config says the same of it. */
interface BackendTimes {
  readonly claimWindowMs: number;
  readonly commandTimeoutMs: number;
  /** How long a pod that is to end still serves. */
  readonly shutdownDelayMs: number;
}
const BACKEND_TIMES: BackendTimes = { claimWindowMs: 1_000, commandTimeoutMs: 1_000, shutdownDelayMs: 2_000 };

/** Shards that fit the lab, of one of its images. */
const shardOf = (image: string) => ({
  image,
  imagePullPolicy: "Never",
  cpuRequest: "10m",
  memoryRequest: "64Mi",
  memoryLimit: "512Mi",
  storageSize: "1Gi",
});

/** Pods that fit the lab, and waits that fit a test. */
export const LAB_CONFIG: Config = {
  shard: shardOf("lab.test/redis:7"),
  backend: backendConfig(BACKEND_TIMES),
  copy: { keysPerSecond: 50000, catchUpKeysPerSecond: 50000 },
  cleanup: { ttlWindow: "0s", keysPerSecond: 50000 },
  // Else every run of every test would leave some in the checkout.
  report: { directory: "" },
  // Dashboards cost every run half a second of CPU time. The tests that are about them switch them on.
  monitoring: { enabled: false },
};

export interface WorldOptions {
  readonly namespace: string;
  readonly shards: readonly string[];
  readonly keys: number;
  readonly config?: Config;
  /** Of the shards. @default none */
  readonly password?: string;
  /** Of the shards' containers. @default Redis 7.0 */
  readonly image?: "lab.test/redis:8" | "lab.test/valkey:8";
  /** Of the backend. @default 2 */
  readonly replicas?: number;
  readonly times?: BackendTimes;
  /** Makes what must be there before the stack: shards that others run. */
  readonly prepare?: (kube: Kube) => Promise<void>;
  /** Of the backend, as the reference backend takes it. */
  readonly tlsSecret?: string;
  /** More of the backend's environment. */
  readonly backendEnv?: Readonly<Record<string, string>>;
  /** What Pulumi runs: the sources, as an operator has them, or the same compiled once for all tests. @default compiled */
  readonly program?: "sources" | "compiled";
  /** Whether Pulumi is to leave the machine to the cluster, as if it ran on another one. */
  readonly background?: boolean;
  /** URLs of the shards that the program does not run, by name. */
  readonly shardUrls?: Readonly<Record<string, string>>;
  /** Whether the backend's owner makes the ConfigMap; else the program has to. @default true */
  readonly configMap?: boolean;
  /** The kubeconfig of the Pulumi CLI. @default that of the lab's administrator */
  readonly kubeconfig?: (kube: Kube) => Promise<string>;
}

const BACKEND_SECRET = { name: "backend-redis", key: "password" };

export class World {
  private constructor(
    readonly namespace: string,
    readonly stack: PulumiStack,
    readonly keys: RingKeys,
    readonly kube: Kube,
    readonly backend: ReferenceBackend,
  ) {}

  /** Deploys everything, in phase `stable`, with keys on their owners. */
  static async create(options: WorldOptions): Promise<World> {
    const { namespace, shards, keys: count, config = {}, password, image, replicas = 2, shardUrls = {} } = options;
    const { times = BACKEND_TIMES, background = false, program = "compiled" } = options;
    const backend = new ReferenceBackend({
      namespace,
      shards,
      shardUrls,
      configMap: options.configMap ?? true,
      replicas,
      env: { ...environmentOf(times), ...options.backendEnv },
      ...(password === undefined ? {} : { passwordSecret: BACKEND_SECRET }),
      ...(options.tlsSecret === undefined ? {} : { tlsSecret: options.tlsSecret }),
    });
    const { kube } = backend;
    await backend.deploy();
    if (password !== undefined) await kube.apply(secretOf(password));
    await options.prepare?.(kube);
    const compiled = program === "compiled" ? await compiledProgram() : undefined;
    const access = options.kubeconfig ? { KUBECONFIG: await options.kubeconfig(kube) } : {};
    const stack = await PulumiStack.create({
      ...{ name: namespace, background },
      ...(compiled === undefined ? {} : { program: compiled.program }),
      env: { ...compiled?.env, ...access },
      config: {
        ...LAB_CONFIG,
        ...(image === undefined ? {} : { shard: shardOf(image) }),
        backend: backendConfig(times),
        namespace,
        shards,
        migrationPhase: "stable",
        backup: { enabled: false },
        shardUrls,
        ...(password === undefined ? {} : { redisPassword: { secret: password } }),
        ...config,
      },
    });
    const keys = new RingKeys(async (shard) => {
      const elsewhere = shardUrls[shard];
      const { host, port } = elsewhere === undefined ? { host: "", port: 0 } : hostAndPort(elsewhere);
      if (elsewhere !== undefined && !host.endsWith(".svc")) return { host, port };
      // Whatever others see of a pod: here its own port is asked, in plain.
      const pod = await kube.get(`pod/${elsewhere === undefined ? `redis-dedup-${shard}-0` : host.split(".")[0]}`);
      return { host: (pod["status"] as { podIP: string }).podIP, port: 6379 };
    }, password);
    const world = new World(namespace, stack, keys, kube, backend);
    try {
      await stack.mustUp({ skipPreview: true });
      await backend.ready();
      await keys.fill(shards, count);
      return world;
    } catch (error) {
      await world.destroy();
      throw error;
    }
  }

  /** Sets the phase (and more of the config) and brings it about. */
  async to(migrationPhase: string, config: Config = {}) {
    await this.stack.setConfig({ migrationPhase, ...config });
    return this.stack.mustUp({ skipPreview: true });
  }

  /** Asserts that every key is on its owner with value and expiry, and nowhere else among the shards named. */
  async expectPlaced(ring: readonly string[], all: readonly string[] = ring): Promise<void> {
    const { right, missing, different, elsewhere } = await this.keys.placement(ring, all);
    expect({
      missing: missing.slice(0, 3),
      different: different.slice(0, 3),
      elsewhere: elsewhere.slice(0, 3),
    }).to.deep.equal({
      missing: [],
      different: [],
      elsewhere: [],
    });
    expect(right).to.equal(this.keys.stored.size);
  }

  /** @param options.wait - whether to return only when the namespace is gone: where its name is used again. */
  async destroy({ wait = false }: { readonly wait?: boolean } = {}): Promise<void> {
    this.keys.close();
    await (wait ? this.kube.deleteNamespace() : this.kube.startDeletingNamespace());
    this.stack.removeFiles();
  }
}

function backendConfig({ claimWindowMs, commandTimeoutMs }: BackendTimes): object {
  return { claimWindowMs, commandTimeoutMs, rolloutTimeoutMs: 120_000, metricsPort: 8080 };
}

const environmentOf = ({ claimWindowMs, commandTimeoutMs, shutdownDelayMs }: BackendTimes) => ({
  DEDUP_CLAIM_WINDOW_MS: String(claimWindowMs),
  DEDUP_COMMAND_TIMEOUT_MS: String(commandTimeoutMs),
  SHUTDOWN_DELAY_MS: String(shutdownDelayMs),
});

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

const secretOf = (password: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: BACKEND_SECRET.name },
  stringData: { [BACKEND_SECRET.key]: password },
});
