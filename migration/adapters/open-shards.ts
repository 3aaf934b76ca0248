import { RedisShard } from "./redis-shard";
import { tlsTo, type ShardLogin } from "./shard-login";

/** Where a shard is. */
export interface ShardAddress {
  readonly name: string;
  /** redis:// or rediss://, without credentials. */
  readonly url: string;
}

/** How to reach shards. */
export interface ShardAccess {
  readonly access: "portForward" | "direct";
  readonly namespace: string;
  readonly kubeContext?: string;
  readonly keyPrefix: string;
  readonly login: ShardLogin;
  /** Whether to ride out the restart of a shard. */
  readonly patient: boolean;
}

/** Connections to some shards; they are made at the first command. */
export interface OpenShards {
  readonly shards: readonly RedisShard[];
  close(): void;
}

const DEFAULT_PORT = 6379;

/** Opens shards: those with a service name of the namespace through the API server (if asked to), others directly. */
export async function openShards(addresses: readonly ShardAddress[], how: ShardAccess): Promise<OpenShards> {
  const closers: (() => void)[] = [];
  const close = () => closers.forEach((end) => end());
  try {
    const shards = await Promise.all(addresses.map((address) => openShard(address, how, closers)));
    return { shards, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A way to a shard that is open now. */
export interface OpenEndpoint {
  readonly host: string;
  readonly port: number;
  /** The shard's URL by this way. */
  readonly url: string;
  close(): void;
}

/** Opens the way to a shard: a port-forward where one is asked for and the shard is a pod, else the shard itself. */
export async function openEndpoint(
  { url }: ShardAddress,
  how: Pick<ShardAccess, "access" | "namespace" | "kubeContext">,
): Promise<OpenEndpoint> {
  const { hostname, port, pathname, protocol } = new URL(url);
  const shardPort = Number(port || DEFAULT_PORT);
  const pod = how.access === "portForward" ? podOf(hostname, how.namespace) : undefined;
  if (pod === undefined) {
    return { host: hostname.replace(/^\[|\]$/g, ""), port: shardPort, url, close: () => undefined };
  }
  // Loaded only where it is needed: the client is slow to start.
  const { Cluster } = await import("./cluster");
  const forward = await new Cluster(how.kubeContext).forward(how.namespace, pod, shardPort);
  return { ...forward, host: "127.0.0.1", url: `${protocol}//127.0.0.1:${forward.port}${pathname}` };
}

async function openShard(address: ShardAddress, how: ShardAccess, closers: (() => void)[]): Promise<RedisShard> {
  const { name, url } = address;
  const way = await openEndpoint(address, how);
  closers.push(() => way.close());
  const tls = tlsTo(new URL(url), how.login);
  const { username, password } = how.login;
  const endpoint = {
    name,
    url,
    host: way.host,
    port: way.port,
    db: Number(new URL(url).pathname.slice(1) || 0),
    ...(tls ? { tls } : {}),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
  const shard = new RedisShard(endpoint, how.keyPrefix, how.patient);
  closers.push(() => shard.close());
  return shard;
}

/** The pod behind a name of a headless service, `<pod>.<service>.<namespace>.svc`; undefined for any other host. */
function podOf(hostname: string, namespace: string): string | undefined {
  const [pod, service, inNamespace, svc] = hostname.split(".");
  return service && inNamespace === namespace && svc === "svc" ? pod : undefined;
}
