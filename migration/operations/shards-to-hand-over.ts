/** Which shards `npm run adopt` takes, whom it believes, and what it refuses. */
import { GateClosedError } from "../engines/errors";
import { describeRings, type MigrationRecord } from "../engines/migration-record";
import type { Owner } from "../engines/run/owner";
import { adoptCommand } from "../engines/run/ownership-errors";
import type { ShardStore } from "../engines/shard-store";
import { sameList } from "../phases";
import { mayGoOn } from "./lost-shard";
import type { ShardOwnership } from "./ownership";
import type { DeployedStack } from "./stack";

/** A shard without a card gets one from the next `pulumi up`, unless it has lost its data. */
export function isTaken(
  shard: ShardOwnership,
  record: MigrationRecord | undefined,
  named: string | undefined,
): boolean {
  const { is, recordIs, store } = shard;
  if (named === undefined) return (is !== "own" && is !== "none") || recordIs === "unreadable";
  return store.name === named && (is !== "own" || recordIs === "unreadable" || hasForgotten(shard, record));
}

/** Whether a shard has its card, but not the record that others have: it was restored from a time before, or lost the key. */
export const hasForgotten = ({ is, recordIs }: ShardOwnership, record: MigrationRecord | undefined): boolean =>
  record !== undefined && is === "own" && recordIs === "none";

/**
 * The shards that are asked which migration is open: those of the current ring that are this backend's already and have a
 * record, else all that do, else all of the current ring. A shard that comes from elsewhere may have an old record, and is
 * believed nothing.
 */
export function knowing(all: readonly ShardOwnership[], current: readonly string[]): readonly ShardStore[] {
  const isCurrent = ({ store }: ShardOwnership) => current.includes(store.name);
  const own = all.filter(({ is, recordIs }) => is === "own" && recordIs === "own");
  const isAsked = [own.filter(isCurrent), own, all.filter((it) => isCurrent(it) && it.recordIs !== "another shard's")];
  return (isAsked.find((shards) => shards.length > 0) ?? []).map(({ store }) => store);
}

/** What an operator asks for, and what is known. */
export interface Asked {
  readonly gate: DeployedStack["gate"];
  readonly named: string | undefined;
  readonly owner: Owner;
  readonly record: MigrationRecord | undefined;
}

export function refuse(shard: ShardOwnership, { gate, named, owner, record }: Asked): void {
  const { name } = shard.store;
  if (shard.is === "lost" && named === undefined) {
    throw new GateClosedError(
      `${name} has lost its data. Restore it from its backup. To give up what it held run ${adoptCommand(owner.stack, name)}.`,
    );
  }
  const isLost = shard.is === "lost" || hasForgotten(shard, record);
  if (isLost && record && !mayGoOn(name, record, gate)) {
    throw new GateClosedError(
      `${name} has lost its data in migration ${record.id}, and what the other shards hold cannot take its place in this ` +
        `phase. Restore it from its backup, then run \`pulumi up\` again.`,
    );
  }
  const { shards } = gate.ring;
  const isOurs = record && (sameList(record.shards, shards) || sameList(record.targetShards, shards));
  if (shard.recordIs === "another shard's" || (shard.recordIs === "foreign" && !(isOurs && sameNames(record, owner)))) {
    throw new GateClosedError(
      `${name} is in the middle of another migration${record ? ` (${record.id}: ${describeRings(record)})` : ""}. Finish or ` +
        "leave that first, with the stack that began it. If that is gone, and nobody needs what the shard holds, delete its " +
        "key dedup-shards:migration.",
    );
  }
}

/** Another uid may be the same namespace, made once more; another name is another backend. */
const sameNames = ({ backend }: MigrationRecord, owner: Owner): boolean =>
  backend === undefined ||
  (backend.namespace === owner.backend.namespace && backend.configMap === owner.backend.configMap);
