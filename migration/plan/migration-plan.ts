/** The plan as the runbook's JSON: plain data, fit for a stack output. */
import { HashRing } from "../ring/ring";
import { edgeShares } from "../ring/share";
import { assertCensusFits, type BigKey, edgeName, servedKeys, type ShardCensus } from "./census";
import { type DigestInput, planDigest } from "./digest";
import { edgeDurations, formatDuration } from "./duration";
import { planWarnings } from "./warnings";

/** How many misplaced and biggest keys a plan names. */
export const PLAN_EXAMPLES = 10;

export interface MigrationPlanInput extends DigestInput {
  readonly census: readonly ShardCensus[];
  /** The throttle of the copy: a ceiling for the whole run. */
  readonly keysPerSecond: number;
  /** When the plan is made: gives the migration its id. */
  readonly now: Date;
}

export interface Topology {
  readonly shards: number;
  /** Keys that the ring serves; a migration neither loses nor makes any, so both topologies say the same. */
  readonly total_keys: number;
}

export interface EdgeMigration {
  readonly from: string;
  readonly to: string;
  readonly keys_to_move: number;
  /** Memory of these keys, in bytes. */
  readonly bytes: number;
  /** The edge's part of the keyspace, from 0 to 1, to six decimals. */
  readonly share: number;
  /** Until the edge is done, at the throttle: `45s`, `45m`, `2h 5m`. */
  readonly estimated_duration: string;
}

export interface MigrationPlan {
  /** The time of the plan in UTC: `20250115-103000`. */
  readonly migration_id: string;
  /** See {@link planDigest}. */
  readonly digest: string;
  readonly old_topology: Topology;
  readonly new_topology: Topology;
  /** Every edge with a share, in ring order, also those without a key. */
  readonly migrations: readonly EdgeMigration[];
  readonly total_keys_to_move: number;
  readonly total_bytes_to_move: number;
  /** Of the keys, in percent, to one decimal. */
  readonly percentage_to_move: number;
  /** Until the last edge is done. */
  readonly estimated_duration: string;
  /** Keys on shards that do not own them in the current ring; they are not in `total_keys`. */
  readonly misplaced_keys: number;
  readonly misplaced_examples: readonly { readonly shard: string; readonly key: string }[];
  /** Keys without the prefix: no migration touches them. */
  readonly other_keys: number;
  /** The biggest keys of all shards, biggest first. */
  readonly biggest_keys: readonly BigKey[];
  /** See {@link planWarnings}. */
  readonly warnings: readonly string[];
}

/**
 * The plan of a migration: what moves where, how much it is and how long it takes (see `duration.ts` for the model).
 *
 * @throws InvalidRingError for a ring that cannot be built, CensusError for a census of other rings, RangeError for
 *   a throttle or a date that makes no sense
 */
export function migrationPlan(input: MigrationPlanInput): MigrationPlan {
  const { current, target, census } = input;
  assertCensusFits(input, census);
  const edges = countedEdges(input);
  const seconds = edgeDurations(edges, input.keysPerSecond);
  const total = servedKeys(current, census);
  const moving = sumOf(edges, ({ keys }) => keys);
  return {
    migration_id: migrationId(input.now),
    digest: planDigest(input),
    old_topology: { shards: current.length, total_keys: total },
    new_topology: { shards: target.length, total_keys: total },
    migrations: edges.map(({ from, to, keys, bytes, share }, i) => {
      return { from, to, keys_to_move: keys, bytes, share, estimated_duration: formatDuration(seconds[i]!) };
    }),
    total_keys_to_move: moving,
    total_bytes_to_move: sumOf(edges, ({ bytes }) => bytes),
    percentage_to_move: total === 0 ? 0 : Math.round((moving / total) * 1000) / 10,
    estimated_duration: formatDuration(Math.max(0, ...seconds)),
    ...oddities(census),
    warnings: planWarnings(input),
  };
}

/**
 * A migration's id: the time in UTC as `YYYYMMDD-HHMMSS`.
 *
 * @throws RangeError for an invalid date
 */
export function migrationId(now: Date): string {
  return now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

function countedEdges({ current, target, vnodes, census }: MigrationPlanInput) {
  const counted = new Map(census.flatMap(({ edges }) => edges).map((edge) => [edgeName(edge), edge]));
  return edgeShares(new HashRing(current, vnodes), new HashRing(target, vnodes)).map(({ from, to, fraction }) => {
    const { keys = 0, bytes = 0 } = counted.get(edgeName({ from, to })) ?? {};
    return { from, to, keys, bytes, share: Math.round(fraction * 1e6) / 1e6 };
  });
}

function oddities(census: readonly ShardCensus[]) {
  const examples = census.flatMap(({ shard, misplacedExamples }) => misplacedExamples.map((key) => ({ shard, key })));
  const biggest = census.flatMap((shard) => shard.biggest).sort((a, b) => b.bytes - a.bytes);
  return {
    misplaced_keys: sumOf(census, ({ misplaced }) => misplaced),
    misplaced_examples: examples.slice(0, PLAN_EXAMPLES),
    other_keys: sumOf(census, ({ otherKeys }) => otherKeys),
    biggest_keys: biggest.slice(0, PLAN_EXAMPLES),
  };
}

function sumOf<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
