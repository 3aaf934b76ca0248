import { compare, EXPIRING_WITHIN_MS, extras, laterClock, type Difference } from "./compare";
import { copy, type Copied } from "./keys/copy";
import { whoseCopyStands } from "./keys/whose-copy-stands";
import { assertRemembers, type MigrationRecord } from "./migration-record";
import type { DecidingShards } from "./run/suspect-shards";
import type { ExtraAction, Run } from "./runtime";
import { ABSENT, KEYS_PER_DIGEST, type KeyState, type ShardStore } from "./shard-store";
import type { Throttle } from "./throttle";

/** A difference that is a claim on its way to the second owner is gone after this time. */
const SETTLE_MS = 250;
/** More differences than this in one batch are not claims on their way. */
const SETTLE_AT_MOST = 10;
/** Redis takes no argument above 512 MiB. A value that leaves no room for its key is compared, and then sent by itself. */
const LARGEST_BUNDLE_BYTES = 511 * 1024 * 1024;
/** Of the keys of one batch that differ, so many are told of. */
const EXAMPLES = 5;
/** A key that changes under every attempt is left to the next pass. */
const ATTEMPTS = 4;

/** One shard of the deciding ring and one of the ring that is to hold the same. */
export interface Edge {
  readonly primary: ShardStore;
  readonly secondary: ShardStore;
}

/** How to bring two shards into line. */
export interface SyncJob {
  readonly run: Run;
  readonly record: MigrationRecord;
  readonly throttle: Throttle;
  readonly expiryToleranceMs: number;
  /** Whether to look twice at a difference, because backends write both owners meanwhile. */
  readonly settle: boolean;
  /** How far the shards that decide are trusted. */
  readonly deciding: DecidingShards;
  /** No claim is under way for longer than this. */
  readonly claimMs: number;
  /** Whether the other owner's copies are given to a deciding shard that may have lost writes; else they are left alone. */
  readonly givesBack: boolean;
}

/** What a batch came to. */
export interface SyncCounts {
  /** Keys that were compared. */
  checked: number;
  missing: number;
  different: number;
  /** Keys on the secondary only. */
  extra: number;
  /** Writes and deletes that brought the shards into line. */
  repaired: number;
}

interface Found {
  readonly key: Buffer;
  readonly difference: Difference;
  readonly mine: KeyState;
  readonly expected: KeyState;
}

/** @returns counts that are all 0. */
export const noCounts = (): SyncCounts => ({ checked: 0, missing: 0, different: 0, extra: 0, repaired: 0 });

/** Adds counts to others. */
export function addCounts(sum: SyncCounts, more: SyncCounts): void {
  for (const name of Object.keys(more) as (keyof SyncCounts)[]) sum[name] += more[name];
}

/**
 * Makes the secondary hold the primary's copy of some keys: the primary decides where they differ.
 * A key is written only if the secondary still holds what was compared, else it is compared again.
 *
 * Against the ceiling a key counts once, whether it is compared only or copied as well: comparing makes both servers
 * read it, copying hardly adds to that. So a pass over n keys takes n shares of the rate, and so does a copy of n keys.
 * Whoever changed meanwhile counts again.
 */
export async function syncKeys(edge: Edge, keys: readonly Buffer[], job: SyncJob): Promise<SyncCounts> {
  await job.throttle.take(keys.length);
  return compareAndCopy(edge, keys, job);
}

/** @param keys - whose share of the rate has been taken. */
async function compareAndCopy(edge: Edge, keys: readonly Buffer[], job: SyncJob): Promise<SyncCounts> {
  const counts = { ...noCounts(), checked: keys.length };
  let found = await differences(edge, await suspects(edge, keys, job), job);
  if (await settled(found, job)) found = await differences(edge, keysOf(found), job);
  for (const { difference } of found) counts[difference]++;
  const examples = found.slice(0, EXAMPLES);
  for (let attempt = 0; found.length > 0 && attempt < ATTEMPTS; attempt++) {
    const { written, changed } = await bringTogether(edge, found, job);
    counts.repaired += written;
    if (changed.length > 0) await job.throttle.take(changed.length);
    found = changed.length > 0 ? await differences(edge, changed, job) : [];
  }
  const look = (keys: readonly Buffer[]) => differences(edge, keys, job);
  await tell(edge, examples, job, look);
  return counts;
}

/** Copies to the secondary what the primary decides, and to the primary what stands although it holds something else. */
async function bringTogether(edge: Edge, found: readonly Found[], job: SyncJob): Promise<Copied> {
  const { primary, secondary } = edge;
  const verdict = await whoseCopyStands(found, {
    ...{ ...edge, deciding: job.deciding },
    lookLater: async (keys) => {
      if (!job.givesBack) return [];
      await job.run.clock.sleep(job.claimMs);
      return differences(edge, keys, job);
    },
  });
  // Asked after the copies were read: a shard may have failed over since both were looked at.
  const mayOverwrite = async () => verdict.standing === "suspect" || isTrusted(primary, job);
  const forth = await copy(primary, secondary, verdict.deciders, { ...job, mayOverwrite });
  if (!job.givesBack || verdict.others.length === 0) return forth;
  const given = verdict.others.map(({ key, mine }) => ({ key, expected: mine }));
  const back = await copy(secondary, primary, given, { ...job, mayOverwrite: () => isTrusted(secondary, job) });
  return { ...forth, written: forth.written + back.written, changed: [...forth.changed, ...back.changed] };
}

const isTrusted = async (shard: ShardStore, { deciding }: Pick<SyncJob, "deciding">): Promise<boolean> =>
  (await deciding.standing(shard)) !== "suspect";

/**
 * Copies keys that the secondary is not expected to hold yet, without a look at it first; those that it does hold are
 * compared as in {@link syncKeys}.
 */
export async function copyKeys(edge: Edge, keys: readonly Buffer[], job: SyncJob): Promise<SyncCounts> {
  const { run, throttle } = job;
  await throttle.take(keys.length);
  const counts = noCounts();
  const present: Buffer[] = [];
  for (let done = 0; done < keys.length;) {
    const bundle = await throttle.observe(() => edge.primary.bundle(keys.slice(done), throttle.pace.bigValueBytes));
    const bundled = keys.slice(done, (done += bundle.keys));
    if (bundle.content.length > LARGEST_BUNDLE_BYTES) {
      present.push(...bundled);
      continue;
    }
    present.push(...bundle.apart);
    const { written, expired, present: kept } = await throttle.observe(() => edge.secondary.add(run.token(), bundle));
    counts.missing += written + expired;
    counts.repaired += written;
    present.push(...kept);
  }
  if (present.length > 0) addCounts(counts, await compareAndCopy(edge, present, job));
  return { ...counts, checked: keys.length };
}

/**
 * Brings keys that only the secondary holds into line: a left-over is deleted, somebody's half-done claim is completed
 * on the primary. A key counts against the ceiling as in {@link syncKeys}.
 */
export async function syncExtras(edge: Edge, keys: readonly Buffer[], action: ExtraAction, job: SyncJob) {
  const counts = { ...noCounts(), checked: keys.length };
  await job.throttle.take(keys.length);
  // They were found on the secondary a moment ago: where the primary has them all, there is nothing to compare.
  const present = await job.throttle.observe(() => edge.primary.existing(keys));
  let found = present === keys.length ? [] : await extraKeys(edge, keys, job);
  if (await settled(found, job)) found = await extraKeys(edge, keysOf(found), job);
  counts.extra = found.length;
  if (found.length === 0) return counts;
  // Asked after the look, too.
  const isDeleted = action === "delete" && (await decides(edge, job));
  if (!isDeleted) {
    const absent = found.map(({ key }) => ({ key, expected: ABSENT }));
    counts.repaired = (await copy(edge.secondary, edge.primary, absent, job)).written;
  } else {
    await job.run.assertInForce?.();
    const expected = found.map(({ state }) => state);
    const outcomes = await edge.secondary.remove(job.run.token(), keysOf(found), expected);
    counts.repaired = outcomes.filter((outcome) => outcome === "removed").length;
  }
  const examples = found.slice(0, EXAMPLES).map(({ key, state }) => ({ key, mine: ABSENT, expected: state }));
  await tell(edge, examples, job, (again) => extraKeys(edge, again, job));
  return counts;
}

/** Whether what the primary does not hold is a left-over on the secondary. @throws GateClosedError when it lost its data. */
async function decides({ primary, secondary }: Edge, { deciding, record }: SyncJob): Promise<boolean> {
  // A deciding shard that came back empty would make left-overs of the last copies.
  await assertRemembers(primary, record);
  const standing = await deciding.standing(primary);
  if (standing === "same") return true;
  deciding.say(
    `${primary.name} ${WHY_COMPLETED[standing]}: what only ${secondary.name} holds is completed there, and not deleted`,
  );
  return false;
}

const WHY_COMPLETED = { restarted: "was restarted", suspect: "may have lost writes" } as const;

/** @returns those of the keys that may differ: the members of groups that do. Most do not, and need no look at each key. */
async function suspects(edge: Edge, keys: readonly Buffer[], { throttle }: SyncJob): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  for (let done = 0; done < keys.length;) {
    const rest = keys.slice(done);
    const [here, there] = await throttle.observe(() =>
      Promise.all([edge.primary.digests(rest), edge.secondary.digests(rest)]),
    );
    // Values of other sizes: their groups are not of the same keys.
    if (here.keys !== there.keys) return [...found, ...rest];
    here.digests.forEach((digest, i) => {
      if (digest !== "" && digest === there.digests[i]) return;
      found.push(...rest.slice(i * KEYS_PER_DIGEST, Math.min((i + 1) * KEYS_PER_DIGEST, here.keys)));
    });
    done += here.keys;
  }
  return found;
}

async function differences(edge: Edge, keys: readonly Buffer[], job: SyncJob): Promise<Found[]> {
  if (keys.length === 0) return [];
  // The same for both, and by a shard's clock: a field that is about to expire may be gone on one of them only.
  const fieldsAfterMs = (await edge.primary.timeMs()) + EXPIRING_WITHIN_MS;
  const [here, there] = await job.throttle.observe(() => inspectBoth(edge, keys, fieldsAfterMs));
  const nowMs = laterClock(here, there);
  return keys.flatMap((key, i) => {
    const [mine, other] = [here.states[i], there.states[i]];
    const difference = mine && other && compare(mine, other, nowMs, job.expiryToleranceMs);
    return difference ? [{ key, difference, mine, expected: other }] : [];
  });
}

async function extraKeys(edge: Edge, keys: readonly Buffer[], { throttle }: SyncJob) {
  const [decides, follows] = await throttle.observe(() => inspectBoth(edge, keys));
  return extras(follows, decides).map((i) => ({ key: keys[i] as Buffer, state: follows.states[i] ?? ABSENT }));
}

const inspectBoth = ({ primary, secondary }: Edge, keys: readonly Buffer[], fieldsAfterMs = 0) =>
  Promise.all([primary.inspect(keys, fieldsAfterMs), secondary.inspect(keys, fieldsAfterMs)]);

/** Tells whoever wants to know of some keys that differed, and whether they do so still, right after their repair. */
async function tell(
  { primary, secondary }: Edge,
  examples: readonly Pick<Found, "key" | "mine" | "expected">[],
  { run }: SyncJob,
  look: (keys: readonly Buffer[]) => Promise<readonly { readonly key: Buffer }[]>,
): Promise<void> {
  if (run.onDifference === undefined || examples.length === 0) return;
  const still = await look(keysOf(examples));
  for (const { key, mine, expected: other } of examples) {
    const staysDifferent = still.some((each) => each.key.equals(key));
    run.onDifference({ key, primary: primary.name, secondary: secondary.name, mine, other, staysDifferent });
  }
}

/** Waits a moment when a few differences may be claims on their way. */
async function settled(found: readonly unknown[], { settle, run }: SyncJob): Promise<boolean> {
  if (!settle || found.length === 0 || found.length > SETTLE_AT_MOST) return false;
  await run.clock.sleep(SETTLE_MS);
  return true;
}

const keysOf = (found: readonly { readonly key: Buffer }[]): Buffer[] => found.map(({ key }) => key);
