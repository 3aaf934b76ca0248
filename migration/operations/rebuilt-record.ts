/** The record of an open migration that no shard has any more, as far as the stack's state knows it. Pure. */
import { CHECKSUM_KEY } from "../contract/ring-config-map";
import type { MigrationRecord } from "../engines/migration-record";
import type { CheckedGateInputs } from "../entrypoints/gate-inputs";
import { podConfigOf, rolesOf } from "../phases";
import { planDigest } from "../plan/digest";
import type { PlanOutput } from "./stack";

/**
 * @param plan - the plan in the state; undefined where there is none of this migration.
 * @returns a record with the rings, and with what pods of the epoch in force run. What cannot be known counts as not done: the
 *   rings are not in step, nothing is verified or drained, and the TTL window begins once more.
 */
export function rebuiltRecord(gate: CheckedGateInputs, plan: PlanOutput | undefined, nowMs: number): MigrationRecord {
  const { ring, phase, epoch, data, migration } = gate;
  const { shards: current, targetShards: target, vnodes, keyPrefix } = ring;
  const checksum = data[CHECKSUM_KEY];
  return {
    ...{ shards: current, targetShards: target, vnodes, keyPrefix, sequence: 0, hasCopies: true },
    id: plan?.migration_id ?? `recorded-again-${migration}`,
    digest: plan?.digest ?? planDigest({ current, target, vnodes, keyPrefix }),
    movers: plan?.total_keys_to_move ?? 0,
    configs: { [epoch]: podConfigOf(phase) },
    ...(checksum ? { checksums: { [epoch]: checksum } } : {}),
    ...(rolesOf(phase).primary === "target" ? { cutover: { epoch, atMs: nowMs } } : {}),
  };
}
