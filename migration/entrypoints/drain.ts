import { closeMigration, wantsLastCopies } from "../engines/close";
import { drain } from "../engines/drain";
import type { DrainCounts } from "../engines/drain-batch";
import { writeMigrationRecord } from "../engines/migration-record";
import type { Pace } from "../engines/runtime";
import { retiringShards, rolesOf, type Phase } from "../phases";
import { withoutLostRetiring } from "./gate/dispensable-shards";
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
  const counts = decides === "target" ? await cleanUp(news, secrets) : await close(olds, news, secrets);
  return { ...kept, counts: counts ?? before.counts ?? null };
}

/** The target ring alone decides: every other copy goes, and everything on shards that retire, those that are left. */
function cleanUp(inputs: StepInputs, secrets: Secrets): Promise<DrainCounts> {
  const dispensable = retiringShards(inputs.ring);
  return openRun(inputs, secrets, { purpose: "cleanup", dispensable }, async (session) => {
    const { run, processes } = session;
    const { current, target } = run.rings;
    const stores = await withoutLostRetiring(session, inputs.ring, secrets);
    const record = await openMigration({ ...session, stores });
    const epoch = await workEpoch(inputs, record);
    const direction = { primary: target, secondary: current };
    const sources = current.shards.filter((name) => stores.some((store) => store.name === name));
    const job = { record, direction, sources, pace: paceOf(inputs.settings), epoch };
    const facts = await processes.fresh();
    const counts = await drain(await whileInForce(run, inputs), job);
    await writeMigrationRecord(stores, run.token(), { ...record, ...facts, drainedInEpoch: epoch });
    return counts;
  });
}

/** Shards that do not stay need not answer. Those that were to join are opened only for last copies of what another one lost. */
async function close(olds: Partial<Outputs>, inputs: StepInputs, secrets: Secrets): Promise<DrainCounts | undefined> {
  const joining = (olds.ring?.targetShards ?? []).filter((name) => !inputs.ring.shards.includes(name));
  const closed = await closeWith([], { olds, inputs, secrets, mayAsk: joining.length > 0 });
  return closed === "wants last copies"
    ? ((await closeWith(joining, { olds, inputs, secrets, mayAsk: false })) as DrainCounts | undefined)
    : closed;
}

interface Closing {
  readonly olds: Partial<Outputs>;
  readonly inputs: StepInputs;
  readonly secrets: Secrets;
  /** Whether there are shards that were to join. */
  readonly mayAsk: boolean;
}

function closeWith(joining: readonly string[], { olds, inputs, secrets, mayAsk }: Closing) {
  const { ring, settings } = inputs;
  const shards = { ...(joining.length > 0 ? olds.connection?.shards : {}), ...inputs.connection.shards };
  const opened = { ...inputs, connection: { ...inputs.connection, shards } };
  const options = { purpose: "end of the migration", only: [...ring.shards, ...joining], dispensable: joining };
  return openRun(opened, secrets, options, async ({ run, stores: all }) => {
    const stores = all.filter(({ name }) => ring.shards.includes(name));
    if (mayAsk && (await wantsLastCopies({ ring, stores }))) return "wants last copies" as const;
    const leaving = all.filter((store) => !stores.includes(store)).map(({ name }) => name);
    const job = { ring, stores, leaving, pace: paceOf(settings), epoch: () => ringEpoch(inputs) };
    return closeMigration(await whileInForce(run, inputs), job);
  });
}

const paceOf = ({ cleanupKeysPerSecond, cleanupBatchSize, ...settings }: SettingsInputs): Pace => ({
  keysPerSecond: cleanupKeysPerSecond,
  batchSize: cleanupBatchSize,
  bigValueBytes: settings.bigValueBytes,
  maxSourceLatencyMs: settings.maxSourceLatencyMs,
});
