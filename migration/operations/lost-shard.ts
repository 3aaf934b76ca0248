import { holds, type MigrationRecord } from "../engines/migration-record";
import type { CheckedGateInputs } from "../entrypoints/gate-inputs";
import { rolesOf } from "../phases";

/**
 * Whether an open migration can go on with a shard that is empty now. Once both rings were in step what only the other
 * ring holds is completed, and where one ring is written only, the drain rescues what the deciding shard does not hold.
 * Before that the catch-up would take the last copies for left-overs.
 */
export function mayGoOn(
  record: MigrationRecord,
  { phase, epoch }: Pick<CheckedGateInputs, "phase" | "epoch">,
): boolean {
  const { primary, secondary } = rolesOf(phase);
  const isDraining = primary === "target" && secondary === undefined;
  return isDraining || holds(record, "inStep", epoch);
}
