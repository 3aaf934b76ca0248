import { canBeSpared } from "../engines/run/lost-record";
import { holds, type MigrationRecord } from "../engines/migration-record";
import type { CheckedGateInputs } from "../entrypoints/gate-inputs";
import { podConfigOf } from "../phases";

/** @returns whether an open migration can go on with a shard that is empty now, as {@link canBeSpared} says. */
export function mayGoOn(
  shard: string,
  record: MigrationRecord,
  { phase, epoch }: Pick<CheckedGateInputs, "phase" | "epoch">,
): boolean {
  const { shards: current, targetShards: target } = record;
  const inStep = holds(record, "inStep", epoch);
  return canBeSpared(shard, { current, target, config: podConfigOf(phase), inStep });
}
