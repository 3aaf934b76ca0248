import { closeMigration } from "../engines/close";
import { drain } from "../engines/drain";
import type { DrainCounts } from "../engines/drain-batch";
import { writeMigrationRecord } from "../engines/migration-record";
import type { Pace } from "../engines/runtime";
import { rolesOf, type Phase } from "../phases";
import { resultsOf, STATE_VERSION, type Secrets, type SettingsInputs, type StepInputs } from "./inputs";
import { openMigration, openRun, ringEpoch, workEpoch } from "./open-run";
import { whileInForce } from "./ring-in-force";

interface Outputs extends StepInputs {
  readonly counts?: unknown;
}

/**
 * Takes movers off the owners that no longer decide: the old ones in a cleanup, the new ones when it is abandoned. The
 * number of the migration is an input, so that the end of each one comes here, even where an `up` died before it did.
 */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const before = resultsOf(olds, news);
  if (news.work === "none") return { ...kept, counts: before.counts ?? null };
  const decides = rolesOf(news.work as Phase).primary;
  const counts = decides === "target" ? await cleanUp(news, secrets) : await close(news, secrets);
  return { ...kept, counts: counts ?? before.counts ?? null };
}

/** The target ring alone decides: every other copy goes, and everything on shards that retire. */
function cleanUp(inputs: StepInputs, secrets: Secrets): Promise<DrainCounts> {
  return openRun(inputs, secrets, { purpose: "cleanup" }, async (session) => {
    const { run, stores, processes } = session;
    const { current, target } = run.rings;
    const record = await openMigration(session);
    const epoch = await workEpoch(inputs, record);
    const direction = { primary: target, secondary: current };
    const job = { record, direction, sources: current.shards, pace: paceOf(inputs.settings), epoch };
    const facts = await processes.fresh();
    const counts = await drain(await whileInForce(run, inputs), job);
    await writeMigrationRecord(stores, run.token(), { ...record, ...facts, drainedInEpoch: epoch });
    return counts;
  });
}

/** Shards that do not stay need not answer. */
function close(inputs: StepInputs, secrets: Secrets): Promise<DrainCounts | undefined> {
  const { ring, settings } = inputs;
  const only = ring.shards;
  return openRun(inputs, secrets, { purpose: "end of the migration", only }, async ({ run, stores }) =>
    closeMigration(await whileInForce(run, inputs), {
      ring,
      stores,
      pace: paceOf(settings),
      epoch: () => ringEpoch(inputs),
    }),
  );
}

const paceOf = ({ cleanupKeysPerSecond, cleanupBatchSize, ...settings }: SettingsInputs): Pace => ({
  keysPerSecond: cleanupKeysPerSecond,
  batchSize: cleanupBatchSize,
  bigValueBytes: settings.bigValueBytes,
  maxSourceLatencyMs: settings.maxSourceLatencyMs,
});
