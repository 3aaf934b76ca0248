import type { Session } from "../adapters/session";
import { drain, forgetCheckpoints, type DrainCounts } from "../engines/drain";
import { holds, readAbandonedRecord, writeMigrationRecord, type MigrationRecord } from "../engines/migration-record";
import type { Direction } from "../engines/runtime";
import { rolesOf, type Phase } from "../phases";
import { log, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { liveEpoch, openBackend, openMigration, openRun } from "./open-run";

interface Outputs extends StepInputs {
  readonly counts?: unknown;
}

/** Nothing to drain yet. */
export const create = (inputs: StepInputs) => ({ ...inputs, stateVersion: STATE_VERSION });

/** Takes movers off the owners that no longer decide: the old ones in a cleanup, the new ones when it is abandoned. */
export async function update(olds: Outputs, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  if (news.work === "none") return { ...kept, counts: olds.counts ?? null };
  const counts =
    rolesOf(news.work as Phase).primary === "target" ? await cleanUp(news, secrets) : await close(olds, news, secrets);
  return { ...kept, counts };
}

/** The target ring alone decides: every other copy goes, and everything on shards that retire. */
function cleanUp(inputs: StepInputs, secrets: Secrets): Promise<DrainCounts> {
  return openRun(inputs, secrets, { purpose: "cleanup" }, async (session) => {
    const { current, target } = session.run.rings;
    const record = await openMigration(session);
    const direction = { primary: target, secondary: current };
    const epoch = await liveEpoch(await openBackend(inputs.connection));
    const counts = await drainFrom(session, inputs, record, direction, current.shards, epoch);
    await writeMigrationRecord(session.stores, session.run.token(), { ...record, drainedInEpoch: epoch });
    return counts;
  });
}

/**
 * Ends a migration on the shards that stay. One that was finished has been drained before; of one that was abandoned
 * the copies go. Works on the rings and addresses of before: the config may have forgotten the other ring by now.
 */
function close(olds: Outputs, news: StepInputs, secrets: Secrets): Promise<DrainCounts | null> {
  const before = { ...olds, settings: news.settings };
  const stay = news.ring.shards;
  return openRun(before, secrets, { purpose: "end of the migration", only: stay }, async (session) => {
    const record = await readAbandonedRecord(session.stores);
    if (record === undefined) return null;
    const { current, target } = session.run.rings;
    const staying = target.shards.filter((name) => current.shards.includes(name));
    const epoch = await liveEpoch(await openBackend(news.connection));
    const drained = holds(record, "drained", epoch);
    const direction = { primary: current, secondary: target };
    const counts = drained ? null : await drainFrom(session, before, record, direction, staying, epoch);
    await forgetCheckpoints(session.run, stay);
    await writeMigrationRecord(session.stores, session.run.token(), undefined);
    log(`migration ${record.id} is ${drained ? "finished" : "abandoned"}: its records are removed`);
    return counts;
  });
}

function drainFrom(
  session: Session,
  inputs: StepInputs,
  record: MigrationRecord,
  direction: Direction,
  sources: readonly string[],
  epoch: number,
): Promise<DrainCounts> {
  const { cleanupKeysPerSecond: keysPerSecond, cleanupBatchSize: batchSize, maxLatencyMs } = inputs.settings;
  return drain(session.run, { record, direction, sources, pace: { keysPerSecond, batchSize, maxLatencyMs }, epoch });
}
