import { copy } from "./keys/copy";
import { assertItself, assertRemembers, remembers, type MigrationRecord } from "./migration-record";
import type { DecidingShards } from "./run/suspect-shards";
import type { OrphanAction, Run } from "./runtime";
import { ABSENT, type KeyState, type ShardStore } from "./shard-store";
import type { Throttle } from "./throttle";

/** What was taken off the old owners. */
export interface DrainCounts {
  /** Keys that had to go. */
  checked: number;
  /** Those of them that are gone. */
  deleted: number;
  /** Keys that only the old owner held: they were copied to the new one first. */
  rescued: number;
}

interface Draining {
  readonly run: Run;
  readonly throttle: Throttle;
  readonly record: MigrationRecord;
  readonly orphans: OrphanAction;
  readonly forgetful: boolean;
  readonly deciding: DecidingShards;
}

/**
 * Takes keys off an owner that no longer decides. A key goes only when its new owner holds it (equal or not: the new owner
 * alone decides) or has just been given it (unless it is a left-over), and only if it is still what was read. A new owner
 * that may have lost writes is given the old one's copy first, also in the place of another one.
 */
export async function drainBatch(
  job: Draining,
  source: ShardStore,
  owner: ShardStore,
  keys: readonly Buffer[],
): Promise<DrainCounts> {
  const { run, throttle, record, forgetful } = job;
  await throttle.take(keys.length);
  const held = (await throttle.observe(() => source.inspect(keys))).states;
  const there = (await throttle.observe(() => owner.inspect(keys))).states;
  // If the owner's name resolves to the source, the owner would seem to have every key.
  await assertItself(owner);
  const unlike = keys.flatMap((key, i) =>
    areUnlike(held[i], there[i]) ? [{ key, expected: there[i] ?? ABSENT }] : [],
  );
  // Where an owner came back empty its keys are other claims, and the last of those before them are here.
  if (!forgetful && unlike.length > 0) await assertRemembers(owner, record);
  const only = keys.filter((_, i) => held[i]?.fingerprint !== "" && there[i]?.fingerprint === "");
  const given = await giveToOwner(job, { source, owner, only, unlike });
  // What is over by the owner's clock, and lives here, may be its last copy: it goes when it is over here as well.
  const going = keys.flatMap((key, i) => (given.stay.includes(key) ? [] : [{ key, seen: held[i] ?? ABSENT }]));
  const [goingKeys, seen] = [going.map(({ key }) => key), going.map(({ seen }) => seen)];
  await run.assertInForce?.();
  const outcomes = await throttle.observe(() => source.remove(run.token(), goingKeys, seen));
  // A reply lost to a restart is asked for again and says "gone" of what the first try removed.
  const gone = outcomes.filter((outcome, i) => outcome !== "changed" && seen[i]?.fingerprint !== "");
  const checked = held.filter(({ fingerprint }) => fingerprint !== "").length;
  return { checked, deleted: gone.length, rescued: given.written };
}

interface Drained {
  readonly source: ShardStore;
  readonly owner: ShardStore;
  /** Keys that only the source holds. */
  readonly only: readonly Buffer[];
  /** Keys that the owner holds with another value. */
  readonly unlike: readonly { readonly key: Buffer; readonly expected: KeyState }[];
}

/** Gives the new owner what it should have. @returns how much was written, and the keys that must stay on the old owner. */
async function giveToOwner(job: Draining, { source, owner, only, unlike }: Drained) {
  if (only.length + unlike.length === 0) return { written: 0, stay: [] };
  const { record, orphans, deciding } = job;
  // Asked after both were looked at.
  const standing = await deciding.standing(owner);
  const keepsOrphans = orphans !== "delete" || standing !== "same" || !(await remembers(owner, record));
  const absent = keepsOrphans ? only.map((key) => ({ key, expected: ABSENT })) : [];
  const rescued = await copy(source, owner, absent, job);
  const replaces = unlike.length > 0 && standing === "suspect" && (await isReplaced(job, source, owner));
  const mayOverwrite = async () => (await deciding.standing(source)) !== "suspect";
  const replaced = await copy(source, owner, replaces ? unlike : [], { ...job, mayOverwrite });
  return {
    written: rescued.written + replaced.written,
    stay: [...rescued.expired, ...replaced.expired, ...replaced.changed],
  };
}

/**
 * Whether the old owner's copies take the place of others on a new owner that may have lost writes: they were acknowledged
 * when both rings held them. Not before the rings were in step, and not on an owner that was emptied and is left what it has.
 */
async function isReplaced({ record, orphans, forgetful, deciding }: Draining, source: ShardStore, owner: ShardStore) {
  if (orphans === "delete" || (forgetful && !(await remembers(owner, record)))) return false;
  if ((await deciding.standing(source)) === "suspect") {
    deciding.say(
      `${owner.name} and ${source.name} may both have lost writes: where they differ the copies of ${owner.name} stand`,
    );
    return false;
  }
  deciding.say(
    `${owner.name} may have lost writes: where it differs from ${source.name} the copies of ${source.name} stand`,
  );
  return true;
}

/** Whether both exist, with different values. */
const areUnlike = (a: KeyState = ABSENT, b: KeyState = ABSENT): boolean =>
  a.fingerprint !== "" && b.fingerprint !== "" && a.fingerprint !== b.fingerprint;
