/**
 * Whether the backend writes the shards that join where this stack looks for them. Under dual-write every claim that was
 * acknowledged is on both owners. A backend that knows another address for a joining shard writes elsewhere: its claims
 * are missing on the shard, or lie on one that does not own them. Verify would repair the copies, and behind the cutover
 * the backend would not find them.
 */
import type { MigrationRecord } from "../migration-record";
import { moversOnPrimary, sourcesOf, type Route } from "../route";
import type { Run } from "../runtime";
import type { ShardStore } from "../shard-store";
import { runOnSources } from "../sources";

/** So few claims may have been left half-done by their clients. */
const TOO_FEW = 3;
/** More of the newest claims than this share do not go missing by chance. */
const MAX_MISSING_SHARE = 0.2;
/** So many tell enough of all. */
const REMEMBERED = 1_000;
const PACING = { batchSize: 1_000, flight: 1 };

/** A joining shard that new claims do not reach. */
export interface Unreached {
  readonly shard: string;
  /** Claims that only the current owner holds, of how many that are as new. */
  readonly missing: number;
  readonly newest: number;
}

interface Missing {
  readonly key: Buffer;
  readonly source: ShardStore;
  readonly other: ShardStore;
  readonly expiresAtMs: number;
}

/**
 * Looks, in a migration whose rings were brought into step, for claims that have not reached the joining shards since.
 * Reads only: what is missing is repaired by others.
 *
 * @param settleMs - no claim is under way for longer than this.
 */
export async function findUnreached(
  run: Run,
  record: MigrationRecord,
  settleMs: number,
): Promise<readonly Unreached[]> {
  const seen: Missing[] = [];
  await scanMovers(run, record, "joining shards", async (source, other, keys) => {
    if ((await other.existing(keys)) === keys.length) return;
    if (seen.length < REMEMBERED) seen.push(...(await missingOf(source, other, keys)));
  });
  if (seen.length < TOO_FEW) return [];
  await run.clock.sleep(settleMs);
  const missing: Missing[] = [];
  for (const { source, other, key } of seen) missing.push(...(await missingOf(source, other, [key])));
  const suspects = joiningOf(record).filter((shard) => of(missing, shard).length >= TOO_FEW);
  if (suspects.length === 0) return [];
  const arrived = await countArrived(
    run,
    record,
    new Map(suspects.map((shard) => [shard, medianOf(of(missing, shard))])),
  );
  return suspects.flatMap((shard) => {
    const mine = of(missing, shard);
    const newMissing = mine.filter(({ expiresAtMs }) => expiresAtMs >= medianOf(mine)).length;
    const newest = newMissing + (arrived.get(shard) ?? 0);
    return newMissing > newest * MAX_MISSING_SHARE ? [{ shard, missing: newMissing, newest }] : [];
  });
}

/** @returns how many keys of the backend a joining shard holds that it does not own in the target ring. */
export async function countStrays(run: Run, shard: ShardStore): Promise<number> {
  const { target, keyPrefix } = run.rings;
  const prefixBytes = Buffer.byteLength(keyPrefix);
  let strays = 0;
  let cursor = "0";
  do {
    const page = await shard.scan(cursor);
    strays += page.keys.filter((key) => target.ownerOf(key.subarray(prefixBytes)) !== shard.name).length;
    ({ cursor } = page);
  } while (cursor !== "0");
  return strays;
}

/** @returns the shards that only the target ring has. */
export const joiningOf = ({
  shards,
  targetShards,
}: Pick<MigrationRecord, "shards" | "targetShards">): readonly string[] =>
  targetShards.filter((name) => !shards.includes(name));

const of = (missing: readonly Missing[], shard: string) => missing.filter(({ other }) => other.name === shard);

function medianOf(missing: readonly Missing[]): number {
  const sorted = missing.map(({ expiresAtMs }) => expiresAtMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Claims on joining shards that expire no earlier than given. All claims live equally long, so these are as new. */
async function countArrived(run: Run, record: MigrationRecord, since: ReadonlyMap<string, number>) {
  const counts = new Map<string, number>();
  await scanMovers(run, record, "joining shards, newest claims", async (_source, other, keys) => {
    const from = since.get(other.name);
    if (from === undefined) return;
    const { states } = await other.inspect(keys);
    const isNew = states.filter(({ expiresAtMs }) => expiresAtMs >= from).length;
    counts.set(other.name, (counts.get(other.name) ?? 0) + isNew);
  });
  return counts;
}

async function missingOf(source: ShardStore, other: ShardStore, keys: readonly Buffer[]): Promise<readonly Missing[]> {
  const [here, there] = await Promise.all([source.inspect(keys), other.inspect(keys)]);
  return keys.flatMap((key, i) => {
    const [mine, theirs] = [here.states[i], there.states[i]];
    const isMissing = mine && theirs && mine.fingerprint !== "" && theirs.fingerprint === "";
    return isMissing ? [{ key, source, other, expiresAtMs: mine.expiresAtMs }] : [];
  });
}

type OnBatch = (source: ShardStore, other: ShardStore, keys: readonly Buffer[]) => Promise<void>;

/** Scans the movers that lead to joining shards where the current ring has them. */
async function scanMovers(run: Run, record: MigrationRecord, name: string, onBatch: OnBatch): Promise<void> {
  const { current, target } = run.rings;
  const movers = moversOnPrimary(run.rings, { primary: current, secondary: target });
  const joining = joiningOf(record);
  const route: Route = (key, foundOn) => {
    const other = movers(key, foundOn);
    return other !== undefined && joining.includes(other) ? other : undefined;
  };
  await runOnSources(run, {
    ...{ name, record, sources: sourcesOf(current, target), route, pacing: PACING },
    onBatch: (...batch) => onBatch(...batch).then(() => ({})),
  });
}
