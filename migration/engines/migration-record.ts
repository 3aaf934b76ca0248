import { isBackendIdentity, type BackendIdentity } from "../contract/shard-card";
import { isNotedProcess, type NotedProcess } from "../contract/shard-process";
import { HOLDS_IN, POD_CONFIGS, type Fact, type PodConfig, type RingState } from "../phases";
import { GateClosedError, OtherShardError } from "./errors";
import { LostRecordError, UnreadableRecordError, type Loss } from "./run/lost-record";
import type { Baseline } from "./service-metrics";
import type { FencingToken, ShardStore } from "./shard-store";

/**
 * What has been done in the open migration. Kept on every shard of both rings, because Pulumi's state may be older
 * than the truth, and because a shard that no longer knows the migration has lost its data as well.
 */
export interface MigrationRecord extends Omit<RingState, "phase"> {
  /** The backend whose migration this is, and the stack that began it. Not in records of before. */
  readonly backend?: BackendIdentity;
  readonly stack?: string;
  /** Rises with every change; after an interrupted write the highest one is right. */
  readonly sequence: number;
  /** When the migration was planned, as an id; checkpoints belong to it. */
  readonly id: string;
  /** Digest of the plan that was reviewed. */
  readonly digest: string;
  /** Keys to be moved, as counted when the migration was planned. */
  readonly movers: number;
  /** The service's figures when the migration was planned, those that were known. */
  readonly baseline?: Baseline;
  /**
   * What pods of each ring epoch run: noted by every gate before it lets the ring change. So a gate knows of a pod
   * what it does, however many `up`s have failed since it was started.
   */
  readonly configs?: Readonly<Record<number, PodConfig>>;
  /**
   * Keys on joining shards that they do not own in the target ring, as counted when the migration was planned first. More of
   * them later means that the backend takes the shard for another one.
   */
  readonly strays?: Readonly<Record<string, number>>;
  /** The checksum of each of these epochs' rings; not in records of before. */
  readonly checksums?: Readonly<Record<number, string>>;
  /** Whether copies have been made: where a shard of the current ring loses its data, they are what is left of it. */
  readonly hasCopies?: boolean;
  /** The ring epoch in which both rings were last found to hold the same. */
  readonly inStepSinceEpoch?: number;
  /** The ring epoch behind the cutover in which a verify last came out clean: the target ring has every acknowledged claim. */
  readonly verifiedInEpoch?: number;
  /** When reads moved to the target ring: the ring epoch, and Unix ms. */
  readonly cutover?: { readonly epoch: number; readonly atMs: number };
  /** The ring epoch in which the last pass of the cleanup found nothing. */
  readonly drainedInEpoch?: number;
  /**
   * The server process of each shard when both rings were last known to hold the same, or when nothing rested on that yet.
   * Not in records of before: a run notes the processes that it finds.
   */
  readonly processes?: Readonly<Record<string, NotedProcess>>;
  /** Shards that lost writes, as the cards of the others show, until a verify has come out clean. */
  readonly lostWrites?: readonly string[];
  /**
   * The shard that this copy of the record was written to, and in which write: an older version of this program writes
   * what it found on one shard to all. Not in records of before.
   */
  readonly on?: { readonly shard: string; readonly sequence: number };
}

/** @returns whether what was noted once still holds: no epoch since then has run a config that makes it untrue. */
export function holds(record: MigrationRecord, fact: Fact, epoch: number): boolean {
  const {
    inStepSinceEpoch: inStep,
    verifiedInEpoch: verified,
    cutover,
    drainedInEpoch: drained,
    configs = {},
  } = record;
  const since = { inStep, verified, cutover: cutover?.epoch, drained }[fact];
  if (since === undefined) return false;
  const later = Object.entries(configs).filter(([at]) => since <= Number(at) && Number(at) <= epoch);
  return later.every(([, config]) => HOLDS_IN[fact].includes(config));
}

/**
 * @param config - what pods run now.
 * @returns the record without the facts that this config makes untrue. The epoch in force may be lower than those that
 *   they were noted with: an older ring was put back.
 */
export function withoutUntrue(record: MigrationRecord, config: PodConfig): MigrationRecord {
  const { inStepSinceEpoch, verifiedInEpoch, cutover, drainedInEpoch, ...rest } = record;
  const stays = (fact: Fact) => HOLDS_IN[fact].includes(config);
  return {
    ...rest,
    ...(stays("inStep") && inStepSinceEpoch !== undefined ? { inStepSinceEpoch } : {}),
    ...(stays("verified") && verifiedInEpoch !== undefined ? { verifiedInEpoch } : {}),
    ...(stays("cutover") && cutover !== undefined ? { cutover } : {}),
    ...(stays("drained") && drainedInEpoch !== undefined ? { drainedInEpoch } : {}),
  };
}

const NAME = "migration";

/**
 * @returns the record, undefined when no shard has one.
 * @throws LostRecordError when some shards have it and others do not, or have that of another migration;
 *   UnreadableRecordError.
 */
export async function readMigrationRecord(shards: readonly ShardStore[]): Promise<MigrationRecord | undefined> {
  const texts = await Promise.all(shards.map((shard) => shard.readRecord(NAME)));
  const records = texts.map((text, i) => (text === undefined ? undefined : parse(text, shards[i] as ShardStore)));
  const newest = newestOf(records);
  if (newest === undefined) return undefined;
  const forgetful = shards.filter((_, i) => records[i]?.id !== newest.id).map(({ name }) => name);
  if (forgetful.length > 0) throw new LostRecordError(lossOf(forgetful, newest));
  return newest;
}

/**
 * The record of a migration that is being left: shards that do not know it are no reason to stay in it.
 * @returns the newest readable record, undefined when there is none.
 */
export async function readAbandonedRecord(shards: readonly ShardStore[]): Promise<MigrationRecord | undefined> {
  const records = await Promise.all(shards.map((shard) => readMigrationRecord([shard]).catch(ignoreUnreadable)));
  return newestOf(records);
}

function ignoreUnreadable(error: unknown): undefined {
  if (error instanceof GateClosedError) return undefined;
  throw error;
}

type Found = MigrationRecord | undefined;

const newestOf = (records: readonly Found[]): Found =>
  records.reduce<Found>((a, b) => ((b?.sequence ?? -1) > (a?.sequence ?? -1) ? b : a), undefined);

/** @returns whether a shard still knows the migration: one that does not has lost its data. */
export async function remembers(shard: ShardStore, record: MigrationRecord): Promise<boolean> {
  const text = await shard.readRecord(NAME);
  return text !== undefined && parse(text, shard).id === record.id;
}

/** @returns whether a shard has a record of any migration, also one that cannot be read. */
export const remembersAny = async (shard: ShardStore): Promise<boolean> => (await shard.readRecord(NAME)) !== undefined;

/** Throws when a shard that was restarted no longer knows the migration: it came back without its data. */
export async function assertRemembers(shard: ShardStore, record: MigrationRecord): Promise<void> {
  if (!(await remembers(shard, record))) throw new LostRecordError(lossOf([shard.name], record));
}

/**
 * Throws an OtherShardError when a shard's name leads to another shard of its migration: pods get new addresses when they start, one may get
 * that which another one had, and who connects by a name that was looked up before is there.
 */
export async function assertItself(shard: ShardStore): Promise<void> {
  const text = await shard.readRecord(NAME);
  if (text !== undefined) refuseOther(jsonOf(text), shard);
}

function refuseOther(found: unknown, shard: ShardStore): void {
  const { on, sequence } = fieldsOf(found);
  const written = fieldsOf(on);
  if (typeof written["shard"] !== "string" || written["sequence"] !== sequence) return;
  if (written["shard"] !== shard.name) throw new OtherShardError(shard.name, written["shard"]);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // what stands there is not a record
  }
}

/** @returns the rings of a migration, as a message says them. */
export const describeRings = ({ shards, targetShards, vnodes, keyPrefix }: Omit<RingState, "phase">): string =>
  `${shards.join(", ")} → ${targetShards.join(", ")} with ${vnodes} vnodes and keyPrefix "${keyPrefix}"`;

/** Writes the record, with the next sequence number, to all shards; undefined removes it. Returns what was written. */
export async function writeMigrationRecord<T extends MigrationRecord | undefined>(
  shards: readonly ShardStore[],
  token: FencingToken,
  record: T,
): Promise<T> {
  const next = record && { ...record, sequence: record.sequence + 1 };
  for (const shard of shards) await shard.writeRecord(token, NAME, next && JSON.stringify(markedFor(shard.name, next)));
  return next;
}

const markedFor = (shard: string, record: MigrationRecord): MigrationRecord => ({
  ...record,
  on: { shard, sequence: record.sequence },
});

function lossOf(shards: readonly string[], record: MigrationRecord): Loss {
  const { id: migrationId, shards: current, targetShards: target, configs = {} } = record;
  const epoch = Math.max(0, ...Object.keys(configs).map(Number));
  const inStep = holds(record, "inStep", epoch);
  return { shards, migrationId, current, target, config: configs[epoch] ?? "A", inStep };
}

function isRecord(value: unknown): value is MigrationRecord {
  const record = fieldsOf(value);
  return (
    [record.id, record.digest, record.keyPrefix].every((text) => typeof text === "string") &&
    [record.sequence, record.movers, record.vnodes].every(isWhole) &&
    [record.shards, record.targetShards].every(isNames) &&
    Object.entries(OPTIONAL).every(([name, is]) => record[name] === undefined || is(record[name]))
  );
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areAll = (value: unknown, is: (one: unknown) => boolean): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(is);
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === "string");
/** Beyond it there is no `Date`: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LAST_MS = 8.64e15;

/** What opens a gate must not be there by mistake. */
const OPTIONAL: Readonly<Partial<Record<keyof MigrationRecord, (value: unknown) => boolean>>> = {
  backend: isBackendIdentity,
  stack: (value) => typeof value === "string",
  baseline: (value) => areAll(value, Number.isFinite),
  configs: (value) => areAll(value, (config) => (POD_CONFIGS as readonly unknown[]).includes(config)),
  strays: (value) => areAll(value, isWhole),
  checksums: (value) => areAll(value, (checksum) => typeof checksum === "string"),
  hasCopies: (value) => typeof value === "boolean",
  inStepSinceEpoch: isWhole,
  verifiedInEpoch: isWhole,
  cutover: (value) => {
    const { epoch, atMs } = fieldsOf(value);
    return isWhole(epoch) && isWhole(atMs) && (atMs as number) <= LAST_MS;
  },
  drainedInEpoch: isWhole,
  processes: (value) => areAll(value, isNotedProcess),
  lostWrites: (value) => isNames(value),
};

function parse(text: string, shard: ShardStore): MigrationRecord {
  const found = jsonOf(text);
  refuseOther(found, shard);
  if (isRecord(found)) return found;
  throw new UnreadableRecordError(shard.name);
}
