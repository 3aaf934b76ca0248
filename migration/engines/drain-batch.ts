import { assertItself, assertRemembers, remembers, type MigrationRecord } from "./migration-record";
import type { OrphanAction, Run } from "./runtime";
import { ABSENT, type KeyState, type ShardStore } from "./shard-store";
import { copy } from "./sync";
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
}

/**
 * Takes keys off an owner that no longer decides. A key goes only when its new owner holds it (equal or not: the new owner
 * alone decides) or has just been given it (unless it is a left-over), and only if it is still what was read.
 */
export async function drainBatch(
  { run, throttle, record, orphans, forgetful }: Draining,
  source: ShardStore,
  owner: ShardStore,
  keys: readonly Buffer[],
): Promise<DrainCounts> {
  await throttle.take(keys.length);
  const held = (await throttle.observe(() => source.inspect(keys))).states;
  const there = (await throttle.observe(() => owner.inspect(keys))).states;
  // Led to the source itself its name would say that the owner has everything.
  await assertItself(owner);
  // Where an owner came back empty its keys are other claims, and the last of those before them are here.
  if (!forgetful && held.some((state, i) => areUnlike(state, there[i]))) await assertRemembers(owner, record);
  const only = keys.filter((_, i) => held[i]?.fingerprint !== "" && there[i]?.fingerprint === "");
  const absent = only.map((key) => ({ key, expected: ABSENT }));
  const rescue = only.length > 0 && (orphans !== "delete" || !(await remembers(owner, record)));
  const { written: rescued, expired } = rescue ? await copy(source, owner, absent, { run, record, throttle }) : NONE;
  // What is over by the owner's clock, and lives here, may be its last copy: it goes when it is over here as well.
  const going = keys.flatMap((key, i) => (expired.includes(key) ? [] : [{ key, seen: held[i] ?? ABSENT }]));
  const [goingKeys, seen] = [going.map(({ key }) => key), going.map(({ seen }) => seen)];
  await run.assertInForce?.();
  const outcomes = await throttle.observe(() => source.remove(run.token(), goingKeys, seen));
  // A reply lost to a restart is asked for again and says "gone" of what the first try removed.
  const gone = outcomes.filter((outcome, i) => outcome !== "changed" && seen[i]?.fingerprint !== "");
  return { checked: held.filter(({ fingerprint }) => fingerprint !== "").length, deleted: gone.length, rescued };
}

const NONE: { written: number; expired: readonly Buffer[] } = { written: 0, expired: [] };

/** Whether both exist, with different values. */
const areUnlike = (a: KeyState, b: KeyState = ABSENT): boolean =>
  a.fingerprint !== "" && b.fingerprint !== "" && a.fingerprint !== b.fingerprint;
