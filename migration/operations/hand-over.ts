import { withSession, type Session } from "../adapters/session";
import { GateClosedError } from "../engines/errors";
import {
  describeRings,
  readAbandonedRecord,
  writeMigrationRecord,
  type MigrationRecord,
} from "../engines/migration-record";
import { writeCards } from "../engines/run/shard-cards";
import type { Log } from "../engines/runtime";
import { ownerOf } from "../entrypoints/backend-identity";
import { accessOf, addressesOf, ringsOf } from "../entrypoints/inputs";
import { hasWork, isOpen } from "../phases";
import { formatCount } from "../plan/format";
import { ownershipOf, type ShardOwnership } from "./ownership";
import { rebuiltRecord } from "./rebuilt-record";
import { hasForgotten, isTaken, knowing, refuse, type Asked } from "./shards-to-hand-over";
import type { DeployedStack } from "./stack";

/**
 * Hands shards over to a stack's backend: those with a card of another backend or name, with one that cannot be read, or
 * with none. A migration that the same backend is in goes along; its record is written again where it cannot be read. A
 * shard that has lost its data, or its record, must be named: what it held alone is given up. Where no shard has the record
 * of the open migration, it is made from the stack's state.
 *
 * @param named - the shard to hand over; undefined for all of the stack's but those that lost their data.
 * @throws GateClosedError when a shard cannot be handed over; nothing is changed then.
 */
export async function handOver(stack: DeployedStack, named: string | undefined, say: Log): Promise<void> {
  const { gate, secrets } = stack;
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
    const known = await readAbandonedRecord(knowing(all, ring.shards));
    if (known === undefined && isRecordGone(session, all, gate))
      return recordAgain(session, { all, owner }, stack, say);
    const taken = all.filter((shard) => isTaken(shard, known, named));
    if (taken.length === 0) return say("every shard belongs to this backend already: nothing was changed");
    for (const shard of taken) refuse(shard, { gate, named, owner, record: known });
    await take(session, { all, taken, record: known, owner, gate }, say);
  });
}

/** Whether all shards are this backend's, and none has the record of the migration that the stack is in, beyond its plan. */
function isRecordGone(
  { outOfReach }: Session,
  all: readonly ShardOwnership[],
  { phase }: DeployedStack["gate"],
): boolean {
  const lacksRecord = ({ is, recordIs }: ShardOwnership) =>
    is === "own" && (recordIs === "none" || recordIs === "unreadable");
  return isOpen(phase) && !hasWork(phase, "plan") && outOfReach.length === 0 && all.every(lacksRecord);
}

async function recordAgain(
  { run }: Session,
  { all, owner }: Pick<Taking, "all" | "owner">,
  { gate, plan }: DeployedStack,
  say: Log,
): Promise<void> {
  const record = { ...rebuiltRecord(gate, plan, run.clock.now()), ...owner };
  await writeMigrationRecord(
    all.map(({ store }) => store),
    run.token(),
    record,
  );
  say(
    `no shard had the record of the open migration: it is recorded again as ${record.id} (${describeRings(record)}). What ` +
      `the stack's state does not know counts as not done. Run \`npm run repair -- --stack ${owner.stack ?? "STACK"}\`, ` +
      `which does the work of "${gate.phase}" again.`,
  );
}

interface Taking extends Omit<Asked, "named"> {
  readonly all: readonly ShardOwnership[];
  readonly taken: readonly ShardOwnership[];
}

async function take({ run }: Session, { all, taken, record, owner, gate }: Taking, say: Log): Promise<void> {
  const shards = all.filter((shard) => shard.is === "own" || taken.includes(shard));
  if (record) {
    const knowing = shards.filter((shard) => taken.includes(shard) || !hasForgotten(shard, record));
    const stores = knowing.map(({ store }) => store);
    // What an emptied shard takes meanwhile does not stand against what the other owner holds.
    const lost = taken.filter((shard) => shard.is === "lost" || hasForgotten(shard, record));
    const lostWrites = [...new Set([...(record.lostWrites ?? []), ...lost.map(({ store }) => store.name)])];
    const facts = lost.length > 0 ? unverified(record) : record;
    await writeMigrationRecord(stores, run.token(), { ...facts, ...owner, lostWrites });
    say(`migration ${record.id} (${describeRings(record)}) is this stack's: it goes on, or "stable" clears it away`);
  }
  await writeCards(shards, run.token(), { owner, ring: Object.keys(gate.connection.shards), epoch: gate.epoch });
  for (const shard of taken) say(await report(shard, record));
}

/** The target ring may lack what a shard has lost, until the next verify. */
function unverified(record: MigrationRecord): MigrationRecord {
  const rest: { -readonly [Field in keyof MigrationRecord]: MigrationRecord[Field] } = { ...record };
  delete rest.verifiedInEpoch;
  return rest;
}

async function report(shard: ShardOwnership, record: MigrationRecord | undefined): Promise<string> {
  const { store, is, was, recordIs } = shard;
  if (is === "own" && recordIs === "unreadable") return `${store.name} has the record of the migration again`;
  if (is !== "lost" && !hasForgotten(shard, record))
    return `${store.name} belongs to this backend from now on${was === undefined ? "" : ` (before: ${was})`}`;
  const { keys } = await store.info();
  return (
    `${store.name} goes on with what it has now (${formatCount(keys)} keys, records of this program included). Given up is what it held alone: such ids are ` +
    "accepted once more. Keys that the other ring holds come back with the next verify, such as that of `npm run repair`."
  );
}
