import { hasWork, neededShards, rolesOf, type Phase } from "../phases";
import { keyOf, show, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";

/**
 * The StatefulSet is called `redis-dedup-<name>`. Kubernetes labels its pods with that name, a dash and a hash of up
 * to ten characters, and a label holds 63: https://github.com/kubernetes/kubernetes/issues/64023
 */
export const MAX_SHARD_NAME_LENGTH = 63 - "-0123456789".length - "redis-dedup-".length;

/** @returns what is wrong with the two rings. */
export function ringProblems(config: Partial<ParsedConfig>): ConfigProblem[] {
  return [
    ...duplicates("shards", config),
    ...duplicates("targetShards", config),
    ...names(config),
    ...target(config),
    ...forced(config),
  ];
}

function duplicates(ring: "shards" | "targetShards", config: Partial<ParsedConfig>): ConfigProblem[] {
  const shards = config[ring] ?? [];
  return shards.flatMap((name, i) => {
    const first = shards.indexOf(name);
    return first === i ? [] : [{ key: keyOf(ring, i), value: show(name), allowed: `each shard once (see [${first}])` }];
  });
}

/** The shards that this program runs give their names to Kubernetes objects. */
function names(config: Partial<ParsedConfig>): ConfigProblem[] {
  const { shards = [], targetShards = [], shardUrls } = config;
  if (shardUrls === undefined) return [];
  const added = targetShards.map((name, i) => ({ key: keyOf("targetShards", i), name }));
  const all = [...shards.map((name, i) => ({ key: keyOf("shards", i), name })), ...added];
  const managed = all.filter(({ name }, i) => !Object.hasOwn(shardUrls, name) && firstOf(all, name) === i);
  return [...managed.flatMap(nameProblem), ...labelClashes(managed)];
}

interface NamedShard {
  readonly key: string;
  readonly name: string;
}

const firstOf = (all: readonly NamedShard[], name: string): number => all.findIndex((shard) => shard.name === name);

function nameProblem({ key, name }: NamedShard): ConfigProblem[] {
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= MAX_SHARD_NAME_LENGTH) return [];
  const allowed =
    `lower-case letters, digits and dashes, at most ${MAX_SHARD_NAME_LENGTH} characters, ` +
    "for a shard that this program runs (any name for one in dedup-shards:shardUrls)";
  return [{ key, value: show(name), allowed }];
}

/** `shard-3` and `3` would both carry the label `shard: "3"`, and each StatefulSet would take the other's pod. */
function labelClashes(managed: readonly NamedShard[]): ConfigProblem[] {
  return managed.flatMap(({ key, name }, i) => {
    const other = managed.slice(0, i).find((shard) => labelOf(shard.name) === labelOf(name));
    const allowed = `a name that differs from ${show(other?.name)} in more than the leading "shard-"`;
    return other === undefined ? [] : [{ key, value: show(name), allowed }];
  });
}

const labelOf = (name: string): string => name.replace(/^shard-/, "");

function target({ migrationPhase, shards, targetShards }: Partial<ParsedConfig>): ConfigProblem[] {
  if (!migrationPhase || !shards || !targetShards || !usesTarget(migrationPhase)) return [];
  const key = keyOf("targetShards");
  const inPhase = `in dedup-shards:migrationPhase ${show(migrationPhase)}`;
  if (targetShards.length === 0) return [{ key, value: "empty", allowed: `at least one shard name ${inPhase}` }];
  const differs = targetShards.length !== shards.length || targetShards.some((name, i) => name !== shards[i]);
  const allowed = `another ring than dedup-shards:shards ${inPhase} (targetShards equals shards: nothing to migrate)`;
  return differs ? [] : [{ key, value: show(targetShards), allowed }];
}

/** Nobody may be told to throw away the keys of a shard that stays. */
function forced({ migrationPhase, shards, targetShards, forceRemoveShards = [] }: Partial<ParsedConfig>) {
  if (!migrationPhase || !shards || !targetShards) return [];
  const stay = neededShards({ phase: migrationPhase, shards, targetShards });
  const allowed = `only shards that go; in dedup-shards:migrationPhase ${show(migrationPhase)} this one stays`;
  return forceRemoveShards.flatMap((name, i): ConfigProblem[] =>
    stay.includes(name) ? [{ key: keyOf("forceRemoveShards", i), value: show(name), allowed }] : [],
  );
}

/** Whether keys are copied to the target ring or the backend uses it. */
function usesTarget(phase: Phase): boolean {
  const { primary, secondary } = rolesOf(phase);
  return hasWork(phase, "preCopy") || primary === "target" || secondary === "target";
}
