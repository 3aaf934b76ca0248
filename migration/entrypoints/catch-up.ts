import { catchUp } from "../engines/catch-up";
import { holds, writeMigrationRecord } from "../engines/migration-record";
import { sampled, Samples } from "../engines/samples";
import type { Session } from "../adapters/session";
import { rolesOf, type Phase } from "../phases";
import { log, repairPace, resultsOf, STATE_VERSION, type Secrets, type StepInputs } from "./inputs";
import { openMigration, openRun, workEpoch } from "./open-run";
import { whileInForce } from "./ring-in-force";
import { braked } from "./open-service";

interface Outputs extends StepInputs {
  readonly counts?: unknown;
  /** How far the last run that brought anything into step was over time. */
  readonly samples?: unknown;
  readonly cutoverAt?: string | null;
}

/** Brings the rings into step if dual-write has just been switched on, and notes the time of the cutover. */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const before = resultsOf(olds, news);
  const { counts: known = null, samples: knownSamples = null, cutoverAt = null } = before;
  if (news.work === "none") return { ...kept, counts: known, samples: knownSamples, cutoverAt };
  return openRun(news, secrets, { purpose: "catch-up" }, async (session) => {
    const samples = new Samples(session.run.clock);
    const run = await whileInForce(sampled(session.run, samples), news);
    const { counts, cutoverAtMs } = await bringIntoStep({ ...session, run }, news, secrets);
    return {
      ...kept,
      counts: counts ?? known,
      samples: samples.list() ?? knownSamples,
      cutoverAt: cutoverAtMs === undefined ? null : new Date(cutoverAtMs).toISOString(),
    };
  });
}

async function bringIntoStep(session: Session, inputs: StepInputs, secrets: Secrets) {
  const { work, settings } = inputs;
  const { run, stores } = session;
  const record = await openMigration(session);
  const epoch = await workEpoch(inputs, record);
  const { primary } = rolesOf(work as Phase);
  const direction =
    primary === "current"
      ? { primary: run.rings.current, secondary: run.rings.target }
      : { primary: run.rings.target, secondary: run.rings.current };
  // On the way back from a cleanup nothing waits for the service to be well.
  const pacedRun = () => (primary === "current" ? braked(run, settings, secrets) : run);
  const inStep = holds(record, "inStep", epoch);
  if (inStep) log(`catch-up: both rings have been written since epoch ${record.inStepSinceEpoch}, nothing to do`);
  const counts = inStep
    ? undefined
    : await catchUp(
        await pacedRun(),
        record,
        direction,
        epoch,
        repairPace(settings),
        settings.expiryToleranceMs,
        settings.claimWindowMs + settings.commandTimeoutMs,
      );
  const before = holds(record, "cutover", epoch) ? record.cutover : undefined;
  const cutover = primary === "target" ? (before ?? { epoch, atMs: run.clock.now() }) : undefined;
  await writeMigrationRecord(stores, run.token(), {
    ...record,
    ...(inStep ? {} : { inStepSinceEpoch: epoch }),
    ...(cutover ? { cutover } : {}),
  });
  return { counts, cutoverAtMs: cutover?.atMs };
}
