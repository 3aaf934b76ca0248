import { moveOf, openState, rolesOf, type RingState } from "../../phases";
import type { MigrationRecord } from "../migration-record";
import { suspectsAmong } from "../run/suspect-shards";
import type { ShardStore } from "../shard-store";

/** A move between two phases, and the shards that answer. */
interface Move {
  readonly from: RingState;
  readonly to: RingState;
  readonly shards: readonly ShardStore[];
  readonly record: MigrationRecord | undefined;
}

/**
 * @returns shards that may have lost writes, of the ring that has decided until now, and of the one that a way back leads
 *   to: what the other ring holds may be the last copy of what they lost.
 */
export async function suspectsOfMove({ from, to, shards, record }: Move): Promise<readonly string[]> {
  if (record === undefined) return [];
  const rings = openState(from, to);
  const leadsBack = moveOf(from.phase, to.phase).givesUp === "target";
  const decided = rolesOf(from.phase).primary === "current" ? rings.shards : rings.targetShards;
  const names = [...decided, ...(leadsBack ? rings.shards : [])];
  return suspectsAmong(
    shards.filter(({ name }) => names.includes(name)),
    record,
  );
}
