import { withSession, type Session } from "../adapters/session";
import { GateClosedError } from "../engines/errors";
import {
  describeRings,
  readAbandonedRecord,
  writeMigrationRecord,
  type MigrationRecord,
} from "../engines/migration-record";
import type { Owner } from "../engines/run/owner";
import { adoptCommand } from "../engines/run/ownership-errors";
import { writeCards } from "../engines/run/shard-cards";
import type { Log } from "../engines/runtime";
import type { ShardStore } from "../engines/shard-store";
import { ownerOf } from "../entrypoints/backend-identity";
import { accessOf, addressesOf, ringsOf } from "../entrypoints/inputs";
import { sameList } from "../phases";
import { formatCount } from "../plan/format";
import { ownershipOf, type ShardOwnership } from "./ownership";
import { mayGoOn } from "./lost-shard";
import type { DeployedStack } from "./stack";

/**
 * Hands shards over to a stack's backend: those with a card of another backend or name, with one that cannot be read, or
 * with none. A migration that the same backend is in goes along. A shard that has lost its data must be named: what it
 * held alone is given up.
 *
 * @param named - the shard to hand over; undefined for all of the stack's but those that lost their data.
 * @throws GateClosedError when a shard cannot be handed over; nothing is changed then.
 */
export async function handOver({ gate, secrets }: DeployedStack, named: string | undefined, say: Log): Promise<void> {
  const { connection, ring } = gate;
  const names = Object.keys(connection.shards);
  if (named !== undefined && !names.includes(named)) {
    throw new GateClosedError(`${named} is no shard of this stack. Its shards are ${names.join(", ")}.`);
  }
  const owner = await ownerOf(gate);
  const plan = {
    ...{ addresses: addressesOf(connection), access: accessOf({ connection, ring }, secrets), rings: ringsOf(ring) },
    ...{ purpose: "adopt", log: say, dispensable: names.filter((name) => named !== undefined && name !== named) },
  };
  await withSession(plan, async (session) => {
    const all = await ownershipOf(session.stores, owner);
    const record = await readAbandonedRecord(knowing(all, ring.shards));
    const taken = all.filter((shard) => isTaken(shard, named));
    if (taken.length === 0) return say("every shard belongs to this backend already: nothing was changed");
    for (const shard of taken) refuse(shard, { gate, named, owner, record });
    await take(session, { all, taken, record, owner, gate }, say);
  });
}

/** A shard without a card gets one from the next `pulumi up`, unless it has lost its data. */
const isTaken = ({ is, store }: ShardOwnership, named: string | undefined): boolean =>
  named === undefined ? is !== "own" && is !== "none" : is !== "own" && store.name === named;

/**
 * The shards that are asked which migration is open: those of the current ring that are this backend's already, or all of
 * them where none is. A shard that comes from elsewhere may have an old record, and is believed nothing.
 */
function knowing(all: readonly ShardOwnership[], current: readonly string[]): readonly ShardStore[] {
  const readable = all.filter(({ store, recordIs }) => current.includes(store.name) && recordIs !== "another shard's");
  const own = readable.filter(({ is }) => is === "own");
  return (own.length > 0 ? own : readable).map(({ store }) => store);
}

interface Asked {
  readonly gate: DeployedStack["gate"];
  readonly named: string | undefined;
  readonly owner: Owner;
  readonly record: MigrationRecord | undefined;
}

function refuse(shard: ShardOwnership, { gate, named, owner, record }: Asked): void {
  const { name } = shard.store;
  if (shard.is === "lost" && named === undefined) {
    throw new GateClosedError(
      `${name} has lost its data. Restore it from its backup. To give up what it held run ${adoptCommand(owner.stack, name)}.`,
    );
  }
  if (shard.is === "lost" && record && !mayGoOn(record, gate)) {
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

interface Taking extends Omit<Asked, "named"> {
  readonly all: readonly ShardOwnership[];
  readonly taken: readonly ShardOwnership[];
}

async function take({ run }: Session, { all, taken, record, owner, gate }: Taking, say: Log): Promise<void> {
  const shards = all.filter((shard) => shard.is === "own" || taken.includes(shard));
  if (record) {
    const stores = shards.map(({ store }) => store);
    // What an emptied shard takes meanwhile does not stand against what the other owner holds.
    const lost = taken.filter(({ is }) => is === "lost").map(({ store }) => store.name);
    const lostWrites = [...new Set([...(record.lostWrites ?? []), ...lost])];
    await writeMigrationRecord(stores, run.token(), { ...record, ...owner, lostWrites });
    say(`migration ${record.id} (${describeRings(record)}) is this stack's: it goes on, or "stable" clears it away`);
  }
  await writeCards(shards, run.token(), { owner, ring: Object.keys(gate.connection.shards), epoch: gate.epoch });
  for (const shard of taken) say(await report(shard));
}

async function report({ store, is, was }: ShardOwnership): Promise<string> {
  if (is !== "lost")
    return `${store.name} belongs to this backend from now on${was === undefined ? "" : ` (before: ${was})`}`;
  const { keys } = await store.info();
  return (
    `${store.name} goes on with what it has now (${formatCount(keys)} keys, records of this program included). Given up is what it held alone: such ids are ` +
    "accepted once more. Keys that the other ring holds come back with the next verify."
  );
}
