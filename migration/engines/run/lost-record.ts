/** Refusals to work on a shard that lacks the record of its migration, or has one that cannot be read. Pure. */
import { rolesIn, type PodConfig } from "../../phases";
import { GateClosedError } from "../errors";
import { adoptCommand } from "./ownership-errors";

/** What is known of a migration of which some shards have lost the record, and so their data. */
export interface Loss {
  readonly shards: readonly string[];
  readonly migrationId: string;
  readonly current: readonly string[];
  readonly target: readonly string[];
  /** What backend pods run. */
  readonly config: PodConfig;
  /** Whether both rings have held the same since dual-write was switched on. */
  readonly inStep: boolean;
}

/**
 * Whether a migration can go on with a shard that is empty now. A shard of the ring that only follows is filled again. Once
 * both rings were in step, what only the other ring holds is completed. Where one ring is left, the drain gives the shard
 * what it finds elsewhere. Otherwise a catch-up would take the last copies for left-overs.
 */
export function canBeSpared(shard: string, { current, target, config, inStep }: Omit<Loss, "shards" | "migrationId">) {
  const deciding = rolesIn(config).primary === "current" ? current : target;
  return !deciding.includes(shard) || config === "B" || inStep;
}

/** Shards do not know the migration that others are in: they lost their data, or are other servers. */
export class LostRecordError extends GateClosedError {
  readonly shards: readonly string[];

  constructor(loss: Loss) {
    super(
      `${loss.shards.join(", ")} does not know migration ${loss.migrationId} that the other shards are in: it was emptied, ` +
        `replaced or restarted without its data. Restore it from its backup${waysOn(loss)}`,
    );
    this.name = "LostRecordError";
    this.shards = loss.shards;
  }
}

function waysOn(loss: Loss): string {
  const [first = ""] = loss.shards;
  const isJoining = loss.shards.every((shard) => !loss.current.includes(shard));
  const readsCurrent = rolesIn(loss.config).primary === "current";
  const adopt = `To go on without what it alone held run ${adoptCommand(undefined, first)}, then run \`pulumi up\` again.`;
  if (readsCurrent && isJoining) {
    return `, or go back to migrationPhase "stable", which does not need it. ${adopt}`;
  }
  if (loss.config === "A") {
    return (
      ', or go back to migrationPhase "stable": the shard gets the copies of its keys that other shards hold, and the next ' +
      "plan names the command to go on without the others."
    );
  }
  if (loss.shards.every((shard) => canBeSpared(shard, loss))) return `. ${adopt}`;
  return ", because no other shard holds all of its keys in this phase. Then run `pulumi up` again.";
}

/** What stands in the place of a shard's migration record cannot be read; its keys have nothing to do with that. */
export class UnreadableRecordError extends GateClosedError {
  constructor(readonly shard: string) {
    super(
      `the migration record on ${shard} cannot be read (key dedup-shards:migration), so nothing was changed. If a newer ` +
        "version of this program wrote it, run that version. Otherwise write it again, as the other shards have it, with " +
        `${adoptCommand(undefined, shard)}, then run \`pulumi up\` again.`,
    );
    this.name = "UnreadableRecordError";
  }
}

/** No shard has the record of the migration that the stack is in. */
export class NoRecordError extends GateClosedError {
  /** @param isPlanned - whether the stack is in the phase whose `up` records the plan. */
  constructor(isPlanned: boolean) {
    super(
      isPlanned
        ? 'no plan is recorded on the shards. Set migrationPhase to "plan" and run `pulumi up` first.'
        : "no plan is recorded on the shards, though the stack is in the middle of a migration. If the `up` of " +
            '"plan" did not get to its end, go back to that phase. If somebody deleted the records, make them again with ' +
            `${adoptCommand(undefined)}, then run \`pulumi up\` again.`,
    );
    this.name = "NoRecordError";
  }
}
