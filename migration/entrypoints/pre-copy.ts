import { writeMigrationRecord, type MigrationRecord } from "../engines/migration-record";
import { preCopy } from "../engines/pre-copy";
import { sampled, Samples } from "../engines/samples";
import { resultsOf, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openMigration, openRun, ringEpoch, type OwnedSession } from "./open-run";
import { braked } from "./open-service";

interface Outputs extends StepInputs {
  readonly counts?: unknown;
  /** How far the last run that copied was over time. */
  readonly samples?: unknown;
}

/** From here on copies are what is left of a shard that loses its data: it is not to be planned anew as if it knew. */
async function noteCopies(session: OwnedSession): Promise<MigrationRecord> {
  const record = await openMigration(session);
  if (record.hasCopies) return record;
  // What a shard lost before its first copy was made is on no other shard.
  const facts = await session.processes.fresh();
  return writeMigrationRecord(session.stores, session.run.token(), { ...record, ...facts, hasCopies: true });
}

/** Runs or resumes the pre-copy. */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const before = resultsOf(olds, news);
  if (news.work === "none") return { ...kept, counts: before.counts ?? null, samples: before.samples ?? null };
  return openRun(news, secrets, { purpose: "pre-copy" }, async (session) => {
    const { keysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs, expiryToleranceMs } = news.settings;
    const pace = { keysPerSecond, batchSize, bigValueBytes, maxSourceLatencyMs };
    await ringEpoch(news);
    const record = await noteCopies(session);
    const samples = new Samples(session.run.clock);
    const run = await braked(sampled(session.run, samples), news.settings, secrets);
    const counts = await preCopy(run, record, pace, expiryToleranceMs);
    return { ...kept, counts, samples: samples.list() ?? before.samples ?? null };
  });
}
