/** Deploys the reference backend as an operator's chart would: ConfigMap, Deployment and Service in a namespace. */
import { isReady, Kube, type KubeObject } from "./kube";

export const BACKEND_IMAGE = "lab.test/backend:1";
const PORT = 8080;

export interface BackendOptions {
  readonly namespace: string;
  /** The ring to start with, in ring order. */
  readonly shards: readonly string[];
  /** Name to URL, for shards that are not pods of this project. */
  readonly shardUrls?: Readonly<Record<string, string>>;
  /** False: somebody else makes the ConfigMap. @default true */
  readonly configMap?: boolean;
  /** @default 3 */
  readonly replicas?: number;
  /** Name and key of a Secret in the namespace. */
  readonly passwordSecret?: { readonly name: string; readonly key: string };
  /** Name of a Secret in the namespace with `ca.crt`, `tls.crt` and `tls.key`, for `rediss://` shards. */
  readonly tlsSecret?: string;
  /** Further variables of the container, such as SHUTDOWN_DELAY_MS or DEDUP_TTL_MS. */
  readonly env?: Readonly<Record<string, string>>;
}

const TLS_VARIABLES = { REDIS_CA: "ca.crt", REDIS_CLIENT_CERT: "tls.crt", REDIS_CLIENT_KEY: "tls.key" };

/** The URL at which this project's shards are reached from pods. */
export function shardUrl(name: string, namespace: string): string {
  return `redis://redis-dedup-${name}-0.redis-dedup.${namespace}.svc:6379`;
}

export class ReferenceBackend {
  readonly kube: Kube;

  constructor(private readonly options: BackendOptions) {
    this.kube = new Kube(options.namespace);
  }

  /**
   * Creates the namespace and the backend, and returns at once: its pods become ready when the shards are there.
   * A ConfigMap that exists is left as it is: its ring belongs to whoever migrates it.
   */
  async deploy(): Promise<void> {
    await this.kube.createNamespace();
    const objects = [this.deployment(), this.service()];
    const { configMap = true } = this.options;
    if (configMap && (await this.kube.find("configmap/backend-config")) === undefined)
      objects.unshift(this.configMap());
    await this.kube.apply(...objects);
  }

  async ready(timeoutSeconds = 120): Promise<void> {
    await this.kube.waitRollout("deployment/backend", timeoutSeconds);
  }

  /** Turns the question for the shards' cards on, which the first `pulumi up` has written. Resolves when all pods ask. */
  async askCards(): Promise<void> {
    await this.kube.run(["set", "env", "deployment/backend", "DEDUP_ASK_CARD=true"]);
    await this.ready();
  }

  /** Base URLs of the pods that are ready and not terminating, by pod name. */
  async podUrls(): Promise<Map<string, string>> {
    const pods = await this.kube.list("pods", "app=backend");
    return new Map(
      pods.filter(isReady).map((pod) => {
        const { podIP } = pod["status"] as { podIP: string };
        return [pod.metadata.name, `http://${podIP}:${PORT}`] as const;
      }),
    );
  }

  /** Base URL of the Service, which the lab's network reaches. */
  async serviceUrl(): Promise<string> {
    const service = await this.kube.get("service/backend");
    return `http://${(service["spec"] as { clusterIP: string }).clusterIP}`;
  }

  private configMap(): KubeObject {
    const { namespace, shards, shardUrls = {} } = this.options;
    const urls = shards.map((name) => shardUrls[name] ?? shardUrl(name, namespace));
    const data = { DEDUP_SHARDS: urls.join(","), DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "", DEDUP_RING_EPOCH: "0" };
    // LOG_LEVEL stands for the settings of others in the same ConfigMap, which must survive a migration.
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "backend-config" },
      data: { ...data, LOG_LEVEL: "info" },
    };
  }

  private deployment(): KubeObject {
    const { replicas = 3 } = this.options;
    const labels = { app: "backend" };
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "backend", labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels },
          spec: { containers: [this.container()], terminationGracePeriodSeconds: 15 },
        },
      },
    };
  }

  private container(): Record<string, unknown> {
    const { shardUrls, passwordSecret, tlsSecret, env = {} } = this.options;
    return {
      name: "backend",
      image: BACKEND_IMAGE,
      imagePullPolicy: "Never",
      ports: [{ name: "http", containerPort: PORT }],
      envFrom: [{ configMapRef: { name: "backend-config" } }],
      env: [
        { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
        ...(shardUrls ? [{ name: "BACKEND_SHARD_URLS", value: JSON.stringify(shardUrls) }] : []),
        ...(passwordSecret ? [{ name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: passwordSecret } }] : []),
        ...Object.entries(tlsSecret === undefined ? {} : TLS_VARIABLES).map(([name, key]) => ({
          name,
          valueFrom: { secretKeyRef: { name: tlsSecret, key } },
        })),
        ...Object.entries(env).map(([name, value]) => ({ name, value })),
      ],
      readinessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 1, failureThreshold: 1 },
      livenessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 10 },
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      securityContext: {
        ...{ runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        ...{ capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } },
      },
    };
  }

  private service(): KubeObject {
    const ports = [{ name: "http", port: 80, targetPort: "http" }];
    return {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "backend", labels: { app: "backend" } },
      spec: { selector: { app: "backend" }, ports },
    };
  }
}
