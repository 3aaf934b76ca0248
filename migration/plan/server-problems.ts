/** What a server must be for its shard to be migrated to, as far as it says so itself. Pure. */

/** The first Redis with everything the engines and the backend use. */
const MIN_REDIS_MAJOR = 7;

/** Of a shard's server. */
export interface ServerFacts {
  readonly shard: string;
  /** As `INFO server` says it: `7.0.15`. */
  readonly version: string;
  /** `standalone`, `cluster` or `sentinel`; empty where the server does not say. */
  readonly mode: string;
  /** `master` or `slave`. */
  readonly role: string;
  readonly maxMemoryPolicy: string;
}

/** @returns why a shard cannot join a ring; empty when nothing is known against it. */
export const serverProblems = (facts: ServerFacts): readonly string[] =>
  [modeProblem(facts), roleProblem(facts), versionProblem(facts), policyProblem(facts)].filter(
    (problem) => problem !== undefined,
  );

function modeProblem({ shard, mode }: ServerFacts): string | undefined {
  if (mode === "standalone" || mode === "") return undefined;
  return `${shard} is a Redis ${mode === "cluster" ? "Cluster node" : mode}: dedup-shards moves keys between standalone servers only.`;
}

/** @returns why a shard takes no writes; undefined when it takes them. */
export function roleProblem({ shard, role }: Pick<ServerFacts, "shard" | "role">): string | undefined {
  return role === "master" ? undefined : `${shard} is a ${role}, not a primary. Point its URL at its primary.`;
}

/** @returns why a shard's Redis is too old; undefined when it is not. */
export function versionProblem({ shard, version }: Pick<ServerFacts, "shard" | "version">): string | undefined {
  if (Number.parseInt(version, 10) >= MIN_REDIS_MAJOR) return undefined;
  const found = version === "" ? "an unknown version of Redis" : `Redis ${version}`;
  return `${shard}: it runs ${found}; ${MIN_REDIS_MAJOR}.0 or newer is needed (PEXPIRETIME, SET NX GET). Next: upgrade it, and plan again.`;
}

/** @returns why a shard may throw keys away; undefined when it may not. */
export function policyProblem({
  shard,
  maxMemoryPolicy,
}: Pick<ServerFacts, "shard" | "maxMemoryPolicy">): string | undefined {
  if (maxMemoryPolicy === "noeviction") return undefined;
  return (
    `${shard}: its maxmemory-policy is "${maxMemoryPolicy}"; only "noeviction" is allowed, since an evicting shard ` +
    "drops copies without an error. Next: CONFIG SET maxmemory-policy noeviction, also in its configuration, and plan again."
  );
}
