/** Whether the shards can take what the copy brings, judged before anything moves. */
import type { ShardCensus } from "./census";
import { formatBytes, formatCount } from "./format";
import { policyProblem, versionProblem } from "./server-problems";

/** A shard may be filled to this part of its memory: a fork for a snapshot can need as much again. */
export const HEADROOM_FRACTION = 0.5;

export interface ShardMemory {
  readonly shard: string;
  /** Which server process it is a database of. Absent where that is unknown: then it is a server of its own. */
  readonly server?: string;
  readonly usedBytes: number;
  /** 0 = unlimited. */
  readonly maxMemoryBytes: number;
  /** The container's memory limit, where there is one. */
  readonly containerLimitBytes?: number;
  readonly maxMemoryPolicy: string;
  /** As `INFO server` says it: `7.0.15`. */
  readonly version: string;
}

interface Incoming {
  readonly keys: number;
  readonly bytes: number;
}

/**
 * Why the copy must not start; empty when it may. Each message names the shard, the figures and the next step; shards
 * come in the target ring's order, then the others.
 *
 * - Every shard counted, listed or in the target ring must have answered, with Redis 7.0 or newer.
 * - A shard of the target ring must not evict: with any other policy than `noeviction` Redis drops copies without an
 *   error.
 * - What a server holds and the movers that come to all of its databases must fit in half of the smaller of `maxmemory` and
 *   the container's limit. Movers that are there already come to nothing more. Where neither limit is known nothing is refused:
 *   {@link capacityWarnings} says so.
 *
 * @param census of the shards of both rings
 * @param memory of the shards of both rings
 * @param target the shard names of the target ring
 */
export function capacityProblems(
  census: readonly ShardCensus[],
  memory: readonly ShardMemory[],
  target: readonly string[],
): readonly string[] {
  const known = new Map(memory.map((of) => [of.shard, of]));
  const names = new Set([...target, ...census.map(({ shard }) => shard), ...known.keys()]);
  return [...names].flatMap((shard) => {
    const of = known.get(shard);
    if (of === undefined) return [`${shard}: its memory and version are unknown. ${NEXT_UNKNOWN}`];
    const mates = databasesBeside(of, memory, target);
    // Of shards that share a server the first one speaks for all.
    const headroom = mates[0] === shard ? [headroomProblem(of, mates, census)] : [];
    const checks = target.includes(shard) ? [policyProblem(of), ...headroom] : [];
    return [versionProblem(of), ...checks].filter((problem) => problem !== undefined);
  });
}

/**
 * The shards of which nobody knows whether the movers fit, because they have neither `maxmemory` nor a container
 * limit; one message each, in the target ring's order.
 */
export function capacityWarnings(
  census: readonly ShardCensus[],
  memory: readonly ShardMemory[],
  target: readonly string[],
): readonly string[] {
  const known = new Map(memory.map((of) => [of.shard, of]));
  return target.flatMap((shard) => {
    const of = known.get(shard);
    if (of === undefined || limitOf(of) !== undefined) return [];
    const mates = databasesBeside(of, memory, target);
    const incoming = incomingTo(mates, census);
    if (mates[0] !== shard || incoming.bytes === 0) return [];
    const needed = formatBytes((of.usedBytes + incoming.bytes) / HEADROOM_FRACTION, Math.ceil);
    return [
      `${nameOf(mates)}: whether ${describe(incoming)} fit is unknown: maxmemory is 0 (unlimited) and no container limit ` +
        `is known. Next: set maxmemory, or make sure that the machine has ${needed} for ${mates.length > 1 ? "this server" : "this shard"}.`,
    ];
  });
}

const NEXT_UNKNOWN = "Next: make sure that the shard answers INFO and CONFIG GET, and plan again.";

/** @returns the shards of the target ring that are databases of the same server as one of them, in the ring's order. */
function databasesBeside(
  of: ShardMemory,
  memory: readonly ShardMemory[],
  target: readonly string[],
): readonly string[] {
  if (of.server === undefined) return [of.shard];
  const there = new Set(memory.filter(({ server }) => server === of.server).map(({ shard }) => shard));
  return target.filter((shard) => there.has(shard));
}

const nameOf = (shards: readonly string[]): string =>
  shards.length > 1 ? `${shards.join(", ")} (databases of one server)` : shards.join();

function headroomProblem(of: ShardMemory, shards: readonly string[], census: readonly ShardCensus[]) {
  const [limit, incoming] = [limitOf(of), incomingTo(shards, census)];
  const copiedBytes = shards.reduce((sum, shard) => sum + copiesOn(shard, census), 0);
  const coming = shards.reduce((sum, shard) => sum + yetToCome(shard, census), 0);
  const after = of.usedBytes + coming;
  if (limit === undefined || incoming.bytes === 0 || after <= limit.bytes * HEADROOM_FRACTION) return undefined;
  return (
    `${nameOf(shards)}: ${describe(incoming)} do not fit: with the ${formatBytes(of.usedBytes)} in use ` +
    `${copiedBytes > 0 ? `(${formatBytes(copiedBytes)} of them are copies already) ` : ""}they make ` +
    `${formatBytes(after, Math.ceil)}, and only half of its ${limit.name} of ${formatBytes(limit.bytes)} ` +
    `(${formatBytes(limit.bytes * HEADROOM_FRACTION, Math.floor)}) may be filled. Next: raise its ${limit.name} to ` +
    `${formatBytes(after / HEADROOM_FRACTION, Math.ceil)} or add shards to the target ring, and plan again.`
  );
}

/** Bytes that a shard does not hold yet: a database with more copies than movers makes no room for another one's. */
const yetToCome = (shard: string, census: readonly ShardCensus[]): number =>
  Math.max(0, incomingTo([shard], census).bytes - copiesOn(shard, census));

function limitOf({ maxMemoryBytes, containerLimitBytes = 0 }: ShardMemory) {
  const limits = [
    { name: "maxmemory", bytes: maxMemoryBytes },
    { name: "container limit", bytes: containerLimitBytes },
  ].filter(({ bytes }) => bytes > 0);
  return limits.sort((a, b) => a.bytes - b.bytes)[0];
}

function incomingTo(shards: readonly string[], census: readonly ShardCensus[]): Incoming {
  const edges = census.flatMap((from) => from.edges).filter(({ to }) => shards.includes(to));
  return edges.reduce((sum, { keys, bytes }) => ({ keys: sum.keys + keys, bytes: sum.bytes + bytes }), {
    keys: 0,
    bytes: 0,
  });
}

const copiesOn = (shard: string, census: readonly ShardCensus[]): number =>
  census.find((of) => of.shard === shard)?.copies.bytes ?? 0;

function describe({ keys, bytes }: Incoming): string {
  return `movers of ${formatBytes(bytes)} (${formatCount(keys)} key${keys === 1 ? "" : "s"})`;
}
