/** What the backend reads from its environment at start: the ring ConfigMap, and a few settings of its own. */
import { HashRing } from "../../../migration/ring/ring";
import { checkedRing } from "./ring-checksum";

export interface Settings {
  /** Reads and writes. */
  readonly primary: HashRing;
  /** Writes only; undefined while dual-write is off. */
  readonly secondary: HashRing | undefined;
  /** Shard name to redis URL, for the shards of both rings. */
  readonly urls: ReadonlyMap<string, string>;
  readonly epoch: number;
  /** Of the ring as this process read it. */
  readonly checksum: string;
  readonly keyPrefix: string;
  readonly ttlMs: number;
  /** W of the contract: the second write of a claim is not sent later than this after the first. */
  readonly claimWindowMs: number;
  /** From when a command is given to the client until it has its answer or is given up. */
  readonly commandTimeoutMs: number;
  readonly redisPassword: string | undefined;
  /** Of `rediss://` shards: whom to trust, and who the backend is. PEM. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  readonly port: number;
  /** Whether a shard must show its card: the record that says which shard it is. */
  readonly asksCard: boolean;
  /** Of this pod; undefined where it does not say. */
  readonly namespace: string | undefined;
  /** From the end signal until connections are refused: clients of the Service must have noticed. */
  readonly shutdownDelayMs: number;
  /** To rehearse a cutover that goes wrong: while these shards are the primary ring, every other submission fails. */
  readonly failsOnRing: readonly string[];
}

/** @throws Error that names the variable, when one is missing or unusable */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const known = JSON.parse(env["BACKEND_SHARD_URLS"] ?? "{}") as Record<string, string>;
  const primaryUrls = list(required(env, "DEDUP_SHARDS"));
  const primaryNames = primaryUrls.map((url) => shardName(url, known));
  const urls = new Map(primaryNames.map((name, i) => [name, primaryUrls[i] ?? ""]));

  const dualWrite = yesOrNo(env, "DEDUP_DUAL_WRITE");
  const secondaryNames = dualWrite ? list(required(env, "DEDUP_NEW_RING")) : [];
  for (const name of secondaryNames) {
    urls.set(name, urls.get(name) ?? known[name] ?? shardUrl(name, env["POD_NAMESPACE"], primaryUrls));
  }

  const vnodes = number(env, "DEDUP_VNODES", 150);
  const password = env["REDIS_PASSWORD"] ?? "";
  return {
    primary: new HashRing(primaryNames, vnodes),
    secondary: dualWrite ? new HashRing(secondaryNames, vnodes) : undefined,
    urls,
    epoch: whole(env, "DEDUP_RING_EPOCH"),
    checksum: checkedRing(env),
    keyPrefix: env["DEDUP_KEY_PREFIX"] ?? "pcs:",
    ttlMs: number(env, "DEDUP_TTL_MS", 14 * 24 * 3600 * 1000),
    claimWindowMs: number(env, "DEDUP_CLAIM_WINDOW_MS", 5000),
    commandTimeoutMs: number(env, "DEDUP_COMMAND_TIMEOUT_MS", 1000),
    redisPassword: password === "" ? undefined : password,
    tls: tlsOf(env),
    asksCard: yesOrNo({ DEDUP_ASK_CARD: "false", ...env }, "DEDUP_ASK_CARD"),
    namespace: env["POD_NAMESPACE"] === "" ? undefined : env["POD_NAMESPACE"],
    port: number(env, "PORT", 8080),
    shutdownDelayMs: number(env, "SHUTDOWN_DELAY_MS", 2000),
    failsOnRing: list(env["BACKEND_FAILS_ON_RING"] ?? ""),
  };
}

function tlsOf(env: NodeJS.ProcessEnv): Settings["tls"] {
  const [ca = "", cert = "", key = ""] = ["REDIS_CA", "REDIS_CLIENT_CERT", "REDIS_CLIENT_KEY"].map((name) => env[name]);
  return ca === "" ? undefined : { ca, cert, key };
}

/** The host of a shard's URL: pod 0 of its StatefulSet, through the headless Service. */
const SHARD_HOST = /^redis-dedup-(.+)-0(\.redis-dedup\..+)$/;

function shardName(url: string, known: Readonly<Record<string, string>>): string {
  for (const [name, knownUrl] of Object.entries(known)) if (knownUrl === url) return name;
  const name = SHARD_HOST.exec(new URL(url).hostname)?.[1];
  if (name === undefined) {
    throw new Error(`DEDUP_SHARDS: no shard name can be told from ${url}; name it in BACKEND_SHARD_URLS`);
  }
  return name;
}

/** A shard of the secondary ring lives where its siblings of the primary do, or in the pod's own namespace. */
function shardUrl(name: string, namespace: string | undefined, siblings: readonly string[]): string {
  for (const sibling of siblings) {
    const { protocol, hostname, port } = new URL(sibling);
    const domain = SHARD_HOST.exec(hostname)?.[2];
    if (domain !== undefined) return `${protocol}//redis-dedup-${name}-0${domain}:${port === "" ? "6379" : port}`;
  }
  if (namespace === undefined) throw new Error(`DEDUP_NEW_RING: no URL known for the shard ${name}`);
  return `redis://redis-dedup-${name}-0.redis-dedup.${namespace}.svc:6379`;
}

function list(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name] ?? "";
  if (value === "") throw new Error(`${name} is empty`);
  return value;
}

/** Whatever is neither must not be taken for `false`: the pod would write one ring and report an epoch that has two. */
function yesOrNo(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = required(env, name);
  if (value !== "true" && value !== "false") throw new Error(`${name}: ${value} is neither true nor false`);
  return value === "true";
}

function whole(env: NodeJS.ProcessEnv, name: string): number {
  const value = required(env, name);
  if (!/^\d+$/.test(value)) throw new Error(`${name}: ${value} is not a whole number`);
  return Number(value);
}

function number(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = env[name] ?? "";
  if (value === "") return fallback;
  const parsed = Number(value);
  if (!Number.isFinite(parsed)) throw new Error(`${name}: ${value} is not a number`);
  return parsed;
}
