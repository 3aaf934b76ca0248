import type { MigrationRecord } from "../engines/migration-record";
import { verifyAndRepair, type VerifyReport } from "../engines/verify";
import { rolesOf, type Phase } from "../phases";
import { repairPace, resultsOf, STATE_VERSION, type Secrets, type SettingsInputs, type StepInputs } from "./inputs";
import { openMigration, openRun, workEpoch, type OwnedSession } from "./open-run";

interface Outputs extends StepInputs {
  readonly report?: unknown;
}

/** Verifies and repairs until a pass is clean. */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  if (news.work === "none") return { ...kept, report: resultsOf(olds, news).report ?? null };
  const report = await openRun(news, secrets, { purpose: "verify" }, async (session) => {
    const record = await openMigration(session);
    await workEpoch(news, record);
    const verified = await verifyPhase(session, record, news.work as Phase, news.settings);
    await verified.note();
    return verified.report;
  });
  return { ...kept, report };
}

/** What a verify found. */
export interface Verified {
  readonly report: VerifyReport;
  /** Notes on the shards that both rings held the same while the processes ran which the clean pass began with. */
  readonly note: () => Promise<void>;
}

/** Verifies with the primary ring of a phase deciding; the other ring follows. */
export async function verifyPhase(
  { run, processes }: OwnedSession,
  record: MigrationRecord,
  phase: Phase,
  settings: SettingsInputs,
): Promise<Verified> {
  const { current, target } = run.rings;
  const direction =
    rolesOf(phase).primary === "current"
      ? { primary: current, secondary: target }
      : { primary: target, secondary: current };
  const { verifyMode: mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs } = settings;
  const pace = repairPace(settings);
  let running: Awaited<ReturnType<typeof processes.running>> = {};
  const report = await verifyAndRepair(run, {
    record,
    direction,
    settings: { mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs, pace },
    beforePass: async () => void (running = await processes.running()),
  });
  return { report, note: () => processes.noteInStep(run.token(), running) };
}
